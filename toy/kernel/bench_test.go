package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// The sizes of benchmarks: the default model with 32 pairs packed (about 1,200 rows of 48 channels, 4 heads), and one of 128 channels
// with 2,048 rows. Run one operation with -bench=MatMul/, say; matrix products also report GFLOP/s.
var benchSizes = []struct{ n, c, heads, v int }{{1200, 48, 4, 68}, {2048, 128, 4, 128}}

// filled returns n small random floats.
func filled(k *Kernel, n int) []float32 {
	rng := rand.New(rand.NewPCG(5, 6))
	x := k.Floats(n)
	for i := range x {
		x[i] = rng.Float32() - 0.5
	}
	return x
}

func BenchmarkMatMul(b *testing.B) {
	k := open(b)
	for _, s := range benchSizes {
		for _, shape := range [][2]int{{s.c, 3 * s.c}, {s.c, s.c}, {s.c, 4 * s.c}, {4 * s.c, s.c}, {s.c, s.v}} {
			n, in, out := s.n, shape[0], shape[1]
			mark := k.Mark()
			x, y, beside, l := filled(k, n*in), filled(k, n*out), filled(k, n*out), NewLinear(filled(k, in*out), filled(k, out), in, out)
			for _, product := range []struct {
				name string
				call func()
			}{
				{"forward", func() { k.MatMul(y, x, l, n) }},
				{"add", func() { k.MatMulAdd(y, x, l, beside, n) }},
				{"gelu", func() { k.MatMulGELU(y, beside, x, l, n) }},
				{"input", func() { k.MatMulBackwardInput(x, y, l, nil, n) }},
				{"input-slope", func() { k.MatMulBackwardInput(x, y, l, x, n) }},
				{"input-add", func() { k.MatMulBackwardInputAdd(x, y, l, n) }},
				{"weight", func() { k.MatMulBackwardWeight(l, x, y, n) }},
			} {
				b.Run(fmt.Sprintf("%dx%dx%d/%s", n, in, out, product.name), func(b *testing.B) {
					clear(l.W) // the products feed each other: keep them from growing without bound
					for b.Loop() {
						product.call()
					}
					b.ReportMetric(2*float64(n*in*out)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			}
			k.Release(mark)
		}
	}
}

func BenchmarkOthers(b *testing.B) {
	k := open(b)
	for _, s := range benchSizes {
		n, c, heads, v, pairs := s.n, s.c, s.heads, s.v, 32
		mark := k.Mark()
		// a prompt and its two responses, 32 times
		length := n / pairs / 3
		segments := k.Ints(pairs * 3 * SegmentFields)
		for i := range pairs {
			prompt, l := int32(3*length*i), int32(length)
			copy(segments[3*SegmentFields*i:], []int32{
				prompt, l, 0, 0, 0, prompt, prompt + l, l, prompt, l, 0, prompt + l, prompt + 2*l, l, prompt, l, 0, prompt + 2*l,
			})
		}
		x, y, dx, qkv, dqkv := filled(k, n*c), filled(k, n*c), filled(k, n*c), filled(k, 3*n*c), filled(k, 3*n*c)
		q, kv, dq, dkv := qkv[:n*c], qkv[n*c:], dqkv[:n*c], dqkv[n*c:]
		gain, bias, mean, rstd := filled(k, c), filled(k, c), filled(k, n), filled(k, n)
		logits, probs, lse := filled(k, n*v), filled(k, n*v), filled(k, n)
		attention := k.Floats(AttentionProbs(segments, heads))
		const batch, context = 512, 24
		cache, positions := filled(k, 2*batch*context*c), k.Ints(batch)
		for i := range positions {
			positions[i] = context / 2
		}
		tokens, places := k.Ints(n), k.Ints(n)
		weights, moments := filled(k, 12*c*c), k.Floats(24*c*c)
		step := AdamW{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Correction1: 0.1, Correction2: 0.001, Scale: 1}
		k.Softmax(probs, lse, logits, n, v, 1)
		for _, operation := range []struct {
			name string
			call func()
		}{
			{"LayerNorm", func() { k.LayerNorm(y, mean, rstd, x, gain, bias, n, c) }},
			{"LayerNormBackward", func() { k.LayerNormBackward(dx, gain, bias, y, x, mean, rstd, gain, n, c) }},
			{"Attention", func() { k.Attention(y, attention, q, kv, segments, heads, c) }},
			{"AttentionBackward", func() { k.AttentionBackward(dq, dkv, y, attention, q, kv, segments, heads, c) }},
			{"AttendCached", func() { k.AttendCached(y[:batch*c], qkv[:3*batch*c], cache, positions, batch, context, heads, c) }},
			{"Embed", func() { k.Embed(y, weights, weights, tokens, places, c) }},
			{"EmbedBackward", func() { k.EmbedBackward(weights, moments, x, tokens, places, c) }},
			{"Gather", func() { k.Gather(y, x, tokens, c) }},
			{"GatherBackward", func() { k.GatherBackward(dx, x, tokens, c) }},
			{"Softmax", func() { k.Softmax(probs, lse, logits, n, v, 1) }},
			{"CrossEntropyBackward", func() { k.CrossEntropyBackward(logits, probs, lse, n, v) }},
			{"KL", func() { k.KL(lse, probs, probs, n, v) }},
			{"SumSquares", func() { k.SumSquares(weights) }},
			{"AdamW", func() { k.AdamW(weights, weights, moments[:12*c*c], moments[12*c*c:], step) }},
		} {
			b.Run(fmt.Sprintf("%s/%dx%d", operation.name, n, c), func(b *testing.B) {
				for b.Loop() {
					operation.call()
				}
			})
		}
		k.Release(mark)
	}
}
