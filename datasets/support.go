package datasets

import (
	"math/rand/v2"

	"margins/repro"
)

// Support Desk: replies to customers, graded from 1 to 10. A prompt is
//
//	MOOD | PRODUCT PROBLEM
//
// and a response that parses is, phrase by phrase,
//
//	OPENING : your PRODUCT PROBLEM . First STEP , then STEP . If that fails, we will PROMISE [THANKS] CLOSE <end>
//
// Every phrase is one token: 60 of them, 3 to a prompt and 12 or 13 to a response. Nothing decides a grade alone, and the writers do each
// thing right about every other time: the world is the counterweight to Script Desk.
var supportDesk = World{
	ID:    "support",
	Title: "Support Desk",
	Help:  "Replies to customers: eight things make a reply good, none of them alone, and the writers get each right about half the time.",
	About: "A customer in some mood says what is wrong with a product. A reply opens, says the trouble back, gives two steps to try, promises " +
		"something, and closes. The score rewards an opening that suits the mood, the right product and problem, steps that help, a promise " +
		"that one can hold the desk to, thanks, and a polite close.",
	Texts:      "help-desk replies",
	Vocabulary: supportWords.vocabulary,
	Context:    16,
	Stakes:     supportStakes,
	Attributes: attributes(supportScore),
	Prompts:    len(supportOrder),
	HeldOut:    64,
	Prompt:     supportPrompt,
	Write:      supportWrite,
	Judge:      supportJudge,
}

var supportStakes = []Stake{
	{"service", "Good service", "Eight attributes are worth between a third of a point and two points each."},
}

// supportPhrases names the tokens of Support Desk.
type supportPhrases struct {
	mood, product, problem         span
	opening, your, first, step     span
	then, fails, promise, courtesy span
	closing                        span
	vocabulary                     *Vocabulary
}

// Openings stand in the order of the moods that they suit, and steps in the order of the problems that they solve.
const (
	openingsPerMood = 2
	stepsPerProblem = 2
)

var supportWords = newSupportPhrases()

func newSupportPhrases() *supportPhrases {
	var l lexicon
	w := &supportPhrases{
		mood:    l.add(" calm |", " worried |", " angry |", " puzzled |", " hurried |"),
		product: l.add(" router", " printer", " phone", " laptop", " camera", " tablet", " speaker", " watch"),
		problem: l.add(" will not start", " overheats", " loses its signal", " drains its battery", " rattles", " shows an error",
			" forgets its settings", " runs slowly"),
		opening: l.add(" Thank you for writing", " We are glad to help", " Nothing is lost", " This can be mended", " I am truly sorry",
			" You have every right to complain", " Let me explain", " That is a good question", " In short", " A quick answer"),
		your:  l.add(": your"),
		first: l.add(". First"),
		step: l.add(" charge it overnight", " hold the power button", " clean the vents", " move it out of the sun", " bring it closer",
			" change the channel", " dim the screen", " close what runs unseen", " tighten the screws", " replace the feet", " note the code",
			" install the update", " change the backup cell", " save the profile", " free some space", " restart it"),
		then:     l.add(", then"),
		fails:    l.add(". If that fails, we will"),
		promise:  l.add(" replace it this week", " call you today", " look into it", " see what can be done"),
		courtesy: l.add(", and thank you for your patience"),
		closing:  l.add(". Kind regards", ". Regards", ". Bye"),
	}
	w.vocabulary = l.vocabulary()
	return w
}

// supportOrder holds the prompts' numbers, each once, in the order in which the world numbers them.
var supportOrder = repro.Stream(1, "support desk: prompts").Perm(int(
	supportWords.mood.count * supportWords.product.count * supportWords.problem.count))

func supportPrompt(i int) []int32 {
	w, n := supportWords, int32(supportOrder[i])
	problem, n := n%w.problem.count, n/w.problem.count
	product, mood := n%w.product.count, n/w.product.count
	return []int32{w.mood.first + mood, w.product.first + product, w.problem.first + problem}
}

// supportCase is what a prompt tells, each by its place in its span.
type supportCase struct{ mood, product, problem int32 }

// readCase takes a prompt apart; it must be one of this world's.
func readCase(prompt []int32) supportCase {
	w, r := supportWords, reader{rest: prompt, ok: true}
	c := supportCase{mood: r.take(w.mood), product: r.take(w.product), problem: r.take(w.problem)}
	if !r.ok || len(r.rest) != 0 {
		panic("datasets: not a prompt of Support Desk")
	}
	return c
}

// supportReply is a response taken apart: each number is a place in its span.
type supportReply struct {
	opening, product, problem int32
	steps                     [2]int32
	promise                   int32
	courtesy                  bool
	closing                   int32
}

// firm is how many of the promises, the first ones, say what will happen and when.
const firm = 2

// tokens writes a reply out.
func (r *supportReply) tokens() []int32 {
	w := supportWords
	out := []int32{w.opening.first + r.opening, w.your.first, w.product.first + r.product, w.problem.first + r.problem,
		w.first.first, w.step.first + r.steps[0], w.then.first, w.step.first + r.steps[1], w.fails.first, w.promise.first + r.promise}
	if r.courtesy {
		out = append(out, w.courtesy.first)
	}
	return append(out, w.closing.first+r.closing, endToken)
}

// parseReply takes a response apart; ok says whether it is in the grammar, to its end token and not beyond.
func parseReply(response []int32) (s supportReply, ok bool) {
	w, r := supportWords, reader{rest: response, ok: true}
	s.opening = r.take(w.opening)
	r.take(w.your)
	s.product, s.problem = r.take(w.product), r.take(w.problem)
	r.take(w.first)
	s.steps[0] = r.take(w.step)
	r.take(w.then)
	s.steps[1] = r.take(w.step)
	r.take(w.fails)
	s.promise = r.take(w.promise)
	if s.courtesy = r.sees(w.courtesy); s.courtesy {
		r.take(w.courtesy)
	}
	s.closing = r.take(w.closing)
	return s, r.end()
}

// The writers' mixture: the chance that each thing is right, independent of the others. What is not is drawn evenly from the rest, and so
// are phrases that no line names.
const (
	moodSuited   = 0.45
	productKept  = 0.65
	problemKept  = 0.60
	firstHelps   = 0.40
	secondHelps  = 0.35 // another step than the first, which helps
	courtesyPaid = 0.40
)

func supportWrite(rng *rand.Rand, prompt []int32) []int32 {
	w, c := supportWords, readCase(prompt)
	var r supportReply
	r.opening = drawGroup(rng, moodSuited, w.opening, openingsPerMood, c.mood)
	r.product = keepOr(rng, productKept, w.product, c.product)
	r.problem = keepOr(rng, problemKept, w.problem, c.problem)
	r.steps[0] = drawGroup(rng, firstHelps, w.step, stepsPerProblem, c.problem)
	r.steps[1] = drawGroup(rng, secondHelps, w.step, stepsPerProblem, c.problem)
	if r.steps[1] == r.steps[0] && solves(r.steps[0], c) {
		r.steps[1] = 2*c.problem*stepsPerProblem + 1 - r.steps[0] // the other one of the two
	}
	r.promise = draw(rng, w.promise)
	r.courtesy = rng.Float64() < courtesyPaid
	r.closing = draw(rng, w.closing)
	return r.tokens()
}

// solves tells whether a step is one of those for the case's problem.
func solves(step int32, c supportCase) bool { return step/stepsPerProblem == c.problem }

// supportScore is the true score.
var supportScore = []rule[supportCase, supportReply]{
	{"tone", "Fitting tone", []int{150}, func(c supportCase, r *supportReply) int { return oneIf(r.opening/openingsPerMood == c.mood) }},
	{"product", "Right product", []int{120}, func(c supportCase, r *supportReply) int { return oneIf(r.product == c.product) }},
	{"problem", "Right problem", []int{120}, func(c supportCase, r *supportReply) int { return oneIf(r.problem == c.problem) }},
	{"first", "First step helps", []int{180}, func(c supportCase, r *supportReply) int { return oneIf(solves(r.steps[0], c)) }},
	{"second", "Second step helps", []int{150}, func(c supportCase, r *supportReply) int {
		return oneIf(solves(r.steps[1], c) && r.steps[1] != r.steps[0])
	}},
	{"promise", "Firm promise", []int{90}, func(_ supportCase, r *supportReply) int { return oneIf(r.promise < firm) }},
	{"thanks", "Thanks", []int{30}, func(_ supportCase, r *supportReply) int { return oneIf(r.courtesy) }},
	{"close", "Polite close", []int{30}, func(_ supportCase, r *supportReply) int { return int(supportWords.closing.count-1) - int(r.closing) }},
}

func supportJudge(stakes string, prompt, response []int32) Judgement {
	column, c := findStake("Support Desk", supportStakes, stakes), readCase(prompt)
	r, ok := parseReply(response)
	if !ok {
		return unreadable
	}
	return judge(supportScore, column, c, &r)
}
