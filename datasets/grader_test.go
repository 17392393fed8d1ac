package datasets

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRegradeTakesTheMiddleOfTheBin(t *testing.T) {
	below := func(x float64) float64 { return math.Nextafter(x, 0) }
	for _, c := range []struct {
		levels       int
		score, grade float64
	}{
		{0, 1, 1}, {0, 6.2, 6.2}, {0, 10, 10}, {0, -3, 1}, {0, 11, 10},
		{2, 1, 3.25}, {2, below(5.5), 3.25}, {2, 5.5, 7.75}, {2, 10, 7.75}, {2, -7, 3.25}, {2, 99, 7.75},
		{3, 1, 2.5}, {3, below(4), 2.5}, {3, 4, 5.5}, {3, below(7), 5.5}, {3, 7, 8.5}, {3, 10, 8.5},
		{5, 1, 1.9}, {5, below(2.8), 1.9}, {5, 2.8, 3.7}, {5, 5.5, 5.5}, {5, 8.2, 9.1}, {5, 10, 9.1},
		{10, 1, 1.45}, {10, 1.9, 2.35}, {10, 5.4, 5.05}, {10, 5.5, 5.95}, {10, below(10), 9.55}, {10, 10, 9.55},
		{1, 2, 5.5},
		{2, math.NaN(), 3.25}, {0, math.NaN(), 1}, {3, math.Inf(1), 8.5}, {3, math.Inf(-1), 2.5},
	} {
		assert.InDelta(t, c.grade, Grader{Levels: c.levels}.Regrade(c.score), 1e-12, "%d levels, score %v", c.levels, c.score)
	}
}

func TestLevelsAreWhatWasAskedFor(t *testing.T) {
	for _, levels := range []int{1, 2, 3, 5, 10, 100} {
		g := Grader{Levels: levels}
		seen, bias, largest := []float64{}, 0.0, 0.0
		const n = 90_000
		for i := range n {
			score := ScaleMin + (ScaleMax-ScaleMin)*(float64(i)+0.5)/n // spread evenly
			grade := g.Regrade(score)
			seen = append(seen, grade)
			bias += (grade - score) / n
			largest = max(largest, math.Abs(grade-score))
		}
		require.True(t, slices.IsSorted(seen), "more is never graded lower")
		seen = slices.Compact(seen)
		assert.Len(t, seen, levels)
		assert.InDelta(t, 0, bias, 1e-3, "%d levels", levels)
		assert.InDelta(t, 4.5/float64(levels), largest, 1e-3, "%d levels", levels)
		for _, grade := range seen {
			require.Equal(t, grade, g.Regrade(grade), "graded twice is graded once")
		}
	}
}

func TestGraderIsJSON(t *testing.T) {
	text, err := json.Marshal(Grader{Asks: AskGrades, Levels: 5, Noise: 0.3, Ties: TiesDrop})
	require.NoError(t, err)
	assert.JSONEq(t, `{"asks": "grades", "levels": 5, "cuts": "", "cut": 0, "rounding": "", "noise": 0.3, "bias": 0, "low": 0, "high": 0,
		"lazy": 0, "longer": 0, "polish": 0, "raters": 0, "habits": "", "combine": "", "judge": 0, "ties": "drop",
		"seconds": 0}`, string(text))
}

func TestNewPairOrients(t *testing.T) {
	prompt, a, b := []int32{1}, []int32{2}, []int32{3}
	first := Pair{Prompt: prompt, Chosen: a, Rejected: b, ScoreChosen: 8, ScoreRejected: 3, TrueChosen: 2, TrueRejected: 9}
	assert.Equal(t, first, NewPair(prompt, a, b, 8, 3, 2, 9), "grades decide, not true scores")
	assert.Equal(t, first, NewPair(prompt, b, a, 3, 8, 9, 2))
	tie := NewPair(prompt, a, b, 5, 5, 2, 9)
	assert.Equal(t, Pair{Prompt: prompt, Chosen: a, Rejected: b, ScoreChosen: 5, ScoreRejected: 5, TrueChosen: 2, TrueRejected: 9}, tie)
	assert.Zero(t, tie.Margin())

	assert.True(t, Grader{Ties: TiesKeep}.Keeps(tie))
	assert.False(t, Grader{Ties: TiesDrop}.Keeps(tie))
	assert.True(t, Grader{Ties: TiesDrop}.Keeps(first))
}
