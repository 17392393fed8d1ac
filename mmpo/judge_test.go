package mmpo

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// judged is an experiment whose raters go by a judge of so many pairs, without any noise of their own.
func judgedBy(t *testing.T, pairs int) Experiment {
	return experiment(t, "mmpo", func(e *Experiment) { e.Pairs, e.Train.Steps, e.Grader.Judge, e.Grader.Noise = 24, 1, pairs, 0 })
}

func TestAJudgeGradesInPeoplesPlace(t *testing.T) {
	lab := shippedLab(t)
	e := judgedBy(t, 16)
	people := e
	people.Grader.Judge = 0
	want, err := lab.Pairs(people)
	require.NoError(t, err)
	steps := 0
	lab.Watch = func(step, all int, loss float64) bool {
		steps++
		return assert.Equal(t, judgeSteps, all) && assert.False(t, math.IsNaN(loss))
	}
	got, err := lab.Pairs(e)
	require.NoError(t, err)
	assert.Equal(t, judgeSteps, steps)
	require.Len(t, got.Train, len(want.Train))
	same := 0
	for i, p := range got.Train {
		w := want.Train[i]
		assert.Equal(t, w.Prompt, p.Prompt)
		assert.ElementsMatch(t, []float64{w.TrueChosen, w.TrueRejected}, []float64{p.TrueChosen, p.TrueRejected}, "the truth stays what it is")
		if p.ScoreChosen == w.ScoreChosen {
			same++
		}
	}
	assert.Zero(t, same, "the grades are the judge's")

	// It is kept: more pairs need no other judge, and the same pairs have the same grades. Another lab makes the same one.
	e.Pairs = 30
	more, err := lab.Pairs(e)
	require.NoError(t, err)
	assert.Equal(t, judgeSteps, steps)
	assert.Equal(t, got.Train, more.Train[:24])
	again, err := shippedLab(t).Pairs(e)
	require.NoError(t, err)
	assert.Equal(t, more.Train, again.Train)

	// Whatever used the kernel's memory since does not matter: the judge holds none of it.
	lab.k.Release(lab.k.Mark())
	for _, x := range lab.k.Floats(1 << 20)[:8] {
		require.Zero(t, x)
	}
	back, err := lab.Pairs(people)
	require.NoError(t, err)
	assert.Equal(t, want.Train, back.Train, "people again")
}

func TestAJudgeCanBeCanceled(t *testing.T) {
	lab := shippedLab(t)
	lab.Watch = func(step, _ int, _ float64) bool { return step < 2 }
	e := judgedBy(t, 8)
	_, err := lab.Pairs(e)
	require.ErrorIs(t, err, ErrCanceled)
	assert.Nil(t, lab.model)
	e.Grader.Judge = 0
	_, err = lab.Pairs(e)
	assert.NoError(t, err)
}

func TestJudgesDifferByWhatDecidesThem(t *testing.T) {
	a := judgeKey{"skew", 64, 1}
	assert.Equal(t, a.stream(), judgeKey{"flat", 32, 1}.stream(), "the pairs and their order are the seed's")
	assert.NotEqual(t, a.stream(), judgeKey{"skew", 64, 2}.stream())
	assert.NotEqual(t, pairKey([]int32{1, 2}, []int32{3}), pairKey([]int32{1}, []int32{2, 3}))
	assert.Panics(t, func() { (&modelJudge{}).score([]int32{1}, []int32{2}) })
}

func TestJudgeInLinks(t *testing.T) {
	c, notices, err := ParseLink("v=1&judge=256&seed=1")
	require.NoError(t, err)
	assert.Empty(t, notices)
	assert.Equal(t, 256, c.A.Grader.Judge)
	assert.Equal(t, "v=1&judge=256&seed=1", c.Link())
	c, _, err = ParseLink("v=1&judge=none")
	require.NoError(t, err)
	assert.Zero(t, c.B.Grader.Judge)
}
