package mmpo

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inspected returns a run of a few steps.
func inspected(t *testing.T, lab *Lab, objective string) *Run {
	r := newRun(t, lab, experiment(t, objective, quick))
	for range 6 {
		r.Step()
	}
	return r
}

// An inspection's numbers are those that training has: sums of log-probabilities, margins, losses and their derivatives.
func TestInspectionAgreesWithTraining(t *testing.T) {
	lab := shippedLab(t)
	for _, id := range []string{"dpo", "mmpo", "ipo", "simpo", "odpo"} {
		t.Run(id, func(t *testing.T) {
			r := inspected(t, lab, id)
			pairs := []int{0, 7, len(r.Pairs.Train) + 3}
			r.forEach(r.policy, pairs, func(i int, chosen, rejected float64) {
				s, err := r.Inspect(i)
				require.NoError(t, err)
				assert.Equal(t, 6, s.Step)
				n := r.numbers(i, chosen, rejected)
				loss, dChosen, dRejected := r.objective.Loss(r.Experiment.Objective, n)
				assert.InDelta(t, loss, s.Loss, 1e-4)
				assert.InDelta(t, n.rewardMargin(r.Experiment.Objective.Beta), s.Margin, 1e-4)
				for _, side := range []struct {
					tokens                      []TokenView
					policy, reference, gradient float64
					length                      int
				}{{s.Chosen, chosen, n.ReferenceChosen, dChosen, n.LenChosen}, {s.Rejected, rejected, n.ReferenceRejected, dRejected, n.LenRejected}} {
					var policy, reference float64
					for _, token := range side.tokens {
						policy, reference = policy+token.Policy, reference+token.Reference
						assert.InDelta(t, side.gradient, token.Gradient, 1e-4)
						assert.InDelta(t, -side.gradient*(1-math.Exp(token.Policy)), token.Push, 1e-4)
					}
					assert.Len(t, side.tokens, side.length)
					assert.InDelta(t, side.policy, policy, 1e-4)
					assert.InDelta(t, side.reference, reference, 1e-4)
				}
			}, nil)
		})
	}
}

// The push on a token is what the loss gains when its log-probability grows, found by trying.
func TestInspectedGradientsAreDerivatives(t *testing.T) {
	r := inspected(t, shippedLab(t), "mmpo")
	s, err := r.Inspect(0)
	require.NoError(t, err)
	sum := func(tokens []TokenView) (sum float64) {
		for _, token := range tokens {
			sum += token.Policy
		}
		return sum
	}
	loss := func(chosen, rejected float64) float64 {
		loss, _, _ := r.objective.Loss(r.Experiment.Objective, r.numbers(0, sum(s.Chosen)+chosen, sum(s.Rejected)+rejected))
		return loss
	}
	const h = 1e-4
	assert.InDelta(t, (loss(h, 0)-loss(-h, 0))/(2*h), s.Chosen[2].Gradient, 1e-7)
	assert.InDelta(t, (loss(0, h)-loss(0, -h))/(2*h), s.Rejected[2].Gradient, 1e-7)
}

func TestInspectionShowsTokensAndMaps(t *testing.T) {
	r := inspected(t, shippedLab(t), "dpo")
	before := r.Fingerprint()
	s, err := r.Inspect(1)
	require.NoError(t, err)
	p, v := r.pair(1), r.lab.Reference.Vocabulary
	text := ""
	for _, token := range s.Chosen {
		text += token.Text
		require.Len(t, token.Top, topTokens)
		assert.True(t, slices.IsSortedFunc(token.Top, func(a, b NextView) int { return int(math.Copysign(1, b.Prob-a.Prob)) }))
		assert.LessOrEqual(t, math.Exp(token.Policy), token.Top[0].Prob+1e-12, "nothing is likelier than the first")
		for _, top := range token.Top {
			if top.Text == token.Text {
				assert.InDelta(t, math.Exp(token.Policy), top.Prob, 1e-12)
			}
		}
	}
	assert.Equal(t, " "+v.Decode(p.Chosen[:len(p.Chosen)-1])+"<end>", text)
	assert.Len(t, s.Prompt, len(p.Prompt))
	for maps, response := range map[*[][]float32][]int32{&s.ChosenMaps: p.Chosen, &s.RejectedMaps: p.Rejected} {
		require.Len(t, *maps, s.Layers)
		tokens := len(p.Prompt) + len(response) - 1
		assert.Len(t, (*maps)[0], s.Heads*tokens*tokens)
	}
	assert.Equal(t, before, r.Fingerprint())

	for _, i := range []int{-1, len(r.margins)} {
		_, err := r.Inspect(i)
		assert.ErrorContains(t, err, "among 288")
	}
}

// Whoever looks changes nothing: the run goes on with the same bits, and no memory is left taken.
func TestLookingChangesNothing(t *testing.T) {
	lab := shippedLab(t)
	e := experiment(t, "kto", quick) // which reads its batch
	plain, watched := newRun(t, lab, e), newRun(t, lab, e)
	mark := lab.k.Mark()
	for i := range 12 {
		plain.Step()
		_, err := watched.Inspect(i)
		require.NoError(t, err)
		watched.Embeddings()
		watched.Step()
	}
	assert.Equal(t, plain.Fingerprint(), watched.Fingerprint())
	assert.Equal(t, mark, lab.k.Mark())
}

func TestEmbeddings(t *testing.T) {
	m := inspected(t, shippedLab(t), "dpo").Embeddings()
	require.Len(t, m.Tokens, 68)
	require.Len(t, m.Points, 68)
	assert.Contains(t, m.Tokens, "<end>")
	assert.Len(t, m.Points[0], 3)
	require.Len(t, m.Shares, 3)
	assert.True(t, m.Shares[0] >= m.Shares[1] && m.Shares[1] >= m.Shares[2] && m.Shares[2] > 0)
	assert.Less(t, m.Shares[0]+m.Shares[1]+m.Shares[2], 1.0)
}
