//go:build !js

package mmpo

import (
	"context"
	"runtime"
	"sync"

	"margins/datasets"
	"margins/toy/kernel"
)

// Judges are all that scores responses at one seed of a comparison: reward models of B's pairs, and both sides' policies by their implicit
// reward. Each policy reads the held-out pairs of its own side, which differ only where the sides' raters do.
type Judges struct {
	Seed   uint64        `json:"seed"`
	Models []RewardStudy `json:"models"`
	A      PolicyReading `json:"a"`
	B      PolicyReading `json:"b"`
}

// PolicyReading is a run that was read as a reward model.
type PolicyReading struct {
	Result
	Reading Reading `json:"reading"`
}

// JudgeSeeds returns the judges of n seeds, c.B.Seed and those after it, computed on all cores. Gamma is that of B's objective, or of A's
// where B's reads none. Done, if there is one, is called after each seed, one at a time.
func JudgeSeeds(ctx context.Context, c Comparison, n int, encoded []byte, records []datasets.Record, done func(finished, total int)) ([]Judges, error) {
	all := make([]Judges, n)
	err := onAllCores(ctx, n, done, func(ctx context.Context, i int) error {
		k := kernel.New()
		defer k.Close()
		reference, err := DecodeReference(k, encoded)
		if err != nil {
			return err
		}
		c := c
		c.A.Seed, c.B.Seed = c.A.Seed+uint64(i), c.B.Seed+uint64(i)
		all[i], err = judgesOf(ctx, NewLab(k, reference, records), c)
		return err
	})
	return all, err
}

// onAllCores does work for 0..n-1, as many at a time as there are cores, and calls done after each, one at a time. The first error ends
// all and is returned.
func onAllCores(ctx context.Context, n int, done func(finished, total int), work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	var mutex sync.Mutex
	next, finished := 0, 0
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for {
				mutex.Lock()
				i := next
				next++
				mutex.Unlock()
				if i >= n || ctx.Err() != nil {
					return
				}
				if err := work(ctx, i); err != nil {
					cancel(err)
					return
				}
				mutex.Lock()
				if finished++; done != nil {
					done(finished, n)
				}
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// judgesOf returns the judges of c's seed.
func judgesOf(ctx context.Context, lab *Lab, c Comparison) (j Judges, err error) {
	j.Seed = c.B.Seed
	e := c.B
	if e.Objective.Gamma == 0 {
		e.Objective.Gamma = c.A.Objective.Gamma
	}
	pairs, err := lab.Pairs(e)
	if err != nil {
		return j, err
	}
	alive := func(float64, string) bool { return ctx.Err() == nil }
	if j.Models, err = StudyRewards(lab, e, pairs, alive); err != nil {
		return j, err
	}
	for _, side := range []struct {
		e       Experiment
		reading *PolicyReading
	}{{c.A, &j.A}, {c.B, &j.B}} {
		var run *Run
		if side.reading.Result, err = Complete(ctx, lab, side.e, func(r *Run, _ Row, _ *Evaluation) { run = r }); err != nil {
			return j, err
		}
		side.reading.Reading = run.Read()
	}
	return j, nil
}
