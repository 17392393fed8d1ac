package mmpo

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

// watched is a Source that notes what is read of it, and may fail.
type watched struct {
	Memory
	read    map[int]bool
	largest int // sample
	fail    error
}

func (w *watched) Sample(numbers []int) ([]datasets.Record, error) {
	for _, n := range numbers {
		w.read[n] = true
	}
	w.largest = max(w.largest, len(numbers))
	sample, _ := w.Memory.Sample(numbers)
	return sample, w.fail
}

// TestDrawIsThatOfTheWholeSet compares the pairs of what was drawn by prompts alone with those of the whole set in memory.
func TestDrawIsThatOfTheWholeSet(t *testing.T) {
	k := kernel.New()
	t.Cleanup(k.Close)
	all := Memory(append(records(300), records(100)...)) // some prompts occur twice
	prompts, err := all.Prompts()
	require.NoError(t, err)
	v, err := datasets.NewByteVocabulary(nil)
	require.NoError(t, err)
	e := experiment(t, "mmpo", func(e *Experiment) {
		e.World, e.Model = "data:0123456789abcdef", Model{Width: 16, Layers: 1, Heads: 2}
	})
	reference := tinyReference(k, e, v)
	for _, change := range []func(*Experiment){
		func(*Experiment) {},
		func(e *Experiment) { e.Pairs = 64 },
		func(e *Experiment) { e.Pairs, e.Seed = 64, 7 },
		func(e *Experiment) { e.Pairs = 4096 },
		func(e *Experiment) { e.Pairs, e.Grader.Levels, e.Grader.Cuts = 128, 3, datasets.CutsQuantiles },
	} {
		e := e
		change(&e)
		numbers := Draw(e, prompts)
		distinct := slices.Compact(slices.Sorted(slices.Values(numbers)))
		assert.Len(t, distinct, len(numbers), "none is drawn twice")
		sample, err := all.Sample(numbers)
		require.NoError(t, err)
		whole, err := NewLab(k, reference, all).Pairs(e)
		require.NoError(t, err)
		drawn, err := NewDrawnLab(k, reference, sample).Pairs(e)
		require.NoError(t, err)
		whole.again, drawn.again = nil, nil // functions do not compare
		require.Equal(t, len(whole.Train), len(drawn.Train))
		assert.True(t, assert.ObjectsAreEqual(equate(whole), equate(drawn)), "%d pairs of seed %d", e.Pairs, e.Seed)
	}
}

// tinyReference returns a reference with weights as they begin.
func tinyReference(k *kernel.Kernel, e Experiment, v *datasets.Vocabulary) *Reference {
	w := toy.NewWeights(k, toy.Config{Vocabulary: v.Size(), Context: importContext, Width: e.Model.Width, Layers: e.Model.Layers, Heads: e.Model.Heads})
	w.Init(repro.Stream(1, "init"))
	return &Reference{Weights: w, Vocabulary: v, Source: e.World}
}

// equate returns what of pairs decides a run; true scores are NaN, which equals nothing.
func equate(p *Pairs) *Pairs {
	q := *p
	for _, pairs := range []*[]datasets.Pair{&q.Train, &q.HeldOut} {
		*pairs = slices.Clone(*pairs)
		for i := range *pairs {
			(*pairs)[i].TrueChosen, (*pairs)[i].TrueRejected = 0, 0
		}
	}
	return &q
}

// TestDrawIsASplitInARandomOrder holds the draw to what it is when the records themselves are split and shuffled.
func TestDrawIsASplitInARandomOrder(t *testing.T) {
	all := records(500)
	prompts, err := Memory(all).Prompts()
	require.NoError(t, err)
	e := Experiment{Pairs: 100, Seed: 3}
	train, heldOut := split(all)
	var want []datasets.Record
	for _, i := range repro.Stream(3, "data").Perm(len(train))[:100] {
		want = append(want, train[i])
	}
	for _, i := range repro.Stream(3, "heldout").Perm(len(heldOut)) {
		want = append(want, heldOut[i])
	}
	sample, err := Memory(all).Sample(Draw(e, prompts))
	require.NoError(t, err)
	assert.Equal(t, want, sample)
}

func TestFitReadsInParts(t *testing.T) {
	k := kernel.New()
	t.Cleanup(k.Close)
	all := records(5000)
	e := experiment(t, "dpo", func(e *Experiment) {
		e.World, e.Model = "data:0123456789abcdef", Model{Width: 16, Layers: 1, Heads: 1}
	})
	stop := func(step, _ int, _ float64) bool { return step < 3 }
	source := &watched{Memory: all, read: map[int]bool{}}
	_, _, err := FitFrom(k, e, source, stop)
	require.ErrorIs(t, err, ErrCanceled)
	assert.Less(t, source.largest, len(all), "never all at once")

	canceled := &watched{Memory: all, read: map[int]bool{}}
	_, _, err = FitFrom(k, e, canceled, func(int, int, float64) bool { return false })
	require.ErrorIs(t, err, ErrCanceled)
	assert.Empty(t, canceled.read, "whoever cancels before the first word need not wait for the last")

	broken := errors.New("the disk is gone")
	_, _, err = FitFrom(k, e, &watched{Memory: all, read: map[int]bool{}, fail: broken}, nil)
	require.ErrorIs(t, err, broken)
}

// TestFitTextsAreThoseOfOneOrder holds the texts of the steps to what dealing them from records in memory gives.
func TestFitTextsAreThoseOfOneOrder(t *testing.T) {
	all := records(40) // few enough for several rounds
	texts, vocabulary, err := importedTexts("data:0123456789abcdef", Memory(all), func() bool { return false })
	require.NoError(t, err)
	train, heldOut := split(all)
	encoder := encoder{vocabulary: vocabulary}
	order, rng := []int(nil), repro.Stream(referenceSeed, "order")
	for range importFitSteps * importFitBatch {
		if len(order) == 0 {
			order = rng.Perm(2 * len(train))
		}
		require.Equal(t, encoder.text(&train[order[0]/2], order[0]%2 == 1), texts.next())
		order = order[1:]
	}
	require.Len(t, texts.check, 2*len(heldOut))
	for i, check := range texts.check {
		assert.Equal(t, encoder.text(&heldOut[i/2], i%2 == 1), check)
	}
}
