package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"

	"margins/datasets"
	"margins/mmpo"
	"margins/toy/kernel"
)

// saveWeightsCommand runs one side of a link for its weights.
type saveWeightsCommand struct {
	Link string `arg:"" help:"Link (or its part after #)."`
	Side string `enum:"a,b" default:"b" help:"Which side to run: a or b."`
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
	e := comparison.B
	if c.Side == "a" {
		e = comparison.A
	}
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

// evalWeightsCommand measures the policy of a file.
type evalWeightsCommand struct {
	File string `arg:"" help:"Safetensors file that save-weights or the page wrote."`
}

// evaluated is what is printed, as JSON. Of imported data there are no measurements: its pairs lie in the browser that imported them.
type evaluated struct {
	Config      any                `json:"config"` // toy.Config
	Fingerprint string             `json:"fingerprint"`
	World       string             `json:"world"`
	Step        int                `json:"step"`
	Experiment  mmpo.Experiment    `json:"experiment"`
	Metrics     map[string]float64 `json:"metrics,omitempty"` // by id
	Samples     []mmpo.SampleView  `json:"samples,omitempty"`
}

// Run prints what the file holds and how good it is.
func (c *evalWeightsCommand) Run() error { return c.print(os.Stdout) }

func (c *evalWeightsCommand) print(w io.Writer) error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	k := kernel.New()
	defer k.Close()
	file, err := mmpo.DecodeWeights(k, b)
	if err != nil {
		return err
	}
	out := evaluated{
		Config: file.Weights.Config, Fingerprint: file.Weights.Fingerprint(),
		World: file.World, Step: file.Step, Experiment: file.Experiment,
	}
	if _, ok := datasets.FindWorld(file.World); ok {
		if err := out.measure(k, b); err != nil {
			return err
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}

// measure makes the weights in b the policy of a run of their experiment, and evaluates it.
func (out *evaluated) measure(k *kernel.Kernel, b []byte) error {
	encoded, err := encodedReference(out.Experiment)
	if err != nil {
		return err
	}
	reference, err := mmpo.DecodeReference(k, encoded)
	if err != nil {
		return err
	}
	lab := mmpo.NewLab(k, reference, nil)
	pairs, err := lab.Pairs(out.Experiment)
	if err != nil {
		return err
	}
	run, err := mmpo.NewRun(lab, out.Experiment, pairs)
	if err != nil {
		return err
	}
	if err := run.LoadWeights(b); err != nil {
		return err
	}
	row := run.Row()
	out.Samples, out.Metrics = run.Evaluate(row).Samples, map[string]float64{}
	for _, m := range mmpo.Metrics {
		if x := row.At(m.ID); !math.IsNaN(x) && !math.IsInf(x, 0) { // JSON has neither
			out.Metrics[m.ID] = x
		}
	}
	return nil
}
