package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"margins/mmpo"
	"margins/toy/kernel"
)

// trainCommand runs one side of a comparison and keeps it.
type trainCommand struct {
	settings
	side
	ownData
	From   string `arg:"" optional:"" name:"link" help:"Link (or its part after #) to start from, as --link."`
	Out    string `default:"margins.ckpt" help:"File for the run's checkpoint, written at the end and at Ctrl-C."`
	Curves string `help:"File for the curves: .csv or .json." placeholder:"FILE"`
	Resume bool   `help:"Go on with the run that is in --out; the settings are its own."`
	JSON   bool   `name:"json" help:"Print the result as JSON."`
}

// trained is what --json prints.
type trained struct {
	Link string `json:"link"`
	Step int    `json:"step"`
	mmpo.Result
	Checkpoint string `json:"checkpoint"`
	Curves     string `json:"curves,omitempty"`
}

// Run trains, and saves what there is whether it gets to the end or not.
func (c *trainCommand) Run(ctx context.Context) error {
	if err := checkCurves(c.Curves); err != nil {
		return err
	}
	k := kernel.New()
	defer k.Close()
	run, err := c.open(ctx, k)
	if err != nil {
		return err
	}
	rows := newCurves(run.Experiment)
	if c.Resume {
		if err := rows.load(c.Curves, run.Taken()); err != nil {
			return err
		}
	}
	tell := newTeller(run)
	last, err := mmpo.Play(ctx, run, func(run *mmpo.Run, row mmpo.Row, _ *mmpo.Evaluation) {
		rows.add(row)
		tell.row(run, row)
	})
	progress("")
	if err := errors.Join(c.save(run), rows.save(c.Curves)); err != nil {
		return err
	}
	switch {
	case err != nil:
		return fmt.Errorf("stopped at step %d of %d; the run is saved, and \"margins train --resume --out %s%s\" goes on with it",
			run.Taken(), run.Experiment.Train.Steps, c.Out, c.more())
	case run.Diverged() != "":
		return errors.New(run.Diverged())
	}
	result := trained{Link: run.Experiment.Link(), Step: run.Taken(), Result: mmpo.NewResult(run, last), Checkpoint: c.Out, Curves: c.Curves}
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(result)
	}
	fmt.Printf("%s, %d steps\n%s\n\n", run.Experiment.Objective.ID, result.Step, result.Link)
	printMetrics(os.Stdout, result.Metrics)
	fmt.Printf("\nfingerprint %s\nsaved as %s; \"margins eval %s%s\" measures it again\n", result.Fingerprint, c.Out, c.Out, c.data())
	return nil
}

// more returns the flags that a resumed run needs beside its checkpoint.
func (c *trainCommand) more() string {
	if c.Curves == "" {
		return c.data()
	}
	return " --curves " + c.Curves + c.data()
}

func (c *trainCommand) data() string {
	if c.Data == "" {
		return ""
	}
	return " --data " + c.Data
}

// open returns the run to train: a new one, or the one in the checkpoint.
func (c *trainCommand) open(ctx context.Context, k *kernel.Kernel) (*mmpo.Run, error) {
	id, records, err := c.records(ctx)
	if err != nil {
		return nil, err
	}
	if c.Resume {
		if c.From != "" || c.given() {
			return nil, errors.New("--resume goes on with the settings in the checkpoint: leave out the link and the settings")
		}
		b, err := os.ReadFile(c.Out)
		if err != nil {
			return nil, err
		}
		run, err := resume(ctx, k, b, records)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Out, err)
		}
		return run, nil
	}
	if c.From != "" {
		c.Link = c.From
	}
	comparison, err := c.comparison()
	if err != nil {
		return nil, err
	}
	e := c.of(comparison)
	if id != "" {
		e.World = id
	}
	return openRun(ctx, k, e, records)
}

func (c *trainCommand) save(run *mmpo.Run) error {
	return writeFile(c.Out, func(w io.Writer) error {
		_, err := w.Write(run.Snapshot())
		return err
	})
}

// teller tells a terminal how far a run is.
type teller struct {
	since    time.Time
	from     int
	measured string // what was last found
}

func newTeller(run *mmpo.Run) *teller { return &teller{since: time.Now(), from: run.Taken()} }

func (t *teller) row(run *mmpo.Run, row mmpo.Row) {
	numbers, step, steps := row.Numbers(), run.Taken(), run.Experiment.Train.Steps
	if kl, ok := numbers["kl"]; ok {
		t.measured = fmt.Sprintf(", KL %.2f", kl)
		if score, ok := numbers["true_score"]; ok {
			t.measured = fmt.Sprintf(", true score %.2f%s", score, t.measured)
		}
	}
	left := ""
	if taken := step - t.from; taken > 0 {
		each := time.Since(t.since) / time.Duration(taken)
		left = fmt.Sprintf(", %v left", (each * time.Duration(steps-step)).Round(time.Second))
	}
	progress("%s step %d of %d%s%s", bar(step, steps), step, steps, t.measured, left)
}

// printMetrics prints the metrics that were measured, one a line, in the order of their table.
func printMetrics(to io.Writer, numbers map[string]float64) {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, m := range mmpo.Metrics {
		if x, ok := numbers[m.ID]; ok {
			fmt.Fprintf(table, "%s\t%.4g\t%s\n", m.ID, x, m.Unit)
		}
	}
	table.Flush()
}
