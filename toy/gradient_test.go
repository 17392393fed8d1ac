package toy

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

// The step of a central difference, and the deviation allowed, relative to the length of the tensor's gradient. The worst of this model's
// 410 directions deviates by 9.1e-3 at a step of 2^-7 and by 2.2e-3 at 2^-8: a quarter, as the error of the difference does. Below that the
// rounding of float32 log-probs, divided by the step, takes over: 2.4e-3 at 2^-9, 5.0e-3 at 2^-10.
const (
	differenceStep      = 0x1p-8
	differenceTolerance = 5e-3
)

// Backward is the derivative of the weighted sum of log-probs, tensor by tensor, along random directions in which every weight moves by
// the same amount up or down: a wrong derivative of any one weight tells in all of them.
func TestGradientIsTheDerivative(t *testing.T) {
	k := newKernel(t)
	w, g := rough(k, tiny, "gradient"), NewWeights(k, tiny)
	b := pack(t, k, someGroups(tiny)...)
	p, dlogps := NewPass(k, tiny, len(b.Tokens)), partials(b)
	loss := func() (sum float64) {
		for i, logp := range p.Forward(w, b) {
			sum += float64(dlogps[i]) * float64(logp)
		}
		return sum
	}
	loss()
	p.Backward(w, g, b, dlogps)
	rng := repro.Stream(4, "directions")
	for i, tensor := range w.Tensors() {
		t.Run(tensor.Name, func(t *testing.T) {
			gradient := g.Tensors()[i].Data
			norm := math.Sqrt(k.SumSquares(gradient))
			require.NotZero(t, norm)
			for range 10 {
				slope, difference := along(tensor.Data, gradient, direction(rng, len(gradient)), loss)
				assert.InDelta(t, slope, difference, differenceTolerance*norm)
			}
		})
	}
}

// direction returns n signs.
func direction(rng *rand.Rand, n int) []float64 {
	signs := make([]float64, n)
	for i := range signs {
		signs[i] = float64(1 - 2*rng.IntN(2))
	}
	return signs
}

// along returns the derivative of loss by x along the direction: what the gradient says and the central difference. Both take the steps
// that x really makes, which float32 has rounded. x is as before at the end.
func along(x, gradient []float32, direction []float64, loss func() float64) (slope, difference float64) {
	before := slices.Clone(x)
	for _, step := range []float64{differenceStep, -differenceStep} {
		for i := range x {
			x[i] = float32(float64(before[i]) + step*direction[i])
			slope += (float64(x[i]) - float64(before[i])) * float64(gradient[i]) / (2 * step)
		}
		difference += loss() / (2 * step)
		copy(x, before)
	}
	return slope, difference
}
