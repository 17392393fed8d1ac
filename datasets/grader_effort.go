package datasets

import (
	"math"
	"slices"

	"margins/repro"
)

// finest is how many levels a grade that may be any number counts as where bits are counted: one in every 0.09 points.
const finest = 100

// Cost is how long a judgement takes on one scale. Which one applies: of those that ask the same the first with as many levels or more.
type Cost struct {
	Asks    string  `json:"asks"`
	Levels  int     `json:"levels"`
	Seconds float64 `json:"seconds"`
	Source  string  `json:"source"` // "assumed" where nobody measured it
}

const (
	readOne  = "5 s to read 20 words (238 a minute: Brysbaert 2019), the rest assumed"
	readBoth = "10 s to read twice 20 words (238 a minute: Brysbaert 2019), the rest assumed"
)

// Costs lists the scales, coarse to fine for each question. That finer ones take longer was measured (Sparling and Sen 2011,
// doi:10.1145/2043932.2043961); by how much depends on what is judged, so the seconds to choose are assumptions. Grader.Seconds has the
// last word.
var Costs = []Cost{
	{AskGrades, 2, 6, readOne},
	{AskGrades, 3, 6.5, readOne},
	{AskGrades, 5, 7, readOne},
	{AskGrades, 10, 8, readOne},
	{AskGrades, finest, 10, readOne},
	{AskComparison, 2, 12, readBoth},
	{AskComparison, 3, 12.5, readBoth},
	{AskComparison, 5, 13, readBoth},
	{AskComparison, 8, 14, readBoth},
	{AskComparison, finest, 16, readBoth},
}

// Effort is what the feedback on some pairs takes and holds.
type Effort struct {
	Judgements int     `json:"judgements"` // answers given: two a pair and rater where grades are asked for, one where a comparison is
	Bits       float64 `json:"bits"`       // the most that they can hold: log2 of the levels for each; any number counts as one of 100
	Entropy    float64 `json:"entropy"`    // what they held: bits in all, by how often each answer was given
	Minutes    float64 `json:"minutes"`    // of raters' time
}

// steps returns how many answers there are to choose from.
func (g Grader) steps() int {
	if g.Levels <= 0 {
		return finest
	}
	return g.Levels
}

// cost returns the seconds of a judgement.
func (g Grader) cost() float64 {
	if g.Seconds > 0 {
		return g.Seconds
	}
	i := slices.IndexFunc(Costs, func(c Cost) bool {
		return (c.Asks == AskComparison) == (g.Asks == AskComparison) && c.Levels >= min(g.steps(), finest)
	})
	return Costs[i].Seconds
}

// Effort returns what it takes to have that many pairs graded. What the answers held is known only when they were given: Entropy is 0.
func (g Grader) Effort(pairs int) Effort {
	judgements := pairs * max(1, g.Raters)
	if g.Asks != AskComparison {
		judgements *= 2
	}
	n := float64(judgements)
	return Effort{Judgements: judgements, Bits: n * log2(float64(g.steps())), Minutes: n * g.cost() / 60}
}

// Effort returns what the pairs that were judged so far took and held.
func (p *Panel) Effort() Effort {
	pairs := len(p.answers) / len(p.raters)
	if p.grader.Asks != AskComparison {
		pairs /= 2
	}
	e := p.grader.Effort(pairs)
	e.Entropy = float64(len(p.answers)) * entropy(p.answers, p.ladder)
	return e
}

// entropy returns the bits of an answer by the answers' own frequencies f, the sum of -f log2 f. Of few answers to choose freely from it
// says too little: by about (K-1) / (2 n ln 2) bits for K levels and n answers (Miller 1955).
func entropy(answers []float64, l ladder) float64 {
	sorted := slices.Clone(answers)
	if l.levels <= 0 {
		l.levels = finest
		for i, a := range sorted {
			sorted[i] = float64(l.bin(a))
		}
	}
	slices.Sort(sorted)
	bits, n := 0.0, float64(len(sorted))
	for first := 0; first < len(sorted); {
		end := first + 1
		for end < len(sorted) && sorted[end] == sorted[first] {
			end++
		}
		f := float64(end-first) / n
		bits -= float64(f * log2(f))
		first = end
	}
	return max(bits, 0) // and not -0
}

func log2(x float64) float64 { return repro.Log(x) / math.Ln2 }
