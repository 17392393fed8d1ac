package datasets

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
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

func TestNoise(t *testing.T) {
	const n, sd = 200_000, 0.3
	g := Grader{Noise: sd}
	rng := repro.Stream(1, "noise")
	var sum, squares float64
	for range n {
		e := g.Grade(rng, 5.5) - 5.5 // 15 standard deviations from either end: nothing is clipped
		sum, squares = sum+e, squares+e*e
	}
	assert.InDelta(t, 0, sum/n, 5*sd/math.Sqrt(n))
	assert.InDelta(t, sd, math.Sqrt(squares/n), 5*sd/math.Sqrt(2*n))
}

func TestGradesAreOfTheScale(t *testing.T) {
	rng := repro.Stream(1, "scale")
	for _, levels := range []int{0, 2, 7} {
		for _, noise := range []float64{0, 0.3, 50, 1e300, math.Inf(1)} {
			for _, score := range []float64{1, 5, 10, -1e308, math.Inf(1), math.NaN()} {
				grade := Grader{Levels: levels, Noise: noise}.Grade(rng, score)
				require.True(t, grade >= ScaleMin && grade <= ScaleMax, "%v from %v with noise %v", grade, score, noise)
			}
		}
	}
}

func TestGradersOfOneStreamErrAlike(t *testing.T) {
	exact, thumbs := repro.Stream(4, "grades"), repro.Stream(4, "grades")
	for range 1000 {
		e := Grader{Noise: 2}.Grade(exact, 5)
		require.Equal(t, Grader{Levels: 2}.Regrade(e), Grader{Levels: 2, Noise: 2}.Grade(thumbs, 5))
	}
}

func TestGraderIsJSON(t *testing.T) {
	text, err := json.Marshal(Grader{Levels: 5, Noise: 0.3, Ties: TiesDrop})
	require.NoError(t, err)
	assert.JSONEq(t, `{"levels": 5, "noise": 0.3, "ties": "drop"}`, string(text))
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
