package toy

import (
	"math/rand/v2"

	"margins/repro"
	"margins/toy/kernel"
)

// Sampler writes responses, many at a time, with the keys and values of earlier tokens kept.
type Sampler struct {
	k      *kernel.Kernel
	config Config
	rows   int

	policy, reference *decoder
	tokens, positions []int32
	probs, lse, kl    []float32
}

// Response is what a model wrote after a prompt.
type Response struct {
	Tokens []int32 // the end token included, unless the context was full before
	// KL is the sum over the response's tokens of the exact divergence KL(policy(.|prefix) || reference(.|prefix)), in nats: an unbiased
	// estimate of the divergence of the two models' responses with less variance than log-ratios of the tokens drawn (Rao-Blackwell).
	KL float64
	// LogProb is the log-probability of the tokens, summed, at the temperature at which they were drawn, in nats. Its mean over responses is
	// an unbiased estimate of minus the entropy of what the policy writes.
	LogProb float64
}

// decoder computes one model a token at a time. Its cache holds a key and a value of width C for each row and position.
type decoder struct {
	caches                                    [][]float32 // one a layer, [rows,T,2C]
	x, mid, norm, qkv, attended, wide, logits []float32
	mean, rstd                                []float32
}

// NewSampler returns a sampler that writes at most that many responses at a time.
func NewSampler(k *kernel.Kernel, config Config, rows int) *Sampler {
	return &Sampler{
		k: k, config: config, rows: rows, policy: newDecoder(k, config, rows), reference: newDecoder(k, config, rows),
		tokens: k.Ints(rows), positions: k.Ints(rows),
		probs: k.Floats(rows * config.Vocabulary), lse: k.Floats(rows), kl: k.Floats(rows),
	}
}

func newDecoder(k *kernel.Kernel, config Config, rows int) *decoder {
	c := config.Width
	d := &decoder{
		caches: make([][]float32, config.Layers),
		x:      k.Floats(rows * c), mid: k.Floats(rows * c), norm: k.Floats(rows * c), qkv: k.Floats(rows * 3 * c), attended: k.Floats(rows * c),
		wide: k.Floats(rows * 4 * c), logits: k.Floats(rows * config.Vocabulary), mean: k.Floats(rows), rstd: k.Floats(rows),
	}
	for i := range d.caches {
		d.caches[i] = k.Floats(rows * config.Context * 2 * c)
	}
	return d
}

// step reads one token a row and returns the logits [n,V] of the next.
func (d *decoder) step(k *kernel.Kernel, w *Weights, tokens, positions []int32) []float32 {
	n, c, v := len(tokens), w.Config.Width, w.Config.Vocabulary
	nc := n * c
	x, mid, norm, attended, mean, rstd := d.x[:nc], d.mid[:nc], d.norm[:nc], d.attended[:nc], d.mean[:n], d.rstd[:n]
	k.Embed(x, w.WTE, w.WPE, tokens, positions, c)
	for i := range w.Layers {
		l := &w.Layers[i]
		k.LayerNorm(norm, mean, rstd, x, l.Gain1, l.Bias1, n, c)
		k.MatMul(d.qkv[:3*nc], norm, l.qkv(), n)
		cache := d.caches[i][:2*nc*w.Config.Context]
		k.AttendCached(attended, d.qkv[:3*nc], cache, positions, n, w.Config.Context, w.Config.Heads, c)
		k.MatMulAdd(mid, attended, l.out(), x, n)
		k.LayerNorm(norm, mean, rstd, mid, l.Gain2, l.Bias2, n, c)
		k.MatMulGELU(d.wide[:4*nc], nil, norm, l.up(), n)
		k.MatMulAdd(x, d.wide[:4*nc], l.down(), mid, n)
	}
	k.LayerNorm(norm, mean, rstd, x, w.FinalGain, w.FinalBias, n, c)
	k.MatMul(d.logits[:n*v], norm, w.head(), n)
	return d.logits[:n*v]
}

// Sample writes one response to each prompt with the policy, at the given temperature, until end or a full context. stream(i) is the
// generator of response i, so that a response depends on its prompt, its stream and the weights, and on nothing else. A nil reference
// leaves KL at 0. It panics if a prompt is empty or fills the context.
func (s *Sampler) Sample(
	policy, reference *Weights, prompts [][]int32, end int32, temperature float64, stream func(i int) *rand.Rand,
) []Response {
	responses := make([]Response, len(prompts))
	for at := 0; at < len(prompts); at += s.rows {
		last := min(len(prompts), at+s.rows)
		s.sampleRows(policy, reference, prompts[at:last], end, temperature, func(i int) *rand.Rand { return stream(at + i) }, responses[at:last])
	}
	return responses
}

// sampleRows is Sample for at most s.rows prompts. Every row reads its prompt first, then what it has written; a row that has ended
// goes on reading its last token, to no effect, until all have ended.
func (s *Sampler) sampleRows(
	policy, reference *Weights, prompts [][]int32, end int32, temperature float64, stream func(i int) *rand.Rand, dst []Response,
) {
	n, v := len(prompts), s.config.Vocabulary
	clear(s.kl) // without a reference it stays so
	streams, open := make([]*rand.Rand, n), make([]bool, n)
	for i, p := range prompts {
		if len(p) == 0 || len(p) >= s.config.Context {
			panic("toy: a prompt is empty or leaves no room for a response")
		}
		streams[i], open[i], s.tokens[i] = stream(i), true, p[0]
	}
	for position, left := 0, n; left > 0; position++ {
		for i := range n {
			s.positions[i] = int32(position)
		}
		logits := s.policy.step(s.k, policy, s.tokens[:n], s.positions[:n])
		if reference != nil {
			s.k.KL(s.kl[:n], logits, s.reference.step(s.k, reference, s.tokens[:n], s.positions[:n]), n, v)
		}
		s.k.Softmax(s.probs[:n*v], s.lse[:n], logits, n, v, float32(1/temperature))
		for i, prompt := range prompts {
			switch {
			case !open[i]:
			case position+1 < len(prompt):
				s.tokens[i] = prompt[position+1]
			default:
				probs := s.probs[i*v : (i+1)*v]
				token := draw(probs, streams[i].Float64())
				dst[i].LogProb += repro.Log(float64(probs[token]))
				s.tokens[i], dst[i].Tokens = token, append(dst[i].Tokens, token)
				dst[i].KL += float64(s.kl[i])
				if open[i] = token != end && position+1 < s.config.Context; !open[i] {
					left--
				}
			}
		}
	}
}

// draw returns the index at which the cumulative sum of probs exceeds u.
func draw(probs []float32, u float64) int32 {
	sum := 0.0
	for i, p := range probs {
		if sum += float64(p); u < sum {
			return int32(i)
		}
	}
	return int32(len(probs) - 1) // the probabilities sum to a little less than 1
}
