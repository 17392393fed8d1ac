package datasets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"margins/repro"
)

// Response is what raters see of a response.
type Response struct {
	Tokens     []int32
	Score      float64 // what a rater without errors or habits thinks of it, points
	True       float64 // its true score, points; NaN where nobody knows it
	Adornments int     // see World.Adornments
}

// Question is two responses to a prompt that raters are asked about.
type Question struct {
	Prompt        []int32
	First, Second Response
	// Scores, if it is set, draws who is asked from a rater's stream, and returns what that one thinks in place of the responses' scores.
	Scores func(rng *rand.Rand) (first, second float64)
}

// Choose returns the question with the chosen response of a pair that was made of it as the first.
func (q Question) Choose(p Pair) Question {
	if slices.Equal(p.Chosen, q.First.Tokens) {
		return q
	}
	scores := q.Scores
	q.First, q.Second = q.Second, q.First
	if scores != nil {
		q.Scores = func(rng *rand.Rand) (first, second float64) {
			second, first = scores(rng)
			return first, second
		}
	}
	return q
}

// Panel is a grader's raters at work. Each pair that they judge moves them on in their random streams.
type Panel struct {
	grader  Grader
	ladder  ladder
	tokens  float64 // mean of the pool
	keep    bool    // every rater's answer becomes a pair
	raters  []rater
	coin    *rand.Rand
	answers []float64
}

// rater is where one rater is in the streams.
type rater struct {
	noise, lazy, rounding *rand.Rand
	habits                bool
}

// The splits that panels grade.
const (
	TrainSplit   = "grades"
	HeldOutSplit = "grades/heldout"
)

// NewPanel returns the raters of a grader for a split of an experiment's pairs. Pool holds the responses that are trained on: their
// quantiles may be cuts, and their mean length is what a longer one is longer than.
//
// The first rater's noise comes from the stream that the split is named after; other raters and other parts have streams that are named
// after them as well.
func NewPanel(g Grader, seed uint64, split string, pool []Response) *Panel {
	p := g.panel(split, pool)
	p.coin = repro.Stream(seed, split+"/coin")
	for i := range p.raters {
		name := split
		if i > 0 {
			name = fmt.Sprintf("%s/rater %d", split, i+1)
		}
		r := &p.raters[i]
		r.noise, r.lazy, r.rounding = repro.Stream(seed, name), repro.Stream(seed, name+"/lazy"), repro.Stream(seed, name+"/rounding")
	}
	return p
}

// panel returns the raters without their streams.
func (g Grader) panel(split string, pool []Response) *Panel {
	p := &Panel{grader: g, keep: g.Combine == CombineKeep && split == TrainSplit, raters: make([]rater, max(1, g.Raters))}
	scores, tokens := make([]float64, len(pool)), 0
	for i, r := range pool {
		scores[i] = clipScore(r.Score)
		tokens += len(r.Tokens)
	}
	p.ladder, p.tokens = g.ladder(scores), float64(tokens)/float64(max(1, len(pool)))
	for i := range p.raters {
		p.raters[i].habits = i == 0 || g.Habits != HabitsFirst
	}
	return p
}

// NewSettledPanel is NewPanel for grades that were given already, which are the responses' scores: only the scale and what becomes of
// ties are the grader's; nobody errs again.
func NewSettledPanel(g Grader, seed uint64, split string, pool []Response) *Panel {
	return NewPanel(g.settled(), seed, split, pool)
}

// Grades returns the grades that a pair's responses have from all raters together, with every draw from rng in place of the raters' own
// streams: what they might have said as well. Preference probabilities are found by calling it again and again.
func (p *Panel) Grades(rng *rand.Rand, q Question) (first, second float64) {
	again := *p
	again.answers, again.raters = nil, make([]rater, len(p.raters))
	for i, r := range p.raters {
		again.raters[i] = rater{noise: rng, lazy: rng, rounding: rng, habits: r.habits}
	}
	of := again.judgeAll(q)
	return p.combine(of[0]), p.combine(of[1])
}

// Judge returns the pair, or with CombineKeep the pairs, that the raters' answers make. A comparison
// gives no grades: it is written as two grades around the middle of the scale that differ by it.
func (p *Panel) Judge(q Question) []Pair {
	of := p.judgeAll(q)
	if !p.keep {
		return []Pair{p.pair(q, p.combine(of[0]), p.combine(of[1]))}
	}
	pairs := make([]Pair, len(p.raters))
	for i := range pairs {
		pairs[i] = p.pair(q, of[0][i], of[1][i])
	}
	return pairs
}

// judgeAll returns the grades that each rater gives, of the first and of the second response.
func (p *Panel) judgeAll(q Question) (grades [2][]float64) {
	for i := range p.raters {
		a, b := p.judge(&p.raters[i], q)
		grades[0], grades[1] = append(grades[0], a), append(grades[1], b)
	}
	return grades
}

// judge returns the grades that one rater gives.
func (p *Panel) judge(r *rater, q Question) (first, second float64) {
	if q.Scores != nil {
		q.First.Score, q.Second.Score = q.Scores(r.noise)
	}
	a := p.impression(r, q.First)
	b := p.impression(r, q.Second)
	if p.grader.Asks != AskComparison {
		first = p.answer(r, p.squeeze(r, a))
		second = p.answer(r, p.squeeze(r, b))
		p.answers = append(p.answers, first, second)
		return first, second
	}
	d := a - b
	if d < 0 {
		d = -p.answer(r, -d) // so that neither side is favored where bins meet
	} else {
		d = p.answer(r, d)
	}
	p.answers = append(p.answers, d)
	return middle + d/2, middle - d/2
}

// impression returns what a rater thinks of a response, points.
func (p *Panel) impression(r *rater, of Response) float64 {
	g, score := &p.grader, of.Score
	if r.habits {
		score += float64(g.Longer*(float64(len(of.Tokens))-p.tokens)) + float64(g.Polish*float64(of.Adornments)) + g.Bias
	}
	return score + float64(g.Noise*repro.Normal(r.noise))
}

// squeeze maps an impression into the part of the scale that a rater uses.
func (p *Panel) squeeze(r *rater, x float64) float64 {
	low, high := min(p.grader.Low, p.grader.High), max(p.grader.Low, p.grader.High)
	if !r.habits || high == 0 || low == ScaleMin && high == ScaleMax {
		return x
	}
	return low + (clipScore(x)-ScaleMin)*(high-low)/width
}

// answer returns what a rater answers for x.
func (p *Panel) answer(r *rater, x float64) float64 {
	u := 0.0
	if p.ladder.random {
		u = r.rounding.Float64()
	}
	if p.grader.Lazy > 0 {
		// Both are drawn for every answer, so that a lazier rater is lazy where this one is, and elsewhere.
		if blindly, where := r.lazy.Float64(), r.lazy.Float64(); r.habits && blindly < p.grader.Lazy {
			return p.ladder.blind(where)
		}
	}
	return p.ladder.answer(x, u)
}

// grains is how many parts of a point combined grades are rounded to, so that grades of the same sum make a tie and not a margin of 1e-16.
const grains = 1e9

// combine returns what becomes of the grades that a response has from all raters.
func (p *Panel) combine(grades []float64) float64 {
	n := len(grades)
	if n == 1 {
		return grades[0]
	}
	if p.grader.Combine == CombineMajority {
		slices.Sort(grades)
		return math.Round((grades[(n-1)/2]+grades[n/2])/2*grains) / grains
	}
	sum := 0.0
	for _, g := range grades {
		sum += g
	}
	return math.Round(sum/float64(n)*grains) / grains
}

// pair returns the pair of two graded responses, with a tie decided where the grader says so.
func (p *Panel) pair(q Question, a, b float64) Pair {
	first, second := q.First, q.Second
	if a == b && p.grader.Ties == TiesCoin {
		if p.coin.Uint64()&1 == 1 {
			first, second = second, first
		}
		a, b = apart(a, p.ladder.step())
	}
	return NewPair(q.Prompt, first.Tokens, second.Tokens, a, b, first.True, second.True)
}

// apart returns two grades that differ by step, around grade as far as the scale allows.
func apart(grade, step float64) (better, worse float64) {
	at := min(max(grade, ScaleMin+step/2), ScaleMax-step/2)
	return at + step/2, at - step/2
}
