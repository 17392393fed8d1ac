//go:build !js

package mmpo

import (
	"context"
	"math"
	"runtime"
	"sync"

	"margins/datasets"
	"margins/toy/kernel"
)

// Result is a finished run: its last report and its fingerprint.
type Result struct {
	Experiment  Experiment         `json:"experiment"`
	Metrics     map[string]float64 `json:"metrics"` // by id, those of the last row that are numbers
	Fingerprint string             `json:"fingerprint"`
	Diverged    string             `json:"diverged,omitempty"`
}

// Complete runs e to its end, or until it diverges, and returns its result. Watch, if there is one, gets every row as it comes.
func Complete(ctx context.Context, lab *Lab, e Experiment, watch func(*Run, Row, *Evaluation)) (Result, error) {
	pairs, err := lab.Pairs(e)
	if err != nil {
		return Result{}, err
	}
	run, err := NewRun(lab, e, pairs)
	if err != nil {
		return Result{}, err
	}
	row, err := Play(ctx, run, watch)
	if err != nil {
		return Result{}, err
	}
	return NewResult(run, row), nil
}

// Play takes the steps that are left to a run, or those before it diverges, measures where that is due, and returns the last report. Watch,
// if there is one, gets every row as it comes, the present step's first, with what was measured beside it. When ctx ends Play stops between
// two steps and returns ctx's error; the run may go on from there.
func Play(ctx context.Context, run *Run, watch func(*Run, Row, *Evaluation)) (last Row, err error) {
	row, evaluation := run.Start()
	for row != nil {
		if watch != nil {
			watch(run, row, evaluation)
		}
		if err := ctx.Err(); err != nil {
			return row, err
		}
		last = row
		if row, evaluation = run.Step(), nil; row != nil && run.EvaluationDue() {
			evaluation = run.Evaluate(row)
		}
	}
	return last, nil
}

// NewResult returns what a run came to whose last report is row.
func NewResult(r *Run, row Row) Result {
	return Result{Experiment: r.Experiment, Metrics: row.Numbers(), Fingerprint: r.Fingerprint(), Diverged: r.Diverged()}
}

// Seeds are the results of one comparison at many seeds, the i-th of A and of B at the same seed.
type Seeds struct {
	A, B []Result
}

// CompareSeeds runs both sides of c at n seeds, c.A.Seed and those after it, on all cores. Records are those of an imported data set.
// Done, if there is one, is called after each run.
func CompareSeeds(ctx context.Context, c Comparison, n int, encoded []byte, records []datasets.Record, done func(finished, total int)) (Seeds, error) {
	s := Seeds{A: make([]Result, n), B: make([]Result, n)}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	seeds := make(chan int)
	var group sync.WaitGroup
	var mutex sync.Mutex
	finished := 0
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := range seeds {
				err := s.runSeed(ctx, c, i, encoded, records, func() {
					mutex.Lock()
					defer mutex.Unlock()
					if finished++; done != nil {
						done(finished, 2*n)
					}
				})
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range n {
		seeds <- i
	}
	close(seeds)
	group.Wait()
	return s, context.Cause(ctx)
}

// runSeed runs both sides at the i-th seed, in a kernel of its own.
func (s Seeds) runSeed(ctx context.Context, c Comparison, i int, encoded []byte, records []datasets.Record, done func()) error {
	for _, side := range []struct {
		e      Experiment
		result *Result
	}{{c.A, &s.A[i]}, {c.B, &s.B[i]}} {
		k := kernel.New()
		defer k.Close()
		reference, err := DecodeReference(k, encoded)
		if err != nil {
			return err
		}
		side.e.Seed += uint64(i)
		if *side.result, err = Complete(ctx, NewLab(k, reference, records), side.e, nil); err != nil {
			return err
		}
		done()
	}
	return nil
}

// Values returns a metric of results, by seed; a run that did not report it has NaN.
func Values(results []Result, metric string) []float64 {
	x := make([]float64, len(results))
	for i, r := range results {
		v, ok := r.Metrics[metric]
		if x[i] = v; !ok {
			x[i] = math.NaN()
		}
	}
	return x
}

// Paired compares a metric of B with A's, seed by seed.
func (s Seeds) Paired(metric string) Difference {
	return NewDifference(Values(s.A, metric), Values(s.B, metric))
}
