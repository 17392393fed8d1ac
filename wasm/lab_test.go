package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

// smallSweep is two scales by two objectives, of runs that take no time.
func smallSweep(t *testing.T, seeds int) *mmpo.Sweep {
	s := mmpo.DefaultSweep()
	s.Base = *short(t, func(e *mmpo.Experiment) { e.Pairs, e.Train.Steps, e.Train.Batch = 8, 2, 4 })
	s.Axes[0].Values, s.Seeds = []string{"2", "exact"}, seeds
	return &s
}

// labor does what the page does with one keeper and one worker until nothing is left, or for so many runs.
func labor(t *testing.T, keeper *Session, page *recordingPage, runs int) (done int) {
	worker, workerPage := newSession()
	var before *mmpo.Experiment
	for ; done < runs; done++ {
		keeper.Handle(Request{ID: 1, Type: Take, Experiment: before}, Attachments{})
		taken, _ := last[Taken](t, page)
		if taken.Experiment == nil {
			require.False(t, taken.Later, "a worker alone never waits")
			return done
		}
		worker.Handle(Request{ID: 2, Type: Complete, Experiment: taken.Experiment}, Attachments{Reference: shippedReference(t)})
		_, attachments := last[Completed](t, workerPage)
		keeper.Handle(Request{ID: 3, Type: Add}, Attachments{Data: attachments["data"]})
		before = taken.Experiment
	}
	return done
}

func TestASweepIsRunOnce(t *testing.T) {
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Plan, Sweep: smallSweep(t, 2)}, Attachments{})
	planned, _ := last[Planned](t, page)
	assert.Equal(t, Standing{Runs: 8}, planned.Standing)

	require.Equal(t, 3, labor(t, s, page, 3))
	added, _ := last[Added](t, page)
	assert.Equal(t, 3, added.Standing.Done)
	assert.True(t, added.Standing.Known)
	assert.Positive(t, added.Standing.Left)
	assert.False(t, added.Kept, "the store of this test does not last")

	s.Handle(Request{ID: 1, Type: Take}, Attachments{}) // a worker takes a run and dies
	s.Handle(Request{ID: 1, Type: Plan, Link: planned.Link}, Attachments{})
	again, _ := last[Planned](t, page)
	assert.Equal(t, 3, again.Standing.Done, "what was done is found again, by the sweep's link too")
	assert.Equal(t, planned.Sweep, again.Sweep)
	require.Equal(t, 5, labor(t, s, page, 99))

	s.Handle(Request{ID: 4, Type: Judge, Readout: "true_score"}, Attachments{})
	judged, _ := last[Judged](t, page)
	require.Len(t, judged.Summary.Points, 4)
	for _, p := range judged.Summary.Points {
		assert.Len(t, p.Seeds, 2)
		assert.Zero(t, p.Missing)
	}
	require.NotNil(t, judged.Reference)
	assert.InDelta(t, 3.1, *judged.Reference, 0.5, "what Script Desk's reference scores")
	require.NotEmpty(t, judged.Verdicts)
	assert.Equal(t, mmpo.Early, judged.Verdicts[0].Kind, "two seeds are no verdict")

	s.Handle(Request{ID: 5, Type: Share}, Attachments{})
	shared, _ := last[LinkWritten](t, page)
	other, otherPage := newSession()
	other.Handle(Request{ID: 1, Type: Plan, Link: shared.Link}, Attachments{})
	told, _ := last[Planned](t, otherPage)
	assert.Equal(t, Standing{Runs: 8, Claimed: 8}, told.Standing)
	other.Handle(Request{ID: 2, Type: Judge, Readout: "true_score"}, Attachments{})
	drawn, _ := last[Judged](t, otherPage)
	assert.InDelta(t, *judged.Summary.Points[3].Median, *drawn.Summary.Points[3].Median, 1e-3, "drawn before anything is run")
	labor(t, other, otherPage, 1)
	repeated, _ := last[Added](t, otherPage)
	assert.Equal(t, 1, repeated.Standing.Agree)
	assert.Zero(t, repeated.Standing.Differ)

	s.Handle(Request{ID: 5, Type: Show}, Attachments{})
	shown, _ := last[Shown](t, page)
	require.Len(t, shown.Trials, 8)
	run := shown.Trials[0]
	direct := play(t, run.Experiment)
	assert.Equal(t, direct, run.Fingerprint, "a run of the lab is the run of its experiment")
}

// play returns the fingerprint of e, run as the page's runs are.
func play(t *testing.T, e mmpo.Experiment) string {
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Open, Experiment: &e}, Attachments{Reference: shippedReference(t)})
	s.Handle(Request{ID: 2, Type: Play}, Attachments{})
	playOut(s)
	state, _ := last[State](t, page)
	require.Equal(t, Done, state.Phase)
	return state.Fingerprint
}

func TestATuningGoesBefore(t *testing.T) {
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Plan, Sweep: smallSweep(t, 1), Tune: 1}, Attachments{})
	planned, _ := last[Planned](t, page)
	assert.Equal(t, Standing{Runs: 10, Tuning: true}, planned.Standing, "two objectives at five settings, one seed")
	labor(t, s, page, 9)
	s.Handle(Request{ID: 1, Type: Take}, Attachments{})
	taken, _ := last[Taken](t, page)
	require.NotNil(t, taken.Experiment)
	s.Handle(Request{ID: 1, Type: Take}, Attachments{})
	idle, _ := last[Taken](t, page)
	assert.Equal(t, Taken{ID: 1, Type: "taken", Later: true}, idle, "another worker waits for the last run of the tuning")

	s.Handle(Request{ID: 2, Type: Complete, Experiment: taken.Experiment}, Attachments{Reference: shippedReference(t)})
	_, attachments := last[Completed](t, page)
	s.Handle(Request{ID: 3, Type: Add}, Attachments{Data: attachments["data"]})
	added, _ := last[Added](t, page)
	require.NotNil(t, added.Sweep)
	require.NotNil(t, added.Sweep.Tuning)
	assert.Len(t, added.Sweep.Settings, 2)
	assert.Equal(t, 4, added.Standing.Runs)
	assert.False(t, added.Standing.Tuning)
	assert.Equal(t, 4-added.Standing.Done, labor(t, s, page, 99))

	s.Handle(Request{ID: 1, Type: Plan, Sweep: smallSweep(t, 1), Tune: 1}, Attachments{})
	again, _ := last[Planned](t, page)
	assert.Equal(t, added.Sweep, &again.Sweep, "a tuning that was done is not done again")
	assert.Equal(t, 4, again.Standing.Done)
}

func TestTheLabRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		request Request
		data    []byte
		code    string
	}{
		"a run before a plan":  {request: Request{Type: Take}, code: "no-sweep"},
		"a judge before it":    {request: Request{Type: Judge, Readout: "true_score"}, code: "no-sweep"},
		"a sweep of nothing":   {request: Request{Type: Plan, Sweep: &mmpo.Sweep{}}, code: "bad-sweep"},
		"a link that is none":  {request: Request{Type: Plan, Link: "vary.levels=banana"}, code: "bad-sweep"},
		"a value out of range": {request: Request{Type: Plan, Link: "vary.levels=2,1000"}, code: "bad-sweep"},
	} {
		t.Run(name, func(t *testing.T) {
			s, page := newSession()
			c.request.ID = 9
			s.Handle(c.request, Attachments{Data: c.data})
			failed, _ := last[Failed](t, page)
			assert.Equal(t, c.code, failed.Code, failed.Message)
		})
	}
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Plan, Sweep: smallSweep(t, 1)}, Attachments{})
	s.Handle(Request{ID: 2, Type: Add}, Attachments{Data: []byte(`{"key":"x"}`)})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "bad-trial", failed.Code)
	s.Handle(Request{ID: 2, Type: Judge, Readout: "luck"}, Attachments{})
	failed, _ = last[Failed](t, page)
	assert.Equal(t, "bad-request", failed.Code)
}
