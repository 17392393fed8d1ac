package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"margins/datasets"
	"margins/sweeps"
)

// reportCommand writes what a sweep says.
type reportCommand struct {
	Folder  string  `arg:"" help:"Folder of the sweep."`
	X       string  `placeholder:"levels" help:"Abscissa: a setting that the sweep varies, or pairs, bits or minutes."`
	Y       string  `default:"true_score" help:"Readout: the id of a metric, or score_at_kl."`
	KL      float64 `name:"kl" help:"Where score_at_kl is read, in nats; by default the largest KL that all runs reached."`
	Samples int     `default:"256" help:"Responses to each prompt from which the best possible score is estimated; 0 for none."`
	Out     string  `placeholder:"FOLDER" help:"Where to write; by default into the sweep's own folder."`
}

// Run writes report.md and its figures, and prints the verdicts.
func (c *reportCommand) Run(ctx context.Context) error {
	folder, err := sweeps.Read(c.Folder)
	if err != nil {
		return err
	}
	report := &sweeps.Report{Trials: folder.Trials, X: c.X, Y: c.Y, KL: c.KL}
	if report.Sweep, err = folder.Sweep(); err != nil {
		return err
	}
	if base := report.Sweep.Base; c.Samples > 0 && !datasets.IsID(base.World) { // nobody knows the frontier of an imported data set
		surveyed, err := survey(ctx, base, c.Samples)
		if err != nil {
			return err
		}
		report.Ceiling = surveyed.Frontier
	}
	files, verdicts, err := report.Make()
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		fmt.Println(v.Text)
	}
	out := cmp.Or(c.Out, c.Folder)
	if err := files.Write(out); err != nil {
		return err
	}
	fmt.Printf("\n%s/report.md\n", strings.TrimSuffix(out, "/"))
	return nil
}
