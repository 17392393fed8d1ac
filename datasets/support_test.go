package datasets

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

func TestSupportDeskHasItsSizes(t *testing.T) {
	assert.Equal(t, 60, supportDesk.Vocabulary.Size())
	assert.Equal(t, 320, supportDesk.Prompts)
	moods := map[int32]bool{}
	for i := supportDesk.Prompts - supportDesk.HeldOut; i < supportDesk.Prompts; i++ {
		moods[supportDesk.Prompt(i)[0]] = true
	}
	assert.Len(t, moods, 5, "every mood is among the held-out prompts")
}

// A change of order would change every run that anyone has shared.
func TestSupportPromptsAreFixed(t *testing.T) {
	got := []string{}
	for i := range 3 {
		got = append(got, supportDesk.Vocabulary.Decode(supportDesk.Prompt(i)))
	}
	assert.Equal(t, []string{"puzzled | tablet runs slowly", "calm | laptop runs slowly", "worried | tablet loses its signal"}, got)
}

func TestRepliesAreTakenApartAndWrittenOut(t *testing.T) {
	rng := repro.Stream(1, "writers")
	lengths := map[int]int{}
	for i := range 5_000 {
		response := supportDesk.Write(rng, supportDesk.Prompt(i%supportDesk.Prompts))
		lengths[len(response)]++
		r, ok := parseReply(response)
		require.True(t, ok, supportDesk.Vocabulary.Decode(response))
		require.Equal(t, response, r.tokens())
	}
	assert.ElementsMatch(t, []int{12, 13}, keys(lengths))
}

// The moments are worked out by hand from the mixture, whose choices are independent, in the order of supportScore:
//
//	mean 1 + .45*1.5 + .65*1.2 + .60*1.2 + .40*1.8 + .35*1.5 + .50*.9 + .40*.3 + .3 = 5.29
//	variance .45*.55*2.25 + .65*.35*1.44 + .60*.40*1.44 + .40*.60*3.24 + .35*.65*2.25 + .25*.81 + .40*.60*.09 + .09*2/3 = 2.80365
func TestSupportWritersHaveTheMomentsOfTheirMixture(t *testing.T) {
	const n, wantMean, wantVariance = 200_000, 5.29, 2.80365
	rng := repro.Stream(1, "moments")
	var sum, squares float64
	for i := range n {
		prompt := supportDesk.Prompt(i % supportDesk.Prompts)
		x := supportDesk.Judge("service", prompt, supportDesk.Write(rng, prompt)).Score
		sum, squares = sum+x, squares+x*x
	}
	mean := sum / n
	assert.InDelta(t, wantMean, mean, 5*math.Sqrt(wantVariance/n))
	assert.InDelta(t, wantVariance, squares/n-mean*mean, 5*wantVariance*math.Sqrt(4.0/n), "five standard errors at a kurtosis of 5")
}

// bestReply returns the best response to a prompt.
func bestReply(prompt []int32) supportReply {
	c := readCase(prompt)
	return supportReply{opening: c.mood * openingsPerMood, product: c.product, problem: c.problem,
		steps: [2]int32{c.problem * stepsPerProblem, c.problem*stepsPerProblem + 1}, courtesy: true}
}

func TestTheBestReplyScoresTen(t *testing.T) {
	for i := range supportDesk.Prompts {
		prompt := supportDesk.Prompt(i)
		r := bestReply(prompt)
		j := supportDesk.Judge("service", prompt, r.tokens())
		require.True(t, j.Valid)
		require.Equal(t, 10.0, j.Score)
		require.Len(t, j.Parts, len(supportDesk.Attributes))
	}
}

func TestEachAttributeOfAReplyIsWorthItsPoints(t *testing.T) {
	prompt := supportDesk.Prompt(0)
	c := readCase(prompt)
	wrong := (c.problem + 1) % 8 * stepsPerProblem
	for _, d := range []struct {
		id      string
		spoil   func(r *supportReply)
		penalty float64
	}{
		{"the mood's other opening", func(r *supportReply) { r.opening++ }, 0},
		{"another mood's opening", func(r *supportReply) { r.opening = (c.mood + 1) % 5 * openingsPerMood }, 1.5},
		{"another product", func(r *supportReply) { r.product = (c.product + 1) % 8 }, 1.2},
		{"another problem", func(r *supportReply) { r.problem = (c.problem + 1) % 8 }, 1.2},
		{"the steps the other way round", func(r *supportReply) { r.steps[0], r.steps[1] = r.steps[1], r.steps[0] }, 0},
		{"a first step that does not help", func(r *supportReply) { r.steps[0] = wrong }, 1.8},
		{"a second step that does not help", func(r *supportReply) { r.steps[1] = wrong }, 1.5},
		{"the same step twice", func(r *supportReply) { r.steps[1] = r.steps[0] }, 1.5},
		{"the other firm promise", func(r *supportReply) { r.promise = 1 }, 0},
		{"a vague promise", func(r *supportReply) { r.promise = 2 }, 0.9},
		{"no thanks", func(r *supportReply) { r.courtesy = false }, 0.3},
		{"a short close", func(r *supportReply) { r.closing = 1 }, 0.3},
		{"a curt close", func(r *supportReply) { r.closing = 2 }, 0.6},
	} {
		t.Run(d.id, func(t *testing.T) {
			r := bestReply(prompt)
			d.spoil(&r)
			j := supportDesk.Judge("service", prompt, r.tokens())
			assert.True(t, j.Valid)
			assert.InDelta(t, 10-d.penalty, j.Score, 1e-12)
			sum := ScaleMin
			for _, p := range j.Parts {
				sum += p.Points
			}
			assert.InDelta(t, j.Score, sum, 1e-12, "the parts are the whole")
		})
	}
}

// What leaves the grammar scores the least. A mutation replaces a token by one of another kind; one of the same kind stays valid.
func TestRepliesThatLeaveTheGrammarAreInvalid(t *testing.T) {
	prompt := supportDesk.Prompt(7)
	invalid := func(response []int32, why string) {
		t.Helper()
		require.Equal(t, Judgement{Score: ScaleMin}, supportDesk.Judge("service", prompt, response), "%s: %s", why,
			supportDesk.Vocabulary.Decode(response))
	}
	w := supportWords
	kind := func(token int32) int32 {
		for _, k := range []span{w.mood, w.product, w.problem, w.opening, w.step, w.promise, w.closing} {
			if token >= k.first && token < k.first+k.count {
				return k.first
			}
		}
		return token
	}
	rng := repro.Stream(1, "mutations")
	for range 200 {
		response := supportDesk.Write(rng, prompt)
		for n := range len(response) {
			invalid(response[:n], "cut short")
		}
		invalid(append(slices.Clone(response), supportDesk.Vocabulary.End()), "something after the end")
		for at := range response {
			for token := range int32(supportDesk.Vocabulary.Size()) {
				mutant := slices.Clone(response)
				mutant[at] = token
				_, valid := parseReply(mutant)
				require.Equal(t, kind(token) == kind(response[at]), valid, supportDesk.Vocabulary.Decode(mutant))
			}
			invalid(slices.Insert(slices.Clone(response), at, w.your.first), "a phrase too many")
			if response[at] != w.courtesy.first {
				invalid(slices.Delete(slices.Clone(response), at, at+1), "a phrase too few")
			}
		}
	}
	invalid(nil, "nothing")
}

func TestRatesOfTheSupportMixture(t *testing.T) {
	const n = 100_000
	rng := repro.Stream(2, "rates")
	counts := map[string]float64{}
	for i := range n {
		prompt := supportDesk.Prompt(i % supportDesk.Prompts)
		c := readCase(prompt)
		r, _ := parseReply(supportDesk.Write(rng, prompt))
		first, second := solves(r.steps[0], c), solves(r.steps[1], c) && r.steps[1] != r.steps[0]
		for name, is := range map[string]bool{
			"tone": r.opening/openingsPerMood == c.mood, "product": r.product == c.product, "problem": r.problem == c.problem,
			"first": first, "second": second, "both steps": first && second, "a step twice that helps": first && r.steps[0] == r.steps[1],
			"firm": r.promise < firm, "thanks": r.courtesy, "kind": r.closing == 0, "curt": r.closing == 2,
			"the last step": r.steps[0] == 15, "the first step": r.steps[1] == 0,
		} {
			counts[name] += float64(oneIf(is)) / n
		}
	}
	for name, want := range map[string]float64{
		"tone": .45, "product": .65, "problem": .60, "first": .40, "second": .35, "both steps": .40 * .35, "a step twice that helps": 0,
		"firm": .50, "thanks": .40, "kind": 1. / 3, "curt": 1. / 3, "the last step": 1. / 16, "the first step": 1. / 16,
	} {
		assert.InDelta(t, want, counts[name], 5*math.Sqrt(.25/n), name)
	}
}

func TestSupportDeskRefusesWhatIsNotItsOwn(t *testing.T) {
	prompt := supportDesk.Prompt(0)
	assert.PanicsWithValue(t, "datasets: Support Desk has no stakes skew", func() { supportDesk.Judge("skew", prompt, nil) })
	assert.PanicsWithValue(t, "datasets: not a prompt of Support Desk", func() { supportDesk.Judge("service", prompt[:2], nil) })
}
