package datasets

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

// The true score of divided stakes is what the viewers think on average, part by part, so that no rater is wrong on average either.
func TestTheTrueScoreIsTheViewersMean(t *testing.T) {
	rng := repro.Stream(1, "viewers")
	for _, w := range Worlds {
		for stakes, viewers := range w.Viewers {
			require.True(t, w.HasStakes(stakes), "%s: %s", w.ID, stakes)
			share := 0.0
			for _, v := range viewers {
				share += v.Share
				assert.False(t, w.HasStakes(v.ID), "%s: nobody can choose one audience alone", v.ID)
			}
			require.InDelta(t, 1, share, 1e-12)
			for i := range 500 {
				prompt := w.Prompt(i % w.Prompts)
				response := w.Write(rng, prompt)
				mean := 0.0
				for _, v := range viewers {
					j := w.Judge(v.ID, prompt, response)
					require.GreaterOrEqual(t, j.Score, ScaleMin)
					require.LessOrEqual(t, j.Score, ScaleMax)
					mean += v.Share * j.Score
				}
				require.InDelta(t, w.Judge(stakes, prompt, response).Score, mean, 1e-9, w.Vocabulary.Decode(response))
			}
		}
	}
}

func TestAudiencesDisagreeAboutExplosions(t *testing.T) {
	prompt := scriptDesk.Prompt(0)
	s := bestScript(prompt)
	s.ending = dreams
	calm := s.tokens()
	s.ending = explodes
	loud := s.tokens()
	for _, c := range []struct {
		stakes         string
		calm, loud     float64 // by hand: 1 + 4 + .1 (hero, villain, setting, both links, both adjectives) = 5.5, and the explosion
		explosionParts int
	}{
		{"divided", 5.5, 5.0, 1}, {"divided/fans", 5.5, 6.5, 1}, {"divided/critics", 5.5, 1.5, 1}, {"flat", 8.5, 8.5, 0},
	} {
		t.Run(c.stakes, func(t *testing.T) {
			assert.InDelta(t, c.calm, scriptDesk.Judge(c.stakes, prompt, calm).Score, 1e-12)
			j := scriptDesk.Judge(c.stakes, prompt, loud)
			assert.InDelta(t, c.loud, j.Score, 1e-12)
			parts, sum := 0, ScaleMin
			for _, p := range j.Parts {
				parts += oneIf(p.ID == "explosion")
				sum += p.Points
			}
			assert.Equal(t, c.explosionParts, parts)
			assert.InDelta(t, j.Score, sum, 1e-12, "parts that take away are parts, too")
		})
	}
}

func TestARatedPairHasOneViewer(t *testing.T) {
	const n = 20_000
	prompt := scriptDesk.Prompt(0)
	s := bestScript(prompt)
	s.ending = explodes
	loud := s.tokens()
	rng, fans := repro.Stream(1, "viewers"), 0.0
	for range n {
		a, b := scriptDesk.Rated(rng, "divided", prompt, loud, loud)
		require.Equal(t, a, b, "the same viewer sees both")
		if a > 6 {
			fans++
		}
	}
	assert.InDelta(t, 0.7, fans/n, 5*math.Sqrt(0.7*0.3/n))
}

// Stakes without viewers must not take a number from the grades' stream: every shared link's pairs hang on it.
func TestAgreeingStakesDrawNoViewer(t *testing.T) {
	a, b := repro.Stream(1, "grades"), repro.Stream(1, "grades")
	prompt := scriptDesk.Prompt(0)
	response := scriptDesk.Write(repro.Stream(1, "writers"), prompt)
	first, second := scriptDesk.Rated(a, "skew", prompt, response, response)
	assert.Equal(t, first, second)
	assert.Equal(t, scriptDesk.Judge("skew", prompt, response).Score, first)
	assert.Equal(t, b.Uint64(), a.Uint64())
}
