package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"

	"margins/mmpo"
	"margins/toy/kernel"
)

// compareCommand runs both sides of a comparison at several seeds.
type compareCommand struct {
	settings
	Seeds int  `default:"8" help:"How many seeds, the first being --seed."`
	JSON  bool `name:"json" help:"Print everything as JSON."`
}

// compared are the metrics of the table, as measured after the last step.
var compared = []string{"true_score", "kl", "eval_rewards/accuracies", "valid", "eval_rewards/margins", "eval_loss"}

// comparedSeeds is what --json prints.
type comparedSeeds struct {
	Link       string                     `json:"link"`
	Engine     string                     `json:"engine"`
	Reference  float64                    `json:"reference"` // mean true score of the reference's responses that were graded, points
	Seeds      int                        `json:"seeds"`
	A          map[string]mmpo.Estimate   `json:"a"`
	B          map[string]mmpo.Estimate   `json:"b"`
	Difference map[string]mmpo.Difference `json:"difference"` // B minus A at the same seed
	Runs       mmpo.Seeds                 `json:"runs"`
}

// Run prints means with 95 % intervals (Student's t over seeds) and the paired difference.
func (c *compareCommand) Run(ctx context.Context) error {
	comparison, err := c.comparison()
	if err != nil {
		return err
	}
	if c.Seeds < 1 {
		return fmt.Errorf("--seeds is at least 1, not %d", c.Seeds)
	}
	reference, err := encodedReference(comparison.A)
	if err != nil {
		return err
	}
	seeds, err := mmpo.CompareSeeds(ctx, comparison, c.Seeds, reference, nil, func(finished, total int) {
		progress("%d of %d runs", finished, total)
	})
	progress("")
	if err != nil {
		return err
	}
	result := comparedSeeds{
		Link: comparison.Link(), Engine: mmpo.EngineVersion, Seeds: c.Seeds, Runs: seeds,
		A: map[string]mmpo.Estimate{}, B: map[string]mmpo.Estimate{}, Difference: map[string]mmpo.Difference{},
	}
	for _, id := range compared {
		result.A[id], result.B[id] = mmpo.NewEstimate(mmpo.Values(seeds.A, id)), mmpo.NewEstimate(mmpo.Values(seeds.B, id))
		result.Difference[id] = seeds.Paired(id)
	}
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(result)
	}
	result.print(comparison)
	return nil
}

func (r *comparedSeeds) print(c mmpo.Comparison) {
	fmt.Printf("A: %s, B: %s, %d seeds from %d; mean ± half of the 95 %% interval by Student's t\n%s\n\n", c.A.Objective.ID, c.B.Objective.ID, r.Seeds, c.A.Seed, r.Link)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "metric\tA\tB\tB - A, paired\tB larger\t")
	for _, id := range compared {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d of %d\t\n", id, r.A[id], r.B[id], r.Difference[id], r.Difference[id].Larger, r.Difference[id].N)
	}
	table.Flush()
	for _, side := range []struct {
		name string
		runs []mmpo.Result
	}{{"A", r.Runs.A}, {"B", r.Runs.B}} {
		for _, run := range side.runs {
			if run.Diverged != "" {
				fmt.Printf("%s at seed %d: %s\n", side.name, run.Experiment.Seed, run.Diverged)
			}
		}
	}
}

// encodedReference returns the checkpoint of e's reference: the shipped one, or one that is fitted now.
func encodedReference(e mmpo.Experiment) ([]byte, error) {
	k := kernel.New()
	defer k.Close()
	r, err := openReference(context.Background(), k, e, nil)
	if err != nil {
		return nil, err
	}
	return r.Encode(), nil
}
