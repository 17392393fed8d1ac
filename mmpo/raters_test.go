package mmpo

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/repro"
)

func TestRatersPartsReachThePairs(t *testing.T) {
	lab := shippedLab(t)
	pairs := func(change func(*datasets.Grader)) *Pairs {
		p, err := lab.Pairs(experiment(t, "mmpo", func(e *Experiment) {
			e.Pairs = 128
			change(&e.Grader)
		}))
		require.NoError(t, err)
		return p
	}
	base := pairs(func(*datasets.Grader) {})
	for name, change := range map[string]func(*datasets.Grader){
		"one rater":                   func(g *datasets.Grader) { g.Combine, g.Habits = datasets.CombineMajority, datasets.HabitsFirst },
		"thumbs' cut of exact grades": func(g *datasets.Grader) { g.Cut = 8 },
		"a longer time":               func(g *datasets.Grader) { g.Seconds = 60 },
	} {
		assert.Equal(t, base.Train, pairs(change).Train, name)
	}
	for name, change := range map[string]func(*datasets.Grader){
		"bias": func(g *datasets.Grader) { g.Bias = 3 }, "scale use": func(g *datasets.Grader) { g.Low, g.High = 7, 9 },
		"lazy": func(g *datasets.Grader) { g.Lazy = 0.5 }, "length": func(g *datasets.Grader) { g.Longer = 0.5 },
		"polish": func(g *datasets.Grader) { g.Polish = 2 }, "three raters": func(g *datasets.Grader) { g.Raters = 3 },
	} {
		changed := pairs(change)
		assert.NotEqual(t, base.Train, changed.Train, name)
		assert.Len(t, changed.Train, 128, name)
		assert.Equal(t, base.Summary.MeanTrue, changed.Summary.MeanTrue, "%s leaves true scores alone", name)
	}

	kept := pairs(func(g *datasets.Grader) { g.Raters, g.Combine = 3, datasets.CombineKeep })
	assert.Len(t, kept.Train, 3*128)
	assert.Len(t, kept.HeldOut, heldOutPairs)
	mean := pairs(func(g *datasets.Grader) { g.Raters = 3 })
	assert.Equal(t, mean.HeldOut, kept.HeldOut, "what is measured is the same")
	assert.Equal(t, 2*3*128, kept.Summary.Effort.Judgements)

	compared := pairs(func(g *datasets.Grader) { g.Asks, g.Levels = datasets.AskComparison, 8 })
	assert.Zero(t, compared.Summary.Ties, "eight steps have no tie")
	assert.Equal(t, datasets.Grader{Asks: datasets.AskComparison, Levels: 8}.Effort(128).Minutes, compared.Summary.Effort.Minutes)
	assert.LessOrEqual(t, compared.Summary.Effort.Entropy, compared.Summary.Effort.Bits)
	assert.Positive(t, compared.Summary.Effort.Entropy)
}

func TestQuantilesPartThePool(t *testing.T) {
	p, err := shippedLab(t).Pairs(experiment(t, "mmpo", func(e *Experiment) {
		e.Grader.Levels, e.Grader.Cuts, e.Grader.Noise = 2, datasets.CutsQuantiles, 0
	}))
	require.NoError(t, err)
	up, grades := 0, []float64(nil)
	for _, pair := range p.Train {
		grades = append(grades, pair.ScoreChosen, pair.ScoreRejected)
	}
	for _, g := range grades {
		if g == slices.Max(grades) {
			up++
		}
	}
	assert.InDelta(t, 0.5, float64(up)/float64(len(grades)), 0.03, "half of the thumbs are up, but for scores that are equal")
}

// A judge in place of the true score decides the grades and nothing else.
func TestLabHasAJudgeOfItsOwn(t *testing.T) {
	lab := shippedLab(t)
	lab.Judge = func(_, response []int32) float64 { return float64(len(response)) / 2 }
	p, err := lab.Pairs(experiment(t, "mmpo", func(e *Experiment) { e.Grader.Noise = 0 }))
	require.NoError(t, err)
	for _, pair := range p.Train {
		require.Equal(t, float64(len(pair.Chosen))/2, pair.ScoreChosen)
		require.Equal(t, lab.Reference.World.Judge("skew", pair.Prompt, pair.Chosen).Score, pair.TrueChosen)
	}
}

func TestPreferencesAreOfTheSameRaters(t *testing.T) {
	lab := shippedLab(t)
	p, err := lab.Pairs(experiment(t, "mmpo", func(e *Experiment) { e.Grader.Noise, e.Grader.Polish, e.Grader.Ties = 0, 3, datasets.TiesDrop }))
	require.NoError(t, err)
	require.Len(t, p.again, len(p.HeldOut))
	for i, pair := range p.HeldOut {
		chosen, rejected := p.again[i](repro.Stream(1, "again"))
		require.Equal(t, []float64{pair.ScoreChosen, pair.ScoreRejected}, []float64{chosen, rejected}, "without noise they say the same again")
	}
}
