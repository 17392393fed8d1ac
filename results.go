package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"margins/datasets"
	"margins/mmpo"
)

// resultsCommand runs what the project claims, at several seeds, and writes down what came of it.
type resultsCommand struct {
	Seeds   int      `default:"8" help:"How many seeds of each case, the first being its link's."`
	Out     string   `default:"RESULTS.md" help:"File to write."`
	Runs    string   `default:"build/results.jsonl" help:"File that keeps every run as it ends: a command that was interrupted goes on from there."`
	Only    []string `help:"Ids of the cases to run now. The others are written as far as they have been run." placeholder:"ID"`
	Workers int      `help:"How many runs at a time; 0 is as many as there are cores."`
	JSON    bool     `name:"json" help:"Print the results as JSON, too."`
}

// resultCase is a comparison that something is claimed of.
type resultCase struct{ id, title, about, link string }

// furtherCases are those beside the worlds' defaults: what the effect on Script Desk depends on, and where there is none.
var furtherCases = []resultCase{
	{"mid", "Some things matter", "Script Desk with a wish worth four points instead of six.", "v=1&stakes=mid&seed=1"},
	{"flat", "Everything matters alike", "Script Desk with six attributes of the same worth.", "v=1&stakes=flat&seed=1"},
	{"shuffled", "Margins of other pairs", "Side A is MMPO that is told every pair's margin for another pair: gentle targets, but nothing graded.",
		"v=1&a.objective=shuffled&seed=1"},
	{"audiences", "Two audiences, exact grades", "70 % of the viewers like an explosion a little, 30 % hate it; the key share is that of explosions.",
		"v=1&stakes=divided&seed=1"},
	{"audiences-thumbs", "Two audiences, thumbs", "The same viewers, who can only say up or down.", "v=1&stakes=divided&levels=2&seed=1"},
	{"narrow", "A rater who uses 7 to 9", "The grades keep their order but lie close together: at its usual gamma MMPO is asked for little, while DPO reads the order alone.",
		"v=1&low=7&high=9&seed=1"},
}

// resultCases lists all cases: each world's default comparison, then the further ones.
func resultCases() (cases []resultCase) {
	for i, w := range datasets.Worlds {
		d := mmpo.WorldDefaults[i]
		cases = append(cases, resultCase{w.ID, w.Title, d.Point, d.Link})
	}
	return append(cases, furtherCases...)
}

// resultMetrics are the rows of a case's table, as measured after the last step. Regret is not among a run's metrics.
var resultMetrics = []string{"true_score", "regret", "kl", "key", "valid", "eval_rewards/accuracies"}

// resultOf is what came of a case.
type resultOf struct {
	ID        string          `json:"id"`
	Title     string          `json:"title"`
	About     string          `json:"about"`
	Link      string          `json:"link"`
	A         string          `json:"a"` // objectives
	B         string          `json:"b"`
	Seeds     []uint64        `json:"seeds"`
	Reference float64         `json:"reference"` // mean true score of the reference's responses, points
	Rows      []resultRow     `json:"rows"`
	Runs      [][2]*resultRun `json:"runs"` // by seed
}

type resultRow struct {
	Metric     string          `json:"metric"`
	A          mmpo.Estimate   `json:"a"`
	B          mmpo.Estimate   `json:"b"`
	Difference mmpo.Difference `json:"difference"` // B minus A at the same seed
}

type resultRun struct {
	Fingerprint string `json:"fingerprint"`
	Diverged    string `json:"diverged,omitempty"`
}

// results is what --json prints.
type results struct {
	Engine string     `json:"engine"`
	Date   string     `json:"date"`
	Cases  []resultOf `json:"cases"`
	// Missing are the ids of cases that have not been run at all seeds.
	Missing []string `json:"missing"`
}

// Run runs what is not in the file of runs yet, then writes the results.
func (c *resultsCommand) Run(ctx context.Context) error {
	if c.Seeds < 2 {
		return fmt.Errorf("--seeds is at least 2, since one has no interval, not %d", c.Seeds)
	}
	cases := resultCases()
	for _, id := range c.Only {
		if !slices.ContainsFunc(cases, func(r resultCase) bool { return r.id == id }) {
			return fmt.Errorf("--only: there is no case %q", id)
		}
	}
	trials, err := c.read()
	if err != nil {
		return err
	}
	if err := c.run(ctx, cases, trials); err != nil {
		return err
	}
	all := results{Engine: mmpo.EngineVersion, Date: time.Now().UTC().Format(time.DateOnly), Missing: []string{}}
	kept := frontiers{}
	find := func(e mmpo.Experiment) (*mmpo.Frontier, error) { return kept.find(ctx, e) }
	for _, r := range cases {
		of, ok, err := r.collect(c.Seeds, trials, find)
		switch {
		case err != nil:
			return err
		case ok:
			all.Cases = append(all.Cases, of)
		default:
			all.Missing = append(all.Missing, r.id)
		}
	}
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(all); err != nil {
			return err
		}
	}
	return os.WriteFile(c.Out, all.markdown(), 0o644)
}

// sides returns both experiments of a case at its i-th seed. They are measured once, at the end, which changes no weight.
func (r *resultCase) sides(i int) (sides [2]mmpo.Experiment, err error) {
	c, notices, err := mmpo.ParseLink(r.link)
	if err != nil || len(notices) > 0 {
		return sides, fmt.Errorf("the link of case %s is flawed: %v %v", r.id, err, notices)
	}
	sides = [2]mmpo.Experiment{c.A, c.B}
	for j := range sides {
		sides[j].Seed += uint64(i)
		sides[j].Train.Evaluate = measureAtTheEnd
	}
	return sides, nil
}

// measureAtTheEnd is a number of steps between measurements that no case's run reaches.
const measureAtTheEnd = 1000

// read returns the runs that are kept, by key. A line that cannot be read, such as one that was being written when the power went, is
// told of and run again.
func (c *resultsCommand) read() (map[string]*mmpo.Trial, error) {
	trials := map[string]*mmpo.Trial{}
	b, err := os.ReadFile(c.Runs)
	if errors.Is(err, fs.ErrNotExist) {
		return trials, nil
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, len(b)+1)
	for n := 1; lines.Scan(); n++ {
		o, err := mmpo.DecodeTrial(lines.Bytes())
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s, line %d is not used: %v\n", c.Runs, n, err)
			continue
		}
		trials[o.Key] = o
	}
	return trials, errors.Join(err, lines.Err())
}

// run adds what is missing to trials, and to the file of runs as it comes. The first seeds of all cases come first.
func (c *resultsCommand) run(ctx context.Context, cases []resultCase, trials map[string]*mmpo.Trial) error {
	var cells []mmpo.Cell
	for i := range c.Seeds {
		for _, r := range cases {
			if len(c.Only) > 0 && !slices.Contains(c.Only, r.id) {
				continue
			}
			sides, err := r.sides(i)
			if err != nil {
				return err
			}
			for _, e := range sides {
				if key := e.Key(mmpo.EngineVersion); trials[key] == nil {
					cells = append(cells, mmpo.Cell{Experiment: e, Key: key})
				}
			}
		}
	}
	cells = mmpo.Distinct(cells)
	if len(cells) == 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(c.Runs), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(c.Runs, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	workers, finished := c.Workers, 0
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	sweeper := mmpo.Sweeper{Workers: workers, Encoded: encodedReference, Done: func(o *mmpo.Trial, _ *mmpo.Queue, _ int) error {
		finished++
		progress("%d of %d runs", finished, len(cells))
		trials[o.Key] = o
		_, err := file.Write(o.Encode())
		return err
	}}
	err = sweeper.Run(ctx, cells)
	progress("")
	return errors.Join(err, file.Close())
}

// frontiers keeps the ceilings that cases share, by world and stakes.
type frontiers map[[2]string]*mmpo.Frontier

// find returns the best reachable frontier of e's world and stakes.
func (f frontiers) find(ctx context.Context, e mmpo.Experiment) (*mmpo.Frontier, error) {
	key := [2]string{e.World, e.Stakes}
	if found := f[key]; found != nil {
		return found, nil
	}
	e.Seed = 1 // one for all
	report, err := survey(ctx, e, mmpo.FrontierSamples)
	if err != nil {
		return nil, err
	}
	f[key] = report.Frontier
	return f[key], nil
}

// collect returns what came of the case; ok is false if a seed is missing.
func (r *resultCase) collect(seeds int, trials map[string]*mmpo.Trial, find func(mmpo.Experiment) (*mmpo.Frontier, error)) (of resultOf, ok bool, err error) {
	of = resultOf{ID: r.id, Title: r.title, About: r.about, Link: r.link}
	var sides [2][]*mmpo.Trial
	for i := range seeds {
		experiments, err := r.sides(i)
		if err != nil {
			return of, false, err
		}
		of.Seeds = append(of.Seeds, experiments[0].Seed)
		var runs [2]*resultRun
		for side, e := range experiments {
			o := trials[e.Key(mmpo.EngineVersion)]
			if o == nil {
				return of, false, nil
			}
			sides[side] = append(sides[side], o)
			runs[side] = &resultRun{o.Fingerprint, o.Diverged}
		}
		of.Runs = append(of.Runs, runs)
	}
	first := sides[0][0].Experiment
	of.A, of.B = titleOf(sides[0][0]), titleOf(sides[1][0])
	frontier, err := find(first)
	if err != nil {
		return of, false, err
	}
	for _, o := range sides[0] {
		of.Reference += float64(o.Path[0].Metrics["true_score"]) / float64(seeds)
	}
	for _, metric := range resultMetrics {
		values := func(trials []*mmpo.Trial) (x []float64) {
			for _, o := range trials {
				if metric == "regret" {
					x = append(x, frontier.Regret(o.At("kl"), o.At("true_score")))
				} else {
					x = append(x, o.At(metric))
				}
			}
			return x
		}
		a, b := values(sides[0]), values(sides[1])
		if row := (resultRow{metric, estimateOf(a), estimateOf(b), mmpo.NewDifference(a, b)}); row.A.N+row.B.N > 0 {
			of.Rows = append(of.Rows, row)
		}
	}
	return of, true, nil
}

func titleOf(o *mmpo.Trial) string {
	objective, _ := mmpo.FindObjective(o.Experiment.Objective.ID)
	return objective.Title
}

// estimateOf returns the estimate of those values that are numbers.
func estimateOf(x []float64) mmpo.Estimate {
	return mmpo.NewEstimate(slices.DeleteFunc(slices.Clone(x), math.IsNaN))
}

// shortFingerprint is how many digits of a fingerprint the page of results shows: enough to tell runs apart.
const shortFingerprint = 12

// markdown writes the results as a page: a table of all cases, then each of them.
func (all *results) markdown() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Results

Made by `+"`go run . results`"+` on %s with engine %s; nothing here is typed in. Each case is a link, run at every seed for both sides: means with
95 %% confidence intervals by Student's t over seeds, and the difference B − A at the same seed, which has the same pairs, batches and
sampling. Regret is what the best policy of the same KL would score above the run (`+"`go run . frontier`"+`), where its estimate reaches that far.
Key share is the share of responses with what the world is watched for. Where a row counts fewer seeds, the others have no number.

| case | | true score A | true score B | B − A | B larger |
|---|---|---|---|---|---|
`, all.Date, all.Engine)
	for _, of := range all.Cases {
		for _, row := range of.Rows {
			if row.Metric == "true_score" {
				fmt.Fprintf(&b, "| [%s](#%s) | %s, %s | %s | %s | %s | %s |\n", of.Title, anchor(of.Title), of.A, of.B,
					cell(row.A), cell(row.B), cell(row.Difference.Estimate), larger(row))
			}
		}
	}
	if len(all.Missing) > 0 {
		fmt.Fprintf(&b, "\nNot run yet: %s.\n", strings.Join(all.Missing, ", "))
	}
	for i := range all.Cases {
		all.Cases[i].markdown(&b)
	}
	return b.Bytes()
}

func (of *resultOf) markdown(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n`%s`, seeds %d to %d. The reference scores %.2f.\n\n", of.Title, of.About, of.Link, of.Seeds[0], of.Seeds[len(of.Seeds)-1], of.Reference)
	fmt.Fprintf(b, "| | A: %s | B: %s | B − A | B larger |\n|---|---|---|---|---|\n", of.A, of.B)
	for _, row := range of.Rows {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", rowTitle(row.Metric), cell(row.A), cell(row.B), cell(row.Difference.Estimate), larger(row))
	}
	fmt.Fprint(b, "\n<details><summary>Fingerprints</summary>\n\n| seed | A | B |\n|---|---|---|\n")
	for i, runs := range of.Runs {
		fmt.Fprintf(b, "| %d | %s | %s |\n", of.Seeds[i], runs[0], runs[1])
	}
	fmt.Fprint(b, "\n</details>\n")
}

func (r *resultRun) String() string {
	s := "`" + r.Fingerprint[:min(shortFingerprint, len(r.Fingerprint))] + "`"
	if r.Diverged != "" {
		s += " (diverged)"
	}
	return s
}

// rowTitle returns what a row is of.
func rowTitle(metric string) string {
	for _, m := range mmpo.Metrics {
		if m.ID == metric {
			return m.Title
		}
	}
	return strings.ToUpper(metric[:1]) + metric[1:]
}

func cell(e mmpo.Estimate) string {
	switch e.N {
	case 0:
		return "–"
	case 1:
		return fmt.Sprintf("%.2f", e.Mean)
	}
	return fmt.Sprintf("%.2f ± %.2f", e.Mean, e.Half)
}

func larger(row resultRow) string {
	return fmt.Sprintf("%d of %d", row.Difference.Larger, row.Difference.N)
}

// anchor returns where a heading of that title is found on its page.
func anchor(title string) string {
	return strings.ReplaceAll(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(title)), " ", "-")
}
