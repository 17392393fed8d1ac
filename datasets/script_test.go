package datasets

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

func TestScriptDeskHasItsSizes(t *testing.T) {
	w, ok := FindWorld("script")
	require.True(t, ok)
	assert.Equal(t, 68, w.Vocabulary.Size())
	assert.Equal(t, 320, w.Prompts)
	seen := map[string]bool{}
	for i := range w.Prompts {
		prompt := w.Prompt(i)
		require.Len(t, prompt, 4)
		seen[w.Vocabulary.Decode(prompt)] = true
	}
	assert.Len(t, seen, w.Prompts, "each prompt once")
}

// The first prompts are this world's own, kept so that a change of order, which would change every run that anyone has shared,
// cannot go unseen.
func TestPromptsAreFixed(t *testing.T) {
	got := []string{}
	for i := range 3 {
		got = append(got, scriptDesk.Vocabulary.Decode(scriptDesk.Prompt(i)))
	}
	assert.Equal(t, []string{"horror | farmer wants gold", "heist | pilot wants peace", "romance | teacher wants freedom"}, got)
}

func TestHeldOutPromptsAreSpread(t *testing.T) {
	heroes := map[int32]int{}
	for i := scriptDesk.Prompts - scriptDesk.HeldOut; i < scriptDesk.Prompts; i++ {
		heroes[scriptDesk.Prompt(i)[1]]++
	}
	assert.Len(t, heroes, 8, "every hero is among them")
}

func TestWritersStayInTheGrammar(t *testing.T) {
	rng := repro.Stream(1, "writers")
	lengths := map[int]int{}
	for i := range 20_000 {
		prompt := scriptDesk.Prompt(i % scriptDesk.Prompts)
		response := scriptDesk.Write(rng, prompt)
		lengths[len(response)]++
		s, ok := parseScript(response)
		require.True(t, ok, scriptDesk.Vocabulary.Decode(response))
		require.Equal(t, response, s.tokens(), "taken apart and written out")
		require.LessOrEqual(t, len(prompt)+len(response), scriptDesk.Context)
		text := scriptDesk.Vocabulary.Decode(response)
		back, err := scriptDesk.Vocabulary.Encode(text)
		require.NoError(t, err)
		require.Equal(t, response, append(back, scriptDesk.Vocabulary.End()), text)
	}
	assert.ElementsMatch(t, []int{17, 18, 19, 20}, keys(lengths))
}

func keys[V any](m map[int]V) []int {
	out := []int{}
	for k := range m {
		out = append(out, k)
	}
	return out
}

// agreeing are the stakes without viewers.
var agreeing = scriptDesk.Stakes[:3]

// wantMoments are worked out by hand from the mixture: attributes are independent, so means and variances add up. Under skew, for
// one: 1 + .1*6 + .35*.4 + .55*.5 + .6*.5 + .5*.5 + (.6+.3)/3 + .65*.45 = 3.1575.
var wantMoments = map[string]struct{ mean, variance float64 }{
	"skew": {3.1575, 3.45959375},
	"mid":  {4.285, 2.776575},
	"flat": {4.8625, 2.53359375},
}

func TestWritersHaveTheMomentsOfTheirMixture(t *testing.T) {
	const n = 200_000
	for _, stake := range agreeing {
		t.Run(stake.ID, func(t *testing.T) {
			rng := repro.Stream(1, "moments")
			var sum, squares float64
			for i := range n {
				prompt := scriptDesk.Prompt(i % scriptDesk.Prompts)
				x := scriptDesk.Judge(stake.ID, prompt, scriptDesk.Write(rng, prompt)).Score
				sum, squares = sum+x, squares+x*x
			}
			mean := sum / n
			want := wantMoments[stake.ID]
			assert.InDelta(t, want.mean, mean, 5*math.Sqrt(want.variance/n))
			assert.InDelta(t, want.variance, squares/n-mean*mean, 5*want.variance*math.Sqrt(4.0/n), "five standard errors at a kurtosis of 5")
		})
	}
}

// bestScript returns the best response to a prompt.
func bestScript(prompt []int32) script {
	b := readPrompt(prompt)
	return script{setting: b.genre * settingsPerGenre, adjectives: []int32{0, 1}, hero: b.hero, goal: b.goal, hero2: b.hero, wish: b.goal}
}

func TestTheBestScriptScoresTen(t *testing.T) {
	for _, stake := range agreeing {
		for i := range scriptDesk.Prompts {
			s := bestScript(scriptDesk.Prompt(i))
			j := scriptDesk.Judge(stake.ID, scriptDesk.Prompt(i), s.tokens())
			require.True(t, j.Valid)
			require.Equal(t, 10.0, j.Score, stake.ID)
		}
	}
}

func TestEachAttributeIsWorthItsPoints(t *testing.T) {
	prompt := scriptDesk.Prompt(0)
	b := readPrompt(prompt)
	other := func(place, n int32) int32 { return (place + 1) % n }
	for _, c := range []struct {
		id      string
		spoil   func(s *script)
		penalty [3]float64 // under skew, mid and flat
	}{
		{"another wish", func(s *script) { s.wish = other(b.goal, 8) }, [3]float64{6, 4, 1.5}},
		{"explosion", func(s *script) { s.ending = explodes }, [3]float64{5.6, 3.2, 1.5}},
		{"dream", func(s *script) { s.ending = dreams }, [3]float64{6, 4, 1.5}},
		{"another hero ends it", func(s *script) { s.hero2 = other(b.hero, 8) }, [3]float64{0.5, 1.8, 1.5}},
		{"another hero begins it", func(s *script) { s.hero = other(b.hero, 8) }, [3]float64{0.5, 1.8, 1.5}},
		{"another hero throughout", func(s *script) { s.hero = other(b.hero, 8); s.hero2 = s.hero }, [3]float64{0.5, 1.8, 1.5}},
		{"another villain", func(s *script) { s.villain2 = 3 }, [3]float64{0.5, 1.2, 1.5}},
		{"another genre's setting", func(s *script) { s.setting = other(b.genre, 5) * settingsPerGenre }, [3]float64{0.5, 0.8, 1.5}},
		{"then", func(s *script) { s.link = linkThen }, [3]float64{0.3, 0.3, 0.75}},
		{"suddenly", func(s *script) { s.link = 2 }, [3]float64{0.6, 0.6, 1.5}},
		{"one adjective", func(s *script) { s.adjectives = s.adjectives[:1] }, [3]float64{0.45, 0.3, 0.75}},
		{"no adjective", func(s *script) { s.adjectives = nil }, [3]float64{0.9, 0.6, 1.5}},
		{"nothing that counts", func(s *script) { s.obstacle, s.act = 3, 3 }, [3]float64{}},
	} {
		t.Run(c.id, func(t *testing.T) {
			s := bestScript(prompt)
			c.spoil(&s)
			for i, stake := range agreeing {
				j := scriptDesk.Judge(stake.ID, prompt, s.tokens())
				assert.True(t, j.Valid)
				assert.InDelta(t, 10-c.penalty[i], j.Score, 1e-12, stake.ID)
				sum := ScaleMin
				for _, p := range j.Parts {
					assert.Positive(t, p.Points, p.ID)
					sum += p.Points
				}
				assert.InDelta(t, j.Score, sum, 1e-12, "the parts are the whole")
			}
		})
	}
}

// What leaves the grammar scores the least. A mutation replaces a token by one of another kind; one of the same kind stays valid.
func TestWhatLeavesTheGrammarIsInvalid(t *testing.T) {
	prompt := scriptDesk.Prompt(7)
	invalid := func(response []int32, why string) {
		t.Helper()
		j := scriptDesk.Judge("skew", prompt, response)
		require.Equal(t, Judgement{Score: ScaleMin}, j, "%s: %s", why, scriptDesk.Vocabulary.Decode(response))
	}
	rng := repro.Stream(1, "mutations")
	for range 200 {
		response := scriptDesk.Write(rng, prompt)
		for n := range len(response) {
			invalid(response[:n], "cut short")
		}
		invalid(append(slices.Clone(response), scriptDesk.Vocabulary.End()), "something after the end")
		invalid(slices.Insert(slices.Clone(response), 3, scriptWords.adjective.first, scriptWords.adjective.first, scriptWords.adjective.first),
			"three adjectives and more")
		for at := range response {
			for token := range int32(scriptDesk.Vocabulary.Size()) {
				mutant := slices.Clone(response)
				mutant[at] = token
				_, valid := parseScript(mutant)
				require.Equal(t, kindOf(token) == kindOf(response[at]) || exchangeable(response[at], token), valid,
					scriptDesk.Vocabulary.Decode(mutant))
			}
			invalid(slices.Insert(slices.Clone(response), at, scriptWords.the.first), "a word too many")
		}
	}
	invalid(nil, "nothing")
}

// kindOf returns the first token of the kind that a token belongs to.
func kindOf(token int32) int32 {
	w := scriptWords
	for _, kind := range []span{w.genre, w.hero, w.goal, w.setting, w.adjective, w.villain, w.obstacle, w.link, w.act} {
		if token >= kind.first && token < kind.first+kind.count {
			return kind.first
		}
	}
	return token
}

// exchangeable reports whether the grammar allows either phrase in the same place though they are not of one kind.
func exchangeable(a, b int32) bool {
	endings := []int32{scriptWords.explodes.first, scriptWords.dream.first}
	return slices.Contains(endings, a) && slices.Contains(endings, b)
}

func TestUnknownStakesPanic(t *testing.T) {
	prompt := scriptDesk.Prompt(0)
	assert.PanicsWithValue(t, "datasets: Script Desk has no stakes steep", func() { scriptDesk.Judge("steep", prompt, nil) })
	assert.PanicsWithValue(t, "datasets: not a prompt of Script Desk", func() { scriptDesk.Judge("skew", prompt[:3], nil) })
}

func TestRatesOfTheMixture(t *testing.T) {
	const n = 100_000
	rng := repro.Stream(2, "rates")
	counts := map[string]float64{}
	for i := range n {
		prompt := scriptDesk.Prompt(i % scriptDesk.Prompts)
		b := readPrompt(prompt)
		s, _ := parseScript(scriptDesk.Write(rng, prompt))
		for name, is := range map[string]bool{
			"wish": s.ending == grants && s.wish == b.goal, "another wish": s.ending == grants && s.wish != b.goal,
			"explosion": s.ending == explodes, "dream": s.ending == dreams, "hero": s.hero2 == b.hero, "villain": s.villain2 == s.villain,
			"setting": s.setting/settingsPerGenre == b.genre, "so": s.link == linkSo, "then": s.link == linkThen,
			"two adjectives": len(s.adjectives) == 2, "no adjective": len(s.adjectives) == 0,
			"the same adjective twice": len(s.adjectives) == 2 && s.adjectives[0] == s.adjectives[1],
			"opens as asked":           s.hero == b.hero && s.goal == b.goal,
			"hero and villain":         s.hero2 == b.hero && s.villain2 == s.villain,
		} {
			counts[name] += float64(oneIf(is)) / n
		}
	}
	for name, want := range map[string]float64{
		"wish": .10, "another wish": .25, "explosion": .35, "dream": .30, "hero": .55, "villain": .60,
		"setting": .50, "so": 1. / 3, "then": 1. / 3,
		"two adjectives": .15, "no adjective": .50, "the same adjective twice": 0, "opens as asked": 1, "hero and villain": .55 * .60,
	} {
		assert.InDelta(t, want, counts[name], 5*math.Sqrt(.25/n), name)
	}
}
