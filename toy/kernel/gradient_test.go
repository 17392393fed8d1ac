package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// numericalGradient differentiates f at x by central differences.
func numericalGradient(f func() float64, x []float64) []float64 {
	const step = 1e-5
	gradient := make([]float64, len(x))
	for i, v := range x {
		x[i] = v + step
		above := f()
		x[i] = v - step
		gradient[i] = (above - f()) / (2 * step)
		x[i] = v
	}
	return gradient
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// TestReferenceGradients proves the plain backward functions by the plain forward ones, which leaves the kernel to be compared with both.
func TestReferenceGradients(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	random := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		return x
	}
	type pair struct {
		x, gradient []float64
	}
	// Each case returns the function sum of dy y, and what the reference says of its derivatives.
	cases := []struct {
		name  string
		setup func() (loss func() float64, pairs []pair)
	}{
		{"MatMul", func() (func() float64, []pair) {
			const n, in, out = 4, 3, 5
			x, w, bias, dy := random(n*in), random(in*out), random(out), random(n*out)
			dx, dw, dbias := refMatMulBackward(dy, x, w, n, in, out)
			return func() float64 { return dot(dy, refMatMul(x, w, bias, n, in, out)) }, []pair{{x, dx}, {w, dw}, {bias, dbias}}
		}},
		{"LayerNorm", func() (func() float64, []pair) {
			const n, c = 3, 7
			x, gain, bias, dy := random(n*c), random(c), random(c), random(n*c)
			_, mean, rstd := refLayerNorm(x, gain, bias, n, c)
			dx, dgain, dbias := refLayerNormBackward(dy, x, mean, rstd, gain, n, c)
			loss := func() float64 { y, _, _ := refLayerNorm(x, gain, bias, n, c); return dot(dy, y) }
			return loss, []pair{{x, dx}, {gain, dgain}, {bias, dbias}}
		}},
		{"GELU", func() (func() float64, []pair) {
			x, dy := random(20), random(20)
			return func() float64 { return dot(dy, refGELU(x)) }, []pair{{x, refGELUBackward(dy, x)}}
		}},
		{"Attention", func() (func() float64, []pair) {
			const n, h, heads, c = 9, 7, 2, 8
			segments := []int32{0, 3, 0, 0, 2, 0, 3, 2, 0, 3, 0, 1, 5, 4, 0, 3, 0, 3}
			q, kv, dy := random(h*c), random(2*n*c), random(h*c)
			_, probs := refAttention(q, kv, segments, heads, c)
			loss := func() float64 { y, _ := refAttention(q, kv, segments, heads, c); return dot(dy, y) }
			dq, dkv := refAttentionBackward(dy, probs, q, kv, segments, heads, c)
			return loss, []pair{{q, dq}, {kv, dkv}}
		}},
		{"CrossEntropy", func() (func() float64, []pair) {
			const n, v = 3, 5
			logits, coefs, targets := random(n*v), random(n), []int{4, 0, 2}
			loss := func() float64 {
				_, lse := refSoftmax(logits, n, v, 1)
				sum := 0.0
				for r, target := range targets {
					sum += coefs[r] * (logits[r*v+target] - lse[r])
				}
				return sum
			}
			gradient, _ := refSoftmax(logits, n, v, 1)
			for i := range gradient {
				gradient[i] *= -coefs[i/v]
			}
			for r, target := range targets {
				gradient[r*v+target] += coefs[r]
			}
			return loss, []pair{{logits, gradient}}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			loss, pairs := c.setup()
			for p, pair := range pairs {
				for i, want := range numericalGradient(loss, pair.x) {
					require.InDelta(t, want, pair.gradient[i], float64Tolerance*max(1, math.Abs(want)), "derivative %d of input %d", i, p)
				}
			}
		})
	}
}
