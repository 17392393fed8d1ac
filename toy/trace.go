package toy

import (
	"math"

	"margins/repro"
	"margins/toy/kernel"
)

// Trace is what a model computes on one sequence, laid open for people to look at. It is made by a forward pass of its own, so that
// training keeps nothing for it and costs nothing when nobody looks.
type Trace struct {
	Tokens   int         // T, tokens of the sequence
	LogProbs []float32   // [T,V] row i: log-probability of each token as the one after token i, nats
	Maps     [][]float32 // one a layer, [heads,T,T]: how much of what token i reads in a head comes from token j <= i; 0 for later j
}

// NewTrace runs w on tokens, from position 0 on. It takes memory for activations from k and gives it back. A sequence that is empty or
// longer than the model's context is a programmer's error and panics.
func NewTrace(k *kernel.Kernel, w *Weights, tokens []int32) Trace {
	n, c, v := len(tokens), w.Config.Width, w.Config.Vocabulary
	if n == 0 || n > w.Config.Context {
		panic("toy: a sequence to trace is empty or longer than the context")
	}
	mark := k.Mark()
	defer k.Release(mark)
	t := tracer{
		k: k, n: n, c: c, heads: w.Config.Heads,
		x: k.Floats(n * c), mid: k.Floats(n * c), norm: k.Floats(n * c), mean: k.Floats(n), rstd: k.Floats(n),
		wide: k.Floats(4 * n * c), attended: k.Floats(n * c),
	}
	inputs := k.Ints(2 * n)
	copy(inputs, tokens)
	for i := range n {
		inputs[n+i] = int32(i)
	}
	k.Embed(t.x, w.WTE, w.WPE, inputs[:n], inputs[n:], c)
	trace := Trace{Tokens: n, LogProbs: make([]float32, n*v)}
	for i := range w.Layers {
		trace.Maps = append(trace.Maps, t.layer(&w.Layers[i]))
	}
	k.LayerNorm(t.norm, t.mean, t.rstd, t.x, w.FinalGain, w.FinalBias, n, c)
	logits, lse := k.Floats(n*v), k.Floats(n)
	k.MatMul(logits, t.norm, w.head(), n)
	copy(trace.LogProbs, logits)
	k.Softmax(logits, lse, logits, n, v, 1)
	for i := range trace.LogProbs {
		trace.LogProbs[i] -= lse[i/v]
	}
	return trace
}

// tracer is a forward pass over n tokens.
type tracer struct {
	k              *kernel.Kernel
	n, c, heads    int
	x, mid         []float32 // [N,C] the residual stream before attention and after it
	norm           []float32 // [N,C]
	mean, rstd     []float32 // [N]
	wide, attended []float32 // [N,4C], [N,C]
}

// layer takes the residual stream through one block and returns its attention maps.
func (t *tracer) layer(w *LayerWeights) []float32 {
	k, n, c := t.k, t.n, t.c
	k.LayerNorm(t.norm, t.mean, t.rstd, t.x, w.Gain1, w.Bias1, n, c)
	qkv := t.wide[:3*n*c]
	k.MatMul(qkv, t.norm, w.qkv(), n)
	maps := t.attend(qkv)
	k.MatMulAdd(t.mid, t.attended, w.out(), t.x, n)
	k.LayerNorm(t.norm, t.mean, t.rstd, t.mid, w.Gain2, w.Bias2, n, c)
	k.MatMulGELU(t.wide, nil, t.norm, w.up(), n)
	k.MatMulAdd(t.x, t.wide, w.down(), t.mid, n)
	return maps
}

// attend sets t.attended to softmax(q kT / sqrt(C/heads)) v of each head, and returns the softmaxes [heads,N,N].
func (t *tracer) attend(qkv []float32) []float32 {
	n, c, size := t.n, t.c, t.c/t.heads
	maps, weights, sums := make([]float32, t.heads*n*n), make([]float64, n), make([]float64, size)
	scale := 1 / math.Sqrt(float64(size))
	for head := range t.heads {
		at := head * size
		for i := range n {
			query := qkv[3*c*i+at:][:size]
			for j := range i + 1 {
				weights[j] = float64(scale * dot(query, qkv[3*c*j+c+at:][:size]))
			}
			softmax(weights[:i+1])
			clear(sums)
			for j, p := range weights[:i+1] {
				maps[(head*n+i)*n+j] = float32(p)
				for d, x := range qkv[3*c*j+2*c+at:][:size] {
					sums[d] += float64(p * float64(x))
				}
			}
			for d, x := range sums {
				t.attended[c*i+at+d] = float32(x)
			}
		}
	}
	return maps
}

// softmax replaces x by exp(x) over its sum.
func softmax(x []float64) {
	most, sum := math.Inf(-1), 0.0
	for _, a := range x {
		most = max(most, a)
	}
	for i, a := range x {
		x[i] = repro.Exp(a - most)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

func dot(a, b []float32) (sum float64) {
	for i, x := range a {
		sum += float64(float64(x) * float64(b[i]))
	}
	return sum
}
