// Package bench is the work that `make bench` measures, one optimizer step of DPO, done by our engine; the programs of other libraries
// beside it do the same on the same bytes. README.md says how it is measured.
package bench

import (
	"margins/toy"
)

// Size is a model and a batch whose training step is measured.
type Size struct {
	Name string
	toy.Config
	Pairs, Prompt int    // pairs of a batch; tokens of every prompt
	Lengths       [2]int // fewest and most tokens of a response
	seed          uint32
}

// Sizes are those that are measured: T is the page's default, with prompts and responses as long as Script Desk's; the others fill their
// contexts.
var Sizes = []Size{
	{
		Name: "T", Config: toy.Config{Vocabulary: 68, Context: 24, Width: 48, Layers: 2, Heads: 4},
		Prompt: 4, Lengths: [2]int{15, 20}, Pairs: 32, seed: 1,
	},
	{
		Name: "S", Config: toy.Config{Vocabulary: 128, Context: 32, Width: 64, Layers: 2, Heads: 4},
		Prompt: 16, Lengths: [2]int{17, 17}, Pairs: 32, seed: 2,
	},
	{
		Name: "M", Config: toy.Config{Vocabulary: 128, Context: 32, Width: 128, Layers: 4, Heads: 4},
		Prompt: 16, Lengths: [2]int{17, 17}, Pairs: 32, seed: 3,
	},
	{
		Name: "L", Config: toy.Config{Vocabulary: 128, Context: 32, Width: 256, Layers: 6, Heads: 8},
		Prompt: 16, Lengths: [2]int{17, 17}, Pairs: 32, seed: 4,
	},
}

// FindSize returns the size of that name.
func FindSize(name string) (Size, bool) {
	for _, s := range Sizes {
		if s.Name == name {
			return s, true
		}
	}
	return Size{}, false
}

// Tokens returns how many tokens the model reads in a step: those of full sequences, two a pair.
func (s Size) Tokens() int { return 2 * s.Pairs * s.Context }

// Constants of the training step, the same for all sizes. The rate is so low that the loss is far from 0 even after a thousand steps:
// gradients of a loss near 0 are denormal numbers, which processors compute slowly.
const (
	beta = 0.1
	rate = 1e-5
)

var adamW = toy.OptimizerConfig{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, Decay: 0.01, Clip: 1}
