package toy

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
	"margins/toy/kernel"
)

// End tokens: one that a rough model writes in about half of its responses, and one that no model writes.
const (
	end    = 7
	unused = -1
)

// streams returns the generators of a test's responses.
func streams(name string) func(i int) *rand.Rand {
	return func(i int) *rand.Rand { return repro.Stream(5, fmt.Sprint(name, " ", i)) }
}

// somePrompts returns prompts of many lengths, the shortest and the longest among them.
func somePrompts(config Config) [][]int32 {
	var prompts [][]int32
	for i, n := range []int{3, 1, config.Context - 1, 4, 3, 2, 5, 1, config.Context / 2} {
		prompts = append(prompts, randomTokens(config, fmt.Sprint("prompt ", i), n))
	}
	return prompts
}

// constant returns a model that gives every next token the same logits, whatever it reads.
func constant(k *kernel.Kernel, config Config, logits []float32) *Weights {
	w := rough(k, config, "constant")
	clear(w.FinalGain)
	clear(w.FinalBias)
	w.FinalBias[0] = 1
	copy(w.Head[:config.Vocabulary], logits)
	return w
}

// A step's logits give the log-probs that Forward gives, at every position of sequences that are read side by side.
func TestDecoderAgreesWithForward(t *testing.T) {
	const rows = 7
	for name, config := range map[string]Config{"tiny": tiny, "long": long} {
		t.Run(name, func(t *testing.T) {
			k := newKernel(t)
			w, d := rough(k, config, "model"), newDecoder(k, config, rows)
			var sequences [rows][]int32
			var want [rows][]float32
			for i := range sequences {
				sequences[i] = randomTokens(config, fmt.Sprint("sequence ", i), config.Context+1)
				want[i] = logps(t, k, w, group{sequences[i][:1], [][]int32{sequences[i][1:]}})[0]
			}
			tokens, positions := k.Ints(rows), k.Ints(rows)
			for position := range config.Context {
				for i := range sequences {
					tokens[i], positions[i] = sequences[i][position], int32(position)
				}
				logits := d.step(k, w, tokens, positions)
				for i := range sequences {
					row := logSoftmax(logits[i*config.Vocabulary : (i+1)*config.Vocabulary])
					require.InEpsilon(t, want[i][position], row[sequences[i][position+1]], orderTolerance, "sequence %d, position %d", i, position)
				}
			}
		})
	}
}

func logSoftmax(logits []float32) []float64 {
	sum, row := 0.0, make([]float64, len(logits))
	for _, x := range logits {
		sum += math.Exp(float64(x))
	}
	for i, x := range logits {
		row[i] = float64(x) - math.Log(sum)
	}
	return row
}

// A response is the same bits, its KL too, whatever else is sampled beside it.
func TestResponsesAreIndependent(t *testing.T) {
	k := newKernel(t)
	policy, reference, prompts := rough(k, tiny, "policy"), rough(k, tiny, "reference"), somePrompts(tiny)
	want := NewSampler(k, tiny, len(prompts)).Sample(policy, reference, prompts, end, 1, streams("independent"))
	for _, rows := range []int{1, 2, 4, 100} {
		t.Run(fmt.Sprint(rows, " rows"), func(t *testing.T) {
			assert.Equal(t, want, NewSampler(k, tiny, rows).Sample(policy, reference, prompts, end, 1, streams("independent")))
		})
	}
	t.Run("reversed, with a used sampler", func(t *testing.T) {
		s, turned := NewSampler(k, tiny, 5), slices.Clone(prompts)
		slices.Reverse(turned)
		s.Sample(reference, policy, prompts, end, 1, streams("something else"))
		stream := func(i int) *rand.Rand { return streams("independent")(len(prompts) - 1 - i) }
		got := s.Sample(policy, reference, turned, end, 1, stream)
		slices.Reverse(got)
		assert.Equal(t, want, got)
	})
	t.Run("other mates", func(t *testing.T) {
		mates := slices.Clone(prompts)
		mates[0], mates[2] = mates[2], mates[0][:1]
		got := NewSampler(k, tiny, 4).Sample(policy, reference, mates, end, 1, streams("independent"))
		assert.NotEqual(t, want[0], got[0])
		assert.Equal(t, want[1], got[1])
		assert.Equal(t, want[3:], got[3:])
	})
	t.Run("other streams", func(t *testing.T) {
		assert.NotEqual(t, want, NewSampler(k, tiny, 4).Sample(policy, reference, prompts, end, 1, streams("other")))
	})
}

// plainKL returns the sum of KL(policy || reference) over the positions of a response, from the probabilities that Forward leaves.
func plainKL(t *testing.T, k *kernel.Kernel, policy, reference *Weights, prompt, response []int32) (sum float64) {
	b := pack(t, k, group{prompt, [][]int32{response}})
	require.Len(t, b.Rows, len(response))
	p, q := NewPass(k, policy.Config, len(b.Tokens)), NewPass(k, policy.Config, len(b.Tokens))
	p.Forward(policy, b)
	q.Forward(reference, b)
	for i := range len(response) * policy.Config.Vocabulary {
		sum += float64(p.probs[i]) * math.Log(float64(p.probs[i])/float64(q.probs[i]))
	}
	return sum
}

// A response's KL is that of the models' distributions at temperature 1, at whatever temperature it was drawn.
func TestKLIsSummedOverTheResponse(t *testing.T) {
	k := newKernel(t)
	policy, reference, prompts := rough(k, tiny, "policy"), rough(k, tiny, "reference"), somePrompts(tiny)
	for _, temperature := range []float64{0.5, 1} {
		responses := NewSampler(k, tiny, 4).Sample(policy, reference, prompts, end, temperature, streams("kl"))
		for i, r := range responses {
			t.Run(fmt.Sprint(temperature, "/", i), func(t *testing.T) {
				assert.InEpsilon(t, plainKL(t, k, policy, reference, prompts[i], r.Tokens), r.KL, orderTolerance)
			})
		}
	}
}

// A response's log-probability is that of its tokens at the temperature at which they were drawn; at 1 it is Forward's.
func TestLogProbIsThatOfTheTokensDrawn(t *testing.T) {
	k := newKernel(t)
	policy, prompts := rough(k, tiny, "policy"), somePrompts(tiny)
	for i, r := range NewSampler(k, tiny, 4).Sample(policy, nil, prompts, end, 1, streams("log-prob")) {
		sum := 0.0
		for _, x := range logps(t, k, policy, group{prompts[i], [][]int32{r.Tokens}})[0] {
			sum += float64(x)
		}
		assert.InEpsilon(t, sum, r.LogProb, orderTolerance)
	}
	logits := make([]float32, tiny.Vocabulary)
	logits[end] = 3
	for _, temperature := range []float64{0.5, 2} {
		rest := float64(tiny.Vocabulary - 1)
		for _, r := range NewSampler(k, tiny, 4).Sample(constant(k, tiny, logits), nil, prompts[:1], end, temperature, streams("log-prob")) {
			want := 0.0
			for _, token := range r.Tokens {
				want -= math.Log(math.Exp(3/temperature) + rest)
				if token == end {
					want += 3 / temperature
				}
			}
			assert.InEpsilon(t, want, r.LogProb, orderTolerance)
		}
	}
}

func TestKLOfAModelToItselfIsZero(t *testing.T) {
	k := newKernel(t)
	policy, same := rough(k, tiny, "policy"), rough(k, tiny, "policy")
	for _, r := range NewSampler(k, tiny, 4).Sample(policy, same, somePrompts(tiny), unused, 1, streams("self")) {
		assert.Zero(t, r.KL)
	}
}

func TestNoReferenceLeavesKLAtZero(t *testing.T) {
	k := newKernel(t)
	policy, reference, prompts := rough(k, tiny, "policy"), rough(k, tiny, "reference"), somePrompts(tiny)
	s := NewSampler(k, tiny, 4)
	with := s.Sample(policy, reference, prompts, unused, 1, streams("reference"))
	for i, r := range s.Sample(policy, nil, prompts, unused, 1, streams("reference")) {
		assert.Equal(t, with[i].Tokens, r.Tokens, "the reference does not choose")
		assert.Positive(t, with[i].KL)
		assert.Zero(t, r.KL)
	}
}

// A response ends with the end token, which is its last; without one it ends when the context is full, one token beyond the last that can
// be read.
func TestResponsesEnd(t *testing.T) {
	k := newKernel(t)
	prompts, s := somePrompts(tiny), NewSampler(k, tiny, 4)
	t.Run("at once", func(t *testing.T) {
		logits := make([]float32, tiny.Vocabulary)
		logits[end] = 100
		for _, r := range s.Sample(constant(k, tiny, logits), nil, prompts, end, 1, streams("end")) {
			assert.Equal(t, []int32{end}, r.Tokens)
		}
	})
	t.Run("never", func(t *testing.T) {
		logits := make([]float32, tiny.Vocabulary)
		logits[end] = -100
		for i, r := range s.Sample(constant(k, tiny, logits), nil, prompts, end, 1, streams("end")) {
			assert.Len(t, r.Tokens, tiny.Context+1-len(prompts[i]))
			assert.NotContains(t, r.Tokens, int32(end))
			assert.True(t, NewBatch(k, tiny.Context).Add(prompts[i], r.Tokens), "the rows of a full context")
		}
	})
	t.Run("sometimes", func(t *testing.T) {
		ended := 0
		for i, r := range s.Sample(rough(k, tiny, "policy"), nil, prompts, end, 1, streams("end")) {
			if last := len(r.Tokens) - 1; slices.Contains(r.Tokens, end) {
				assert.Equal(t, last, slices.Index(r.Tokens, end))
				ended++
			} else {
				assert.Equal(t, tiny.Context-len(prompts[i]), last)
			}
		}
		assert.Positive(t, ended)
		assert.Less(t, ended, len(prompts))
	})
}

// First tokens are drawn as softmax(logits / temperature) says: each one's count lies within five standard deviations of a binomial.
func TestFrequencies(t *testing.T) {
	const n = 4096
	k := newKernel(t)
	w, prompt := rough(k, tiny, "policy"), randomTokens(tiny, "frequencies", tiny.Context-1)
	s, b := NewSampler(k, tiny, 256), pack(t, k, group{prompt, [][]int32{{0}}})
	p := NewPass(k, tiny, len(b.Tokens))
	p.Forward(w, b)
	probs := p.probs[:tiny.Vocabulary]
	for _, temperature := range []float64{0.5, 1, 2} {
		t.Run(fmt.Sprint(temperature), func(t *testing.T) {
			expected, sum := make([]float64, len(probs)), 0.0
			for i, p := range probs {
				expected[i] = math.Pow(float64(p), 1/temperature)
				sum += expected[i]
			}
			counts := make([]int, len(probs))
			for _, r := range s.Sample(w, nil, slices.Repeat([][]int32{prompt}, n), unused, temperature, streams("frequencies")) {
				counts[r.Tokens[0]]++
			}
			for i, e := range expected {
				e /= sum
				assert.InDelta(t, n*e, counts[i], 5*math.Sqrt(n*e*(1-e)), "token %d", i)
			}
		})
	}
}

func TestDraw(t *testing.T) {
	probs := []float32{0.25, 0, 0.5, 0.125, 0.0625}
	for _, c := range []struct {
		u    float64
		want int32
	}{
		{0, 0}, {0.249, 0}, {0.25, 2}, {0.749, 2}, {0.75, 3}, {0.875, 4}, {0.9374, 4},
		{0.9376, 4}, // beyond the sum, which rounding may leave below 1
	} {
		assert.Equal(t, c.want, draw(probs, c.u), "%v", c.u)
	}
}

func TestSamplePanics(t *testing.T) {
	k := newKernel(t)
	s, w := NewSampler(k, tiny, 2), rough(k, tiny, "policy")
	for _, prompt := range [][]int32{{}, make([]int32, tiny.Context)} {
		assert.PanicsWithValue(t, "toy: a prompt is empty or leaves no room for a response", func() {
			s.Sample(w, nil, [][]int32{{1}, prompt}, unused, 1, streams("panic"))
		})
	}
	assert.Empty(t, s.Sample(w, nil, nil, unused, 1, streams("none")))
}
