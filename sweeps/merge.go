package sweeps

import (
	"fmt"
	"slices"
	"strings"

	"margins/mmpo"
)

// Merged says what a merge came to.
type Merged struct {
	Sweep   *mmpo.Sweep
	Runs    int         // in the folder now
	Missing []mmpo.Cell // of the sweep, each key once
}

// Merge joins folders of shards of one sweep into the folder out, which may hold runs already. Nothing is written if the folders are of
// different sweeps or engines, or if two runs of one experiment differ; the error then names all that do.
func Merge(out string, folders []string) (*Merged, error) {
	all := &Folder{Trials: map[string]*mmpo.Trial{}}
	var sweep *mmpo.Sweep
	var problems []string
	for _, path := range folders {
		f, err := Read(path)
		if err != nil {
			return nil, err
		}
		s, err := f.Sweep()
		if err != nil {
			return nil, err
		}
		if sweep == nil {
			sweep = s
		} else if s.Link() != sweep.Link() {
			return nil, fmt.Errorf("%s and %s are of different sweeps:\n%s\n%s", folders[0], path, sweep.Link(), s.Link())
		}
		for _, t := range f.sorted(nil) {
			if err := all.take(t); err != nil {
				problems = append(problems, fmt.Sprintf("%s: %v", path, err))
			}
		}
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("nothing was merged:\n%s", strings.Join(problems, "\n"))
	}
	return write(out, sweep, all)
}

func write(out string, sweep *mmpo.Sweep, all *Folder) (*Merged, error) {
	f, err := Open(out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cells := sweep.Cells()
	for _, t := range all.sorted(cells) {
		if err := f.Add(t); err != nil {
			return nil, fmt.Errorf("%s: %w", out, err)
		}
	}
	if err := f.SetSweep(sweep); err != nil {
		return nil, err
	}
	return &Merged{Sweep: sweep, Runs: len(f.Trials), Missing: f.Missing(cells)}, nil
}

// sorted returns the runs: those of cells in their order, then the others by key.
func (f *Folder) sorted(cells []mmpo.Cell) []*mmpo.Trial {
	place := map[string]int{}
	for i, c := range slices.Backward(cells) {
		place[c.Key] = i - len(cells)
	}
	var trials []*mmpo.Trial
	for _, t := range f.Trials {
		trials = append(trials, t)
	}
	slices.SortFunc(trials, func(a, b *mmpo.Trial) int {
		if d := place[a.Key] - place[b.Key]; d != 0 {
			return d
		}
		return strings.Compare(a.Key, b.Key)
	})
	return trials
}
