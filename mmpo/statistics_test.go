package mmpo

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"margins/repro"
)

func TestStudentAgainstGonum(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 30, 99, 999} {
		theirs := distuv.StudentsT{Sigma: 1, Nu: float64(n)}
		for _, x := range []float64{-40, -3, -0.5, 0, 0.1, 0.3, 1, 2.5, 7, 100} {
			require.InDelta(t, theirs.CDF(x), StudentCDF(x, n), 1e-12, "CDF of %v, %d degrees of freedom", x, n)
		}
		for _, p := range []float64{0.005, 0.025, 0.5, 0.6, 0.8, 0.975, 0.9995} {
			require.InDelta(t, theirs.Quantile(p), StudentQuantile(p, n), 1e-8*max(1, math.Abs(theirs.Quantile(p))), "quantile %v, %d degrees", p, n)
		}
	}
	// Near 0 gonum keeps fewer digits. These are the series about 0, in decimals of 40 digits.
	assert.InDelta(t, 1e-9/math.Pi, StudentCDF(1e-9, 1)-0.5, 1e-16)
	assert.InDelta(t, 0.50039884239096319763, StudentCDF(0.001, 999), 1e-15)
	assert.Equal(t, 1.0, StudentCDF(1e200, 3))
	assert.Equal(t, 0.0, StudentCDF(math.Inf(-1), 4))
}

// Fisher's table of t at 0.05, two-sided (Statistical Methods for Research Workers 1925, table IV), in which gonum had no part.
func TestStudentAgainstFishersTable(t *testing.T) {
	for n, want := range map[int]float64{1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 7: 2.365, 9: 2.262, 20: 2.086, 30: 2.042} {
		assert.InDelta(t, want, StudentQuantile(0.975, n), 5.01e-4, "%d degrees of freedom", n)
	}
}

// Student's own example: hours of sleep gained by ten patients on two drugs (Student 1908, Biometrika 6, section IX; R's data set "sleep").
// The other numbers are what R prints for t.test(extra ~ group, data = sleep, paired = TRUE), with the sign turned.
func TestPairedDifferenceOfStudentsSleepers(t *testing.T) {
	first := []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}
	second := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	d := NewDifference(first, second)
	assert.Equal(t, 10, d.N)
	assert.InDelta(t, 1.58, d.Mean, 1e-12)
	assert.InDelta(t, 0.7001142, d.Mean-d.Half, 5e-8)
	assert.InDelta(t, 2.4598858, d.Mean+d.Half, 5e-8)
	assert.InDelta(t, 0.002833, d.P, 5e-7)
	assert.Equal(t, [2]int{9, 0}, [2]int{d.Larger, d.Smaller}, "one patient slept alike")
	assert.InDelta(t, 2.0/512, d.SignP, 1e-15)

	nan := math.NaN()
	some := NewDifference([]float64{1, nan, 3, 4}, []float64{2, 5, nan, 4})
	assert.Equal(t, [3]int{2, 1, 0}, [3]int{some.N, some.Larger, some.Smaller}, "a seed without a number counts for neither")
	assert.Equal(t, 1.0, NewDifference([]float64{1}, []float64{2}).P, "one seed proves nothing")
	assert.Equal(t, 0.0, NewDifference([]float64{1, 2}, []float64{2, 3}).P)
}

func TestEstimateAgainstGonum(t *testing.T) {
	rng := repro.Stream(1, "estimates")
	for n := 2; n < 30; n++ {
		x := make([]float64, n)
		for i := range x {
			x[i] = 7 + 2*repro.Normal(rng)
		}
		e, k := NewEstimate(x), float64(n)
		require.InDelta(t, stat.Mean(x, nil), e.Mean, 1e-13)
		require.InDelta(t, stat.StdDev(x, nil), e.SD, 1e-13)
		require.InDelta(t, distuv.StudentsT{Sigma: 1, Nu: k - 1}.Quantile(0.975)*stat.StdErr(stat.StdDev(x, nil), k), e.Half, 1e-8)
	}
	assert.Equal(t, Estimate{Mean: 3, N: 1}, NewEstimate([]float64{3}))
	assert.Equal(t, Estimate{}, NewEstimate(nil))
	assert.Equal(t, "3.000 (one seed, no interval)", NewEstimate([]float64{3}).String())
	assert.Equal(t, "2.000 ± 12.706", NewEstimate([]float64{1, 3}).String())
}

// An interval that is called one of 95 % holds the true mean in 95 of 100 repetitions.
func TestIntervalsCoverWhatTheySay(t *testing.T) {
	const draws = 10_000
	for _, n := range []int{3, 5, 8} {
		t.Run(fmt.Sprint(n, " seeds"), func(t *testing.T) {
			rng := repro.Stream(uint64(n), "coverage")
			quantile, covered := StudentQuantile(0.975, n-1), 0
			x := make([]float64, n)
			for range draws {
				for i := range x {
					x[i] = 5 + 3*repro.Normal(rng)
				}
				e := NewEstimate(x)
				require.InDelta(t, quantile*e.SD/math.Sqrt(float64(n)), e.Half, 1e-12)
				if math.Abs(e.Mean-5) <= e.Half {
					covered++
				}
			}
			assert.InDelta(t, 0.95, float64(covered)/draws, 0.015)
		})
	}
}

func TestMedian(t *testing.T) {
	x := []float64{9, 1, 5}
	assert.Equal(t, 5.0, Median(x))
	assert.Equal(t, []float64{9, 1, 5}, x, "x stays as it was")
	assert.Equal(t, 3.0, Median([]float64{5, 1}))
	assert.True(t, math.IsNaN(Median(nil)))
}

// The p-values are sums of binomial coefficients over 2^n: 2 (1 + 10) / 1024 for nine of ten, and so on.
func TestSignP(t *testing.T) {
	for _, c := range []struct {
		larger, smaller int
		want            float64
	}{{0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {8, 0, 2.0 / 256}, {0, 8, 2.0 / 256}, {9, 1, 22.0 / 1024}, {5, 5, 1}, {7, 3, 352.0 / 1024}} {
		assert.InDelta(t, c.want, SignP(c.larger, c.smaller), 1e-15, "%d and %d", c.larger, c.smaller)
	}
	theirs := distuv.Binomial{N: 1000, P: 0.5}
	assert.InEpsilon(t, 2*theirs.CDF(450), SignP(550, 450), 1e-9)
}

// The first family is the example of R's documentation of p.adjust's rule worked by hand: 5 × 0.01, 4 × 0.02, 3 × 0.03, then never less
// than the one before.
func TestHolm(t *testing.T) {
	assert.InDeltaSlice(t, []float64{0.05, 0.08, 0.09, 0.09, 0.09}, Holm([]float64{0.01, 0.02, 0.03, 0.04, 0.05}), 1e-15)
	assert.InDeltaSlice(t, []float64{0.8, 0.03, 0.8}, Holm([]float64{0.4, 0.01, 0.5}), 1e-15, "in their own order")
	assert.Equal(t, []float64{1, 1}, Holm([]float64{0.7, 0.9}), "never more than 1")
	assert.Empty(t, Holm(nil))
}

// The estimate keeps its promise: with as many seeds as it asks for, four of five repetitions show the difference.
func TestSeedsNeededGivesThePower(t *testing.T) {
	for _, d := range []float64{0.5, 1, 2} {
		n, ok := SeedsNeeded(1, d, 1, 0)
		require.True(t, ok)
		rng, shown := repro.Stream(3, fmt.Sprint("power ", d)), 0
		const draws = 4000
		quantile := StudentQuantile(0.975, n-1)
		for range draws {
			sum, squares := 0.0, 0.0
			for range n {
				x := d + repro.Normal(rng)
				sum, squares = sum+x, squares+x*x
			}
			mean := sum / float64(n)
			sd := math.Sqrt((squares - sum*mean) / float64(n-1))
			if mean > quantile*sd/math.Sqrt(float64(n)) {
				shown++
			}
		}
		assert.InDelta(t, 0.86, float64(shown)/draws, 0.08, "difference %v, %d seeds: whole seeds overshoot 0.8 a little", d, n)
	}
	n, _ := SeedsNeeded(1, 10, 1, 0)
	assert.Equal(t, MinSeeds, n)
	n, _ = SeedsNeeded(1, 10, 1, 7)
	assert.Equal(t, 7, n)
	one, _ := SeedsNeeded(1, 1, 1, 0)
	ten, _ := SeedsNeeded(1, 1, 10, 0)
	assert.Greater(t, ten, one, "ten verdicts share what one has alone")
	_, ok := SeedsNeeded(1, 0, 1, 0)
	assert.False(t, ok, "no number of seeds shows a difference of nothing")
}

func TestCrossing(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		x, y []float64
		at   float64
		want float64
		ok   bool
	}{
		{"between two points", []float64{0, 1, 3}, []float64{2, 4, 8}, 2, 6, true},
		{"on a point", []float64{0, 1, 3}, []float64{2, 4, 8}, 1, 4, true},
		{"at the first of several crossings", []float64{0, 2, 1, 3}, []float64{0, 2, 9, 9}, 1.5, 1.5, true},
		{"not beyond the end", []float64{0, 1}, []float64{2, 4}, 1.01, 0, false},
		{"not before the beginning", []float64{1, 2}, []float64{2, 4}, 0.5, 0, false},
		{"over a point without a number", []float64{0, nan, 2}, []float64{0, 5, 4}, 1, 2, true},
		{"of nothing", nil, nil, 1, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			y, ok := Crossing(c.x, c.y, c.at)
			assert.Equal(t, c.ok, ok)
			assert.InDelta(t, c.want, y, 1e-15)
		})
	}
}
