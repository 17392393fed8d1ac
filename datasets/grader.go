package datasets

import (
	"math"
	"math/rand/v2"

	"margins/repro"
)

// Grader turns true scores into the grades that a rater gives: it errs by noise and knows only so many levels.
type Grader struct {
	Levels int     `json:"levels"` // how many grades there are; 0 for exact ones
	Noise  float64 `json:"noise"`  // standard deviation of a rater's error, in points
	Ties   string  `json:"ties"`   // TiesKeep or TiesDrop
}

// What becomes of a pair whose two grades are equal.
const (
	TiesKeep = "keep" // it stays, at margin 0: a target of one half says that neither response is better, which is information
	TiesDrop = "drop" // it is left out
)

// Grade returns the grade, in points, that a rater gives to a response of the given true score:
//
//	grade = level(clip(score + Noise z)), z ~ Normal(0, 1), clip to 1..10
//
// where level, with K = Levels and bins of the width 9/K, is the middle of the bin that its argument x falls into,
//
//	level(x) = 1 + 9/K (min(floor(K (x-1)/9), K-1) + 1/2), and level(x) = x if K = 0.
//
// Two levels are 3.25 and 7.75. Middles make grades right on average over scores that are spread evenly; a single score is off by up
// to 4.5/K. The noise takes as many draws from rng whatever the levels and the score, so that runs at different levels have the same
// raters; a score that is NaN is graded as the lowest.
func (g Grader) Grade(rng *rand.Rand, score float64) float64 {
	return g.Regrade(score + float64(g.Noise*repro.Normal(rng)))
}

// Grades returns the grades that a rater gives to the two responses of a pair, whose true scores are first and second. All that makes
// up the grades of a pair is in here: preference probabilities are found by calling it again.
func (g Grader) Grades(rng *rand.Rand, first, second float64) (gradeFirst, gradeSecond float64) {
	gradeFirst = g.Grade(rng, first)
	return gradeFirst, g.Grade(rng, second)
}

// Regrade returns level(clip(score)), Grade's value without noise: what the scale makes of a grade that somebody has given already.
func (g Grader) Regrade(score float64) float64 {
	x := clipScore(score)
	if g.Levels <= 0 {
		return x
	}
	const width = ScaleMax - ScaleMin
	k := float64(g.Levels)
	bin := min(math.Floor(k*(x-ScaleMin)/width), k-1)
	return ScaleMin + width*(bin+0.5)/k
}

// clipScore moves x into the scale; NaN becomes its lower end.
func clipScore(x float64) float64 {
	if !(x > ScaleMin) {
		return ScaleMin
	}
	return min(x, ScaleMax)
}

// Keeps reports whether a pair stays in the data: all do but ties where those are dropped.
func (g Grader) Keeps(p Pair) bool { return g.Ties != TiesDrop || p.Margin() != 0 }

// NewPair orients two graded responses to a prompt so that ScoreChosen >= ScoreRejected. Equal grades keep first as the chosen one:
// of two samples drawn independently from the same model this is a fair coin, and it takes nothing from any stream.
func NewPair(prompt, first, second []int32, gradeFirst, gradeSecond, trueFirst, trueSecond float64) Pair {
	if gradeSecond > gradeFirst {
		first, second = second, first
		gradeFirst, gradeSecond = gradeSecond, gradeFirst
		trueFirst, trueSecond = trueSecond, trueFirst
	}
	return Pair{
		Prompt: prompt, Chosen: first, Rejected: second,
		ScoreChosen: gradeFirst, ScoreRejected: gradeSecond,
		TrueChosen: trueFirst, TrueRejected: trueSecond,
	}
}
