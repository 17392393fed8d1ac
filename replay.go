package main

import (
	"context"
	"encoding/json"
	"os"

	"margins/mmpo"
	"margins/toy/kernel"
)

// replayCommand runs a link's experiments.
type replayCommand struct {
	Link string `arg:"" help:"Link (or its part after #)."`
}

// replayed is what is printed, a line of JSON.
type replayed struct {
	Link string      `json:"link"`
	A    mmpo.Result `json:"a"`
	B    mmpo.Result `json:"b"`
}

// Run prints the fingerprints and final metrics of both sides.
func (c *replayCommand) Run(ctx context.Context) error {
	s := withFlags()
	s.Link = c.Link
	comparison, err := s.comparison()
	if err != nil {
		return err
	}
	reference, err := encodedReference(comparison.A)
	if err != nil {
		return err
	}
	line := replayed{Link: comparison.Link()}
	for _, side := range []struct {
		e      mmpo.Experiment
		result *mmpo.Result
	}{{comparison.A, &line.A}, {comparison.B, &line.B}} {
		if *side.result, err = complete(ctx, side.e, reference, nil); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(line)
}

// complete runs one experiment in a kernel of its own.
func complete(ctx context.Context, e mmpo.Experiment, reference []byte, watch func(*mmpo.Run, mmpo.Row, *mmpo.Evaluation)) (mmpo.Result, error) {
	k := kernel.New()
	defer k.Close()
	r, err := mmpo.DecodeReference(k, reference)
	if err != nil {
		return mmpo.Result{}, err
	}
	return mmpo.Complete(ctx, mmpo.NewLab(k, r, nil), e, watch)
}
