package mmpo

import (
	"math"
	"slices"
)

// The coefficients of correlation are written out here, and not gonum's, because the browser's engine computes them; tests compare the
// two. Each is from -1 to 1, and NaN where it is not defined: of fewer than two values, and where all x or all y are equal. All panic
// if the lengths differ, and a NaN among the values gives NaN.

// Pearson returns the product-moment correlation of x and y: how close they are to a straight line.
func Pearson(x, y []float64) float64 {
	mustMatch(x, y)
	if constant(x) || constant(y) {
		return math.NaN()
	}
	meanX, meanY := mean(x), mean(y)
	var xx, yy, xy float64
	for i := range x {
		dx, dy := x[i]-meanX, y[i]-meanY
		xx += float64(dx * dx)
		yy += float64(dy * dy)
		xy += float64(dx * dy)
	}
	return bound(xy / math.Sqrt(xx) / math.Sqrt(yy)) // two roots, since a product of sums of squares may be too small or too large
}

// Spearman returns Pearson's correlation of the ranks of x and y: how close they are to any rising curve. Equal values share the mean of
// the ranks that they take up.
func Spearman(x, y []float64) float64 {
	mustMatch(x, y)
	if slices.ContainsFunc(x, math.IsNaN) || slices.ContainsFunc(y, math.IsNaN) {
		return math.NaN()
	}
	return Pearson(ranks(x), ranks(y))
}

// KendallTau returns Kendall's tau-b of x and y (Kendall 1945, "The Treatment of Ties in Ranking Problems"): over all couples of places,
//
//	(concordant - discordant) / sqrt((couples - tied in x) (couples - tied in y))
//
// It takes time in the square of the length.
func KendallTau(x, y []float64) float64 {
	mustMatch(x, y)
	var order, untiedX, untiedY int
	for i := range x {
		if math.IsNaN(x[i]) || math.IsNaN(y[i]) {
			return math.NaN()
		}
		for j := range i {
			dx, dy := sign(x[i], x[j]), sign(y[i], y[j])
			order += dx * dy
			untiedX += dx * dx
			untiedY += dy * dy
		}
	}
	if untiedX == 0 || untiedY == 0 {
		return math.NaN()
	}
	return bound(float64(order) / math.Sqrt(float64(untiedX)) / math.Sqrt(float64(untiedY)))
}

// ranks returns the rank of each value, from 1; equal ones get the mean of their ranks.
func ranks(x []float64) []float64 {
	order := indices(len(x))
	slices.SortFunc(order, func(i, j int) int { return sign(x[i], x[j]) })
	r := make([]float64, len(x))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && x[order[to]] == x[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			r[i] = float64(from+to+1) / 2 // the mean of from+1..to
		}
		from = to
	}
	return r
}

// sign returns 1 if a > b, -1 if a < b, else 0.
func sign(a, b float64) int {
	switch {
	case a > b:
		return 1
	case a < b:
		return -1
	}
	return 0
}

// constant tells whether all of x are equal, as those of a single or no value are. (Their distances from a rounded mean need not be 0.)
func constant(x []float64) bool {
	return !slices.ContainsFunc(x, func(v float64) bool { return v != x[0] })
}

// mean returns the mean of x, NaN if it is empty.
func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// bound takes back what rounding may have added to a correlation of 1 or -1. NaN stays.
func bound(r float64) float64 { return max(-1, min(1, r)) }

func mustMatch(x, y []float64) {
	if len(x) != len(y) {
		panic("mmpo: x and y differ in length")
	}
}
