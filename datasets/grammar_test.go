package datasets

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

// grammars says a second time, by regular expressions, which responses parse: each kind of token is a letter, $ is the end token.
var grammars = map[string]struct {
	pattern string
	kinds   map[byte]span
}{
	"reasoning": {`^A?D\+=c;D\+\+=TDU\.C?\$$`, map[byte]span{
		'A': sumWords.announce, 'D': sumWords.digit, 'U': sumWords.unit, '+': sumWords.plus, '=': sumWords.equals, 'c': sumWords.carry,
		';': sumWords.next, 'T': sumWords.answer, '.': sumWords.period, 'C': sumWords.checked,
	}},
	"safety": {`^T?IGWHNA?\$$`, map[byte]span{
		'T': safetyWords.thanks, 'I': safetyWords.that, 'G': safetyWords.grade, 'W': safetyWords.will, 'H': safetyWords.help,
		'N': safetyWords.it, 'A': safetyWords.ask,
	}},
}

// TestExactlyTheGrammarIsValid changes, takes away and adds every token at every place of written responses.
func TestExactlyTheGrammarIsValid(t *testing.T) {
	for id, g := range grammars {
		t.Run(id, func(t *testing.T) {
			w, ok := FindWorld(id)
			require.True(t, ok)
			pattern := regexp.MustCompile(g.pattern)
			letters := func(tokens []int32) string {
				out := make([]byte, len(tokens))
				for i, token := range tokens {
					out[i] = '?'
					for letter, kind := range g.kinds {
						if token >= kind.first && token < kind.first+kind.count {
							out[i] = letter
						}
					}
					if token == endToken {
						out[i] = '$'
					}
				}
				return string(out)
			}
			counts := map[bool]int{}
			check := func(prompt, response []int32) {
				want := pattern.MatchString(letters(response))
				j := w.Judge(w.Stakes[0].ID, prompt, response)
				require.Equal(t, want, j.Valid, "%q", w.Vocabulary.Decode(response))
				if !j.Valid {
					require.Equal(t, Judgement{Score: ScaleMin}, j)
				}
				counts[want]++
			}
			rng := repro.Stream(1, "mutants")
			for i := range 40 {
				prompt := w.Prompt(i)
				response := w.Write(rng, prompt)
				check(prompt, response)
				for at := range len(response) + 1 {
					check(prompt, response[:at])
					if at < len(response) {
						check(prompt, slices.Delete(slices.Clone(response), at, at+1))
					}
					for token := range int32(w.Vocabulary.Size()) {
						check(prompt, slices.Insert(slices.Clone(response), at, token))
						if at < len(response) {
							mutant := slices.Clone(response)
							mutant[at] = token
							check(prompt, mutant)
						}
					}
				}
			}
			assert.Greater(t, counts[true], 500)
			assert.Greater(t, counts[false], 5_000)
			check(w.Prompt(0), nil)
		})
	}
}
