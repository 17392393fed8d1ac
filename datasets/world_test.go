package datasets

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

// What holds of every world; what is special to one is in its own test.
func TestWorlds(t *testing.T) {
	for _, w := range Worlds {
		t.Run(w.ID, func(t *testing.T) {
			found, ok := FindWorld(w.ID)
			require.True(t, ok)
			assert.Same(t, w, found)
			for _, sentence := range []string{w.Help, w.About} {
				assert.Regexp(t, `^[A-Z].*\.$`, sentence)
			}
			assert.Regexp(t, `^[a-z].*s$`, w.Texts, "a plural")
			assert.GreaterOrEqual(t, w.Prompts, 256)
			assert.Equal(t, 64, w.HeldOut)
			prompts := map[string]bool{}
			for i := range w.Prompts {
				prompts[w.Vocabulary.Decode(w.Prompt(i))] = true
			}
			assert.Len(t, prompts, w.Prompts, "each prompt once")
			require.NotEmpty(t, w.Stakes)
			for _, s := range w.Stakes {
				assert.True(t, w.HasStakes(s.ID))
				assert.Regexp(t, `^[A-Z].*\.$`, s.Help)
			}
			assert.False(t, w.HasStakes(""))
		})
	}
}

// What the writers write is in the grammar, fits the context, reads back as it was, and its parts are its score.
func TestWritersAreJudged(t *testing.T) {
	for _, w := range Worlds {
		t.Run(w.ID, func(t *testing.T) {
			order := map[string]int{}
			for i, a := range w.Attributes {
				order[a.ID] = i
			}
			require.Len(t, order, len(w.Attributes), "no id stands twice")
			for stakes, key := range w.Keys {
				assert.True(t, w.HasStakes(stakes), stakes)
				assert.Contains(t, order, key)
			}
			rng, earned := repro.Stream(1, "writers"), map[string]bool{}
			for i := range 5_000 {
				prompt := w.Prompt(i % w.Prompts)
				response := w.Write(rng, prompt)
				text := w.Vocabulary.Decode(response)
				require.LessOrEqual(t, len(prompt)+len(response), w.Context, text)
				back, err := w.Vocabulary.Encode(text)
				require.NoError(t, err)
				require.Equal(t, response, append(back, w.Vocabulary.End()), text)
				for _, s := range w.Stakes {
					j := w.Judge(s.ID, prompt, response)
					require.True(t, j.Valid, text)
					require.LessOrEqual(t, j.Score, ScaleMax, text)
					sum, last := ScaleMin, -1
					for _, p := range j.Parts {
						at, known := order[p.ID]
						require.True(t, known, p.ID)
						require.Greater(t, at, last, "parts are in the order of the attributes")
						require.NotZero(t, p.Points)
						sum, last, earned[p.ID] = sum+p.Points, at, true
					}
					require.InDelta(t, sum, j.Score, 1e-9, "the parts are the whole")
				}
			}
			assert.Len(t, earned, len(order), "the writers earn each attribute now and then")
		})
	}
}
