package mmpo

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/toy/kernel"
)

// shippedLab returns a lab of Script Desk's shipped reference.
func shippedLab(t *testing.T) *Lab {
	t.Helper()
	k := kernel.New()
	t.Cleanup(k.Close)
	r, err := LoadShipped(k, DefaultComparison().A)
	require.NoError(t, err)
	return NewLab(k, r, nil)
}

// experiment returns the default experiment of an objective, changed.
func experiment(t *testing.T, objective string, change func(*Experiment)) Experiment {
	t.Helper()
	e, err := DefaultExperiment(objective)
	require.NoError(t, err)
	if change != nil {
		change(&e)
	}
	require.NoError(t, e.Validate())
	return e
}

func TestShippedReferenceLearntTheWriters(t *testing.T) {
	lab := shippedLab(t)
	world := lab.Reference.World
	p, err := lab.Pairs(experiment(t, "dpo", func(e *Experiment) { e.Pairs = 2048 }))
	require.NoError(t, err)
	counts, n := map[string]float64{}, 0.0
	for _, pair := range p.Train {
		for _, response := range [][]int32{pair.Chosen, pair.Rejected} {
			j := world.Judge("skew", pair.Prompt, response)
			n++
			if j.Valid {
				counts["valid"]++
			}
			for _, part := range j.Parts {
				if part.Points > 0 {
					counts[part.ID]++
				}
			}
		}
	}
	// The writers' own shares (datasets/script.go); three times the standard error of 4,096 responses, and 0.02 for what the model misses.
	for id, share := range map[string]float64{"wish": 0.10, "explosion": 0.35, "hero": 0.55, "villain": 0.60, "setting": 0.50, "adjectives": 0.50} {
		assert.InDelta(t, share, counts[id]/n, 3*math.Sqrt(share*(1-share)/n)+0.02, id)
	}
	assert.Greater(t, counts["valid"]/n, 0.97)
}

func TestPairsDependOnNamedStreams(t *testing.T) {
	lab := shippedLab(t)
	pairs := func(change func(*Experiment)) *Pairs {
		p, err := lab.Pairs(experiment(t, "mmpo", func(e *Experiment) {
			e.Pairs = 64
			change(e)
		}))
		require.NoError(t, err)
		p.again = nil // functions do not compare
		return p
	}
	responses := func(p *Pairs) map[string]bool {
		all := map[string]bool{}
		for _, pair := range p.Train {
			all[fmt.Sprint(pair.Prompt, pair.Chosen)], all[fmt.Sprint(pair.Prompt, pair.Rejected)] = true, true
		}
		return all
	}
	base := pairs(func(*Experiment) {})
	assert.Equal(t, base, pairs(func(*Experiment) {}), "the same experiment gives the same pairs")
	assert.Equal(t, base, pairs(func(e *Experiment) { e.Train.LR = 0.01 }), "training has no say")
	assert.Equal(t, responses(base), responses(pairs(func(e *Experiment) { e.Grader.Levels = 2 })), "coarser grades are of the same responses")
	assert.Equal(t, responses(base), responses(pairs(func(e *Experiment) { e.Stakes = "flat" })), "and so are other stakes")
	assert.Equal(t, base.HeldOut, pairs(func(e *Experiment) { e.Pairs = 128 }).HeldOut, "more training pairs leave the held-out ones alone")
	more := pairs(func(e *Experiment) { e.Pairs = 128 })
	assert.Equal(t, base.Train, more.Train[:64], "more pairs begin with the same ones")
	assert.NotEqual(t, base.Train, pairs(func(e *Experiment) { e.Seed = 2 }).Train)

	fresh := shippedLab(t)
	p, err := fresh.Pairs(experiment(t, "mmpo", func(e *Experiment) { e.Pairs = 128 }))
	require.NoError(t, err)
	assert.Equal(t, more.Train, p.Train, "what a lab wrote before has no say")
}

func TestHeldOutPromptsAreNeverTrainedOn(t *testing.T) {
	lab := shippedLab(t)
	p, err := lab.Pairs(experiment(t, "mmpo", nil))
	require.NoError(t, err)
	heldOut := map[string]int{}
	for _, pair := range p.HeldOut {
		heldOut[fmt.Sprint(pair.Prompt)]++
	}
	for _, prompt := range p.Prompts {
		assert.Contains(t, heldOut, fmt.Sprint(prompt))
	}
	assert.Len(t, heldOut, 64)
	for _, pair := range p.Train {
		require.NotContains(t, heldOut, fmt.Sprint(pair.Prompt))
	}
	for prompt, n := range heldOut {
		assert.Equal(t, heldOutPairs/64, n, prompt)
	}
}

func TestTiesAreKeptOrDropped(t *testing.T) {
	lab := shippedLab(t)
	summary := func(ties string) (PairSummary, []datasets.Pair) {
		p, err := lab.Pairs(experiment(t, "mmpo", func(e *Experiment) {
			e.Grader.Levels, e.Grader.Noise, e.Grader.Ties = 2, 0, ties
		}))
		require.NoError(t, err)
		return p.Summary, p.Train
	}
	kept, _ := summary(datasets.TiesKeep)
	dropped, train := summary(datasets.TiesDrop)
	assert.Greater(t, kept.Ties, kept.Train/4, "thumbs leave many ties")
	assert.Equal(t, kept.Train, dropped.Train+dropped.Dropped)
	assert.Equal(t, kept.Ties, dropped.Dropped)
	assert.Zero(t, dropped.Ties)
	for _, p := range train {
		require.Positive(t, p.Margin())
	}
	total := 0
	for _, n := range kept.Histogram {
		total += n
	}
	assert.Equal(t, kept.Train, total)
	assert.Equal(t, kept.Ties, kept.Histogram[0], "two levels have the margins 0 and 4.5")
	assert.Equal(t, kept.Train-kept.Ties, kept.Histogram[9])
}

func TestPairsNeedTheirReference(t *testing.T) {
	lab := shippedLab(t)
	_, err := lab.Pairs(experiment(t, "mmpo", func(e *Experiment) { e.Model.Width = 64 }))
	assert.EqualError(t, err, "the reference is 48 wide with 2 layers of 4 heads, not 64, 2 and 4")
	_, err = lab.Pairs(experiment(t, "mmpo", func(e *Experiment) { e.World = "data:0123456789abcdef" }))
	assert.EqualError(t, err, "the reference was fitted to script, not to data:0123456789abcdef")
	_, err = lab.Pairs(experiment(t, "mmpo", func(e *Experiment) {
		e.Pairs, e.Grader.Levels, e.Grader.Noise, e.Grader.Ties = 8, 2, 0, datasets.TiesDrop
		e.Stakes = "flat"
		e.Seed = 0
	}))
	if err != nil {
		assert.EqualError(t, err, "no pair is left to learn from or to measure on: keep the ties, or give the rater more levels")
	}
}

// records returns imported records whose better response ends well, over n prompts.
func records(n int) []datasets.Record {
	places := []string{"harbor", "museum", "bakery", "station", "garden", "library", "market", "theater"}
	var all []datasets.Record
	for i := range n {
		place := places[i%len(places)]
		all = append(all, datasets.Record{
			Prompt:        fmt.Sprintf("Tell me about the %s, please (%d).", place, i),
			Chosen:        fmt.Sprintf("The %s is open today and everyone is welcome.", place),
			Rejected:      fmt.Sprintf("I do not know the %s, go away.", place),
			ScoreChosen:   float64(6 + i%4),
			ScoreRejected: float64(1 + i%3),
		})
	}
	return all
}

func TestSplitIsByPrompt(t *testing.T) {
	all := append(records(400), records(400)...)
	train, heldOut := split(all)
	assert.Len(t, all, len(train)+len(heldOut))
	assert.InDelta(t, 800/heldOutShare, len(heldOut), 40)
	side := map[string]bool{}
	for _, r := range heldOut {
		side[r.Prompt] = true
	}
	for _, r := range train {
		require.False(t, side[r.Prompt])
	}
}

func TestEncoderCutsWhatDoesNotFit(t *testing.T) {
	v, err := datasets.NewByteVocabulary(nil)
	require.NoError(t, err)
	e := encoder{vocabulary: v}
	prompt := e.prompt("0123456789" + longText(200) + "the end")
	assert.Len(t, prompt, importPrompt)
	assert.Equal(t, v.End(), prompt[importPrompt-1])
	assert.Equal(t, "xx the end"[3:], v.Decode(prompt)[importPrompt-1-7:], "of a prompt the end is kept")
	response := e.response("the beginning" + longText(200))
	assert.Len(t, response, importContext-importPrompt)
	assert.Equal(t, "the beginning", v.Decode(response)[:13], "of a response the beginning is kept")
	assert.NotEqual(t, v.End(), response[len(response)-1], "and it does not end")
	assert.Equal(t, 2, e.cut)
	short := e.response("short")
	assert.Equal(t, v.End(), short[len(short)-1])
	assert.Equal(t, 2, e.cut)
}
