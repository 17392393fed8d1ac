package bench

import (
	"math/rand/v2"
	"strconv"

	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

// What Samples writes.
const (
	SampleResponses = 512
	SampleLength    = 20 // tokens each

	samplerRows = 128 // responses written at a time, as by mmpo
	noEnd       = -1  // no token ends a response, so that all have the full length
)

// Samples writes responses of one model and measures how far they are from another's.
type Samples struct {
	sampler           *toy.Sampler
	policy, reference *toy.Weights
	prompts           [][]int32
}

// NewSamples prepares to sample from new models of a size.
func NewSamples(k *kernel.Kernel, s Size) *Samples {
	samples := &Samples{
		sampler: toy.NewSampler(k, s.Config, samplerRows), policy: toy.NewWeights(k, s.Config), reference: toy.NewWeights(k, s.Config),
		prompts: make([][]int32, SampleResponses),
	}
	samples.policy.Init(repro.Stream(1, "policy"))
	samples.reference.Init(repro.Stream(1, "reference"))
	rng := repro.Stream(1, "prompts")
	for i := range samples.prompts {
		for range s.Context + 1 - SampleLength {
			samples.prompts[i] = append(samples.prompts[i], rng.Int32N(int32(s.Vocabulary)))
		}
	}
	return samples
}

// Write writes all responses once. It returns how many tokens they have and their mean divergence, in nats a response.
func (s *Samples) Write() (tokens int, kl float64) {
	responses := s.sampler.Sample(s.policy, s.reference, s.prompts, noEnd, 1, func(i int) *rand.Rand {
		return repro.Stream(1, "sampling/"+strconv.Itoa(i))
	})
	for _, r := range responses {
		tokens += len(r.Tokens)
		kl += r.KL / SampleResponses
	}
	return tokens, kl
}
