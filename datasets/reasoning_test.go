package datasets

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

// encode returns the tokens of a response's text, with the end token.
func encode(t *testing.T, w *World, text string) []int32 {
	t.Helper()
	tokens, err := w.Vocabulary.Encode(text)
	require.NoError(t, err)
	return append(tokens, w.Vocabulary.End())
}

// assertParts checks what a response earns under each of a world's stakes; parts go by their ids.
func assertParts(t *testing.T, w *World, prompt, response string, want map[string]map[string]float64) {
	t.Helper()
	tokens, err := w.Vocabulary.Encode(prompt)
	require.NoError(t, err)
	require.Len(t, want, len(w.Stakes))
	for stake, parts := range want {
		j := w.Judge(stake, tokens, encode(t, w, response))
		require.True(t, j.Valid, response)
		got, sum := map[string]float64{}, ScaleMin
		for _, p := range j.Parts {
			got[p.ID] = p.Points
		}
		for _, points := range parts {
			sum += points
		}
		assert.Equal(t, parts, got, "%s, %s", stake, response)
		assert.InDelta(t, sum, j.Score, 1e-12, "%s, %s", stake, response)
	}
}

func TestReasoningHasItsSizes(t *testing.T) {
	assert.Equal(t, 58, reasoning.Vocabulary.Size())
	assert.Equal(t, 1600, reasoning.Prompts)
	prompts := []string{}
	for i := range 3 {
		prompts = append(prompts, reasoning.Vocabulary.Decode(reasoning.Prompt(i)))
	}
	assert.Equal(t, []string{"16 + 49", "32 + 41", "28 + 18"}, prompts, "the order is fixed: people's runs depend on it")
}

func TestReasoningScores(t *testing.T) {
	type columns = map[string]map[string]float64
	for _, c := range []struct {
		id, response string
		want         columns
	}{
		{"all right and dressed up", "Step by step: 7 + 5 = 12, carry 1; 3 + 2 + 1 = 6. The answer is 62. I checked it.", columns{
			"answer": {"answer": 5.5, "steps": 1.5, "follows": 0.5, "announced": 0.75, "checked": 0.75},
			"steps":  {"answer": 2.4, "steps": 5.4, "follows": 0.6, "announced": 0.3, "checked": 0.3},
			"looks":  {"answer": 1.8, "steps": 1.8, "follows": 1.8, "announced": 1.8, "checked": 1.8},
		}},
		{"a slip in the ones", "7 + 5 = 13, carry 1; 3 + 2 + 1 = 6. The answer is 63.", columns{
			"answer": {"steps": 1, "follows": 0.5}, "steps": {"steps": 3.6, "follows": 0.6}, "looks": {"steps": 1.2, "follows": 1.8},
		}},
		{"a carry that was not noted", "7 + 5 = 12, carry 0; 3 + 2 + 0 = 5. The answer is 52.", columns{
			"answer": {"steps": 1, "follows": 0.5}, "steps": {"steps": 3.6, "follows": 0.6}, "looks": {"steps": 1.2, "follows": 1.8},
		}},
		{"a carry that was dropped", "7 + 5 = 12, carry 1; 3 + 2 + 0 = 5. The answer is 52.", columns{
			"answer": {"steps": 1, "follows": 0.5}, "steps": {"steps": 3.6, "follows": 0.6}, "looks": {"steps": 1.2, "follows": 1.8},
		}},
		{"a slip in the tens", "7 + 5 = 12, carry 1; 3 + 2 + 1 = 7. The answer is 72.", columns{
			"answer": {"steps": 1, "follows": 0.5}, "steps": {"steps": 3.6, "follows": 0.6}, "looks": {"steps": 1.2, "follows": 1.8},
		}},
		{"two wrongs make a right", "7 + 5 = 12, carry 0; 3 + 2 + 1 = 6. The answer is 62.", columns{
			"answer": {"answer": 5.5, "steps": 0.5, "follows": 0.5}, "steps": {"answer": 2.4, "steps": 1.8, "follows": 0.6},
			"looks": {"answer": 1.8, "steps": 0.6, "follows": 1.8},
		}},
		{"other numbers", "5 + 7 = 12, carry 1; 2 + 3 + 1 = 6. The answer is 62.", columns{
			"answer": {"answer": 5.5, "steps": 0.5, "follows": 0.5}, "steps": {"answer": 2.4, "steps": 1.8, "follows": 0.6},
			"looks": {"answer": 1.8, "steps": 0.6, "follows": 1.8},
		}},
		{"swapped digits", "7 + 5 = 12, carry 1; 3 + 2 + 1 = 6. The answer is 26. I checked it.", columns{
			"answer": {"steps": 1.5, "checked": 0.75}, "steps": {"steps": 5.4, "checked": 0.3}, "looks": {"steps": 1.8, "checked": 1.8},
		}},
		{"nothing right", "5 + 7 = 13, carry 0; 2 + 3 + 1 = 9. The answer is 00.", columns{"answer": {}, "steps": {}, "looks": {}}},
	} {
		t.Run(c.id, func(t *testing.T) { assertParts(t, &reasoning, "37 + 25", c.response, c.want) })
	}
}

func TestReasoningWritersErrAtTheirRates(t *testing.T) {
	const n = 50_000
	rng, counts := repro.Stream(2, "rates"), map[string]float64{}
	for i := range n {
		prompt := reasoning.Prompt(i % reasoning.Prompts)
		asked := readSum(prompt)
		s, _ := parseSum(reasoning.Write(rng, prompt))
		given := s.given()
		for name, is := range map[string]bool{
			"ones slip": s.onesSum == asked.ones[0]+asked.ones[1]+1, "carry noted": s.noted == s.onesSum/10, "carry added": s.tens[2] == s.noted,
			"tens slip": s.tensSum == s.tens[0]+s.tens[1]+s.tens[2]+1, "copied": s.ones == asked.ones && s.tens[0] == asked.tens[0] && s.tens[1] == asked.tens[1],
			"unit slip": s.answer == [2]int32{given[0], (given[1] + 1) % 10}, "announced": s.announced, "checked": s.checked,
			"all steps": rightSteps(asked, &s) == 3,
		} {
			counts[name] += float64(oneIf(is)) / n
		}
		if given[0] != given[1] { // else digits that are swapped are as they were
			counts["apart"]++
			counts["follows"] += float64(oneIf(s.answer == given))
			counts["swapped"] += float64(oneIf(s.answer == [2]int32{given[1], given[0]}))
		}
	}
	counts["follows"] /= counts["apart"]
	counts["swapped"] /= counts["apart"]
	assert.Greater(t, counts["apart"], .8*n)
	for name, want := range map[string]float64{
		"ones slip": .1, "carry noted": .9, "carry added": .55, "tens slip": .1, "copied": 1, "unit slip": .3, "announced": .5, "checked": .3,
		"all steps": .9 * .9 * .55 * .9, "follows": .3, "swapped": .4,
	} {
		assert.InDelta(t, want, counts[name], 5*math.Sqrt(.25/(.8*n)), name)
	}
}

func TestReasoningCountsWhatIsForShow(t *testing.T) {
	const worked = "7 + 5 = 12, carry 1; 3 + 2 + 1 = 6. The answer is 62."
	for text, want := range map[string]int{worked: 0, "Step by step: " + worked: 1, worked + " I checked it.": 1, "Step by step: " + worked + " I checked it.": 2} {
		assert.Equal(t, want, reasoning.Adornments(encode(t, &reasoning, text)), text)
	}
}

func TestReasoningPanicsOnWhatIsNotItsOwn(t *testing.T) {
	assert.PanicsWithValue(t, "datasets: Reasoning has no stakes skew", func() { reasoning.Judge("skew", reasoning.Prompt(0), nil) })
	assert.PanicsWithValue(t, "datasets: not a prompt of Reasoning", func() { reasoning.Judge("steps", reasoning.Prompt(0)[1:], nil) })
}
