package toy

import (
	"fmt"
	"testing"

	"margins/repro"
	"margins/toy/kernel"
)

// sizes are the models that are measured; the first is the playground's default.
var sizes = []struct {
	name string
	Config
}{
	{"T", Config{Vocabulary: 68, Context: 24, Width: 48, Layers: 2, Heads: 4}},
	{"S", Config{Vocabulary: 128, Context: 32, Width: 64, Layers: 2, Heads: 4}},
	{"M", Config{Vocabulary: 128, Context: 32, Width: 128, Layers: 4, Heads: 4}},
	{"L", Config{Vocabulary: 128, Context: 32, Width: 256, Layers: 6, Heads: 8}},
}

// fresh returns the weights of a new model.
func fresh(k *kernel.Kernel, config Config, name string) *Weights {
	w := NewWeights(k, config)
	w.Init(repro.Stream(1, name))
	return w
}

// BenchmarkStep makes training steps on 32 pairs: prompts of a third of the context, both responses as long as fits, the prompt's rows
// shared. Tokens are packed rows.
func BenchmarkStep(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			const pairs = 32
			k, prompt := newKernel(b), size.Context/3
			response := size.Context - prompt + 1
			groups := make([]group, pairs)
			for i := range groups {
				groups[i] = randomGroup(size.Config, fmt.Sprint("pair ", i), prompt, response, response)
			}
			tr := newTrainer(k, size.Config, pairs*(prompt+2*(response-1)))
			tr.w = fresh(k, size.Config, "init")
			for b.Loop() {
				tr.batch.Reset()
				for _, g := range groups {
					tr.batch.Add(g.prompt, g.responses...)
				}
				tr.step(1e-4)
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(1e3*seconds, "ms/step")
			b.ReportMetric(float64(len(tr.batch.Tokens))/seconds, "tokens/s")
			b.ReportMetric(0, "ns/op") // the same as ms/step
		})
	}
}

// BenchmarkSample writes 512 responses of 20 tokens with the default model, with and without the divergence from a reference.
func BenchmarkSample(b *testing.B) {
	const responses, length = 512, 20
	k, config := newKernel(b), sizes[0].Config
	policy, prompts := fresh(k, config, "policy"), make([][]int32, responses)
	for i := range prompts {
		prompts[i] = randomTokens(config, fmt.Sprint("prompt ", i), config.Context+1-length)
	}
	s := NewSampler(k, config, 256)
	for name, reference := range map[string]*Weights{"KL": fresh(k, config, "reference"), "no reference": nil} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.Sample(policy, reference, prompts, unused, 1, streams("benchmark"))
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(1e3*seconds, "ms/op")
			b.ReportMetric(responses*length/seconds, "tokens/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
