package datasets

import (
	"math"
	"slices"
	"sort"
)

// middle is the middle of the scale, and span its width, in points.
const (
	middle = (ScaleMin + ScaleMax) / 2
	width  = ScaleMax - ScaleMin
)

// ladder is the answers to choose from: numbers from low to high, or levels of them.
type ladder struct {
	low, high float64
	levels    int       // 0: any number
	cuts      []float64 // where levels 1, 2, ... begin, ascending; nil: evenly
	random    bool      // RoundRandom
}

// ladder returns the grader's. Pool holds the scores whose quantiles are cuts, if cuts are quantiles; nil stands for even ones.
func (g Grader) ladder(pool []float64) ladder {
	l := ladder{low: ScaleMin, high: ScaleMax, levels: g.Levels, random: g.Rounding == RoundRandom && g.Levels > 1}
	switch {
	case g.Asks == AskComparison:
		l.low, l.high = -width, width
	case l.random:
	case g.Cuts == CutsQuantiles && len(pool) > 0:
		l.cuts = quantiles(pool, g.Levels)
	case g.Levels == 2 && g.Cut != 0 && g.Cuts != CutsQuantiles:
		l.cuts = []float64{g.Cut}
	}
	return l
}

// quantiles returns the k-1 values that part the scores into k groups as equal as they can be: the i-th has the share i/k of them below
// it, and lies halfway between its neighbors. Scores that occur often make some of them equal; a level between equal cuts is never given.
func quantiles(scores []float64, k int) []float64 {
	sorted, n := slices.Sorted(slices.Values(scores)), len(scores)
	cuts := make([]float64, 0, max(0, k-1))
	for i := 1; i < k; i++ {
		at := i * n / k
		cuts = append(cuts, (sorted[max(at-1, 0)]+sorted[at])/2)
	}
	return cuts
}

// clip moves x onto the ladder; NaN becomes its lower end.
func (l ladder) clip(x float64) float64 {
	if !(x > l.low) {
		return l.low
	}
	return min(x, l.high)
}

// answer returns what is answered for x. Of u, a number from 0 to 1, 1 excluded, random rounding makes its choice.
func (l ladder) answer(x, u float64) float64 {
	x = l.clip(x)
	switch {
	case l.levels <= 0:
		return x
	case l.random:
		at := float64((x - l.low) / (l.high - l.low) * float64(l.levels-1))
		below := math.Floor(at)
		if u < at-below {
			below++
		}
		return l.level(int(below))
	}
	return l.level(l.bin(x))
}

// bin returns the number of the level that x falls into, from 0.
func (l ladder) bin(x float64) int {
	if l.cuts != nil {
		return sort.Search(len(l.cuts), func(i int) bool { return l.cuts[i] > x })
	}
	k := float64(l.levels)
	return int(min(math.Floor(k*(x-l.low)/(l.high-l.low)), k-1))
}

// level returns the value of level i, from 0.
func (l ladder) level(i int) float64 {
	switch {
	case l.random:
		return l.low + (l.high-l.low)*float64(i)/float64(l.levels-1)
	case l.cuts == nil:
		return l.low + (l.high-l.low)*(float64(i)+0.5)/float64(l.levels)
	}
	from, to := l.low, l.high
	if i > 0 {
		from = l.cuts[i-1]
	}
	if i < len(l.cuts) {
		to = l.cuts[i]
	}
	return (from + to) / 2
}

// blind returns an answer that nothing was looked at for: every level alike, by u as for answer.
func (l ladder) blind(u float64) float64 {
	if l.levels <= 0 {
		return l.low + float64(u*(l.high-l.low))
	}
	return l.level(int(u * float64(l.levels)))
}

// step returns the least difference of two answers that are not equal, 0 where there is none.
func (l ladder) step() float64 {
	least := 0.0
	for i := 1; i < l.levels; i++ {
		if d := l.level(i) - l.level(i-1); d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	return least
}
