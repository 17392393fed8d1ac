package mmpo

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/toy"
)

// trained returns a run that is done, and its last report.
func trained(t *testing.T, change func(*Experiment)) (*Run, Row, *Evaluation) {
	t.Helper()
	r := newRun(t, shippedLab(t), experiment(t, "mmpo", func(e *Experiment) {
		quick(e)
		e.Train.LR = 2e-3
		if change != nil {
			change(e)
		}
	}))
	var row Row
	for !r.Done() {
		row = r.Step()
	}
	return r, row, r.Evaluate(row)
}

func TestSamplesAreEnoughForTheStandardError(t *testing.T) {
	const largest = (datasets.ScaleMax - datasets.ScaleMin) / 2 // standard deviation of scores
	for _, w := range datasets.Worlds {
		assert.LessOrEqual(t, largest/math.Sqrt(float64(w.HeldOut*samplesPerPrompt)), worstError, w.ID)
	}
}

func TestEvaluationOfATrainedRun(t *testing.T) {
	r, row, e := trained(t, func(e *Experiment) { e.Pairs, e.Train.Steps, e.Train.LR = 256, 30, 1e-3 })

	points := datasets.ScaleMin
	require.Len(t, e.Parts, len(r.lab.Reference.World.Attributes))
	for i, a := range r.lab.Reference.World.Attributes {
		assert.Equal(t, a.ID, e.Parts[i].ID)
		points += e.Parts[i].Points
	}
	assert.InDelta(t, row.At("true_score"), points, 1e-5, "the parts and the scale's lower end make up the score")
	assert.InDelta(t, 0.2, row.At("true_score/se"), 0.1)
	assert.LessOrEqual(t, row.At("true_score/se"), worstError)
	assert.Greater(t, row.At("win_rate"), 0.5)
	assert.Greater(t, row.At("true/pearson"), 0.2)
	assert.Greater(t, row.At("true/spearman"), row.At("true/kendall"))
	assert.Greater(t, row.At("target/pearson"), 0.2)
	assert.Less(t, row.At("nll"), math.Ln2)
	assert.Greater(t, row.At("entropy"), 5.0)

	// The loss of DPO is the NLL of outcomes, and a tie's target is one half, whatever the objective.
	nll := 0.0
	for i, p := range r.Pairs.HeldOut {
		target := 1.0
		if p.Margin() == 0 {
			target = 0.5
		}
		h := r.Margins()[len(r.Pairs.Train)+i]
		nll += math.Log1p(math.Exp(-h))*target + math.Log1p(math.Exp(h))*(1-target)
	}
	assert.InDelta(t, nll/float64(len(r.Pairs.HeldOut)), row.At("outcome/nll"), 1e-6)

	for name, bins := range map[string][]ReliabilityBin{"preference": e.Reliability.Preference, "outcome": e.Reliability.Outcome} {
		count := 0
		for _, b := range bins {
			count += b.Count
		}
		assert.Len(t, bins, ReliabilityBins, name)
		assert.Equal(t, len(r.Pairs.HeldOut), count, name)
	}
}

// With thumbs the rater ties most pairs, whose preference is decided by the few that are near the cut; without noise all is decided.
func TestPreferencesFollowTheRater(t *testing.T) {
	r, _, _ := trained(t, func(e *Experiment) { e.Grader.Levels, e.Grader.Noise = 2, 0 })
	for i, p := range r.Pairs.HeldOut {
		want := 1.0
		if p.Margin() == 0 {
			want = 0.5
		}
		assert.Equal(t, want, r.truth.preferences[i], "a rater without noise says the same again")
		assert.Equal(t, want, r.truth.outcomes[i])
	}
}

// A run that was restored compares itself with the same responses of the reference as one that began at its first step.
func TestRestoredRunsReportTheSame(t *testing.T) {
	clip := func(e *Experiment) { e.Train.Clip = 0.05 }
	whole, want, shown := trained(t, clip)
	resumed := newRun(t, shippedLab(t), whole.Experiment)
	require.NoError(t, resumed.Restore(whole.Snapshot()))
	row := resumed.Row()
	assert.Equal(t, shown, resumed.Evaluate(row))
	for _, m := range Metrics {
		if m.Split != "train" {
			assert.Equal(t, want.At(m.ID), row.At(m.ID), m.ID)
		}
	}
	assert.Equal(t, 12, whole.clipped, "gradients are longer than 0.05")
	assert.Equal(t, 12, resumed.clipped)
	assert.Equal(t, 1.0, want.At("clipped"))
	_, free, _ := trained(t, func(e *Experiment) { e.Train.Clip = 100 })
	assert.Equal(t, 0.0, free.At("clipped"))
}

// How often a run is measured changes neither its weights nor what is measured.
func TestCadence(t *testing.T) {
	often, want, _ := trained(t, nil)
	seldom := newRun(t, shippedLab(t), experiment(t, "mmpo", func(e *Experiment) {
		quick(e)
		e.Train.LR, e.Train.Evaluate = 2e-3, 5
	}))
	var row Row
	var due []int
	seldom.Start()
	for row = range seldom.steps() {
		if seldom.EvaluationDue() {
			due = append(due, seldom.Taken())
			seldom.Evaluate(row)
		}
	}
	assert.Equal(t, []int{5, 10, 12}, due)
	assert.Equal(t, often.Fingerprint(), seldom.Fingerprint())
	for _, m := range Metrics {
		assert.Equal(t, want.At(m.ID), row.At(m.ID), m.ID)
	}
}

// steps yields the report of each step that is left.
func (r *Run) steps() func(yield func(Row) bool) {
	return func(yield func(Row) bool) {
		for !r.Done() && yield(r.Step()) {
		}
	}
}

func TestDistinct(t *testing.T) {
	responses := func(all ...[]int32) (r []toy.Response) {
		for _, tokens := range all {
			r = append(r, toy.Response{Tokens: tokens})
		}
		return r
	}
	assert.Equal(t, 2, distinct(responses([]int32{1, 2}, []int32{1, 2}, []int32{1, 2, 0})))
	assert.Equal(t, 3, distinct(responses([]int32{1}, []int32{256}, nil)))
	assert.Equal(t, 0, distinct(nil))
}

func TestScoresAreComparedWithTheReference(t *testing.T) {
	j := judged{scores: []float64{2, 4, 4, 6}, valid: []bool{true, false, true, true}}
	row := newRow(0)
	j.report(row, []float64{2, 5, 1, 1})
	assert.Equal(t, 4.0, row.At("true_score"))
	assert.InDelta(t, math.Sqrt(8.0/3/4), row.At("true_score/se"), 1e-7)
	assert.Equal(t, (0.5+0+1+1)/4, row.At("win_rate"))
	assert.Equal(t, 0.75, row.At("valid"))
}
