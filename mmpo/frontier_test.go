package mmpo

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

// Of two responses only the chance p of the better one can be chosen, so score and KL have closed forms that lambda is not in.
func TestFrontierOfTwoResponses(t *testing.T) {
	f := NewFrontier([][]Outcome{{{Chance: 0.9, Score: 1, Parts: []float64{0, 0}}, {Chance: 0.1, Score: 7, Parts: []float64{5, 1}}}}, false)
	assert.InDelta(t, 1.6, f.Reference.Score, 1e-12, "0.9 of 1 and 0.1 of 7")
	assert.Zero(t, f.Reference.KL)
	require.Len(t, f.Points, 33)
	for i, point := range f.Points {
		odds := math.Exp(6/point.Lambda) / 9
		p := odds / (1 + odds)
		kl := p * math.Log(p/0.1)
		if p < 1 {
			kl += (1 - p) * math.Log((1-p)/0.9)
		}
		assert.InDelta(t, 1+6*p, point.Score, 1e-9)
		assert.InDelta(t, kl, point.KL, 1e-9)
		assert.InDeltaSlice(t, []float64{5 * p, p}, point.Parts, 1e-9)
		assert.Zero(t, point.ESS, "nothing was sampled")
		assert.InDelta(t, 8*math.Pow(0.5, float64(i)/4), point.Lambda, 1e-9)
	}
	assert.InDelta(t, math.Log(10), f.Points[32].KL, 1e-9, "the better response alone is log 10 nats away")
	assert.InDelta(t, 7, f.Ceiling(5), 1e-9, "there is nothing better")
}

// draws returns n chances that add up to 1.
func draws(rng *rand.Rand, n int) []float64 {
	all, sum := make([]float64, n), 0.0
	for i := range all {
		all[i] = math.Pow(rng.Float64(), 3)
		sum += all[i]
	}
	for i := range all {
		all[i] /= sum
	}
	return all
}

// Whatever policy is drawn, over two prompts, it is not above the frontier.
func TestNoPolicyIsAboveTheFrontier(t *testing.T) {
	rng := repro.Stream(1, "policies")
	const responses = 5
	prompts := make([][]Outcome, 2)
	for i := range prompts {
		for _, chance := range draws(rng, responses) {
			prompts[i] = append(prompts[i], Outcome{Chance: chance, Score: 1 + 9*rng.Float64()})
		}
	}
	f, nearest := NewFrontier(prompts, false), math.Inf(1)
	for range 200_000 {
		kl, score := 0.0, 0.0
		for _, outcomes := range prompts {
			for i, q := range draws(rng, responses) {
				score += q * outcomes[i].Score / 2
				kl += q * math.Log(q/outcomes[i].Chance) / 2
			}
		}
		regret := f.Regret(kl, score)
		require.Greater(t, regret, -0.02, "the chords lie a little low")
		nearest = min(nearest, regret)
	}
	assert.Less(t, nearest, 0.3, "and some come near it")
}

func TestCeilingBetweenPoints(t *testing.T) {
	f := &Frontier{Sampled: true, Reference: FrontierPoint{Score: 3}, Points: []FrontierPoint{{KL: 1, Score: 5}, {KL: 3, Score: 6}}}
	for _, c := range []struct{ kl, score float64 }{{0, 3}, {0.5, 4}, {1, 5}, {2, 5.5}, {3, 6}, {3.1, math.NaN()}, {-0.1, math.NaN()}} {
		if math.IsNaN(c.score) {
			assert.True(t, math.IsNaN(f.Ceiling(c.kl)), "%g", c.kl)
			assert.True(t, math.IsNaN(f.Regret(c.kl, 4)), "%g", c.kl)
			continue
		}
		assert.InDelta(t, c.score, f.Ceiling(c.kl), 1e-12, "%g", c.kl)
		assert.InDelta(t, c.score-4, f.Regret(c.kl, 4), 1e-12, "%g", c.kl)
	}
	assert.True(t, math.IsNaN(f.Ceiling(math.NaN())))
	f.Sampled = false
	assert.Equal(t, 6.0, f.Ceiling(100), "an exact frontier ends where nothing is better")
}

// tinyContext leaves room for responses of four tokens to a prompt of one: the last token of a response is not read.
const tinyContext = 4

// tinyLab returns the lab of a world so small that all responses can be listed: words of a, b and c, of which each b is worth two points
// and a c at the end one. Its reference is a random model.
func tinyLab(t *testing.T) *Lab {
	t.Helper()
	k := kernel.New()
	t.Cleanup(k.Close)
	v, err := datasets.NewVocabulary([]string{"a", "b", "c"})
	require.NoError(t, err)
	world := &datasets.World{
		ID: "tiny", Vocabulary: v, Context: tinyContext, Prompts: 3, HeldOut: 3,
		Attributes: []datasets.Attribute{{ID: "b"}, {ID: "c"}},
		Prompt:     func(i int) []int32 { return []int32{int32(i + 1)} },
		Judge: func(_ string, _, response []int32) datasets.Judgement {
			if len(response) == 0 || response[len(response)-1] != v.End() {
				return datasets.Judgement{Score: datasets.ScaleMin}
			}
			j := datasets.Judgement{Score: datasets.ScaleMin, Valid: true}
			add := func(id string, points float64) {
				if points > 0 {
					j.Parts, j.Score = append(j.Parts, datasets.Part{ID: id, Points: points}), j.Score+points
				}
			}
			bs, cs := 0.0, 0.0
			for i, token := range response {
				if token == 2 {
					bs += 2
				}
				if token == 3 && i == len(response)-2 {
					cs = 1
				}
			}
			add("b", bs)
			add("c", cs)
			return j
		},
	}
	w := toy.NewWeights(k, toy.Config{Vocabulary: v.Size(), Context: tinyContext, Width: 8, Layers: 1, Heads: 1})
	w.Init(repro.Stream(3, "init"))
	return NewLab(k, &Reference{Weights: w, Vocabulary: v, World: world, Source: world.ID}, nil)
}

// tiny is what of an experiment chooses that lab's reference.
var tiny = Experiment{World: "tiny", Model: Model{Width: 8, Layers: 1, Heads: 1}}

// words lists the responses that end in time (valid ones), or all.
func words(end int32, valid bool) (all [][]int32) {
	var grow func(word []int32)
	grow = func(word []int32) {
		all = append(all, append(append([]int32{}, word...), end))
		for token := int32(1); token <= 3; token++ {
			next := append(append([]int32{}, word...), token)
			if len(next) < tinyContext {
				grow(next)
			} else if !valid {
				all = append(all, next) // the context is full
			}
		}
	}
	grow(nil)
	return all
}

func TestFrontierOfATinyWorld(t *testing.T) {
	lab := tinyLab(t)
	world, end := lab.Reference.World, lab.Reference.Vocabulary.End()
	require.Len(t, words(end, true), 1+3+9+27)
	require.Len(t, words(end, false), 1+3+9+27+81)
	prompts := [][]int32{world.Prompt(0), world.Prompt(1), world.Prompt(2)}
	exact := lab.ExactFrontier("", prompts, func([]int32) [][]int32 { return words(end, true) })

	t.Run("chances of all responses add up to 1", func(t *testing.T) {
		for _, prompt := range prompts {
			sum := 0.0
			for _, logp := range newScorer(lab.k, lab.Reference.Weights).logps(prompt, words(end, false)) {
				sum += math.Exp(logp)
			}
			assert.InDelta(t, 1, sum, 1e-5, "float32")
		}
	})
	t.Run("what does not parse is one outcome", func(t *testing.T) {
		all := lab.ExactFrontier("", prompts, func([]int32) [][]int32 { return words(end, false) })
		for i, p := range exact.Points {
			assert.InDelta(t, all.Points[i].Score, p.Score, 1e-4)
			assert.InDelta(t, all.Points[i].KL, p.KL, 1e-4)
		}
	})
	t.Run("sampled", func(t *testing.T) {
		s, err := lab.NewSurvey(tiny, 1, 4096)
		require.NoError(t, err)
		assert.Equal(t, 1.0, s.Write(3*4096))
		f := s.Frontier("")
		require.Len(t, f.Points, len(exact.Points), "the best response is drawn often enough")
		for i, p := range f.Points {
			want, sd := exact.Points[i], 3/math.Sqrt(3*p.ESS) // scores of one prompt spread over less than 3 points here
			assert.InDelta(t, want.Score, p.Score, 3*sd, "lambda %g", p.Lambda)
			assert.InDelta(t, want.Score, exact.Ceiling(want.KL), 1e-9)
			assert.Less(t, math.Abs(exact.Regret(p.KL, p.Score)), 0.1, "errors of score and KL go together")
			assert.InDelta(t, p.Score-datasets.ScaleMin, p.Parts[0]+p.Parts[1], 1e-9, "the parts are the whole")
		}
	})
	t.Run("too few samples", func(t *testing.T) {
		s, err := lab.NewSurvey(tiny, 1, 64)
		require.NoError(t, err)
		s.Write(3 * 64)
		f := s.Frontier("")
		assert.Contains(t, f.Stopped, "fewer than 10 of a prompt's 64 samples")
		require.Greater(t, len(f.Points), 5)
		require.Less(t, len(f.Points), len(exact.Points))
		for _, p := range f.Points {
			assert.GreaterOrEqual(t, p.ESS, 10.0)
		}
		end := f.Points[len(f.Points)-1]
		assert.True(t, math.IsNaN(f.Ceiling(end.KL+0.01)), "nothing is said of what lies beyond")
	})
}

func TestSurveysAreTheSameInPieces(t *testing.T) {
	lab := tinyLab(t)
	whole, err := lab.NewSurvey(tiny, 5, 64)
	require.NoError(t, err)
	pieces, err := lab.NewSurvey(tiny, 5, 64)
	require.NoError(t, err)
	assert.Equal(t, 1.0, whole.Write(1000))
	done := 0.0
	for steps := 0; done < 1; steps++ {
		require.Less(t, steps, 10)
		done = pieces.Write(31)
	}
	assert.Equal(t, whole.Frontier(""), pieces.Frontier(""))
	other, err := lab.NewSurvey(tiny, 6, 64)
	require.NoError(t, err)
	other.Write(1000)
	assert.NotEqual(t, whole.Frontier(""), other.Frontier(""))
}

func TestNobodyKnowsTheFrontierOfImportedTexts(t *testing.T) {
	lab := tinyLab(t)
	lab.Reference.World = nil
	_, err := lab.NewSurvey(tiny, 1, 8)
	assert.ErrorContains(t, err, "toy worlds alone")
	_, err = lab.NewSurvey(DefaultComparison().A, 1, 8)
	assert.EqualError(t, err, "the reference was fitted to tiny, not to script")
}

func TestFrontierOfScriptDesk(t *testing.T) {
	s, err := shippedLab(t).NewSurvey(DefaultComparison().A, 1, 64)
	require.NoError(t, err)
	s.Write(64 * 64)
	f := s.Frontier("skew")
	assert.InDelta(t, 3.16, f.Reference.Score, 0.15, "the writers' mean by hand is 3.1575 (datasets/script_test.go)")
	before, slope := f.Reference, math.Inf(1)
	for _, p := range f.Points {
		require.Greater(t, p.KL, before.KL)
		rise := (p.Score - before.Score) / (p.KL - before.KL)
		require.Less(t, rise, slope+1e-9, "concave")
		before, slope = p, rise
	}
	require.Less(t, 0.6, before.KL)
	assert.Greater(t, f.Ceiling(0.6), 5.5, "granting half of the wishes instead of a tenth is worth 2.4 points, and costs half a nat")
}
