//go:build full || !js

package main

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"margins/mmpo"
)

// The lab of sweeps. One worker keeps the sweep: what is to be run, what each run came to, and what all of them say. Others run one
// experiment after another. The page carries experiments and trials between them.

// trialKey is the name under which the store keeps the trial of a cell's key.
func trialKey(key string) string { return "trial/" + key }

// plan lays out a sweep, or the tuning before it, and finds which of its runs this browser has done already.
func (s *Session) plan(r Request, _ Attachments) error {
	sweep, notices, err := r.sweep()
	if err != nil {
		return failure("bad-sweep", "%s.", err)
	}
	claim, err := sweep.ReadClaim(r.Link)
	if err != nil {
		return failure("bad-sweep", "%s.", err)
	}
	b := &bench{sweep: sweep, tune: r.Tune, claim: claim, trials: map[string]*mmpo.Trial{}, taken: map[string]mmpo.Experiment{}}
	cells := sweep.Cells()
	if b.tune > 0 {
		if cells, err = sweep.TuningCells(b.tune); err != nil {
			return failure("bad-sweep", "%s.", err)
		}
	}
	if err := s.lay(b, cells); err != nil {
		return err
	}
	if err := s.tuned(b); err != nil {
		return err
	}
	s.bench = b
	planned := b.shown()
	s.post(r.ID, Planned{Sweep: *planned, Link: planned.Link(), Notices: append([]string{}, notices...), Standing: b.standing()}, nil)
	return nil
}

// sweep returns the sweep that the request gives, by a link or in full, checked.
func (r Request) sweep() (mmpo.Sweep, []string, error) {
	if r.Sweep == nil {
		return mmpo.ParseSweepLink(r.Link)
	}
	return *r.Sweep, nil, r.Sweep.Validate()
}

// lay makes cells what the bench runs, but for those that are kept from another time.
func (s *Session) lay(b *bench, cells []mmpo.Cell) error {
	var missing []mmpo.Cell
	for _, cell := range mmpo.Distinct(cells) {
		blob, err := s.opened().Blob(trialKey(cell.Key))
		if err != nil {
			return err
		}
		if t, err := mmpo.DecodeTrial(blob); err == nil && t.Key == cell.Key { // a damaged one is run again
			b.trials[cell.Key] = t
		} else {
			missing = append(missing, cell)
		}
	}
	b.cells, b.queue = cells, mmpo.NewQueue(missing)
	for _, t := range b.trials {
		b.queue.Done(t.Experiment, t.Seconds)
	}
	return nil
}

// tuned turns from the tuning to the sweep, if the tuning is done.
func (s *Session) tuned(b *bench) error {
	if standing := b.standing(); b.tune == 0 || standing.Done < standing.Runs {
		return nil
	}
	sweep, err := b.sweep.Tuned(b.tune, b.trials)
	if err != nil {
		return failure("bad-sweep", "%s.", err)
	}
	b.sweep, b.tune = sweep, 0
	return s.lay(b, sweep.Cells())
}

// shown returns the sweep as a message carries it: without null.
func (b *bench) shown() *mmpo.Sweep {
	sweep := b.sweep
	sweep.Settings = append([]mmpo.Choose{}, sweep.Settings...)
	return &sweep
}

// standing says how far the sweep is; runs under way count as half done.
func (b *bench) standing() Standing {
	left, known := b.queue.Left()
	for _, e := range b.taken {
		seconds, _ := b.queue.Expect(e)
		left += seconds / 2
	}
	if !known {
		left = 0
	}
	distinct := mmpo.Distinct(b.cells)
	standing := Standing{Runs: len(distinct), Left: left, Known: known, Tuning: b.tune > 0, Claimed: len(b.claim.Runs)}
	for _, cell := range distinct {
		t := b.trials[cell.Key]
		if t == nil {
			continue
		}
		standing.Done++
		switch told, ok := b.claim.Runs[cell.Key]; {
		case ok && strings.HasPrefix(t.Fingerprint, told.Fingerprint):
			standing.Agree++
		case ok:
			standing.Differ++
		}
	}
	return standing
}

// planned returns the sweep that this worker keeps, which all but plan and complete need.
func (s *Session) planned() (*bench, error) {
	if s.bench == nil {
		return nil, failure("no-sweep", "No sweep is planned.")
	}
	return s.bench, nil
}

func (s *Session) take(r Request, _ Attachments) error {
	b, err := s.planned()
	if err != nil {
		return err
	}
	taken := Taken{Later: b.tune > 0}
	if cell, ok := b.queue.Next(r.Experiment); ok {
		taken.Experiment = &cell.Experiment
		b.taken[cell.Key] = cell.Experiment
	}
	s.post(r.ID, taken, nil)
	return nil
}

// complete runs an experiment to its end. It needs no plan.
func (s *Session) complete(r Request, a Attachments) error {
	start, tell := time.Now(), s.progress(r.ID)
	e, pairs, err := s.prepare(r, a)
	if err != nil {
		return err
	}
	run, err := s.newRun(e, pairs)
	if err != nil {
		return failure("bad-request", "%s.", err)
	}
	trial := mmpo.NewTrial(e)
	row, shown := run.Start()
	for ; row != nil; row, shown = run.Step(), nil {
		if run.Taken() > 0 && run.EvaluationDue() {
			shown = run.Evaluate(row)
		}
		trial.Note(row, shown)
		if err := tell(float64(run.Taken())/float64(e.Train.Steps), fmt.Sprintf("step %d of %d", run.Taken(), e.Train.Steps)); err != nil {
			return err
		}
	}
	trial.Finish(run.Fingerprint(), run.Diverged(), time.Since(start).Seconds())
	s.post(r.ID, Completed{}, map[string][]byte{"data": trial.Encode()})
	return nil
}

// add takes in what complete came to, and keeps it.
func (s *Session) add(r Request, a Attachments) error {
	b, err := s.planned()
	if err != nil {
		return err
	}
	t, err := mmpo.DecodeTrial(a.Data)
	if err != nil {
		return failure("bad-trial", "The result of a run cannot be read: %s.", err)
	}
	b.trials[t.Key] = t
	delete(b.taken, t.Key)
	b.queue.Done(t.Experiment, t.Seconds)
	kept := s.opened().PutBlob(trialKey(t.Key), a.Data) == nil // without room it serves this visit alone
	added, tuning := Added{Kept: kept && s.store.Lasting()}, b.tune > 0
	if err := s.tuned(b); err != nil {
		return err
	}
	if tuning && b.tune == 0 {
		added.Sweep = b.shown()
		added.Link = added.Sweep.Link()
	}
	added.Standing = b.standing()
	s.post(r.ID, added, nil)
	return nil
}

// judge reads the trials that are there by a readout.
func (s *Session) judge(r Request, _ Attachments) error {
	b, err := s.planned()
	if err != nil {
		return err
	}
	readout, ok := mmpo.FindReadout(r.Readout)
	if !ok {
		return failure("bad-request", "There is no readout %q.", r.Readout)
	}
	summary := mmpo.Summarize(&b.sweep, b.told(), readout, r.KL)
	verdicts := append([]mmpo.Verdict{}, mmpo.Verdicts(&b.sweep, summary)...)
	s.post(r.ID, Judged{Summary: *summary, Verdicts: verdicts, Reference: summary.Reference()}, nil)
	return nil
}

// told returns the trials by key, those of a link's claim where there are no own ones.
func (b *bench) told() map[string]*mmpo.Trial {
	if len(b.claim.Runs) == 0 {
		return b.trials
	}
	all := maps.Clone(b.trials)
	for _, cell := range b.cells {
		if told := b.claim.Trial(cell.Experiment, cell.Key); told != nil && all[cell.Key] == nil {
			all[cell.Key] = told
		}
	}
	return all
}

// share answers with the sweep's link and what its runs came to.
func (s *Session) share(r Request, _ Attachments) error {
	b, err := s.planned()
	if err != nil {
		return err
	}
	s.post(r.ID, LinkWritten{Link: b.sweep.Link() + b.sweep.Claim(b.trials, "true_score")}, nil)
	return nil
}

// hand shows the runs of the sweep that are there.
func (s *Session) hand(r Request, _ Attachments) error {
	b, err := s.planned()
	if err != nil {
		return err
	}
	shown := Shown{Trials: []mmpo.Trial{}}
	for _, cell := range mmpo.Distinct(b.cells) {
		if t := b.trials[cell.Key]; t != nil {
			shown.Trials = append(shown.Trials, *t)
		}
	}
	s.post(r.ID, shown, nil)
	return nil
}
