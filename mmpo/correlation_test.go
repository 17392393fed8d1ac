package mmpo

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/stat"

	"margins/repro"
)

// roundingTolerance is for sums of a few hundred terms in another order.
const roundingTolerance = 1e-12

func TestCorrelationsByHand(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name                       string
		x, y                       []float64
		pearson, spearman, kendall float64
	}{
		{"a line", []float64{1, 2, 3}, []float64{5, 7, 9}, 1, 1, 1},
		{"a falling line", []float64{1, 2, 3}, []float64{3, 1, -1}, -1, -1, -1},
		{"a curve", []float64{0, 1, 2, 3}, []float64{0, 1, 4, 9}, 15 / math.Sqrt(5*49), 1, 1}, // of deviations: 15, 5, 49
		{"neighbors swapped", []float64{1, 2, 3, 4, 5}, []float64{2, 1, 4, 3, 5}, 0.8, 0.8, 0.6},
		{"a tie in x", []float64{1, 2, 2, 3}, []float64{1, 3, 2, 4}, 3 / math.Sqrt(2*5), 4.5 / math.Sqrt(4.5*5), 5 / math.Sqrt(5*6)},
		{"ties in both", []float64{1, 1, 2, 2}, []float64{1, 2, 2, 2}, 0.5 / math.Sqrt(1*0.75), 2 / math.Sqrt(4*3), 2 / math.Sqrt(4*3)},
		{"no order", []float64{1, 2, 3, 4}, []float64{2, 4, 1, 3}, 0, 0, 0},
		{"constant x, with a mean that rounds", []float64{0.1, 0.1, 0.1}, []float64{1, 2, 3}, nan, nan, nan},
		{"constant y", []float64{1, 2}, []float64{4, 4}, nan, nan, nan},
		{"one value", []float64{1}, []float64{1}, nan, nan, nan},
		{"none", nil, nil, nan, nan, nan},
		{"NaN", []float64{1, nan, 3}, []float64{1, 2, 3}, nan, nan, nan},
		{"NaN in y", []float64{1, 2, 3}, []float64{1, 2, nan}, nan, nan, nan},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, c.pearson, Pearson(c.x, c.y))
			same(t, c.pearson, Pearson(c.y, c.x))
			same(t, c.spearman, Spearman(c.x, c.y))
			same(t, c.spearman, Spearman(c.y, c.x))
			same(t, c.kendall, KendallTau(c.x, c.y))
			same(t, c.kendall, KendallTau(c.y, c.x))
		})
	}
}

// same asserts that both are NaN, or equal but for rounding.
func same(t *testing.T, want, got float64) {
	t.Helper()
	if math.IsNaN(want) {
		assert.True(t, math.IsNaN(got), "%v", got)
		return
	}
	assert.InDelta(t, want, got, roundingTolerance)
}

// scattered returns values that hang together, with ties if there is a grid.
func scattered(rng *rand.Rand, n int, grid float64) (x, y []float64) {
	for range n {
		a := repro.Normal(rng)
		b := 0.6*a + repro.Normal(rng)
		if grid > 0 {
			a, b = grid*math.Round(a/grid), grid*math.Round(b/grid)
		}
		x, y = append(x, a), append(y, b)
	}
	return x, y
}

func TestCorrelationsAgreeWithGonum(t *testing.T) {
	for i, n := range []int{2, 3, 10, 256} {
		x, y := scattered(repro.Stream(uint64(i), "gonum"), n, 0)
		assert.InDelta(t, stat.Correlation(x, y, nil), Pearson(x, y), roundingTolerance)
		assert.InDelta(t, stat.Kendall(x, y, nil), KendallTau(x, y), roundingTolerance) // gonum's is tau-a: the same without ties
		assert.InDelta(t, stat.Correlation(ranks(x), ranks(y), nil), Spearman(x, y), roundingTolerance)
	}
}

// Ranks and taus do not see how far values lie apart; none sees the scale.
func TestCorrelationsAreInvariant(t *testing.T) {
	for _, grid := range []float64{0, 0.5} {
		x, y := scattered(repro.Stream(1, "invariant"), 200, grid)
		stretched, curved := make([]float64, len(x)), make([]float64, len(x))
		for i := range x {
			stretched[i], curved[i] = 3*x[i]-7, math.Exp(x[i])
		}
		assert.InDelta(t, Pearson(x, y), Pearson(stretched, y), roundingTolerance)
		assert.NotEqual(t, Pearson(x, y), Pearson(curved, y))
		assert.Equal(t, Spearman(x, y), Spearman(curved, y))
		assert.Equal(t, KendallTau(x, y), KendallTau(curved, y))
		assert.Greater(t, Spearman(x, y), KendallTau(x, y), "as of normal deviates")
	}
}

func TestCorrelationsPanicOnLengths(t *testing.T) {
	for _, f := range []func(x, y []float64) float64{Pearson, Spearman, KendallTau} {
		assert.PanicsWithValue(t, "mmpo: x and y differ in length", func() { f([]float64{1, 2}, []float64{1}) })
	}
}
