package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

// The sweep that the page shows before anyone runs one is what this engine makes: `make record` after any change of its bits. Two of its
// runs are made again, and what it says of all of them is read off their numbers again.
func TestTheRecordedSweepReplays(t *testing.T) {
	b, err := os.ReadFile("site/public/recorded/sweep.json")
	require.NoError(t, err)
	var kept recordedSweep
	require.NoError(t, json.Unmarshal(b, &kept))
	assert.Equal(t, mmpo.EngineVersion, kept.Engine)
	fresh, notices, err := mmpo.ParseSweepLink(kept.Link)
	require.NoError(t, err)
	assert.Empty(t, notices)
	want := mmpo.DefaultSweep()
	assert.Equal(t, []any{want.Base, want.Axes, want.Seeds}, []any{fresh.Base, fresh.Axes, fresh.Seeds}, "make record")

	trials := map[string]*mmpo.Trial{}
	for i := range kept.Trials {
		line := kept.Trials[i].Encode()
		trial, err := mmpo.DecodeTrial(line)
		require.NoError(t, err, "make record")
		trials[trial.Key] = trial
	}
	cells := mmpo.Distinct(kept.Sweep.Cells())
	require.Len(t, trials, len(cells))
	assert.Equal(t, kept.Sweep.Link()+kept.Sweep.Claim(trials, "true_score"), kept.Link, "whoever is sent it sees the figure at once")
	again, err := json.Marshal(judged(&kept.Sweep, trials))
	require.NoError(t, err)
	var said struct{ Judged map[string]json.RawMessage }
	require.NoError(t, json.Unmarshal(b, &said))
	var sums map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(again, &sums))
	for _, id := range []string{"true_score", mmpo.ScoreAtKL} { // the others' reference is not recorded step by step
		assert.JSONEq(t, string(said.Judged[id]), string(sums[id]), id)
	}

	best, err := survey(context.Background(), kept.Sweep.Base, mmpo.FrontierSamples)
	require.NoError(t, err)
	assert.Equal(t, best.Frontier, kept.Ceiling, "make record")

	reference, err := encodedReference(kept.Sweep.Base)
	require.NoError(t, err)
	for _, cell := range []mmpo.Cell{cells[0], cells[len(cells)-1]} {
		result, err := complete(context.Background(), cell.Experiment, reference, nil)
		require.NoError(t, err)
		assert.Equal(t, trials[cell.Key].Fingerprint, result.Fingerprint, "%s: make record", cell.Experiment.Link())
	}
}

func TestRecordingOfASweep(t *testing.T) {
	s, _, err := mmpo.ParseSweepLink("vary.levels=2,exact&seeds=3")
	require.NoError(t, err)
	trials := map[string]*mmpo.Trial{}
	for i, cell := range s.Cells() {
		trial := mmpo.NewTrial(cell.Experiment)
		for step := range 3 {
			x := float32(step) * (1 + 0.1*float32(i))
			trial.Path = append(trial.Path, mmpo.Checkpoint{Step: step, Metrics: map[string]float32{"kl": x, "true_score": 3 + x, "valid": 1}})
		}
		trial.Metrics = trial.Path[2].Metrics
		trial.Samples = make([]mmpo.SampleView, 8)
		trial.Finish(strings.Repeat("ab", 32), "", 1)
		trials[cell.Key] = trial
	}
	r := newRecordedSweep(&s, trials, time.Date(2026, 1, 2, 23, 0, 0, 0, time.UTC))
	b, err := json.Marshal(r)
	require.NoError(t, err)
	assert.NotContains(t, string(b), `null,"verdicts"`)
	assert.NotContains(t, string(b), `"settings":null`)
	assert.Equal(t, "2026-01-02", r.Date)
	assert.Len(t, r.Trials, 6)
	assert.InDelta(t, 3, *r.Judged["true_score"].Reference, 0)
	assert.InDelta(t, 1, *r.Judged["valid"].Reference, 0, "measured before the rest of the path is left out")
	assert.InDelta(t, 2, r.Judged[mmpo.ScoreAtKL].Summary.KL, 0)
	for _, short := range r.Trials {
		assert.Len(t, short.Path[0].Metrics, 2)
		assert.Len(t, short.Samples, 4)
		whole, err := mmpo.DecodeTrial(short.Encode())
		require.NoError(t, err)
		assert.Equal(t, trials[whole.Key].Metrics, whole.Metrics, "numbers are kept whole")
	}
	assert.Len(t, trials[r.Trials[0].Key].Path[0].Metrics, 3, "the trials themselves stay as they are")
}
