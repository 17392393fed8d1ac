package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"margins/mmpo"
	"margins/sweeps"
)

// sweepCommand runs a sweep, or a part of one, and keeps its runs in a folder.
type sweepCommand struct {
	settings
	Vary     []string `sep:"none" placeholder:"KEY=VALUE,VALUE" help:"A setting to vary. One or two, and objective; by default levels and objective."`
	Seeds    string   `placeholder:"5" help:"How many seeds, the first being --seed."`
	Tune     bool     `help:"First find each objective's beta and gamma, at as many tries for each, on seeds from 1001 on."`
	TuneOnly bool     `help:"Do no more than that. --from takes the result over."`
	From     string   `placeholder:"FOLDER" help:"Take the whole sweep, with what was tuned, from this folder instead of from flags."`
	Shard    string   `default:"0/1" placeholder:"I/N" help:"Run only part I of N, 0/N to N-1/N, for a cluster's array job."`
	Workers  int      `help:"How many runs at a time; by default one for each core."`
	Out      string   `required:"" placeholder:"FOLDER" help:"Where runs are kept. The same command goes on with what is there."`
}

// Help is shown by --help, after the flags' own.
func (c *sweepCommand) Help() string {
	return `Without flags it asks how many levels of feedback are enough: 2, 3, 5, 10 and exact grades, with DPO and with MMPO, at 5 seeds. A flag
such as --beta is for every objective that reads it; --set dpo.beta=1 is for one.

Each run that ends is on the disk at once, so that the command may be ended at any time, by Ctrl-C or worse, and given again. "margins report
FOLDER" then says what came out, "margins merge" joins the folders of several parts.`
}

// Run runs what is missing in the folder.
func (c *sweepCommand) Run(ctx context.Context) error {
	part, parts, err := parseShard(c.Shard)
	if err != nil {
		return err
	}
	s, err := c.sweep()
	if err != nil {
		return err
	}
	folder, err := sweeps.Open(c.Out)
	if err != nil {
		return err
	}
	defer folder.Close()
	if c.Tune || c.TuneOnly {
		if s, err = c.tuned(ctx, folder, s); err != nil {
			return err
		}
	}
	if err := folder.SetSweep(s); err != nil {
		return err
	}
	if !c.TuneOnly {
		if err := c.fill(ctx, folder, "runs", mmpo.Shard(mmpo.Distinct(s.Cells()), part, parts)); err != nil {
			return err
		}
	}
	fmt.Printf("%d runs in %s\n%s\n", len(folder.Trials), c.Out, s.Link())
	return nil
}

// parseShard reads I/N.
func parseShard(text string) (part, parts int, err error) {
	before, after, _ := strings.Cut(text, "/")
	part, errPart := strconv.Atoi(before)
	parts, errParts := strconv.Atoi(after)
	if errPart != nil || errParts != nil || part < 0 || part >= parts {
		return 0, 0, fmt.Errorf("--shard is I/N with I from 0 to N-1, such as 0/8 to 7/8, not %q", text)
	}
	return part, parts, nil
}

// sweep returns what the flags or another folder choose.
func (c *sweepCommand) sweep() (*mmpo.Sweep, error) {
	if c.From != "" {
		if len(c.keys()) > 0 || len(c.Vary) > 0 || c.Seeds != "" {
			return nil, errors.New("--from takes the whole sweep from a folder, so no flag may change it")
		}
		return (&sweeps.Folder{Path: c.From}).Sweep()
	}
	s, notices, err := mmpo.ParseSweepLink(strings.Join(append(c.ownKeys(), c.keys()...), "&"))
	for _, n := range notices {
		fmt.Fprintln(os.Stderr, n)
	}
	return &s, err
}

// ownKeys returns the flags that only a sweep has, as its link writes them, and of the others those that are an objective's, for every
// objective on the axis that reads them.
func (c *sweepCommand) ownKeys() []string {
	var keys, objectives []string
	if c.Seeds != "" {
		keys = append(keys, "seeds="+c.Seeds)
	}
	for _, v := range c.Vary {
		keys = append(keys, "vary."+v)
		if values, ok := strings.CutPrefix(v, "objective="); ok {
			objectives = strings.Split(values, ",")
		}
	}
	for _, a := range mmpo.DefaultSweep().Axes {
		if a.Param == "objective" && len(c.Vary) == 0 {
			objectives = a.Values
		}
	}
	for _, id := range objectives {
		o, _ := mmpo.FindObjective(id)
		if o == nil {
			continue // the link's reader names it
		}
		for _, setting := range o.Params {
			if value := c.flag(setting.Param); value != "" {
				keys = append(keys, id+"."+setting.Param+"="+value)
			}
		}
	}
	return keys
}

// tuned runs the tuning's runs and returns s with what they found.
func (c *sweepCommand) tuned(ctx context.Context, folder *sweeps.Folder, s *mmpo.Sweep) (*mmpo.Sweep, error) {
	cells, err := s.TuningCells(mmpo.TuningSeeds)
	if err != nil {
		return nil, err
	}
	if err := c.fill(ctx, folder, "tuning runs", cells); err != nil {
		return nil, err
	}
	tuned, err := s.Tuned(mmpo.TuningSeeds, folder.Trials)
	if err != nil {
		return nil, err
	}
	fmt.Println(tuned.Tuning)
	return &tuned, nil
}

// fill runs those of cells that the folder does not have.
func (c *sweepCommand) fill(ctx context.Context, folder *sweeps.Folder, what string, cells []mmpo.Cell) error {
	total, missing := len(mmpo.Distinct(cells)), folder.Missing(cells)
	workers := cmp.Or(c.Workers, runtime.GOMAXPROCS(0))
	done := total - len(missing)
	if done > 0 {
		fmt.Fprintf(os.Stderr, "%d of %d %s are there already\n", done, total, what)
	}
	runner := mmpo.Sweeper{Workers: workers, Encoded: encodedReference, Done: func(t *mmpo.Trial, q *mmpo.Queue, active int) error {
		done++
		progress("%d of %d %s, %s left", done, total, what, left(t, q, active, workers))
		return folder.Add(t)
	}}
	err := runner.Run(ctx, missing)
	progress("")
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("stopped; %d of %d %s are kept in %s, and the same command goes on from there", done, total, what, c.Out)
	}
	return err
}

// left says how long the rest will take: all that waits, and half of a run for each that is under way.
func left(t *mmpo.Trial, q *mmpo.Queue, active, workers int) string {
	waiting, _ := q.Left()
	one, _ := q.Expect(t.Experiment)
	seconds := (waiting + float64(active)*one/2) / float64(workers)
	return (time.Duration(math.Ceil(seconds)) * time.Second).String()
}
