package toy

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

// orderTolerance bounds, relative to a log-prob of a few nats, what another order of summation changes of it in float32: some
// ten times the unit roundoff of 6e-8, for a few hundred rounded operations one after the other.
const orderTolerance = 1e-5

// someGroups returns prompts with responses of all kinds: of one token, of the whole context, longer than a block of the kernel, equal.
func someGroups(config Config) []group {
	full := config.Context - 2 // the last token needs no place
	groups := []group{
		randomGroup(config, "first", 3, 5, 1, 4),
		randomGroup(config, "second", 1, 1),
		randomGroup(config, "third", 3, full, full-1, 2),
		randomGroup(config, "fourth", config.Context, 1, 1),
		randomGroup(config, "fifth", config.Context/2, config.Context/2+1, 2),
	}
	groups[0].responses = append(groups[0].responses, groups[0].responses[0])
	return groups
}

// arrangements are ways to pack the same responses. Each is a list of batches; it keeps the order of responses, or reverses it.
var arrangements = []struct {
	name     string
	reversed bool
	batches  func(groups []group) [][]group
}{
	{"together", false, func(groups []group) [][]group { return [][]group{groups} }},
	{"micro-batches", false, func(groups []group) [][]group { return [][]group{groups[:2], groups[2:3], groups[3:]} }},
	{"reversed", true, func(groups []group) [][]group {
		var turned []group
		for _, g := range slices.Backward(groups) {
			responses := slices.Clone(g.responses)
			slices.Reverse(responses)
			turned = append(turned, group{g.prompt, responses})
		}
		return [][]group{turned}
	}},
	{"prompts repeated", false, func(groups []group) [][]group { return [][]group{alone(groups)} }},
}

// alone returns a group for each response, with its own copy of the prompt.
func alone(groups []group) (single []group) {
	for _, g := range groups {
		for _, r := range g.responses {
			single = append(single, group{g.prompt, [][]int32{r}})
		}
	}
	return single
}

// A log-prob has the same bits in whatever company it is computed. The kernel promises that for rows; sums within one
// run over keys in their order, which is prompt, response, wherever the two lie.
func TestLogpsDependOnTheirResponseAlone(t *testing.T) {
	for name, config := range map[string]Config{"tiny": tiny, "long": long} {
		k := newKernel(t)
		w, groups := rough(k, config, "model"), someGroups(config)
		var want [][]float32
		for _, g := range alone(groups) {
			want = append(want, logps(t, k, w, g)...)
		}
		for _, a := range arrangements {
			t.Run(name+"/"+a.name, func(t *testing.T) {
				var got [][]float32
				for _, batch := range a.batches(groups) {
					got = append(got, logps(t, k, w, batch...)...)
				}
				if a.reversed {
					slices.Reverse(got)
				}
				require.Equal(t, want, got)
			})
		}
		assert.Equal(t, want[0], want[3], "equal responses")
		assert.NotEqual(t, want[0], want[4])
	}
}

// A response's log-probs are those of the plain sequence of prompt and response, which is computed as one causal segment.
func TestLogpsOfAPlainSequence(t *testing.T) {
	for name, config := range map[string]Config{"tiny": tiny, "long": long} {
		k := newKernel(t)
		w := rough(k, config, "model")
		for i, g := range alone(someGroups(config)) {
			t.Run(fmt.Sprint(name, "/", i), func(t *testing.T) {
				sequence := slices.Concat(g.prompt, g.responses[0])
				plain := logps(t, k, w, group{sequence[:1], [][]int32{sequence[1:]}})[0]
				assert.InEpsilonSlice(t, plain[len(g.prompt)-1:], logps(t, k, w, g)[0], orderTolerance)
			})
		}
	}
}

// Responses of one token have no rows, so that there can be any number of them.
func TestManyResponsesOfOneToken(t *testing.T) {
	k := newKernel(t)
	w, g := rough(k, tiny, "model"), group{prompt: []int32{5}}
	for token := range int32(tiny.Vocabulary) {
		g.responses = append(g.responses, []int32{token})
	}
	sum := 0.0
	for _, logps := range logps(t, k, w, g) {
		sum += math.Exp(float64(logps[0]))
	}
	assert.InDelta(t, 1, sum, orderTolerance, "the whole vocabulary")
}

func TestEmptyBatch(t *testing.T) {
	k := newKernel(t)
	w, g := rough(k, tiny, "model"), NewWeights(k, tiny)
	b, p := NewBatch(k, 1), NewPass(k, tiny, 1)
	assert.Empty(t, p.Forward(w, b))
	p.Backward(w, g, b, nil)
	assert.Zero(t, k.SumSquares(g.Data))
}

// A token changes its own log-prob and those of later tokens, and not a bit of the earlier ones.
func TestLogpsAreCausal(t *testing.T) {
	for name, config := range map[string]Config{"tiny": tiny, "long": long} {
		k := newKernel(t)
		w, g := rough(k, config, "model"), randomGroup(config, "causal", 3, config.Context-2, 4)
		before := logps(t, k, w, g)
		for i, token := range g.responses[0] {
			t.Run(fmt.Sprint(name, "/token ", i), func(t *testing.T) {
				g.responses[0][i] = (token + 1) % int32(config.Vocabulary)
				defer func() { g.responses[0][i] = token }()
				after := logps(t, k, w, g)
				require.Equal(t, before[0][:i], after[0][:i], "earlier tokens")
				for j := i; j < len(after[0]); j++ {
					require.NotEqual(t, before[0][j], after[0][j], "token %d", j)
				}
				require.Equal(t, before[1], after[1], "the other response")
			})
			t.Run(fmt.Sprint(name, "/cut after ", i), func(t *testing.T) {
				require.Equal(t, before[0][:i+1], logps(t, k, w, group{g.prompt, [][]int32{g.responses[0][:i+1]}})[0])
			})
		}
		for i, token := range g.prompt {
			t.Run(fmt.Sprint(name, "/prompt ", i), func(t *testing.T) {
				g.prompt[i] = (token + 1) % int32(config.Vocabulary)
				defer func() { g.prompt[i] = token }()
				for r, after := range logps(t, k, w, g) {
					for j := range after {
						require.NotEqual(t, before[r][j], after[j], "response %d, token %d", r, j)
					}
				}
			})
		}
	}
}

// Nothing is left of what a Pass computed before.
func TestPassRepeats(t *testing.T) {
	k := newKernel(t)
	w, other := rough(k, long, "model"), rough(k, long, "other")
	b, bigger := pack(t, k, someGroups(long)[:2]...), pack(t, k, someGroups(long)...)
	p := NewPass(k, long, len(bigger.Tokens))
	compute := func(w *Weights, b *Batch) (logps, gradient []float32) {
		g := NewWeights(k, long)
		logps = slices.Clone(p.Forward(w, b))
		p.Backward(w, g, b, partials(b))
		return logps, g.Data
	}
	logps, gradient := compute(w, b)
	compute(other, bigger)
	again, gradientAgain := compute(w, b)
	assert.Equal(t, logps, again)
	assert.Equal(t, gradient, gradientAgain)
}

// partials returns the derivatives of a made-up loss by the batch's log-probs: of both signs, and different for each.
func partials(b *Batch) []float32 {
	rng, dlogps := repro.Stream(3, "partials"), make([]float32, len(b.Targets))
	for i := range dlogps {
		dlogps[i] = float32(repro.Normal(rng))
	}
	return dlogps
}

// Backward adds, so that micro-batches give the gradient of all.
func TestBackwardAdds(t *testing.T) {
	k := newKernel(t)
	w, groups := rough(k, long, "model"), someGroups(long)
	all := pack(t, k, groups...)
	p, dlogps := NewPass(k, long, len(all.Tokens)), partials(all)
	whole, sum := NewWeights(k, long), NewWeights(k, long)
	p.Forward(w, all)
	p.Backward(w, whole, all, dlogps)
	for _, part := range [][]group{groups[:2], groups[2:3], groups[3:]} {
		b := pack(t, k, part...)
		p.Forward(w, b)
		p.Backward(w, sum, b, dlogps[:len(b.Targets)])
		dlogps = dlogps[len(b.Targets):]
	}
	require.Empty(t, dlogps)
	for i, tensor := range whole.Tensors() {
		limit := orderTolerance * math.Sqrt(k.SumSquares(tensor.Data))
		assert.InDeltaSlice(t, tensor.Data, sum.Tensors()[i].Data, limit, tensor.Name)
	}
}
