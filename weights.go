package main

import (
	"context"
	"errors"
	"os"

	"margins/mmpo"
)

// saveWeightsCommand runs one side of a link for its weights.
type saveWeightsCommand struct {
	side
	Link string `arg:"" help:"Link (or its part after #)."`
	Out  string `required:"" help:"Safetensors file to write." placeholder:"FILE"`
}

// Run writes the file.
func (c *saveWeightsCommand) Run(ctx context.Context) error {
	s := withFlags()
	s.Link = c.Link
	comparison, err := s.comparison()
	if err != nil {
		return err
	}
	e := c.of(comparison)
	reference, err := encodedReference(e)
	if err != nil {
		return err
	}
	var weights []byte
	result, err := complete(ctx, e, reference, func(run *mmpo.Run, _ mmpo.Row, _ *mmpo.Evaluation) {
		if run.Done() {
			weights = run.EncodeWeights()
		}
	})
	switch {
	case err != nil:
		return err
	case result.Diverged != "":
		return errors.New(result.Diverged)
	}
	return os.WriteFile(c.Out, weights, 0o644)
}
