package kernel

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// first is the mark of a Kernel that has handed out nothing.
func (k *Kernel) first() int { return firstMark }

var firstMark = func() int {
	k := New()
	defer k.Close()
	return k.Mark()
}()

func TestSlicesAreAlignedZeros(t *testing.T) {
	k := open(t)
	for _, n := range []int{1, 3, 16, 17, 1000} {
		for range 2 {
			mark := k.Mark()
			floats, ints := k.Floats(n), k.Ints(n)
			assert.Len(t, floats, n)
			assert.Len(t, ints, n)
			assert.Zero(t, uintptr(unsafe.Pointer(&floats[0]))%64)
			assert.Zero(t, uintptr(unsafe.Pointer(&ints[0]))%64)
			for i := range n {
				require.Zero(t, floats[i])
				require.Zero(t, ints[i])
				floats[i], ints[i] = 1, 1 // the second round must not see these
			}
			k.Release(mark)
		}
	}
	assert.Empty(t, k.Floats(0))
}

func TestMistakesPanic(t *testing.T) {
	k := open(t)
	x := func(n int) []float32 { return k.Floats(n) }
	ints := func(values ...int32) []int32 {
		slice := k.Ints(len(values))
		copy(slice, values)
		return slice
	}
	for _, c := range []struct {
		want string
		call func()
	}{
		{"kernel: MatMul: w has 5 elements, want 6 or more", func() { k.MatMul(x(4), x(6), NewLinear(x(5), nil, 3, 2), 2) }},
		{"kernel: MatMul: bias has 3 elements, want 2", func() { k.MatMul(x(4), x(6), NewLinear(x(6), x(3), 3, 2), 2) }},
		{"kernel: MatMul: dimension -1", func() { k.MatMul(nil, nil, NewLinear(nil, nil, 0, 0), -1) }},
		{"kernel: MatMul: rows of 2 columns lie 1 apart", func() { k.MatMul(x(4), x(6), Linear{x(6), nil, 3, 2, 1}, 2) }},
		{"kernel: MatMulAdd: residual has 3 elements, want 4", func() { k.MatMulAdd(x(4), x(6), NewLinear(x(6), nil, 3, 2), x(3), 2) }},
		{"kernel: MatMulGELU: slope has 5 elements, want 4", func() { k.MatMulGELU(x(4), x(5), x(6), NewLinear(x(6), nil, 3, 2), 2) }},
		{"kernel: MatMulBackwardInput: slope has 4 elements, want 6",
			func() { k.MatMulBackwardInput(x(6), x(4), NewLinear(x(6), nil, 3, 2), x(4), 2) }},
		{"kernel: Embed: tokens[1] is 2, outside 0..1", func() { k.Embed(x(4), x(4), x(4), ints(0, 2), ints(0, 1), 2) }},
		{"kernel: EmbedBackward: positions[0] is -1, outside 0..1", func() { k.EmbedBackward(x(4), x(4), x(4), ints(0, 1), ints(-1, 1), 2) }},
		{"kernel: Gather: rows[0] is 3, outside 0..2", func() { k.Gather(x(2), x(6), ints(3), 2) }},
		{"kernel: GatherBackward: rows[0] is 1, outside 0..0", func() { k.GatherBackward(x(2), x(6), ints(1, 1, 0), 2) }},
		{"kernel: Softmax: rows have no elements", func() { k.Softmax(nil, x(1), nil, 1, 0, 1) }},
		{"kernel: Attention: 10 channels in 2 heads: a head's channels must be a multiple of 4",
			func() { k.Attention(x(10), nil, x(10), x(20), nil, 2, 10) }},
		{"kernel: Attention: segment [1 2 0 0 0 0] leaves the 2 rows",
			func() { k.Attention(x(8), x(8), x(8), x(16), ints(1, 2, 0, 0, 0, 0), 1, 4) }},
		{"kernel: Attention: segment [0 2 0 0 1 2] leaves the 2 queries",
			func() { k.Attention(x(8), x(8), x(8), x(16), ints(0, 2, 0, 0, 1, 2), 1, 4) }},
		{"kernel: Attention: kv has 8 elements, want 0", func() { k.Attention(x(8), x(8), x(8), x(8), nil, 1, 8) }},
		{"kernel: AttentionBackward: probs has 7 elements, want 8",
			func() { k.AttentionBackward(x(8), x(16), x(8), x(7), x(8), x(16), ints(0, 2, 0, 0, 0, 0), 1, 4) }},
		{"kernel: AttentionBackward: dkv has 8 elements, want 16",
			func() { k.AttentionBackward(x(8), x(8), x(8), x(8), x(8), x(16), ints(0, 2, 0, 0, 0, 0), 1, 4) }},
		{"kernel: AttendCached: positions[0] is 2, outside 0..1", func() { k.AttendCached(x(4), x(12), x(16), ints(2), 1, 2, 1, 4) }},
	} {
		assert.PanicsWithValue(t, c.want, c.call)
	}
}

// everything calls each operation once on slices made beforehand, and returns those that are written.
func everything(k *Kernel) (run func(), results [][]float32) {
	const n, c, heads, v, context = 20, 24, 2, 11, 9
	rng := rand.New(rand.NewPCG(7, 8))
	random := func(n int) []float32 {
		x := k.Floats(n)
		for i := range x {
			x[i] = rng.Float32()*2 - 1 // unlike a normal deviate, exact in every host
		}
		return x
	}
	result := func(n int) []float32 {
		x := random(n)
		results = append(results, x)
		return x
	}
	below := func(n int, limit int32) []int32 {
		x := k.Ints(n)
		for i := range x {
			x[i] = rng.Int32N(limit)
		}
		return x
	}
	segments := k.Ints(3 * SegmentFields)
	copy(segments, []int32{0, 6, 0, 0, 0, 0, 6, 5, 0, 6, 0, 6, 11, 9, 0, 6, 0, 11})
	tokens, positions, last := below(n, v), below(n, context), below(2, context)
	x, dy, qkv, logits, other := random(n*c), random(n*3*c), random(n*3*c), random(n*v), random(n*v)
	l := NewLinear(random(c*3*c), random(3*c), c, 3*c)
	square := l.Columns(c, 2*c)
	wte, wpe, gain, coefs := random(v*c), random(context*c), random(c), random(n)
	y3, dx, d := result(n*3*c), result(n*c), NewLinear(result(c*3*c), result(3*c), c, 3*c)
	norm, mean, rstd, dnorm, dgain, dnormBias := result(n*c), result(n), result(n), result(n*c), result(c), result(c)
	act, slope, added, attended := result(n*c), result(n*c), result(n*c), result(n*c)
	probs, dq, dkv := result(AttentionProbs(segments, heads)), result(n*c), result(n*2*c)
	decoded, cache := result(2*c), result(2*context*2*c)
	embedded, dwte, dwpe, picked, dpicked := result(n*c), result(v*c), result(context*c), result(n*c), result(v*c)
	soft, lse, dlogits, div := result(n*v), result(n), result(n*v), result(n)
	weights, m, moment, norms := result(n*c), result(n*c), k.Floats(n*c), result(1)
	results = append(results, moment)
	return func() {
		k.MatMul(y3, x, l, n)
		k.MatMulAdd(added, x, square, norm, n)
		k.MatMulGELU(act, slope, x, square, n)
		k.MatMulBackwardInput(dx, dy, l, x, n)
		k.MatMulBackwardInputAdd(dx, x, square, n)
		k.MatMulBackwardWeight(d, x, dy, n)
		k.LayerNorm(norm, mean, rstd, x, gain, gain, n, c)
		k.LayerNormBackward(dnorm, dgain, dnormBias, dx, x, mean, rstd, gain, n, c)
		k.Attention(attended, probs, qkv[:n*c], qkv[n*c:], segments, heads, c)
		k.AttentionBackward(dq, dkv, x, probs, qkv[:n*c], qkv[n*c:], segments, heads, c)
		k.AttendCached(decoded, qkv[:6*c], cache, last, 2, context, heads, c)
		k.Embed(embedded, wte, wpe, tokens, positions, c)
		k.EmbedBackward(dwte, dwpe, x, tokens, positions, c)
		k.Gather(picked, wte, tokens, c)
		k.GatherBackward(dpicked, x, tokens, c)
		k.Softmax(soft, lse, logits, n, v, 0.7)
		k.CrossEntropyBackward(dlogits, soft, coefs, n, v)
		k.KL(div, logits, other, n, v)
		norms[0] = float32(k.SumSquares(x))
		k.AdamW(weights, x, m, moment, AdamW{LR: 1e-2, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Decay: 0.1, Correction1: 0.1, Correction2: 0.01,
			Scale: 0.5})
	}, results
}

func TestCallsAllocateNothing(t *testing.T) {
	run, _ := everything(open(t))
	run() // scratch grows on the first call
	assert.Zero(t, testing.AllocsPerRun(10, run))
}

// TestSameBitsInEveryHost: what a machine computed when the kernel was last changed on purpose, every machine and host must compute.
func TestSameBitsInEveryHost(t *testing.T) {
	run, results := everything(open(t))
	run()
	hash := fnv.New64a()
	for _, result := range results {
		for _, x := range result {
			bits := math.Float32bits(x)
			hash.Write([]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
		}
	}
	assert.Equal(t, uint64(0x81a8b86b1f77d2bc), hash.Sum64())
}

func TestKernelsAreIndependent(t *testing.T) {
	a, b := open(t), open(t)
	xa, xb, first := a.Floats(4), b.Floats(4), []int32{0}
	copy(xa, []float32{1, 2, 3, 4})
	b.GatherBackward(xb, b.Floats(4), append(b.Ints(1)[:0], first...), 4)
	a.GatherBackward(xa, xa, append(a.Ints(1)[:0], first...), 4)
	assert.Equal(t, []float32{2, 4, 6, 8}, xa)
	assert.Equal(t, []float32{0, 0, 0, 0}, xb)
}
