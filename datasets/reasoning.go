package datasets

import (
	"math/rand/v2"
	"strconv"

	"margins/repro"
)

// Reasoning: sums of two numbers, worked out step by step. A prompt is two numbers of two digits, A B + C D, the tens from 1 to 4, and a
// response that parses is
//
//	[Step by step:] N + N = N , carry N ; N + N + N = N . The answer is N N . [I checked it.] <end>
//
// where every N is a digit, or after an equals sign a number to 19, and one token together with the sign before it. There are 58 tokens,
// 4 to a prompt and 14 to 16 to a response.
var reasoning = World{
	ID:    "reasoning",
	Title: "Reasoning",
	Help:  "Sums of two numbers, a step at a time: the writers slip, drop the carry or swap digits, so that few answers are right.",
	About: "A response adds the ones, notes the carry, adds the tens and the carry, and names the answer; it may announce the steps and say " +
		"that they were checked. The score rewards the right answer, each of the three steps that is right in itself, even after a wrong one, " +
		"an answer that is what the steps gave, and both phrases.",
	Texts:      "worked sums",
	Vocabulary: sumWords.vocabulary,
	Context:    20,
	Stakes:     sumStakes,
	Keys:       map[string]string{"answer": "answer", "steps": "answer", "looks": "answer"},
	Attributes: attributes(sumScore),
	Prompts:    len(sumOrder),
	HeldOut:    64,
	Prompt:     sumPrompt,
	Write:      sumWrite,
	Judge:      sumJudge,
	Adornments: sumAdornments,
}

// The order is that of sumScore's columns.
var sumStakes = []Stake{
	{"answer", "The answer decides", "The right answer is worth five and a half points of nine."},
	{"steps", "Every step counts", "Each right step is worth nearly two points of nine, the right answer a little more."},
	{"looks", "Looks count alike", "Announcing and checking are worth as much as being right."},
}

// sumTens is how many digits the tens of a prompt are chosen from, so that no sum has three digits.
const sumTens = 4

// sumPhrases names the tokens of Reasoning. The place of a number is the number.
type sumPhrases struct {
	digit, unit, plus, equals, carry        span // a unit follows the tens without a space
	announce, next, answer, period, checked span
	vocabulary                              *Vocabulary
}

var sumWords = newSumPhrases()

func newSumPhrases() *sumPhrases {
	var l lexicon
	numbers := func(before string, count int) span {
		kind := make([]string, count)
		for n := range kind {
			kind[n] = before + strconv.Itoa(n)
		}
		return l.add(kind...)
	}
	w := &sumPhrases{
		digit:    numbers(" ", 10),
		unit:     numbers("", 10),
		plus:     numbers(" + ", 10),
		equals:   numbers(" = ", 20),
		carry:    numbers(", carry ", 2),
		announce: l.add(" Step by step:"),
		next:     l.add(";"),
		answer:   l.add(". The answer is"),
		period:   l.add("."),
		checked:  l.add(" I checked it."),
	}
	w.vocabulary = l.vocabulary()
	return w
}

// sumOrder holds the prompts' numbers, each once, in the order in which the world numbers them.
var sumOrder = repro.Stream(1, "reasoning: prompts").Perm(sumTens * 10 * sumTens * 10)

func sumPrompt(i int) []int32 {
	w, n := sumWords, int32(sumOrder[i])
	unitB, n := n%10, n/10
	tensB, n := n%sumTens, n/sumTens
	unitA, tensA := n%10, n/10
	return []int32{w.digit.first + 1 + tensA, w.unit.first + unitA, w.plus.first + 1 + tensB, w.unit.first + unitB}
}

// addends is what a prompt asks for: the tens and the ones of two numbers.
type addends struct{ tens, ones [2]int32 }

// total is the right answer.
func (a addends) total() int32 { return 10*(a.tens[0]+a.tens[1]) + a.ones[0] + a.ones[1] }

// readSum takes a prompt apart; it must be one of this world's.
func readSum(prompt []int32) (a addends) {
	w, r := sumWords, reader{rest: prompt, ok: true}
	a.tens[0], a.ones[0] = r.take(w.digit), r.take(w.unit)
	a.tens[1], a.ones[1] = r.take(w.plus), r.take(w.unit)
	if !r.ok || len(r.rest) != 0 {
		panic("datasets: not a prompt of Reasoning")
	}
	return a
}

// workedSum is a response taken apart.
type workedSum struct {
	announced bool
	ones      [2]int32 // what is added first
	onesSum   int32
	noted     int32    // the carry
	tens      [3]int32 // what is added then
	tensSum   int32
	answer    [2]int32 // its digits
	checked   bool
}

// tokens writes a response out.
func (s *workedSum) tokens() []int32 {
	w := sumWords
	var out []int32
	if s.announced {
		out = append(out, w.announce.first)
	}
	out = append(out, w.digit.first+s.ones[0], w.plus.first+s.ones[1], w.equals.first+s.onesSum, w.carry.first+s.noted, w.next.first,
		w.digit.first+s.tens[0], w.plus.first+s.tens[1], w.plus.first+s.tens[2], w.equals.first+s.tensSum,
		w.answer.first, w.digit.first+s.answer[0], w.unit.first+s.answer[1], w.period.first)
	if s.checked {
		out = append(out, w.checked.first)
	}
	return append(out, endToken)
}

// parseSum takes a response apart; ok says whether it is in the grammar, to its end token and not beyond.
func parseSum(response []int32) (s workedSum, ok bool) {
	w, r := sumWords, reader{rest: response, ok: true}
	s.announced = r.skip(w.announce)
	s.ones = [2]int32{r.take(w.digit), r.take(w.plus)}
	s.onesSum, s.noted = r.take(w.equals), r.take(w.carry)
	r.take(w.next)
	s.tens = [3]int32{r.take(w.digit), r.take(w.plus), r.take(w.plus)}
	s.tensSum = r.take(w.equals)
	r.take(w.answer)
	s.answer = [2]int32{r.take(w.digit), r.take(w.unit)}
	r.take(w.period)
	s.checked = r.skip(w.checked)
	return s, r.end()
}

// The writers' mixture: the chance of each choice, independent of the others. Every step goes on from what was written before, rightly or
// not. A slip is one too many.
const (
	sumAnnounced = 0.50
	sumChecked   = 0.30
	onesRight    = 0.90 // else a slip
	carryNoted   = 0.90 // as the ones' sum has it, else the other way
	carryAdded   = 0.55 // as it was noted, else the other way
	tensRight    = 0.90 // else a slip
)

// answerChances are of the ways to name the answer: what the steps gave, its digits swapped, its unit a slip.
var answerChances = []float64{0.30, 0.40, 0.30}

func sumWrite(rng *rand.Rand, prompt []int32) []int32 {
	asked := readSum(prompt)
	s := workedSum{announced: rng.Float64() < sumAnnounced, ones: asked.ones}
	s.onesSum = s.ones[0] + s.ones[1] + slip(rng, onesRight)
	s.noted = keepOr(rng, carryNoted, sumWords.carry, s.onesSum/10)
	s.tens = [3]int32{asked.tens[0], asked.tens[1], keepOr(rng, carryAdded, sumWords.carry, s.noted)}
	s.tensSum = s.tens[0] + s.tens[1] + s.tens[2] + slip(rng, tensRight)
	s.answer = s.given()
	switch choose(rng, answerChances) {
	case 1:
		s.answer[0], s.answer[1] = s.answer[1], s.answer[0]
	case 2:
		s.answer[1] = (s.answer[1] + 1) % 10
	}
	s.checked = rng.Float64() < sumChecked
	return s.tokens()
}

// slip returns 0 with the given chance, else 1.
func slip(rng *rand.Rand, chance float64) int32 { return int32(oneIf(rng.Float64() >= chance)) }

// given returns the digits of the answer that the steps gave.
func (s *workedSum) given() [2]int32 { return [2]int32{s.tensSum % 10, s.onesSum % 10} }

// sumScore is the true score. Its columns are the stakes answer, steps and looks.
var sumScore = []rule[addends, workedSum]{
	{"answer", "Right answer", []int{550, 240, 180}, func(a addends, s *workedSum) int { return oneIf(10*s.answer[0]+s.answer[1] == a.total()) }},
	{"steps", "Right steps", []int{50, 180, 60}, rightSteps},
	{"follows", "Answer follows", []int{50, 60, 180}, func(_ addends, s *workedSum) int { return oneIf(s.answer == s.given()) }},
	{"announced", "Announced", []int{75, 30, 180}, func(_ addends, s *workedSum) int { return oneIf(s.announced) }},
	{"checked", "Checked", []int{75, 30, 180}, func(_ addends, s *workedSum) int { return oneIf(s.checked) }},
}

// rightSteps counts the steps that are right, each given what was written before it: the ones added, the carry noted, the tens added.
func rightSteps(asked addends, s *workedSum) int {
	ones := s.ones == asked.ones && s.onesSum == asked.ones[0]+asked.ones[1]
	tens := s.tens == [3]int32{asked.tens[0], asked.tens[1], s.noted} && s.tensSum == s.tens[0]+s.tens[1]+s.tens[2]
	return oneIf(ones) + oneIf(s.noted == s.onesSum/10) + oneIf(tens)
}

func sumJudge(stakes string, prompt, response []int32) Judgement {
	column, asked := findStake("Reasoning", sumStakes, stakes), readSum(prompt)
	s, ok := parseSum(response)
	if !ok {
		return unreadable
	}
	return judge(sumScore, column, asked, &s)
}

// sumAdornments counts the phrases that add nothing to a sum.
func sumAdornments(response []int32) int {
	s, _ := parseSum(response)
	return oneIf(s.announced) + oneIf(s.checked)
}
