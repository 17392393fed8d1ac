package mmpo

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"margins/datasets"
	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

// Reference is the frozen model that policies start from and are held to, with the vocabulary that it reads.
type Reference struct {
	Weights    *toy.Weights
	Vocabulary *datasets.Vocabulary
	World      *datasets.World // nil for an imported data set
	Source     string          // the world's or data set's id
}

// referenceMetadata is what a reference's checkpoint says beside the weights.
type referenceMetadata struct {
	Source string   `json:"source"`
	Pieces []string `json:"pieces,omitempty"` // of an imported data set's vocabulary
}

// Encode returns the reference as a checkpoint.
func (r *Reference) Encode() []byte {
	meta := referenceMetadata{Source: r.Source}
	if r.World == nil {
		meta.Pieces = r.Vocabulary.Pieces()
	}
	b, err := json.Marshal(meta)
	if err != nil {
		panic("mmpo: " + err.Error()) // strings always marshal
	}
	return toy.EncodeCheckpoint(b, r.Weights)
}

// DecodeReference reads a checkpoint that Encode wrote.
func DecodeReference(k *kernel.Kernel, b []byte) (*Reference, error) {
	b, sets, err := toy.DecodeCheckpoint(k, b)
	if err != nil {
		return nil, err
	}
	w := sets[0]
	var meta referenceMetadata
	if err := json.Unmarshal(b, &meta); err != nil {
		return nil, fmt.Errorf("the checkpoint does not say what it was fitted to: %w", err)
	}
	r := &Reference{Weights: w, Source: meta.Source}
	if world, ok := datasets.FindWorld(meta.Source); ok {
		r.World, r.Vocabulary = world, world.Vocabulary
	} else if r.Vocabulary, err = datasets.NewByteVocabulary(meta.Pieces); err != nil {
		return nil, fmt.Errorf("the checkpoint's vocabulary is damaged: %w", err)
	}
	if size := r.Vocabulary.Size(); size != w.Config.Vocabulary {
		return nil, fmt.Errorf("the checkpoint has %d tokens, its vocabulary %d", w.Config.Vocabulary, size)
	}
	return r, nil
}

// fits returns an error if r is not the reference that e needs.
func (r *Reference) fits(e Experiment) error {
	c := r.Weights.Config
	switch {
	case r.Source != e.World:
		return fmt.Errorf("the reference was fitted to %s, not to %s", r.Source, e.World)
	case c.Width != e.Model.Width || c.Layers != e.Model.Layers || c.Heads != e.Model.Heads:
		return fmt.Errorf("the reference is %d wide with %d layers of %d heads, not %d, %d and %d", c.Width, c.Layers, c.Heads,
			e.Model.Width, e.Model.Layers, e.Model.Heads)
	}
	return nil
}

// How references are fitted. A toy world's writers give fresh responses at every step; an imported data set's texts are read in a
// shuffled order, again and again.
const (
	fitPeak         = 2e-3 // learning rate
	fitWarmup       = 100  // steps
	worldFitSteps   = 2000
	worldFitBatch   = 64 // responses a step
	importFitSteps  = 600
	importFitBatch  = 16
	importContext   = 128 // tokens of a prompt and a response together
	importPrompt    = 48  // of which the prompt's, at most
	importTokens    = 512 // size of the vocabulary
	fitRows         = 1536
	referenceSeed   = 1 // of initialization and order: a reference depends on its world and size alone
	fitCheckSamples = 256
)

// ErrCanceled is returned when a progress function asks to stop.
var ErrCanceled = errors.New("canceled")

// FitProgress is told of each step of a fit and its mean loss in nats a token; it returns false to cancel.
type FitProgress func(step, steps int, loss float64) bool

// Fit returns the reference of e's world and model size, and its mean loss on texts that it was not fitted to, in nats a token.
// Records are those of an imported data set; a toy world needs none.
func Fit(k *kernel.Kernel, e Experiment, records []datasets.Record, progress FitProgress) (*Reference, float64, error) {
	return FitFrom(k, e, Memory(records), progress)
}

// FitFrom is Fit for an imported data set that is not in memory: its words are counted in parts, and of its records those that the steps
// read are kept. Progress is told of step 0 while words are counted.
func FitFrom(k *kernel.Kernel, e Experiment, source Source, progress FitProgress) (*Reference, float64, error) {
	var texts fitting
	var vocabulary *datasets.Vocabulary
	world, ok := datasets.FindWorld(e.World)
	if ok {
		texts, vocabulary = writersTexts(world), world.Vocabulary
	} else {
		var err error
		stop := func() bool { return progress != nil && !progress(0, importFitSteps, math.NaN()) }
		if texts, vocabulary, err = importedTexts(e.World, source, stop); err != nil {
			return nil, 0, err
		}
	}
	config := toy.Config{Vocabulary: vocabulary.Size(), Context: importContext, Width: e.Model.Width, Layers: e.Model.Layers, Heads: e.Model.Heads}
	if world != nil {
		config.Context = world.Context
	}
	w := toy.NewWeights(k, config)
	w.Init(repro.Stream(referenceSeed, "init"))
	f := fitter{
		k: k, w: w, grads: toy.NewWeights(k, config), pass: toy.NewPass(k, config, fitRows), batch: toy.NewBatch(k, fitRows),
		optimizer: toy.NewOptimizer(k, config, adamW(0.01, 1)),
	}
	for step := range texts.steps {
		loss := f.step(texts.next, texts.batch, toy.Cosine(fitPeak, step, texts.steps, fitWarmup))
		if progress != nil && !progress(step+1, texts.steps, loss) {
			return nil, 0, ErrCanceled
		}
	}
	return &Reference{Weights: w, Vocabulary: vocabulary, World: world, Source: e.World}, f.loss(texts.check), nil
}

// adamW returns the optimizer's constants: the betas of Vaswani et al. 2017 (arXiv 1706.03762, section 5.3) and what an experiment chooses.
func adamW(decay, clip float64) toy.OptimizerConfig {
	return toy.OptimizerConfig{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, Decay: decay, Clip: clip}
}

// text is a prompt and a response to it.
type text struct{ prompt, response []int32 }

// fitting says what a reference is fitted to.
type fitting struct {
	steps, batch int
	next         func() text // the text to learn from next
	check        []text      // texts that next never returns (or, of endless writers, others of theirs)
}

func writersTexts(world *datasets.World) fitting {
	write := func(rng *rand.Rand, first, count int) text {
		prompt := world.Prompt(first + rng.IntN(count))
		return text{prompt, world.Write(rng, prompt)}
	}
	train := world.Prompts - world.HeldOut
	order, checks := repro.Stream(referenceSeed, "writers"), repro.Stream(referenceSeed, "writers/check")
	var check []text
	for range fitCheckSamples {
		check = append(check, write(checks, train, world.HeldOut))
	}
	return fitting{worldFitSteps, worldFitBatch, func() text { return write(order, 0, train) }, check}
}

// fitter fits a model to texts by the cross-entropy of their responses.
type fitter struct {
	k         *kernel.Kernel
	w, grads  *toy.Weights
	pass      *toy.Pass
	batch     *toy.Batch
	optimizer *toy.Optimizer
	dlogps    []float32
}

// step takes one optimizer step on n texts and returns their mean loss in nats a token.
func (f *fitter) step(next func() text, n int, lr float64) float64 {
	all, tokens := make([]text, n), 0
	for i := range all {
		all[i] = next()
		tokens += len(all[i].response)
	}
	clear(f.grads.Data)
	total := f.each(all, func(targets int) {
		f.dlogps = f.dlogps[:0]
		for range targets {
			f.dlogps = append(f.dlogps, float32(-1/float64(tokens)))
		}
		f.pass.Backward(f.w, f.grads, f.batch, f.dlogps)
	})
	f.optimizer.Step(f.w, f.grads, lr)
	return -total / float64(tokens)
}

// loss returns the mean loss of texts in nats a token.
func (f *fitter) loss(all []text) float64 {
	tokens := 0
	for _, t := range all {
		tokens += len(t.response)
	}
	return -f.each(all, func(int) {}) / float64(tokens)
}

// each runs the model over texts in as many batches as they need, calls after for each with its number of targets, and returns the sum
// of all log-probabilities in nats.
func (f *fitter) each(all []text, after func(targets int)) (sum float64) {
	flush := func() {
		for _, logp := range f.pass.Forward(f.w, f.batch) {
			sum += float64(logp)
		}
		after(len(f.batch.Targets))
		f.batch.Reset()
	}
	f.batch.Reset()
	for _, t := range all {
		if !f.batch.Add(t.prompt, t.response) {
			flush()
			f.batch.Add(t.prompt, t.response)
		}
	}
	flush()
	return sum
}
