package datasets

import "math/rand/v2"

// Grader is the raters of an experiment by their parts: what they are asked, how they err, on which scale they answer, and what becomes
// of their answers. A part at its zero value, or at what it says of itself as "none", is left out.
//
// A rater has an impression of a response,
//
//	impression = score + Longer (tokens - the pool's mean tokens) + Polish adornments + Bias + Noise z,  z ~ Normal(0, 1),
//
// and answers by a level: of the response, from the impression, clipped to 1..10 and squeezed into Low..High; or of two responses, from
// the difference of their impressions. Every random part has a stream of its own, so that changing one leaves the others alone.
type Grader struct {
	Asks     string  `json:"asks"`     // AskGrades or AskComparison
	Levels   int     `json:"levels"`   // how many answers there are; 0 for any number
	Cuts     string  `json:"cuts"`     // CutsEven or CutsQuantiles; of grades
	Cut      float64 `json:"cut"`      // of two levels with even cuts: where the upper one begins, points; 0 for the middle
	Rounding string  `json:"rounding"` // RoundNearest or RoundRandom

	Noise  float64 `json:"noise"` // standard deviation of a rater's error, points
	Bias   float64 `json:"bias"`  // what a rater adds to every score, points
	Low    float64 `json:"low"`   // ends of the part of the scale that a rater uses, points, in either order: 1 and 10, or 0 and 0, for all
	High   float64 `json:"high"`
	Lazy   float64 `json:"lazy"`   // share of answers that are clicked blindly, every level alike
	Longer float64 `json:"longer"` // what a token more than the mean of the pool is worth, points
	Polish float64 `json:"polish"` // what an adornment is worth beyond its true score, points

	Raters  int    `json:"raters"`  // who judge each pair; 0 counts as 1
	Habits  string `json:"habits"`  // HabitsAll or HabitsFirst: who has the bias, the part of the scale, the laziness and the tastes
	Combine string `json:"combine"` // CombineMean, CombineMajority or CombineKeep
	Ties    string `json:"ties"`    // TiesKeep, TiesDrop or TiesCoin

	Seconds float64 `json:"seconds"` // what a judgement takes; 0 for what Costs says

	// Judge is how many pairs the model was trained on whose score takes the true one's place: a judge that errs by what it has not learned.
	// 0 stands for people, who see the true score.
	Judge int `json:"judge"`
}

// What raters are asked.
const (
	AskGrades     = "grades"     // a grade of each response
	AskComparison = "comparison" // by how much one response is better, from A>>B to B>>A; an even number of levels has no tie
)

// Where one level ends and the next begins.
const (
	CutsEven      = "even"      // every level is as wide
	CutsQuantiles = "quantiles" // every level holds as many of the pool's scores
)

// How an impression becomes a level.
const (
	RoundNearest = "nearest" // the level whose bin it is in; levels are the middles of their bins
	RoundRandom  = "random"  // one of the two next levels, which stand evenly from end to end, so that the answer is right on average
)

// Which raters have habits: bias, their part of the scale, laziness and tastes. All have the noise.
const (
	HabitsAll   = "all"
	HabitsFirst = "first"
)

// What becomes of several raters' answers.
const (
	CombineMean     = "mean"     // each response has the mean of its grades
	CombineMajority = "majority" // each response has the median of its grades: of thumbs, what most raters say
	CombineKeep     = "keep"     // every rater's answer is a training pair of its own, so that a loss meets their spread; held-out pairs have the mean
)

// What becomes of a pair whose two grades are equal.
const (
	TiesKeep = "keep" // it stays, at margin 0: a target of one half says that neither response is better, which is information
	TiesDrop = "drop" // it is left out
	TiesCoin = "coin" // a coin says which one is better, by the least margin that the scale has
)

// Regrade returns the grade, in points, that a rater without errors or habits gives to a response of that score. With K levels it is
// the middle of the one of K even bins of 1..10 that the score falls into,
//
//	level(x) = 1 + 9/K (min(floor(K (x-1)/9), K-1) + 1/2), and level(x) = x if K = 0.
//
// Two levels are 3.25 and 7.75; with a cut c they are (1+c)/2 and (c+10)/2. Middles make grades right on average over scores that are
// spread evenly; a single score is off by up to 4.5/K. A score that is NaN is graded as the lowest.
func (g Grader) Regrade(score float64) float64 { return g.ladder(nil).answer(score, 0) }

// Grades returns the grades that raters give to two responses of the given scores, of which nothing else is known, with every draw from
// rng; see Panel.Grades.
func (g Grader) Grades(rng *rand.Rand, first, second float64) (gradeFirst, gradeSecond float64) {
	p := g.panel(TrainSplit, nil)
	return p.Grades(rng, Question{First: Response{Score: first}, Second: Response{Score: second}})
}

// settled returns a grader of grades that were given already: what the scale makes of them, without the errors of those who gave them.
func (g Grader) settled() Grader {
	return Grader{Asks: g.Asks, Levels: g.Levels, Cuts: g.Cuts, Cut: g.Cut, Rounding: g.Rounding, Ties: g.Ties, Seconds: g.Seconds}
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
