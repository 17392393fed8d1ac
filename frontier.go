package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"

	"margins/datasets"
	"margins/mmpo"
	"margins/toy/kernel"
)

// frontierCommand estimates the best true score that any policy can reach at a given KL to the reference.
type frontierCommand struct {
	settings
	Samples int  `default:"1024" help:"Responses of the reference to each held-out prompt; more of them reach a larger KL."`
	JSON    bool `name:"json" help:"Print everything as JSON."`
}

// frontierReport is what --json prints.
type frontierReport struct {
	Engine     string               `json:"engine"`
	World      string               `json:"world"`
	Stakes     string               `json:"stakes"`
	Reference  string               `json:"reference"` // fingerprint of its weights
	Seed       uint64               `json:"seed"`
	Attributes []datasets.Attribute `json:"attributes"` // what a point's parts are of
	Frontier   *mmpo.Frontier       `json:"frontier"`
}

// Run prints the frontier of side A's world, stakes and model size.
func (c *frontierCommand) Run(ctx context.Context) error {
	comparison, err := c.comparison()
	if err != nil {
		return err
	}
	if c.Samples < 1 {
		return fmt.Errorf("--samples is at least 1, not %d", c.Samples)
	}
	report, err := survey(ctx, comparison.A, c.Samples)
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	report.print()
	return nil
}

// survey estimates the frontier of e's world, stakes and model size from that many responses of the reference to each held-out prompt.
func survey(ctx context.Context, e mmpo.Experiment, samples int) (*frontierReport, error) {
	encoded, err := encodedReference(e)
	if err != nil {
		return nil, err
	}
	k := kernel.New()
	defer k.Close()
	reference, err := mmpo.DecodeReference(k, encoded)
	if err != nil {
		return nil, err
	}
	survey, err := mmpo.NewLab(k, reference, nil).NewSurvey(e, e.Seed, samples)
	if err != nil {
		return nil, err
	}
	for done := 0.0; done < 1; {
		done = survey.Write(surveyPiece)
		progress("%.0f %% of the reference's responses", 100*done)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	progress("")
	return &frontierReport{
		Engine: mmpo.EngineVersion, World: e.World, Stakes: e.Stakes, Reference: reference.Weights.Fingerprint(), Seed: e.Seed,
		Attributes: reference.World.Attributes, Frontier: survey.Frontier(e.Stakes),
	}, nil
}

// surveyPiece is how many responses are written between two reports.
const surveyPiece = 1024

func (r *frontierReport) print() {
	f := r.Frontier
	fmt.Printf("The best mean true score of %s, stakes %s, at a KL to the reference: %d prompts, %d responses each\n\n", r.World, r.Stakes, f.Prompts, f.Responses)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "KL\ttrue score\tlambda\tsamples\t")
	for _, a := range r.Attributes {
		fmt.Fprintf(table, "%s\t", a.ID)
	}
	fmt.Fprintln(table)
	for i, p := range append([]mmpo.FrontierPoint{f.Reference}, f.Points...) {
		lambda := fmt.Sprintf("%.3g", p.Lambda)
		if i == 0 {
			lambda = "inf"
		}
		fmt.Fprintf(table, "%.3f\t%.3f\t%s\t%.0f\t", p.KL, p.Score, lambda, p.ESS)
		for _, points := range p.Parts {
			fmt.Fprintf(table, "%.2f\t", points)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	fmt.Printf("\n%s\n", f.Stopped)
}
