package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"margins/datasets"
	"margins/mmpo"
	"margins/toy/kernel"
)

// referencesCommand fits the references that come with the program.
type referencesCommand struct {
	Out string `default:"mmpo/references" help:"Folder for the checkpoints and their list."`
}

// Run fits one for each toy world, at the default size, at which Play must start at once. It writes the checkpoint and the list with its fingerprint.
func (c *referencesCommand) Run(ctx context.Context) error {
	var list []mmpo.ShippedReference
	for _, world := range datasets.Worlds {
		e := mmpo.DefaultComparison().B
		e.World = world.ID
		k := kernel.New()
		defer k.Close()
		r, loss, err := mmpo.Fit(k, e, nil, func(step, steps int, loss float64) bool {
			progress("%s: step %d of %d, loss %.3f nats a token", e.World, step, steps, loss)
			return ctx.Err() == nil
		})
		progress("")
		if err != nil {
			return err
		}
		file := fmt.Sprintf("%s-%dx%dx%d.ckpt", e.World, e.Model.Width, e.Model.Layers, e.Model.Heads)
		if err := os.WriteFile(filepath.Join(c.Out, file), r.Encode(), 0o644); err != nil {
			return err
		}
		list = append(list, mmpo.ShippedReference{World: e.World, Model: e.Model, File: file, Fingerprint: r.Weights.Fingerprint(), Loss: loss})
	}
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.Out, "references.json"), append(b, '\n'), 0o644)
}
