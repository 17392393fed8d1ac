package toy

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
	"margins/toy/kernel"
)

// trainer fits a model to responses by cross-entropy.
type trainer struct {
	w, g      *Weights
	pass      *Pass
	batch     *Batch
	optimizer *Optimizer
	dlogps    []float32
}

func newTrainer(k *kernel.Kernel, config Config, rows int) *trainer {
	return &trainer{
		w: NewWeights(k, config), g: NewWeights(k, config), pass: NewPass(k, config, rows), batch: NewBatch(k, rows),
		optimizer: NewOptimizer(k, config, OptimizerConfig{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, Decay: 0.01, Clip: 1}),
		dlogps:    make([]float32, 2*rows),
	}
}

// step makes a step on tr.batch and returns the mean over tokens of -log p, in nats.
func (tr *trainer) step(lr float64) (loss float64) {
	n := len(tr.batch.Targets)
	for i, logp := range tr.pass.Forward(tr.w, tr.batch) {
		loss -= float64(logp) / float64(n)
		tr.dlogps[i] = -1 / float32(n)
	}
	clear(tr.g.Data)
	tr.pass.Backward(tr.w, tr.g, tr.batch, tr.dlogps[:n])
	tr.optimizer.Step(tr.w, tr.g, lr)
	return loss
}

// reversal is a task that needs attention: a word of three letters, then a separator, is to be followed by the word backwards and the end.
const (
	reversalLetters = 8
	reversalMark    = 8
	reversalEnd     = 9
)

func reversal(rng *rand.Rand) (prompt, response []int32) {
	a, b, c := rng.Int32N(reversalLetters), rng.Int32N(reversalLetters), rng.Int32N(reversalLetters)
	return []int32{a, b, c, reversalMark}, []int32{c, b, a, reversalEnd}
}

// A small model learns to reverse words, and the sampler writes them so.
func TestModelLearns(t *testing.T) {
	const steps, words, warmup, peak = 300, 16, 20, 1e-2
	k := newKernel(t)
	tr := newTrainer(k, Config{Vocabulary: 10, Context: 8, Width: 16, Layers: 2, Heads: 2}, words*7)
	tr.w.Init(repro.Stream(1, "init"))
	rng := repro.Stream(1, "words")
	for i := range steps {
		tr.batch.Reset()
		for range words {
			prompt, response := reversal(rng)
			require.True(t, tr.batch.Add(prompt, response))
		}
		tr.step(Cosine(peak, i, steps, warmup))
	}
	var prompts, want [][]int32
	for range 200 {
		prompt, response := reversal(rng)
		prompts, want = append(prompts, prompt), append(want, response)
	}
	right := 0
	for i, r := range NewSampler(k, tr.w.Config, 50).Sample(tr.w, nil, prompts, reversalEnd, 1, streams("learned")) {
		if assert.ObjectsAreEqual(want[i], r.Tokens) {
			right++
		}
	}
	assert.Greater(t, right, 190, "of 200 words")
}

// A training step allocates nothing, so that a run of hours in a browser has no garbage to collect.
func TestStepAllocatesNothing(t *testing.T) {
	k, groups := newKernel(t), someGroups(tiny)
	tr := newTrainer(k, tiny, len(pack(t, k, groups...).Tokens))
	tr.w.Init(repro.Stream(1, "init"))
	sums := make([]float64, 100)
	assert.Zero(t, testing.AllocsPerRun(20, func() {
		tr.batch.Reset()
		for _, g := range groups {
			tr.batch.Add(g.prompt, g.responses...)
		}
		tr.step(1e-3)
		tr.batch.Sum(sums, tr.dlogps)
	}))
}
