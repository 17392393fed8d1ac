//go:build !js

package mmpo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"margins/datasets"
	"margins/toy/kernel"
)

// Sweeper runs the cells of sweeps on this machine's cores.
type Sweeper struct {
	Workers int                                        // how many runs at a time
	Encoded func(e Experiment) ([]byte, error)         // checkpoint of e's reference; asked once for each world and size of model
	Records []datasets.Record                          // of an imported data set
	Done    func(o *Trial, q *Queue, active int) error // called for each run as it ends, one at a time; active runs are under way

	mutex   sync.Mutex
	encoded map[string][]byte
}

// Run runs all cells, which are of different keys. The first error stops everything; what ran until then was passed to Done.
func (s *Sweeper) Run(ctx context.Context, cells []Cell) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	q, active := NewQueue(cells), 0
	var group sync.WaitGroup
	for range min(s.Workers, len(cells)) {
		group.Go(func() {
			bench := &bench{sweeper: s}
			defer bench.close()
			var last *Experiment
			for ctx.Err() == nil {
				s.mutex.Lock()
				cell, ok := q.Next(last)
				if ok {
					active++
				}
				s.mutex.Unlock()
				if !ok {
					return
				}
				o, err := bench.run(ctx, cell.Experiment)
				s.mutex.Lock()
				active--
				if err == nil {
					q.Done(cell.Experiment, o.Seconds)
					err = s.Done(o, q, active)
				}
				s.mutex.Unlock()
				if err != nil {
					cancel(err)
					return
				}
				last = &cell.Experiment
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// reference returns the checkpoint that e starts from.
func (s *Sweeper) reference(e Experiment) ([]byte, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	id := fmt.Sprint(e.World, e.Model)
	if b, ok := s.encoded[id]; ok {
		return b, nil
	}
	b, err := s.Encoded(e)
	if err != nil {
		return nil, err
	}
	if s.encoded == nil {
		s.encoded = map[string][]byte{}
	}
	s.encoded[id] = b
	return b, nil
}

// bench is where one worker runs one experiment after another: a kernel, and a lab that keeps its pairs' responses.
type bench struct {
	sweeper *Sweeper
	k       *kernel.Kernel
	lab     *Lab
	mark    int // the kernel's memory up to here is the lab's
}

func (b *bench) close() {
	if b.k != nil {
		b.k.Close()
		b.k = nil
	}
}

// prepare sets the bench up for e, with a lab of its reference.
func (b *bench) prepare(e Experiment) error {
	if b.k != nil && b.lab.Reference.fits(e) == nil {
		b.k.Release(b.mark)
		return nil
	}
	b.close()
	encoded, err := b.sweeper.reference(e)
	if err != nil {
		return err
	}
	b.k = kernel.New()
	reference, err := DecodeReference(b.k, encoded)
	if err != nil {
		return err
	}
	b.lab = NewLab(b.k, reference, b.sweeper.Records)
	b.mark = b.k.Mark()
	return nil
}

func (b *bench) run(ctx context.Context, e Experiment) (*Trial, error) {
	if err := b.prepare(e); err != nil {
		return nil, err
	}
	start, o := time.Now(), NewTrial(e)
	result, err := Complete(ctx, b.lab, e, func(_ *Run, row Row, shown *Evaluation) { o.Note(row, shown) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Link, err)
	}
	o.Finish(result.Fingerprint, result.Diverged, time.Since(start).Seconds())
	return o, nil
}
