package toy

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/toy/kernel"
)

var adamW = OptimizerConfig{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, Decay: 0.5, Clip: 1}

// filled returns weights that are all x.
func filled(k *kernel.Kernel, config Config, x float32) *Weights {
	w := NewWeights(k, config)
	for i := range w.Data {
		w.Data[i] = x
	}
	return w
}

// Without a gradient, a step multiplies matrices by 1 - lr decay and leaves vectors alone, at every step the same.
func TestDecay(t *testing.T) {
	k := newKernel(t)
	w, none := filled(k, tiny, 1), NewWeights(k, tiny)
	o := NewOptimizer(k, tiny, adamW)
	want := float32(1)
	for range 3 {
		assert.Zero(t, o.Step(w, none, 0.25))
		want *= 1 - 0.25*0.5
		for _, tensor := range w.Tensors() {
			expected := float32(1)
			if strings.HasSuffix(tensor.Name, "weight") || tensor.Name == "wte" || tensor.Name == "wpe" {
				expected = want
			}
			assert.Equal(t, expected, slices.Min(tensor.Data), tensor.Name)
			assert.Equal(t, expected, slices.Max(tensor.Data), tensor.Name)
		}
	}
}

// Decay is decoupled: it takes lr decay w from a matrix whatever the gradient.
func TestDecayIsDecoupled(t *testing.T) {
	k := newKernel(t)
	g, start := rough(k, tiny, "gradient"), rough(k, tiny, "weights")
	with, without := copyOf(k, start), copyOf(k, start)
	plain := adamW
	plain.Decay = 0
	NewOptimizer(k, tiny, adamW).Step(with, g, 0.01)
	NewOptimizer(k, tiny, plain).Step(without, g, 0.01)
	for i, w := range start.WTE {
		assert.InDelta(t, 0.01*0.5*w, without.WTE[i]-with.WTE[i], 1e-6, "a few roundings of weights near 1")
	}
	for i, before := range start.Data {
		require.NotEqual(t, before, without.Data[i])
	}
}

// The first moment after the first step is (1 - beta1) times the gradient, which shows what clipping made of it.
func TestClip(t *testing.T) {
	k := newKernel(t)
	g := filled(k, tiny, 0.5)
	norm := 0.5 * math.Sqrt(float64(len(g.Data)))
	for _, c := range []struct {
		name        string
		clip, scale float64
	}{
		{"below the limit", norm * 1.1, 1},
		{"at the limit", norm + 1e-6, 1},
		{"above the limit", norm / 4, norm / 4 / (norm + 1e-6)},
		{"no limit", math.Inf(1), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := adamW
			config.Clip = c.clip
			o := NewOptimizer(k, tiny, config)
			assert.InDelta(t, norm, o.Step(NewWeights(k, tiny), g, 0.01), 1e-12*norm, "the norm before clipping")
			for _, m := range o.m.Data {
				require.InEpsilon(t, 0.1*0.5*c.scale, m, 1e-6)
			}
			assert.Equal(t, slices.Repeat([]float32{0.5}, len(g.Data)), g.Data, "the gradient is only read")
		})
	}
}

// With both corrections, the first step of every weight is lr against the sign of its gradient, and so are all while the gradient stays.
func TestStepsOfAConstantGradient(t *testing.T) {
	k := newKernel(t)
	config := adamW
	config.Decay = 0
	w, g := NewWeights(k, tiny), filled(k, tiny, 0.5)
	for i := range g.Data {
		if i%3 == 0 {
			g.Data[i] = -g.Data[i]
		}
	}
	o := NewOptimizer(k, tiny, config)
	for step := 1; step <= 20; step++ {
		o.Step(w, g, 0.01)
		for i, x := range w.Data {
			require.InEpsilon(t, -0.01*float64(step)*float64(2*g.Data[i]), x, 1e-5, "step %d", step)
		}
	}
}

// A gradient that is not finite is as if it had not been.
func TestStepRefusesAGradientThatIsNotFinite(t *testing.T) {
	k := newKernel(t)
	good := rough(k, tiny, "gradient")
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, at := range []int{0, len(good.Data) / 2, len(good.Data) - 1} {
			bad := copyOf(k, good)
			bad.Data[at] = float32(x)
			w, undisturbed := rough(k, tiny, "weights"), rough(k, tiny, "weights")
			o, p := NewOptimizer(k, tiny, adamW), NewOptimizer(k, tiny, adamW)
			for step := range 4 {
				require.Equal(t, p.Step(undisturbed, good, 0.01), o.Step(w, good, 0.01))
				norm := o.Step(w, bad, 0.01)
				require.True(t, math.IsNaN(norm) || math.IsInf(norm, 1), "%v at %d", x, at)
				require.Equal(t, undisturbed.Data, w.Data, "step %d, %v at %d", step, x, at)
			}
			require.Equal(t, p.m.Data, o.m.Data)
			require.Equal(t, p.v.Data, o.v.Data)
		}
	}
	large := filled(k, tiny, math.MaxFloat32)
	w := NewWeights(k, tiny)
	assert.InEpsilon(t, math.MaxFloat32*math.Sqrt(float64(len(w.Data))), NewOptimizer(k, tiny, adamW).Step(w, large, 0.01), 1e-6)
	assert.True(t, w.Finite(k), "the largest gradient is finite")
	assert.NotZero(t, w.Data[0])
}

func TestCosine(t *testing.T) {
	for _, c := range []struct {
		name            string
		i, n, warmup    int
		fractionOfPeak  float64
		toTheLastOfBits bool
	}{
		{"first", 0, 101, 0, 1, true},
		{"a quarter", 25, 101, 0, 0.1 + 0.9*(0.5+0.25*math.Sqrt2), false},
		{"middle", 50, 101, 0, 0.55, false},
		{"last", 100, 101, 0, 0.1, false},
		{"one of one", 0, 1, 0, 1, true},
		{"first of two", 0, 2, 0, 1, true},
		{"last of two", 1, 2, 0, 0.1, false},
		{"warm-up, first", 0, 101, 10, 0.1, false},
		{"warm-up, half", 4, 101, 10, 0.5, false},
		{"warm-up, last", 9, 101, 10, 1, true},
		{"after the warm-up", 10, 101, 10, 1, true},
		{"middle after the warm-up", 55, 101, 10, 0.55, false},
		{"last after a warm-up", 100, 101, 10, 0.1, false},
		{"all warm-up", 9, 10, 10, 1, true},
		{"one after the warm-up", 10, 11, 10, 1, true},
		{"beyond the end", 500, 101, 10, 0.1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Cosine(3e-3, c.i, c.n, c.warmup)
			assert.InEpsilon(t, 3e-3*c.fractionOfPeak, got, 1e-14)
			if c.toTheLastOfBits {
				assert.Equal(t, 3e-3, got)
			}
		})
	}
	for i := 10; i < 99; i++ {
		assert.Less(t, Cosine(1, i+1, 100, 10), Cosine(1, i, 100, 10), "step %d", i)
	}
}
