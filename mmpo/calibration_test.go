package mmpo

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/repro"
)

// logitOf is the inverse of sigma.
func logitOf(p float64) float64 { return math.Log(p / (1 - p)) }

func TestCalibrateByHand(t *testing.T) {
	// Confidences 0.9 (the first response), 0.9 (the second), 0.7 and 0.5 with what the rater thinks of the first response.
	h := []float64{logitOf(0.9), logitOf(0.1), logitOf(0.7), 0}
	p := []float64{1, 0.5, 0.25, 1}
	c := Calibrate(h, p, 2)
	require.Len(t, c.Bins, 2)
	assert.Equal(t, 2, c.Bins[0].Count, "0.7 and 0.5")
	assert.InDelta(t, 0.6, c.Bins[0].Confidence, roundingTolerance)
	assert.InDelta(t, (0.25+0.5)/2, c.Bins[0].Agreement, roundingTolerance, "who prefers neither agrees with neither")
	assert.Equal(t, 2, c.Bins[1].Count)
	assert.InDelta(t, 0.9, c.Bins[1].Confidence, roundingTolerance)
	assert.InDelta(t, (1+0.5)/2, c.Bins[1].Agreement, roundingTolerance)
	assert.InDelta(t, 0.5*(0.6-0.375)+0.5*(0.9-0.75), c.ECE, roundingTolerance)
	assert.InDelta(t, (0.1*0.1+0.4*0.4+0.45*0.45+0.5*0.5)/4, c.Brier, roundingTolerance)
	nll := -math.Log(0.9) - 0.5*math.Log(0.1) - 0.5*math.Log(0.9) - 0.25*math.Log(0.7) - 0.75*math.Log(0.3) - math.Log(0.5)
	assert.InDelta(t, nll/4, c.NLL, roundingTolerance)
}

// Which response of a pair is called the first changes nothing.
func TestCalibrateHasNoOrder(t *testing.T) {
	rng := repro.Stream(1, "order")
	var h, p, turnedH, turnedP []float64
	for i := range 300 {
		x, q := 3*repro.Normal(rng), rng.Float64()
		if i%10 == 0 {
			x = 0
		}
		h, p = append(h, x), append(p, q)
		turnedH, turnedP = append(turnedH, -x), append(turnedP, 1-q)
	}
	want, got := Calibrate(h, p, ReliabilityBins), Calibrate(turnedH, turnedP, ReliabilityBins)
	assert.InDelta(t, want.ECE, got.ECE, roundingTolerance)
	assert.InDelta(t, want.Brier, got.Brier, roundingTolerance)
	assert.InDelta(t, want.NLL, got.NLL, roundingTolerance)
	for i, b := range want.Bins {
		assert.Equal(t, b.Count, got.Bins[i].Count)
		assert.InDelta(t, b.Agreement, got.Bins[i].Agreement, roundingTolerance)
	}
}

// A model that is as sure as it is right has an ECE of 0 and the least NLL, both with probabilities and with outcomes drawn from them.
func TestCalibratedModel(t *testing.T) {
	rng := repro.Stream(1, "calibrated")
	var h, p, outcomes, sure []float64
	for range 20_000 {
		x := 2 * repro.Normal(rng)
		h, p, sure = append(h, x), append(p, repro.Sigmoid(x)), append(sure, 2*x)
		outcome := 0.0
		if rng.Float64() < repro.Sigmoid(x) {
			outcome = 1
		}
		outcomes = append(outcomes, outcome)
	}
	exact := Calibrate(h, p, ReliabilityBins)
	assert.InDelta(t, 0, exact.ECE, roundingTolerance)
	assert.InDelta(t, 0, exact.Brier, roundingTolerance)
	drawn := Calibrate(h, outcomes, ReliabilityBins)
	assert.InDelta(t, 0, drawn.ECE, 0.02)
	for name, targets := range map[string][]float64{"probabilities": p, "outcomes": outcomes} {
		over := Calibrate(sure, targets, ReliabilityBins)
		assert.Greater(t, over.ECE, 0.05, name)
		assert.Greater(t, over.NLL, Calibrate(h, targets, ReliabilityBins).NLL, name)
	}
}

func TestCalibrateExtremes(t *testing.T) {
	c := Calibrate([]float64{1e4, -1e4, 0, 700}, []float64{1, 0, 0.5, 0}, ReliabilityBins)
	assert.Equal(t, 3, c.Bins[ReliabilityBins-1].Count, "a confidence of 1 is in the last bin")
	assert.Equal(t, 1, c.Bins[0].Count)
	assert.InDelta(t, 0.25, c.Brier, roundingTolerance)
	assert.InDelta(t, (math.Ln2+700)/4, c.NLL, roundingTolerance)
	assert.InDelta(t, 0.25, c.ECE, roundingTolerance)

	none := Calibrate(nil, nil, ReliabilityBins)
	assert.True(t, math.IsNaN(none.ECE) && math.IsNaN(none.Brier) && math.IsNaN(none.NLL))
	failed := Calibrate([]float64{math.NaN()}, []float64{1}, ReliabilityBins)
	assert.True(t, math.IsNaN(failed.Brier))
	assert.PanicsWithValue(t, "mmpo: x and y differ in length", func() { Calibrate([]float64{1}, nil, 1) })
}

// phi is the standard normal distribution.
func phi(x float64) float64 { return (1 + math.Erf(x/math.Sqrt2)) / 2 }

// gaussianPreference is Preference's value for a rater with noise alone, by formula.
func gaussianPreference(g datasets.Grader, first, second float64) float64 {
	const steps = 9000 // bins of a thousandth of a point stand for exact grades
	levels := g.Levels
	if levels == 0 {
		levels = steps
	}
	below := func(score float64, level int) float64 { // chance of a grade below that of the level
		switch level {
		case 0:
			return 0
		case levels:
			return 1
		}
		return phi((datasets.ScaleMin + 9*float64(level)/float64(levels) - score) / g.Noise)
	}
	total := 0.0
	for k := range levels {
		total += (below(first, k+1) - below(first, k)) * (below(second, k) + below(second, k+1)) / 2
	}
	return total
}

func TestPreferenceAgreesWithTheFormula(t *testing.T) {
	for _, g := range []datasets.Grader{{Noise: 0.3}, {Noise: 2}, {Noise: 0.3, Levels: 2}, {Noise: 1, Levels: 5}, {Noise: 4, Levels: 10}} {
		sum, squares, n := 0.0, 0.0, 0.0
		for i, scores := range [][2]float64{{5, 5}, {5.2, 5}, {1, 1}, {1, 1.5}, {9.5, 10}, {4, 7}, {7, 4}, {5.4, 5.6}, {2, 10}, {6, 5}} {
			want := gaussianPreference(g, scores[0], scores[1])
			got := Preference(repro.Stream(uint64(i), "preference"), func(rng *rand.Rand) (float64, float64) {
				return g.Grades(rng, scores[0], scores[1])
			})
			deviation := math.Sqrt(want * (1 - want) / preferenceDraws) // of ties less
			assert.InDelta(t, want, got, 4*deviation+1e-3, "%+v %v", g, scores)
			sum, squares, n = sum+got-want, squares+deviation*deviation, n+1
		}
		assert.InDelta(t, 0, sum/n, 4*math.Sqrt(squares)/n+1e-3, "%+v: no bias", g)
	}
}

func TestPreferenceOfASureRater(t *testing.T) {
	for _, c := range []struct{ first, second, want float64 }{{7, 6, 1}, {6, 7, 0}, {6, 6, 0.5}} {
		got := Preference(repro.Stream(1, "sure"), func(*rand.Rand) (float64, float64) { return c.first, c.second })
		assert.Equal(t, c.want, got)
	}
}
