package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"margins/datasets"
	"margins/mmpo"
	"margins/toy/kernel"
)

// referencesCommand fits the references that come with the program.
type referencesCommand struct {
	Worlds []string `arg:"" optional:"" help:"Toy worlds to fit references of; all if none is named."`
	Out    string   `default:"mmpo/references" help:"Folder for the checkpoints and their list."`
}

// Run fits one for each of the worlds, at the default size, at which Play must start at once. It writes the checkpoints, and the list of
// all with their fingerprints.
func (c *referencesCommand) Run(ctx context.Context) error {
	for _, id := range c.Worlds {
		if _, ok := datasets.FindWorld(id); !ok {
			return fmt.Errorf("world: there is no %q", id)
		}
	}
	var list []mmpo.ShippedReference
	for _, world := range datasets.Worlds {
		e := mmpo.DefaultComparison().B
		e.World = world.ID
		shipped, old := mmpo.FindShipped(e)
		if len(c.Worlds) == 0 || slices.Contains(c.Worlds, world.ID) {
			var err error
			if shipped, err = c.fit(ctx, e); err != nil {
				return err
			}
		} else if !old {
			continue
		}
		list = append(list, shipped)
	}
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.Out, "references.json"), append(b, '\n'), 0o644)
}

// fit fits e's reference and writes its checkpoint.
func (c *referencesCommand) fit(ctx context.Context, e mmpo.Experiment) (mmpo.ShippedReference, error) {
	k := kernel.New()
	defer k.Close()
	r, loss, err := mmpo.Fit(k, e, nil, func(step, steps int, loss float64) bool {
		progress("%s: step %d of %d, loss %.3f nats a token", e.World, step, steps, loss)
		return ctx.Err() == nil
	})
	progress("")
	if err != nil {
		return mmpo.ShippedReference{}, err
	}
	file := fmt.Sprintf("%s-%dx%dx%d.ckpt", e.World, e.Model.Width, e.Model.Layers, e.Model.Heads)
	s := mmpo.ShippedReference{World: e.World, Model: e.Model, File: file, Fingerprint: r.Weights.Fingerprint(), Loss: loss}
	return s, os.WriteFile(filepath.Join(c.Out, file), r.Encode(), 0o644)
}
