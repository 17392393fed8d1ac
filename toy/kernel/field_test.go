package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// float32Tolerance is for results in float32 against the same algebra in float64, relative to the largest element (at least 1):
// half a unit in the last place, 6e-8, for each of the up to a hundred roundings on the way to an element of these tests.
const float32Tolerance = 6e-6

// float64Tolerance is for derivatives in float64 against central differences with a step of 1e-5: its square, and the rounding
// 1e-16 over the step.
const float64Tolerance = 1e-8

// guardBits fills the memory around every slice of a field. It is a NaN with a payload that no computation makes, so that reading
// a guard shows as NaN too.
const guardBits = 0x7fc5a5a5

const guardFloats = 8

// field hands out slices that begin a given number of floats past an aligned address and have guards on both sides.
type field struct {
	t     *testing.T
	k     *Kernel
	align int
	rng   *rand.Rand
	all   [][2][]float32 // guards before and behind each slice
}

func newField(t *testing.T, k *Kernel, align int) *field {
	t.Helper()
	return &field{t: t, k: k, align: align, rng: rand.New(rand.NewPCG(1, 2))}
}

// zeros returns n guarded zeros.
func (f *field) zeros(n int) []float32 {
	room := f.k.Floats(n + 2*guardFloats + f.align)
	before, behind := room[:guardFloats+f.align], room[guardFloats+f.align+n:]
	for _, guard := range [][]float32{before, behind} {
		for i := range guard {
			guard[i] = math.Float32frombits(guardBits)
		}
	}
	f.all = append(f.all, [2][]float32{before, behind})
	return room[len(before) : len(before)+n : len(before)+n]
}

// random returns n guarded standard normal deviates.
func (f *field) random(n int) []float32 {
	x := f.zeros(n)
	for i := range x {
		x[i] = float32(f.rng.NormFloat64())
	}
	return x
}

// of returns the guarded values.
func (f *field) of(values ...float32) []float32 {
	x := f.zeros(len(values))
	copy(x, values)
	return x
}

func (f *field) ints(values ...int32) []int32 {
	x := f.k.Ints(len(values))
	copy(x, values)
	return x
}

// below returns n random indices below limit.
func (f *field) below(n, limit int) []int32 {
	x := f.k.Ints(n)
	for i := range x {
		x[i] = int32(f.rng.IntN(limit))
	}
	return x
}

func (f *field) checkGuards() {
	f.t.Helper()
	for i, guards := range f.all {
		for side, guard := range guards {
			for j, v := range guard {
				require.Equal(f.t, uint32(guardBits), math.Float32bits(v), "guard %d on side %d of slice %d", j, side, i)
			}
		}
	}
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// requireClose compares a kernel's result with the reference's: NaN where it is NaN, infinite where it is, else within float32Tolerance.
func requireClose(t *testing.T, want []float64, got []float32, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	scale := 1.0
	for _, w := range want {
		if !math.IsInf(w, 0) && !math.IsNaN(w) {
			scale = max(scale, math.Abs(w))
		}
	}
	for i, w := range want {
		g := float64(got[i])
		switch {
		case math.IsNaN(w):
			require.True(t, math.IsNaN(g), "%s[%d] is %v, want NaN", what, i, g)
		case math.IsInf(w, 0) || math.Abs(w) > math.MaxFloat32:
			require.Equal(t, float32(w), got[i], "%s[%d]", what, i)
		default:
			if !(math.Abs(g-w) <= float32Tolerance*scale) { // require's own formatting is slow
				require.Fail(t, "not close", "%s[%d] is %v, want %v", what, i, g, w)
			}
		}
	}
}

func requireSameBits(t *testing.T, want, got []float32, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
			require.Fail(t, "different bits", "%s[%d] is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// open returns a Kernel that is closed with the test.
func open(t testing.TB) *Kernel {
	k := New()
	t.Cleanup(k.Close)
	return k
}

// eachAlignment runs a test at four alignments, giving its memory back each time.
func eachAlignment(t *testing.T, k *Kernel, test func(f *field)) {
	t.Helper()
	for align := range 4 {
		mark := k.Mark()
		f := newField(t, k, align)
		test(f)
		f.checkGuards()
		k.Release(mark)
	}
}
