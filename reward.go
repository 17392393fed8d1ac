package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"text/tabwriter"

	"margins/mmpo"
)

// rewardCommand trains reward models and reads them, and the policies, as judges.
type rewardCommand struct {
	settings
	Seeds int  `default:"1" help:"How many seeds, the first being --seed."`
	JSON  bool `name:"json" help:"Print everything as JSON, with the whole curves of best-of-n."`
}

// Help is shown by --help, after the flags' own.
func (c *rewardCommand) Help() string {
	return `Reward models are trained on side B's pairs, by Bradley and Terry's loss and by margin matching, with its steps, batches and learning
rate. They and both sides' policies, by their implicit reward, score the held-out responses: accuracy on untied pairs, also by graded margin;
calibration of sigma(difference of scores) against the rater's choice; correlation of score and true score. Best-of-n lets a reward model
choose among n responses of the reference: the mean true score of its picks, and in brackets what the model takes them for, in points.`
}

// studied is what --json prints.
type studied struct {
	Link   string        `json:"link"`
	Engine string        `json:"engine"`
	Seeds  []mmpo.Judges `json:"seeds"`
}

// Run prints a table of means with 95 % intervals over seeds.
func (c *rewardCommand) Run(ctx context.Context) error {
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
	seeds, err := mmpo.JudgeSeeds(ctx, comparison, c.Seeds, reference, nil, func(finished, total int) {
		progress("%d of %d seeds", finished, total)
	})
	progress("")
	if err != nil {
		return err
	}
	result := studied{Link: comparison.Link(), Engine: mmpo.EngineVersion, Seeds: seeds}
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(result)
	}
	return result.print(comparison)
}

// judgeRow is one line of the tables: a title, and what it has at each seed.
type judgeRow struct {
	title    string
	readings []mmpo.Reading
	best     []*mmpo.BestOf // nil for a policy
}

// rows returns the reward models, then the policies.
func (s studied) rows(c mmpo.Comparison) []judgeRow {
	var rows []judgeRow
	for i, m := range mmpo.RewardMethods {
		row := judgeRow{title: m.Title}
		for _, j := range s.Seeds {
			row.readings = append(row.readings, j.Models[i].Reading)
			if j.Models[i].Best != nil {
				row.best = append(row.best, j.Models[i].Best)
			}
		}
		rows = append(rows, row)
	}
	a, b := judgeRow{title: "A: " + c.A.Objective.ID + ", implicit"}, judgeRow{title: "B: " + c.B.Objective.ID + ", implicit"}
	for _, j := range s.Seeds {
		a.readings, b.readings = append(a.readings, j.A.Reading), append(b.readings, j.B.Reading)
	}
	return append(rows, a, b)
}

// readingColumns are the columns of the first table.
var readingColumns = []struct {
	title string
	of    func(r mmpo.Reading) *float64
}{
	{"accuracy", func(r mmpo.Reading) *float64 { return r.Accuracy }},
	{"ECE", func(r mmpo.Reading) *float64 { return r.ECE }},
	{"Brier", func(r mmpo.Reading) *float64 { return r.Brier }},
	{"Pearson", func(r mmpo.Reading) *float64 { return r.Pearson }},
	{"Spearman", func(r mmpo.Reading) *float64 { return r.Spearman }},
}

func (s studied) print(c mmpo.Comparison) error {
	fmt.Printf("Judges of held-out pairs, %s; mean ± half of the 95 %% interval by Student's t\n%s\n\n", plural(len(s.Seeds), "seed"), s.Link)
	rows := s.rows(c)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "judge\t")
	for _, column := range readingColumns {
		fmt.Fprintf(table, "%s\t", column.title)
	}
	fmt.Fprintln(table)
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t", row.title)
		for _, column := range readingColumns {
			fmt.Fprintf(table, "%s\t", estimate(row.readings, column.of))
		}
		fmt.Fprintln(table)
	}
	fmt.Fprint(table, "\naccuracy by margin\t")
	bins := rows[0].readings[0].Margins
	for _, bin := range bins {
		fmt.Fprintf(table, "%g-%g\t", bin.From, bin.To)
	}
	fmt.Fprintln(table)
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t", row.title)
		for i := range bins {
			fmt.Fprintf(table, "%s\t", estimate(row.readings, func(r mmpo.Reading) *float64 { return r.Margins[i].Accuracy }))
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	return s.printBest(rows)
}

// bestColumns are the n of the second table.
var bestColumns = []int{1, 2, 4, 8, 16, 32, 64}

func (s studied) printBest(rows []judgeRow) error {
	if len(rows[0].best) == 0 {
		fmt.Println("\nNobody knows the true score here, so best-of-n has nothing to be compared with.")
		return nil
	}
	fmt.Println()
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "best of\t")
	for _, n := range bestColumns {
		fmt.Fprintf(table, "%d\t", n)
	}
	fmt.Fprint(table, "falls\t\nKL at most\t")
	for _, n := range bestColumns {
		fmt.Fprintf(table, "%.2f\t", mmpo.BestOfKL(n))
	}
	fmt.Fprintln(table, "\t")
	for _, row := range rows {
		if row.best == nil {
			continue
		}
		fmt.Fprintf(table, "%s\t", row.title)
		for _, n := range bestColumns {
			truth, own := 0.0, 0.0
			for _, b := range row.best {
				truth += b.True[n-1] / float64(len(row.best))
				own += b.Own[n-1] / float64(len(row.best))
			}
			fmt.Fprintf(table, "%.2f (%.2f)\t", truth, own)
		}
		falls := 0
		for _, b := range row.best {
			if b.Falls() {
				falls++
			}
		}
		fmt.Fprintf(table, "%d of %d\t\n", falls, len(row.best))
	}
	return table.Flush()
}

// estimate returns the mean over the seeds at which a value is defined, with its interval; "-" if there is none.
func estimate(readings []mmpo.Reading, of func(mmpo.Reading) *float64) string {
	var x []float64
	for _, r := range readings {
		if v := of(r); v != nil && !math.IsNaN(*v) {
			x = append(x, *v)
		}
	}
	switch len(x) {
	case 0:
		return "-"
	case 1:
		return strconv.FormatFloat(x[0], 'f', 3, 64)
	}
	return mmpo.NewEstimate(x).String()
}

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
