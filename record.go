package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"margins/mmpo"
	"margins/toy/kernel"
)

// recordCommand runs the default comparison and keeps all that the page would have shown.
type recordCommand struct {
	Out string `default:"site/public/recorded/default.json" help:"File to write."`
}

// recorded is what the page shows before its engine is there.
type recorded struct {
	Engine string     `json:"engine"`
	Link   string     `json:"link"`
	Paired paired     `json:"paired"`
	A      *recording `json:"a"`
	B      *recording `json:"b"`
}

type paired struct {
	Summary mmpo.PairSummary `json:"summary"`
	Pairs   []mmpo.PairView  `json:"pairs"`
}

// recording is one run as its worker would have reported it.
type recording struct {
	Rows    [][]number       `json:"rows"`
	Margins []number         `json:"margins"` // as the protocol's TagMargins
	Before  *mmpo.Evaluation `json:"before"`
	After   *mmpo.Evaluation `json:"after"`
	State   recordedState    `json:"state"`
}

type recordedState struct {
	Phase       string `json:"phase"`
	Step        int    `json:"step"`
	Steps       int    `json:"steps"`
	Fingerprint string `json:"fingerprint"`
}

// number is written with five significant digits, more than a chart can show, and as null if it was not measured.
type number float32

func (n number) MarshalJSON() ([]byte, error) {
	if x := float64(n); !math.IsNaN(x) {
		return strconv.AppendFloat(nil, x, 'g', 5, 32), nil
	}
	return []byte("null"), nil
}

func numbers(xs []float32) []number {
	out := make([]number, len(xs))
	for i, x := range xs {
		out[i] = number(x)
	}
	return out
}

// Run writes the recording.
func (c *recordCommand) Run(ctx context.Context) error {
	comparison := mmpo.DefaultComparison()
	reference, err := encodedReference(comparison.A)
	if err != nil {
		return err
	}
	all := recorded{Engine: mmpo.EngineVersion, Link: comparison.Link(), A: &recording{}, B: &recording{}}
	if all.Paired, err = pairsOf(comparison.A, reference); err != nil {
		return err
	}
	var group sync.WaitGroup
	var errA, errB error
	group.Go(func() { errA = all.A.record(ctx, comparison.A, reference) })
	group.Go(func() { errB = all.B.record(ctx, comparison.B, reference) })
	group.Wait()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.Out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(c.Out, append(b, '\n'), 0o644)
}

// pairsOf returns the pairs of e for people to read.
func pairsOf(e mmpo.Experiment, reference []byte) (paired, error) {
	k := kernel.New()
	defer k.Close()
	r, err := mmpo.DecodeReference(k, reference)
	if err != nil {
		return paired{}, err
	}
	lab := mmpo.NewLab(k, r, nil)
	p, err := lab.Pairs(e)
	if err != nil {
		return paired{}, err
	}
	return paired{Summary: p.Summary, Pairs: lab.Views(p)}, nil
}

func (r *recording) record(ctx context.Context, of mmpo.Experiment, reference []byte) error {
	result, err := complete(ctx, of, reference, func(run *mmpo.Run, row mmpo.Row, e *mmpo.Evaluation) {
		r.Rows = append(r.Rows, numbers(row))
		if run.Taken() == 0 {
			r.Before = e
		}
		if run.Done() {
			r.After = e
			r.Margins = []number{number(run.Taken()), number(len(run.Pairs.Train)), number(len(run.Pairs.HeldOut))}
			for _, h := range run.Margins() {
				r.Margins = append(r.Margins, number(h))
			}
		}
	})
	r.State = recordedState{Phase: "done", Step: of.Train.Steps, Steps: of.Train.Steps, Fingerprint: result.Fingerprint}
	return err
}
