package toy_test

import (
	"fmt"
	"math/rand/v2"

	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

// A model of ten tokens learns to go on counting: 0 to 8 are numbers, 9 is the end.
func Example() {
	const end = 9
	k := kernel.New()
	defer k.Close()

	// A model is its configuration and its weights. Every random choice has a named stream of its own.
	config := toy.Config{Vocabulary: 10, Context: 8, Width: 16, Layers: 1, Heads: 2}
	weights := toy.NewWeights(k, config)
	weights.Init(repro.Stream(1, "init"))

	// A batch packs prompts and their responses, one after the other. One may hold several responses to a prompt.
	batch := toy.NewBatch(k, 100)
	for _, response := range [][]int32{{1, 2, 3, end}, {5, 6, 7, end}, {3, 4, 5, end}} {
		batch.Add([]int32{response[0] - 1}, response)
	}

	// Forward gives a log-probability for every token of every response. The loss is the caller's: Backward takes its derivatives by
	// those, here of the mean of -log p, and adds to the gradient.
	gradient := toy.NewWeights(k, config)
	pass := toy.NewPass(k, config, 100)
	optimizer := toy.NewOptimizer(k, config, toy.OptimizerConfig{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, Decay: 0.01, Clip: 1})
	derivatives := make([]float32, len(batch.Targets))
	for i := range derivatives {
		derivatives[i] = -1 / float32(len(derivatives))
	}
	const steps = 60
	for step := range steps {
		loss := 0.0
		for _, logp := range pass.Forward(weights, batch) {
			loss -= float64(logp) / float64(len(batch.Targets))
		}
		if step%20 == 0 {
			fmt.Printf("step %d: loss %.2f nats a token\n", step, loss)
		}
		clear(gradient.Data)
		pass.Backward(weights, gradient, batch, derivatives)
		optimizer.Step(weights, gradient, toy.Cosine(0.02, step, steps, 5))
	}

	// The sampler writes responses, each from its own stream, until the end token.
	sampler := toy.NewSampler(k, config, 2)
	prompts := [][]int32{{0}, {4}}
	stream := func(i int) *rand.Rand { return repro.Stream(1, fmt.Sprint("sample ", i)) }
	for i, r := range sampler.Sample(weights, nil, prompts, end, 1, stream) {
		fmt.Println(prompts[i], "goes on", r.Tokens)
	}

	// A checkpoint is bytes; equal fingerprints are equal models.
	note, restored, err := toy.DecodeCheckpoint(k, toy.EncodeCheckpoint([]byte("counts"), weights))
	fmt.Println(string(note), err, restored[0].Fingerprint() == weights.Fingerprint())

	// Output:
	// step 0: loss 2.51 nats a token
	// step 20: loss 0.02 nats a token
	// step 40: loss 0.00 nats a token
	// [0] goes on [1 2 3 9]
	// [4] goes on [5 6 7 9]
	// counts <nil> true
}
