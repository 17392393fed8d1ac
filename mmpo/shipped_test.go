package mmpo

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/repro"
	"margins/toy/kernel"
)

// entropy returns that of a choice, in nats.
func entropy(chances ...float64) (h float64) {
	for _, p := range chances {
		if p > 0 {
			h -= p * math.Log(p)
		}
	}
	return h
}

// either returns the entropy of a choice between two.
func either(p float64) float64 { return entropy(p, 1-p) }

// writersEntropy is that of a response of each world's writers and its mean length, worked out from their mixture: choices are independent,
// so that their entropies add up, and what is drawn evenly from n adds ln n.
var writersEntropy = map[string]func() (nats, tokens float64){
	"script": func() (float64, float64) {
		setting := either(.5) + .5*math.Log(3) + .5*math.Log(12)
		adjectives := entropy(.5, .35, .15) + .35*math.Log(4) + .15*math.Log(4*3)
		kept := either(.55) + .45*math.Log(7) + either(.6) + .4*math.Log(5)
		ending := entropy(.1, .25, .35, .3) + .25*math.Log(7)
		return setting + adjectives + kept + ending + math.Log(6*4*3*4), 17 + .65 + .35
	},
	"reasoning": func() (float64, float64) {
		same := digitsAlike() // digits that are alike do not show that they were swapped
		answer := same*entropy(.7, .3) + (1-same)*entropy(.3, .4, .3)
		return either(.5) + either(.3) + 3*either(.9) + either(.55) + answer, 14 + .5 + .3
	},
	"safety": func() (float64, float64) {
		help := 0.0
		for harm, share := range []float64{1. / 12, 3. / 12, 4. / 12, 3. / 12, 1. / 12} {
			chances := []float64{.02 + .3, .02, .02, .02, .02 + .4}
			chances[4-harm] += .2
			help += share * entropy(chances...)
		}
		return either(.4) + either(.5) + .5*math.Log(4) + help + either(.6) + .4*math.Log(3) + either(.3), 6 + .4 + .3
	},
	"support": func() (float64, float64) {
		opening := either(.45) + .45*math.Log(2) + .55*math.Log(8)
		kept := either(.65) + .35*math.Log(7) + either(.6) + .4*math.Log(7)
		first := either(.4) + .4*math.Log(2) + .6*math.Log(14)
		second := either(.35) + .6*.35*math.Log(2) + .65*math.Log(14) // of two steps that help, the first leaves one
		return opening + kept + first + second + math.Log(4) + either(.4) + math.Log(3), 12 + .4
	},
}

// digitsAlike returns the chance that the writers' steps in Reasoning give an answer of two equal digits.
func digitsAlike() (alike float64) {
	each := func(p float64, visit func(n int, p float64)) { visit(0, p); visit(1, 1-p) }
	for n := range 10 * 10 * 4 * 4 {
		a, b, tens := n%10, n/10%10, 2+n/100%4+n/400
		each(.9, func(slip int, p float64) {
			ones := a + b + slip
			each(.9, func(flip int, q float64) {
				each(.55, func(other int, r float64) {
					each(.9, func(slip int, s float64) {
						if carry := ones/10 ^ flip ^ other; (tens+carry+slip)%10 == ones%10 {
							alike += p * q * r * s / 1600
						}
					})
				})
			})
		})
	}
	return alike
}

// What a reference costs more than its writers' entropy is what it did not learn.
func TestShippedReferencesFitTheirWriters(t *testing.T) {
	const within = 0.025 // nats a token; two standard errors of 256 texts are about as much
	for _, w := range datasets.Worlds {
		t.Run(w.ID, func(t *testing.T) {
			require.Contains(t, writersEntropy, w.ID)
			nats, tokens := writersEntropy[w.ID]()
			shipped, ok := FindShipped(Experiment{World: w.ID, Model: DefaultComparison().A.Model})
			require.True(t, ok)
			assert.InDelta(t, nats/tokens, shipped.Loss, within)

			rng, n := repro.Stream(1, "lengths"), 20_000
			length := 0
			for i := range n {
				length += len(w.Write(rng, w.Prompt(i%w.Prompts)))
			}
			assert.InDelta(t, tokens, float64(length)/float64(n), 0.05, "the tokens that are counted on")
		})
	}
}

// TestShippedReferencesKeepTheRates compares how often each part of a score is earned: by the reference and by the writers, on the same prompts.
func TestShippedReferencesKeepTheRates(t *testing.T) {
	const forgiven = 0.02 // of a share, beyond four standard errors: the model is small
	for _, w := range datasets.Worlds {
		t.Run(w.ID, func(t *testing.T) {
			k := kernel.New()
			defer k.Close()
			e := DefaultComparison().B
			e.World, e.Stakes = w.ID, w.Stakes[0].ID
			r, err := LoadShipped(k, e)
			require.NoError(t, err)
			pairs, err := NewLab(k, r, nil).Pairs(e)
			require.NoError(t, err)
			const each = 20 // texts of the writers to a prompt
			rng, n := repro.Stream(1, "rates"), float64(2*len(pairs.Train))
			read, written := map[string]float64{}, map[string]float64{}
			for _, p := range pairs.Train {
				addEarned(w, p.Prompt, p.Chosen, 1/n, read)
				addEarned(w, p.Prompt, p.Rejected, 1/n, read)
				for range each {
					addEarned(w, p.Prompt, w.Write(rng, p.Prompt), 2/n/each, written)
				}
			}
			for earned, share := range written {
				assert.InDelta(t, share, read[earned], forgiven+4*math.Sqrt(share*(1-min(share, 1))/n), earned)
			}
		})
	}
}

// addEarned adds a share to each part that a response earned, by stakes and points.
func addEarned(w *datasets.World, prompt, response []int32, share float64, shares map[string]float64) {
	for _, s := range w.Stakes {
		for _, part := range w.Judge(s.ID, prompt, response).Parts {
			shares[fmt.Sprintf("%s: %.2f for %s", s.ID, part.Points, part.ID)] += share
		}
	}
}
