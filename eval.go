package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"

	"margins/datasets"
	"margins/mmpo"
	"margins/toy/kernel"
)

// evalCommand measures a policy.
type evalCommand struct {
	side
	ownData
	Of      string `arg:"" name:"policy" help:"A checkpoint that train wrote, a safetensors file that save-weights or the page wrote, or a link, which is trained first."`
	Samples int    `default:"8" help:"How many responses to held-out prompts to show."`
	JSON    bool   `name:"json" help:"Print everything as JSON."`
}

// evaluated is what --json prints.
type evaluated struct {
	Link        string             `json:"link"`
	Config      any                `json:"config"` // toy.Config
	Fingerprint string             `json:"fingerprint"`
	World       string             `json:"world"`
	Step        int                `json:"step"`
	Experiment  mmpo.Experiment    `json:"experiment"`
	Metrics     map[string]float64 `json:"metrics"` // by id
	Parts       []datasets.Part    `json:"parts"`   // mean points
	Reliability mmpo.Reliability   `json:"reliability"`
	Samples     []mmpo.SampleView  `json:"samples"`
}

// Run prints metrics and samples.
func (c *evalCommand) Run(ctx context.Context) error { return c.print(ctx, os.Stdout) }

func (c *evalCommand) print(ctx context.Context, w io.Writer) error {
	if c.Samples < 0 {
		return fmt.Errorf("--samples is at least 0, not %d", c.Samples)
	}
	k := kernel.New()
	defer k.Close()
	run, step, err := c.open(ctx, k)
	if err != nil {
		return err
	}
	row := run.Row()
	e := run.Evaluate(row)
	out := evaluated{
		Link: run.Experiment.Link(), Config: run.Config(), Fingerprint: run.Fingerprint(), World: run.Experiment.World, Step: step,
		Experiment: run.Experiment, Metrics: row.Numbers(), Parts: e.Parts, Reliability: e.Reliability, Samples: run.Samples(c.Samples),
	}
	if c.JSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(out)
	}
	out.print(w)
	return nil
}

// open returns the run whose policy is to be measured, and how many steps it has behind it.
func (c *evalCommand) open(ctx context.Context, k *kernel.Kernel) (run *mmpo.Run, step int, err error) {
	id, records, err := c.records(ctx)
	if err != nil {
		return nil, 0, err
	}
	b, err := os.ReadFile(c.Of)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.Contains(c.Of, "="):
		if run, err = c.trained(ctx, k, id, records); err != nil {
			return nil, 0, err
		}
		return run, run.Taken(), nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, fmt.Errorf("%s is neither a file nor a link", c.Of)
	case err != nil:
		return nil, 0, err
	case mmpo.IsCheckpoint(b):
		if run, err = resume(ctx, k, b, records); err == nil {
			step = run.Taken()
		}
	default:
		run, step, err = loadWeights(ctx, k, b, records)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", c.Of, err)
	}
	return run, step, nil
}

// trained runs one side of a link.
func (c *evalCommand) trained(ctx context.Context, k *kernel.Kernel, id string, records []datasets.Record) (*mmpo.Run, error) {
	s := withFlags()
	s.Link = c.Of
	comparison, err := s.comparison()
	if err != nil {
		return nil, err
	}
	e := c.of(comparison)
	if id != "" {
		e.World = id
	}
	run, err := openRun(ctx, k, e, records)
	if err != nil {
		return nil, err
	}
	tell := newTeller(run)
	_, err = mmpo.Play(ctx, run, func(run *mmpo.Run, row mmpo.Row, _ *mmpo.Evaluation) { tell.row(run, row) })
	progress("")
	if err == nil && run.Diverged() != "" {
		err = errors.New(run.Diverged())
	}
	return run, err
}

// resume returns the run of a checkpoint, where it was.
func resume(ctx context.Context, k *kernel.Kernel, b []byte, records []datasets.Record) (*mmpo.Run, error) {
	e, err := mmpo.SnapshotExperiment(b)
	if err != nil {
		return nil, err
	}
	run, err := openRun(ctx, k, e, records)
	if err != nil {
		return nil, err
	}
	return run, run.Restore(b)
}

// loadWeights returns a run of the experiment that a file of weights names, with those weights as its policy, and the step they are of.
func loadWeights(ctx context.Context, k *kernel.Kernel, b []byte, records []datasets.Record) (*mmpo.Run, int, error) {
	mark := k.Mark()
	file, err := mmpo.DecodeWeights(k, b)
	k.Release(mark)
	if err != nil {
		return nil, 0, err
	}
	run, err := openRun(ctx, k, file.Experiment, records)
	if err != nil {
		return nil, 0, err
	}
	return run, file.Step, run.LoadWeights(b)
}

func (out *evaluated) print(w io.Writer) {
	fmt.Fprintf(w, "%s, step %d of %d\n%s\nfingerprint %s\n\n", out.Experiment.Objective.ID, out.Step, out.Experiment.Train.Steps, out.Link, out.Fingerprint)
	printMetrics(w, out.Metrics)
	if len(out.Parts) > 0 {
		fmt.Fprintf(w, "\nparts of the true score, mean points above %g\n", datasets.ScaleMin)
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, p := range out.Parts {
			fmt.Fprintf(table, "%s\t%.3f\n", p.ID, p.Points)
		}
		table.Flush()
	}
	printBins(w, "confidence and how often the rater agrees", out.Reliability.Preference)
	printBins(w, "confidence and how often the rater agreed", out.Reliability.Outcome)
	if len(out.Samples) > 0 {
		fmt.Fprintln(w, "\nsamples")
	}
	for _, s := range out.Samples {
		score := ""
		if s.Score != nil {
			score = fmt.Sprintf("%5.2f  ", *s.Score)
		}
		fmt.Fprintf(w, "%s%s ...%s\n", score, strings.TrimSpace(s.Prompt), s.Text)
	}
}

func printBins(w io.Writer, title string, bins []mmpo.ReliabilityBin) {
	if len(bins) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "pairs\tconfidence\tagreement\t")
	for _, b := range bins {
		if b.Count > 0 {
			fmt.Fprintf(table, "%d\t%.3f\t%.3f\t\n", b.Count, b.Confidence, b.Agreement)
		}
	}
	table.Flush()
}
