package main

import (
	"context"
	"errors"
	"fmt"

	"margins/datasets"
	"margins/mmpo"
	"margins/toy/kernel"
)

// side chooses one experiment of a comparison.
type side struct {
	Side string `enum:"a,b" default:"b" help:"Which side of the comparison: a or b."`
}

func (s side) of(c mmpo.Comparison) mmpo.Experiment {
	if s.Side == "a" {
		return c.A
	}
	return c.B
}

// ownData names the file of an experiment whose world is an imported data set.
type ownData struct {
	Data string `help:"File of graded pairs to learn from in place of a toy world, as import reads it." placeholder:"FILE"`
}

// records reads the file, if there is one, and returns what the page keeps of it, with the data set's id.
func (d ownData) records(ctx context.Context) (id string, records []datasets.Record, err error) {
	if d.Data == "" {
		return "", nil, nil
	}
	file, closeFile, err := openData(d.Data)
	if err != nil {
		return "", nil, err
	}
	defer closeFile()
	store := datasets.NewMemoryStore("")
	info, _, err := datasets.ImportTo(store, file, watch(ctx, file.Size))
	progress("")
	if err != nil {
		return "", nil, err
	}
	data, err := store.Data(info.ID)
	if err != nil {
		return "", nil, err
	}
	records, err = datasets.DecodeData(data)
	return info.ID, records, err
}

// openRun returns a run of e that has taken no step, in the kernel k. The records are those of e's world if that is an imported data set.
func openRun(ctx context.Context, k *kernel.Kernel, e mmpo.Experiment, records []datasets.Record) (*mmpo.Run, error) {
	if datasets.IsID(e.World) && records == nil {
		return nil, fmt.Errorf("the run is of the data set %s: name its file with --data", e.World)
	}
	reference, err := openReference(ctx, k, e, records)
	if err != nil {
		return nil, err
	}
	lab := mmpo.NewLab(k, reference, records)
	pairs, err := lab.Pairs(e)
	if err != nil {
		return nil, err
	}
	return mmpo.NewRun(lab, e, pairs)
}

// openReference returns e's reference: the shipped one, or one that is fitted now.
func openReference(ctx context.Context, k *kernel.Kernel, e mmpo.Experiment, records []datasets.Record) (*mmpo.Reference, error) {
	if _, ok := mmpo.FindShipped(e); ok {
		return mmpo.LoadShipped(k, e)
	}
	r, _, err := mmpo.Fit(k, e, records, func(step, steps int, loss float64) bool {
		progress("%s fitting the reference: step %d of %d, loss %.2f", bar(step, steps), step, steps, loss)
		return ctx.Err() == nil
	})
	progress("")
	if errors.Is(err, mmpo.ErrCanceled) {
		return nil, errors.New("stopped while the reference was being fitted; nothing is saved")
	}
	return r, err
}
