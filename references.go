package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"margins/mmpo"
	"margins/toy/kernel"
)

// referencesCommand fits the references that come with the program.
type referencesCommand struct {
	Out string `default:"mmpo/references" help:"Folder for the checkpoints and their list."`
}

// shippedModels are the worlds and sizes whose references are shipped: the default ones, at which Play must start at once.
var shippedModels = []struct {
	world string
	model mmpo.Model
}{
	{"script", mmpo.Model{Width: 48, Layers: 2, Heads: 4}},
}

// Run fits each and writes the checkpoint and the list with its fingerprint.
func (c *referencesCommand) Run(ctx context.Context) error {
	var list []mmpo.ShippedReference
	for _, s := range shippedModels {
		e := mmpo.DefaultComparison().B
		e.World, e.Model = s.world, s.model
		k := kernel.New()
		defer k.Close()
		r, loss, err := mmpo.Fit(k, e, nil, func(step, steps int, loss float64) bool {
			progress("%s: step %d of %d, loss %.3f nats a token", s.world, step, steps, loss)
			return ctx.Err() == nil
		})
		progress("")
		if err != nil {
			return err
		}
		file := fmt.Sprintf("%s-%dx%dx%d.ckpt", s.world, s.model.Width, s.model.Layers, s.model.Heads)
		if err := os.WriteFile(filepath.Join(c.Out, file), r.Encode(), 0o644); err != nil {
			return err
		}
		list = append(list, mmpo.ShippedReference{World: s.world, Model: s.model, File: file, Fingerprint: r.Weights.Fingerprint(), Loss: loss})
	}
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.Out, "references.json"), append(b, '\n'), 0o644)
}
