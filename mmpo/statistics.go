package mmpo

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"margins/repro"
)

// Statistics of a handful of seeds. They are the same bits on every machine, as all numbers that we print; package gonum, which has most of
// them, does not promise that and would cost the engine 100 kB. Tests compare the two.

const (
	confidence = 0.95 // of every interval
	power      = 0.8  // chance that an estimated number of seeds is enough: the usual one since Cohen 1988, section 2.4
	maxSeeds   = 1000 // no estimate of seeds goes further

	// MinSeeds is how many seeds a verdict takes: two have an interval so wide (t is 12.7) that it says nothing but that it is wide.
	MinSeeds = 3
)

// StudentCDF returns P(T <= t) of Student's t with n >= 1 degrees of freedom, to within 1e-13, by the finite sums for whole n
// (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4): with theta = atan(t / sqrt n), s = sin theta, c = cos theta, P(|T| < t) is
//
//	odd n:  2/pi (theta + s c (1 + 2/3 c^2 + 2·4/(3·5) c^4 + ...)), (n-1)/2 terms
//	even n: s (1 + 1/2 c^2 + 1·3/(2·4) c^4 + ...), n/2 terms
func StudentCDF(t float64, n int) float64 {
	if t < 0 {
		return 1 - StudentCDF(-t, n)
	}
	x := t / math.Sqrt(float64(n)) // tan theta
	if x > 1e150 {                 // its square may overflow, and nothing is left of the tail
		return 1
	}
	odd := n % 2
	c2 := 1 / (1 + float64(x*x))
	c := math.Sqrt(c2)
	term, sum := 1.0, 0.0
	for j := 1; j <= n/2; j++ {
		sum += term
		term *= float64(c2*float64(2*j-1+odd)) / float64(2*j+odd)
	}
	if odd == 1 {
		return 0.5 + (repro.Atan(x)+float64(x*c2*sum))/math.Pi
	}
	return 0.5 + float64(x*c*sum)/2
}

// StudentQuantile returns the t with StudentCDF(t, n) = p, for 0 < p < 1, by bisection to the last bit.
func StudentQuantile(p float64, n int) float64 {
	if p < 0.5 {
		return -StudentQuantile(1-p, n)
	}
	low, high := 0.0, 1.0
	for StudentCDF(high, n) < p {
		low, high = high, 2*high
	}
	for {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			return high
		}
		if StudentCDF(middle, n) < p {
			low = middle
		} else {
			high = middle
		}
	}
}

// Estimate is a mean over seeds with its 95 % confidence interval, Mean - Half to Mean + Half, by Student's t.
type Estimate struct {
	Mean float64 `json:"mean"`
	Half float64 `json:"half"` // 0 if N < 2: one seed has no interval
	SD   float64 `json:"sd"`   // standard deviation of the seeds, with N - 1; 0 if N < 2
	N    int     `json:"n"`
}

// NewEstimate returns the estimate of the mean of the population that x was drawn from.
func NewEstimate(x []float64) Estimate {
	e := Estimate{N: len(x)}
	if e.N == 0 {
		return e
	}
	for _, v := range x {
		e.Mean += v
	}
	e.Mean /= float64(e.N)
	if e.N < 2 {
		return e
	}
	squares := 0.0
	for _, v := range x {
		squares += float64((v - e.Mean) * (v - e.Mean))
	}
	e.SD = math.Sqrt(squares / float64(e.N-1))
	e.Half = e.half(1)
	return e
}

// half returns half of the interval when family of them are to hold the truth at once, by Bonferroni's inequality.
func (e Estimate) half(family int) float64 {
	if e.N < 2 {
		return math.Inf(1)
	}
	return float64(StudentQuantile(1-(1-confidence)/2/float64(family), e.N-1)*e.SD) / math.Sqrt(float64(e.N))
}

// String writes mean and interval with three decimals.
func (e Estimate) String() string {
	if e.N < 2 {
		return fmt.Sprintf("%.3f (one seed, no interval)", e.Mean)
	}
	return fmt.Sprintf("%.3f ± %.3f", e.Mean, e.Half)
}

// Median returns the middle of x, the mean of the two middles of an even number, and NaN of none.
func Median(x []float64) float64 {
	n := len(x)
	if n == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(x))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Difference is what separates two cells of a sweep that share their seeds, and with them pairs, batches and sampling.
type Difference struct {
	Estimate         // of the second less the first, seed by seed
	Larger   int     `json:"larger"`  // seeds at which the second is larger
	Smaller  int     `json:"smaller"` // seeds at which it is smaller
	P        float64 `json:"p"`       // two-sided, of Student's paired test; 1 if N < 2
	SignP    float64 `json:"signP"`   // two-sided, of the sign test
}

// NewDifference compares b with a, seed by seed. A seed at which either is not a number counts for neither.
func NewDifference(a, b []float64) Difference {
	var d []float64
	var out Difference
	for i := range a {
		x := b[i] - a[i]
		switch {
		case math.IsNaN(x):
			continue
		case x > 0:
			out.Larger++
		case x < 0:
			out.Smaller++
		}
		d = append(d, x)
	}
	out.Estimate = NewEstimate(d)
	out.P = out.Estimate.p()
	out.SignP = SignP(out.Larger, out.Smaller)
	return out
}

// p returns the two-sided p-value of Student's test that the mean is 0.
func (e Estimate) p() float64 {
	switch {
	case e.N < 2 || e.Mean == 0:
		return 1
	case e.SD == 0:
		return 0
	}
	t := math.Abs(e.Mean) * math.Sqrt(float64(e.N)) / e.SD
	return 2 * (1 - StudentCDF(t, e.N-1))
}

// SignP returns the two-sided p-value of the sign test: the chance that n = larger + smaller throws of a fair coin split at least as
// unevenly. It is exact but for rounding, up to n = 1000.
func SignP(larger, smaller int) float64 {
	n := larger + smaller
	term, tail := math.Ldexp(1, -n), 0.0 // the chance of i heads, from i = 0
	for i := 0; i <= min(larger, smaller); i++ {
		tail += term
		term = float64(term*float64(n-i)) / float64(i+1)
	}
	return min(1, 2*tail)
}

// Holm returns p-values of a family of tests corrected so that, with those below 0.05 called differences, the chance of one false call or
// more among them all is at most 5 % (Holm 1979, Scandinavian Journal of Statistics 6).
func Holm(p []float64) []float64 {
	order := indices(len(p))
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case p[i] < p[j]:
			return -1
		case p[i] > p[j]:
			return 1
		}
		return 0
	})
	out, largest := make([]float64, len(p)), 0.0
	for rank, i := range order {
		largest = max(largest, min(1, float64(len(p)-rank)*p[i]))
		out[i] = largest
	}
	return out
}

// SeedsNeeded returns how many seeds, at least from, make an interval so short that a difference of d beyond a limit is shown with a
// chance of 80 %, if differences keep the standard deviation sd and family verdicts share the 5 %: the smallest n with
//
//	(t(1 - 0.025 / family, n-1) + t(0.8, n-1)) sd / sqrt n <= d
//
// (Snedecor & Cochran 1989, section 6.14, with t for the normal deviates). Ok is false if a thousand are not enough.
func SeedsNeeded(sd, d float64, family, from int) (n int, ok bool) {
	enough := func(n int) bool {
		t := StudentQuantile(1-(1-confidence)/2/float64(family), n-1) + StudentQuantile(power, n-1)
		return float64(t*sd) <= float64(d*math.Sqrt(float64(n)))
	}
	low, high := max(from, MinSeeds), maxSeeds
	if low > high || !enough(high) {
		return 0, false
	}
	return low + sort.Search(high-low, func(i int) bool { return enough(low + i) }), true
}

// Crossing returns y where the path through the points (x[i], y[i]) first reaches x = at, by a straight line between its neighbors. A
// path that turns back does not count again, so that what it reads is how a run got there on its way. A path that never reaches it, or
// begins beyond it, has no answer: nothing is extrapolated. Points with a NaN are passed over.
func Crossing(x, y []float64, at float64) (float64, bool) {
	last := -1
	for i := range x {
		if math.IsNaN(x[i]) || math.IsNaN(y[i]) {
			continue
		}
		switch {
		case x[i] == at:
			return y[i], true
		case x[i] > at && last < 0:
			return 0, false
		case x[i] > at:
			share := (at - x[last]) / (x[i] - x[last])
			return float64(y[last]*(1-share)) + float64(y[i]*share), true
		}
		last = i
	}
	return 0, false
}
