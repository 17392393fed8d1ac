package mmpo

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"margins/repro"
)

// How much best-of-n chooses from.
const (
	bestOfMost    = 64 // the largest n, and the samples of each prompt
	bestOfPrompts = 64 // held-out prompts, if there are as many
	bestOfPacked  = 8  // responses that are scored beside one copy of their prompt
)

// Candidates are responses of the reference to held-out prompts of a toy world, with their true scores: what best-of-n chooses from.
type Candidates struct {
	prompts   [][]int32
	responses [][]int32 // bestOfMost to each prompt, one prompt's after the other's
	truth     []float64 // points
}

// Candidates writes the responses that e's best-of-n is measured on. It returns nil where nobody knows the true score.
func (l *Lab) Candidates(e Experiment) *Candidates {
	world := l.Reference.World
	if world == nil {
		return nil
	}
	c := &Candidates{}
	var prompts [][]int32
	for i := range min(world.HeldOut, bestOfPrompts) {
		p := world.Prompt(world.Prompts - 1 - i)
		c.prompts = append(c.prompts, p)
		for range bestOfMost {
			prompts = append(prompts, p)
		}
	}
	w := l.Reference.Weights
	for i, r := range l.sampler.Sample(w, nil, prompts, l.Reference.Vocabulary.End(), 1, func(i int) *rand.Rand {
		return repro.Stream(e.Seed, "best of/"+strconv.Itoa(i))
	}) {
		c.responses = append(c.responses, r.Tokens)
		c.truth = append(c.truth, world.Judge(e.Stakes, prompts[i], r.Tokens).Score)
	}
	return c
}

// BestOf tells what becomes of the response that a reward model likes best among n of the reference's, for n from 1, which is the
// reference itself, to 64. Entry i of each list is of n = i + 1.
type BestOf struct {
	True []float64 `json:"true"` // mean true score of the pick, points
	Own  []float64 `json:"own"`  // mean score that the model itself gives its pick, read in points
	KL   []float64 `json:"kl"`   // bound of the policy's distance from the reference, nats: BestOfKL

	Peak int     `json:"peak"` // the n of the largest true score
	Fall float64 `json:"fall"` // how much lower the true score is at the largest n, points
	// Half the 95 % interval of Fall, two standard errors over prompts. A Fall beyond it is over-optimization (Gao et al. 2022, arXiv
	// 2210.10760): the model's liking goes on growing where the truth no longer does.
	FallHalf float64 `json:"fallHalf"`
}

// BestOfKL returns log n - (n-1)/n, in nats. It is what the divergence of best-of-n from the sampled model is commonly said to be
// (Stiennon et al. 2020, arXiv 2009.01325, appendix G.3); in truth it is an upper bound (Beirami et al. 2024, arXiv 2401.01879).
func BestOfKL(n int) float64 { return repro.Log(float64(n)) - float64(n-1)/float64(n) }

// BestOf returns the curve of the model on the candidates.
func (m *RewardModel) BestOf(c *Candidates) *BestOf {
	var groups []asked
	for i, p := range c.prompts {
		for part := range slices.Chunk(c.responses[i*bestOfMost:(i+1)*bestOfMost], bestOfPacked) {
			groups = append(groups, asked{p, part})
		}
	}
	own := m.model.scores(groups, nil)
	curves := make([][]float64, len(c.prompts)) // of true scores, by prompt
	b := &BestOf{True: make([]float64, bestOfMost), Own: make([]float64, bestOfMost)}
	for i := range curves {
		scores, truth := own[i*bestOfMost:(i+1)*bestOfMost], c.truth[i*bestOfMost:(i+1)*bestOfMost]
		order := indices(bestOfMost)
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(scores[i], scores[j]) })
		curves[i] = bestOf(order, truth)
		for j, s := range bestOf(order, scores) {
			b.True[j] += curves[i][j] / float64(len(curves))
			b.Own[j] += s / float64(len(curves))
		}
	}
	for i := range b.Own {
		b.Own[i] = m.points.of(b.Own[i])
		b.KL = append(b.KL, BestOfKL(i+1))
	}
	b.findPeak(curves)
	return b
}

// bestOf returns the mean value of the response that stands last in order among n drawn without replacement, for every n from 1 to all N:
//
//	sum over i from n to N of C(i-1, n-1) / C(N, n) value(i),
//
// where value(i) is that of the i-th in order, from 1. Of N independent samples this is an unbiased estimate for best-of-n, with less
// variance than n samples alone would give (Nakano et al. 2021, arXiv 2112.09332, appendix I). The weight of i = N is n / N; that of
// i - 1 is the one of i times (i-n)/(i-1).
func bestOf(order []int, value []float64) []float64 {
	all := len(order)
	means := make([]float64, all)
	for n := 1; n <= all; n++ {
		weight := float64(n) / float64(all)
		for i := all; i >= n; i-- {
			means[n-1] += float64(weight * value[order[i-1]])
			if i > n {
				weight *= float64(i-n) / float64(i-1)
			}
		}
	}
	return means
}

// findPeak finds the largest true score and how far it falls from there, given the curve of each prompt.
func (b *BestOf) findPeak(curves [][]float64) {
	last := len(b.True) - 1
	peak := 0
	for i, s := range b.True {
		if s > b.True[peak] {
			peak = i
		}
	}
	b.Peak, b.Fall = peak+1, b.True[peak]-b.True[last]
	squares, n := 0.0, float64(len(curves))
	for _, c := range curves {
		d := c[peak] - c[last] - b.Fall
		squares += float64(d * d)
	}
	if n > 1 {
		b.FallHalf = 2 * math.Sqrt(squares/(n*(n-1)))
	}
}

// Falls tells whether the true score falls beyond chance as n grows.
func (b *BestOf) Falls() bool { return b.Fall > b.FallHalf }
