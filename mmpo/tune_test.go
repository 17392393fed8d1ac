package mmpo

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tuned returns trials of s's tuning with the true score that score gives to settings.
func tuned(t *testing.T, s *Sweep, score func(Choose) float64) map[string]*Trial {
	t.Helper()
	cells, err := s.TuningCells(TuningSeeds)
	require.NoError(t, err)
	trials := map[string]*Trial{}
	for _, c := range cells {
		assert.GreaterOrEqual(t, c.Experiment.Seed, uint64(1001))
		trial := NewTrial(c.Experiment)
		trial.Metrics = map[string]float32{"true_score": float32(score(c.Experiment.Objective))}
		if math.IsNaN(score(c.Experiment.Objective)) {
			trial.Metrics, trial.Diverged = nil, "it diverged"
		}
		trials[c.Key] = trial
	}
	return trials
}

func TestTuning(t *testing.T) {
	s := DefaultSweep()
	trials := tuned(t, &s, func(c Choose) float64 {
		switch {
		case c.ID == "dpo" && c.Beta == 0.75:
			return math.NaN() // the best of all, but it diverges
		case c.ID == "dpo":
			return -math.Abs(c.Beta - 2)
		}
		return c.Gamma / c.Beta
	})
	require.Len(t, trials, 2*5*TuningSeeds, "each objective has as many tries")
	out, err := s.Tuned(TuningSeeds, trials)
	require.NoError(t, err)
	assert.Equal(t, []Choose{{ID: "dpo", Beta: 2.1}, {ID: "mmpo", Beta: 0.2, Gamma: 0.5}}, out.Settings)
	assert.Equal(t, 3, out.Tuning.Objectives[0].Tried[1].Failed)
	for _, c := range out.Cells() {
		assert.Contains(t, out.Settings, c.Experiment.Objective)
		assert.NotContains(t, trials, c.Key, "no run decides a verdict that decided a setting")
	}
	assert.Contains(t, out.Tuning.String(), "DPO runs at beta 2.1, the best of 5 settings by true_score on seeds 1001 to 1003 (15 runs; beta 1.5: -0.50; ")
	assert.Contains(t, out.Tuning.String(), "MMPO runs at beta 0.2, gamma 0.5, the best of 5 settings")
	assert.Empty(t, s.Settings, "the sweep itself stays as it was")

	_, err = s.Tuned(TuningSeeds, tuned(t, &s, func(Choose) float64 { return math.NaN() }))
	assert.ErrorContains(t, err, "dpo cannot be tuned")
	_, err = s.Tuned(TuningSeeds, nil)
	assert.ErrorContains(t, err, "dpo cannot be tuned")
}

func TestWhatIsNotTuned(t *testing.T) {
	s := sweep(t, "vary.beta=0.1,1&seeds=3")
	tries := s.tries("mmpo")
	require.Len(t, tries, 3, "beta is on an axis, so gamma alone is tuned")
	for _, c := range tries {
		assert.InDelta(t, s.Base.Objective.Beta, c.Beta, 0)
	}
	s = sweep(t, "seed=999&seeds=5")
	_, err := s.TuningCells(TuningSeeds)
	assert.EqualError(t, err, "the sweep's seeds, 999 to 1003, hold some of those that settings are tuned on, from 1001 on")
	for _, o := range Objectives {
		assert.NotEmpty(t, s.tries(o.ID), o.ID)
	}
}
