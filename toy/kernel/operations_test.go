package kernel

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

// lengths go past two panels of eight columns and three tiles of five rows.
var lengths = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17}

func TestMatMulAgainstPlainLoops(t *testing.T) {
	k := open(t)
	// beyond block_k and block_n; block_m; block_k rows; twice block_k
	sizes := [][3]int{{7, 300, 530}, {130, 9, 20}, {261, 20, 9}, {6, 520, 4}}
	for _, n := range lengths {
		for _, in := range lengths {
			for _, out := range lengths {
				sizes = append(sizes, [3]int{n, in, out})
			}
		}
	}
	for i, size := range sizes {
		f := newField(t, k, i%4)
		checkMatMul(f, size[0], size[1], size[2])
		f.checkGuards()
		k.Release(k.first())
	}
}

func checkMatMul(f *field, n, in, out int) {
	x, w, bias, dy, residual := f.random(n*in), f.random(in*out), f.random(out), f.random(n*out), f.random(n*out)
	y, slope, dx, dw, dbias := f.random(n*out), f.random(n*out), f.random(n*in), f.random(in*out), f.random(out)
	before, beforeBias := wide(dw), wide(dbias)
	size := fmt.Sprintf(" (n %d, in %d, out %d)", n, in, out)
	l := NewLinear(w, bias, in, out)
	f.k.MatMul(y, x, l, n)
	want := refMatMul(wide(x), wide(w), wide(bias), n, in, out)
	requireClose(f.t, want, y, "y"+size)
	u := wide(y) // GELU changes fast, so its argument is the rounded one
	f.k.MatMulAdd(y, x, l, residual, n)
	requireClose(f.t, sum(want, wide(residual)), y, "y + residual"+size)
	f.k.MatMulGELU(y, slope, x, l, n)
	requireClose(f.t, refGELU(u), y, "gelu(y)"+size)
	requireClose(f.t, refGELUBackward(ones(n*out), u), slope, "gelu'(y)"+size)
	f.k.MatMulGELU(dy, nil, x, l, n)
	requireSameBits(f.t, y, dy, "gelu(y) without its slope"+size)
	f.k.MatMul(y, x, NewLinear(w, nil, in, out), n)
	requireClose(f.t, refMatMul(wide(x), wide(w), nil, n, in, out), y, "y without bias"+size)
	wantX, wantW, wantBias := refMatMulBackward(wide(dy), wide(x), wide(w), n, in, out)
	f.k.MatMulBackwardInput(dx, dy, l, nil, n)
	requireClose(f.t, wantX, dx, "dx"+size)
	f.k.MatMulBackwardInputAdd(dx, dy, l, n)
	requireClose(f.t, sum(wantX, wantX), dx, "dx twice"+size)
	f.k.MatMulBackwardInput(dx, dy, l, x, n)
	for i := range wantX {
		wantX[i] *= float64(x[i])
	}
	requireClose(f.t, wantX, dx, "dx times a slope"+size)
	f.k.MatMulBackwardWeight(NewLinear(dw, dbias, in, out), x, dy, n)
	requireClose(f.t, sum(wantW, before), dw, "dw"+size)
	requireClose(f.t, sum(wantBias, beforeBias), dbias, "dbias"+size)
	f.k.MatMulBackwardWeight(NewLinear(dw, nil, in, out), x, dy, n)
	requireClose(f.t, sum(wantW, wantW, before), dw, "dw twice"+size)
	requireClose(f.t, sum(wantBias, beforeBias), dbias, "dbias left alone"+size)
}

// TestColumnsAreThePartsOfTheWhole: a product with some columns of a matrix is, to the last bit, that part of the product with all.
func TestColumnsAreThePartsOfTheWhole(t *testing.T) {
	const n, in = 11, 7
	k := open(t)
	for _, out := range []int{3, 8, 21, 530} {
		for _, first := range []int{0, 1, 3, out / 2, out} {
			eachAlignment(t, k, func(f *field) {
				x, dy, whole := f.random(n*in), f.random(n*out), NewLinear(f.random(in*out), f.random(out), in, out)
				y, dx, d := f.zeros(n*out), f.zeros(n*in), NewLinear(f.of(whole.W...), f.of(whole.Bias...), in, out)
				k.MatMul(y, x, whole, n)
				k.MatMulBackwardInput(dx, dy, whole, nil, n)
				k.MatMulBackwardWeight(d, x, dy, n)
				parts, partsX := f.zeros(n*in), NewLinear(f.of(whole.W...), f.of(whole.Bias...), in, out)
				for _, to := range [][2]int{{0, first}, {first, out}} {
					l, dl := whole.Columns(to[0], to[1]), partsX.Columns(to[0], to[1])
					part := f.zeros(n * l.Out)
					k.MatMul(part, x, l, n)
					requireSameBits(t, columns(f, y, out, to[0], to[1]), part, "y")
					k.MatMulBackwardInputAdd(parts, columns(f, dy, out, to[0], to[1]), l, n)
					k.MatMulBackwardWeight(dl, x, columns(f, dy, out, to[0], to[1]), n)
				}
				requireSameBits(t, dx, parts, "dx")
				requireSameBits(t, d.W, partsX.W, "dw")
				requireSameBits(t, d.Bias, partsX.Bias, "dbias")
			})
		}
	}
}

// columns copies columns of a matrix with that many.
func columns(f *field, x []float32, all, first, last int) []float32 {
	var part []float32
	for ; all > 0 && len(x) > 0; x = x[all:] {
		part = append(part, x[first:last]...)
	}
	return f.of(part...)
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// sum adds slices.
func sum(slices ...[]float64) []float64 {
	total := make([]float64, len(slices[0]))
	for _, s := range slices {
		for i, v := range s {
			total[i] += v
		}
	}
	return total
}

// TestRowsDependOnThemselvesAlone is why padding and batch-mates cannot change a log-probability.
func TestRowsDependOnThemselvesAlone(t *testing.T) {
	const n, in, out = 23, 300, 21
	k := open(t)
	f := newField(t, k, 0)
	x, dy, l := f.random(n*in), f.random(n*out), NewLinear(f.random(in*out), f.random(out), in, out)
	y, dx := f.zeros(n*out), f.zeros(n*in)
	k.MatMul(y, x, l, n)
	k.MatMulBackwardInput(dx, dy, l, nil, n)
	for first := range n {
		for _, rows := range []int{1, 2, 3, 4, 5, 7} {
			last := min(first+rows, n)
			rows := last - first
			part := f.zeros(rows * out)
			k.MatMul(part, x[first*in:last*in], l, rows)
			requireSameBits(t, y[first*out:last*out], part, "y")
			part = f.zeros(rows * in)
			k.MatMulBackwardInput(part, dy[first*out:last*out], l, nil, rows)
			requireSameBits(t, dx[first*in:last*in], part, "dx")
		}
	}
}

func TestNaNStaysInItsRow(t *testing.T) {
	const n, in, out = 7, 9, 13
	f := newField(t, open(t), 1)
	for _, special := range []float32{nan, inf, -inf} {
		x, w, y := f.random(n*in), f.random(in*out), f.zeros(n*out)
		x[3*in+4] = special
		f.k.MatMul(y, x, NewLinear(w, nil, in, out), n)
		requireClose(t, refMatMul(wide(x), wide(w), nil, n, in, out), y, "y")
	}
	f.checkGuards()
}

func TestLayerNormAgainstPlainLoops(t *testing.T) {
	k := open(t)
	for _, n := range []int{0, 1, 3} {
		for c := 1; c <= 17; c++ {
			eachAlignment(t, k, func(f *field) {
				x, gain, bias, dy := f.random(n*c), f.random(c), f.random(c), f.random(n*c)
				y, mean, rstd := f.random(n*c), f.random(n), f.random(n)
				dx, dgain, dbias := f.random(n*c), f.random(c), f.random(c)
				beforeX, beforeGain, beforeBias := wide(dx), wide(dgain), wide(dbias)
				k.LayerNorm(y, mean, rstd, x, gain, bias, n, c)
				wantY, wantMean, wantRstd := refLayerNorm(wide(x), wide(gain), wide(bias), n, c)
				requireClose(t, wantMean, mean, "mean")
				requireClose(t, wantRstd, rstd, "rstd")
				requireClose(t, wantY, y, "y")
				k.LayerNormBackward(dx, dgain, dbias, dy, x, mean, rstd, gain, n, c)
				wantX, wantGain, wantBias := refLayerNormBackward(wide(dy), wide(x), wide(mean), wide(rstd), wide(gain), n, c)
				requireClose(t, sum(beforeX, wantX), dx, "dx")
				requireClose(t, sum(beforeGain, wantGain), dgain, "dgain")
				requireClose(t, sum(beforeBias, wantBias), dbias, "dbias")
			})
		}
	}
}

func TestLayerNormSpecialRows(t *testing.T) {
	const c = 6
	f := newField(t, open(t), 0)
	x := f.of(
		2, 2, 2, 2, 2, 2, // no variance
		1, 2, nan, 4, 5, 6,
		1, 2, 3, 4, 5, 1e-42, // a denormal
		1, 2, inf, 4, 5, 6,
	)
	gain, bias := f.of(1, 1, 1, 1, 1, 1), f.zeros(c)
	y, mean, rstd := f.zeros(len(x)), f.zeros(4), f.zeros(4)
	f.k.LayerNorm(y, mean, rstd, x, gain, bias, 4, c)
	want, _, _ := refLayerNorm(wide(x), wide(gain), wide(bias), 4, c)
	requireClose(t, want, y, "y")
}

func TestGELUSpecialValues(t *testing.T) {
	f := newField(t, open(t), 0)
	identity := NewLinear(f.of(1), nil, 1, 1)
	for _, c := range []struct{ x, y, slope float32 }{
		{0, 0, 0.5},
		{nan, nan, nan},
		{inf, inf, 1},
		{-inf, 0, 0}, // the limit; -inf times 0 in PyTorch
		{1e20, 1e20, 1},
		{-1e20, 0, 0},
		{17, 17, 1},
		{-17, 0, 0},
		{1e-42, 5e-43, 0.5}, // denormal
		{-3, -0.0036373920817729943, -0.0115846},
	} {
		t.Run(fmt.Sprint(c.x), func(t *testing.T) {
			y, slope := f.zeros(1), f.zeros(1)
			f.k.MatMulGELU(y, slope, f.of(c.x), identity, 1)
			requireClose(t, []float64{float64(c.y)}, y, "y")
			requireClose(t, []float64{float64(c.slope)}, slope, "slope")
		})
	}
	y := f.zeros(1)
	f.k.MatMulGELU(y, nil, f.of(1e-42), identity, 1)
	assert.InDelta(t, 5e-43, y[0], 2e-45, "denormals are not flushed")
}

func TestEmbedAgainstPlainLoops(t *testing.T) {
	const vocabulary, context = 5, 4
	k := open(t)
	for _, n := range []int{0, 1, 7} {
		for c := range 18 {
			eachAlignment(t, k, func(f *field) {
				wte, wpe, x := f.random(vocabulary*c), f.random(context*c), f.random(n*c)
				tokens, positions := f.below(n, vocabulary), f.below(n, context)
				if c == 0 {
					tokens, positions = tokens[:0], positions[:0]
				}
				k.Embed(x, wte, wpe, tokens, positions, c)
				dwte, dwpe := wide(wte), wide(wpe)
				want := make([]float64, len(x))
				for i := range want {
					te, pe := int(tokens[i/c])*c+i%c, int(positions[i/c])*c+i%c
					want[i] = float64(wte[te]) + float64(wpe[pe])
					dwte[te] += want[i]
					dwpe[pe] += want[i]
				}
				requireClose(t, want, x, "x")
				k.EmbedBackward(wte, wpe, x, tokens, positions, c)
				requireClose(t, dwte, wte, "dwte")
				requireClose(t, dwpe, wpe, "dwpe")
			})
		}
	}
}

func TestGatherAgainstPlainLoops(t *testing.T) {
	const rowsOfX = 6
	k := open(t)
	for _, n := range []int{0, 1, 9} {
		for c := 1; c <= 17; c++ {
			eachAlignment(t, k, func(f *field) {
				x, y, rows := f.random(rowsOfX*c), f.random(n*c), f.below(n, rowsOfX)
				k.Gather(y, x, rows, c)
				dx := wide(x)
				for i := range y {
					from := int(rows[i/c])*c + i%c
					require.Equal(t, x[from], y[i])
					dx[from] += float64(y[i])
				}
				k.GatherBackward(x, y, rows, c)
				requireClose(t, dx, x, "dx")
			})
		}
	}
}

func TestSoftmaxAndLossesAgainstPlainLoops(t *testing.T) {
	k := open(t)
	for _, n := range []int{0, 1, 3} {
		for _, v := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 68} {
			eachAlignment(t, k, func(f *field) {
				logits, other, coefs := f.random(n*v), f.random(n*v), f.random(n)
				probs, lse, div := f.random(n*v), f.random(n), f.random(n)
				for _, scale := range []float32{1, 0.7, 0, -2} {
					k.Softmax(probs, lse, logits, n, v, scale)
					wantProbs, wantLse := refSoftmax(wide(logits), n, v, float64(scale))
					requireClose(t, wantProbs, probs, "probs")
					requireClose(t, wantLse, lse, "lse")
				}
				k.KL(div, logits, other, n, v)
				requireClose(t, refKL(wide(logits), wide(other), n, v), div, "kl")
				k.KL(div, logits, logits, n, v)
				requireClose(t, make([]float64, n), div, "kl of a distribution and itself")
				want, _ := refSoftmax(wide(logits), n, v, 1)
				for i := range want {
					want[i] *= -float64(coefs[i/v])
				}
				k.Softmax(logits, lse, logits, n, v, 1)
				k.CrossEntropyBackward(logits, logits, coefs, n, v)
				requireClose(t, want, logits, "dlogits in place")
			})
		}
	}
}

func TestSoftmaxSpecialRows(t *testing.T) {
	const v = 5
	f := newField(t, open(t), 3)
	logits := f.of(
		1e30, -1e30, 0, 1e30, 5,
		-inf, 1, 2, -inf, 3,
		0, 0, nan, 0, 0,
		-3e38, -3e38, -3e38, -3e38, -3e38,
		1, 2, 3, 4, inf,
		1e-42, 0, -1e-42, 0, 0,
		0, -200, -104, -90, -1e9,
	)
	n := len(logits) / v
	probs, lse := f.zeros(n*v), f.zeros(n)
	f.k.Softmax(probs, lse, logits, n, v, 1)
	wantProbs, wantLse := refSoftmax(wide(logits), n, v, 1)
	wantLse[4] = math.NaN() // infinity less infinity; the reference's lse is infinite first
	for i := range v {
		wantProbs[4*v+i] = math.NaN()
	}
	requireClose(t, wantProbs, probs, "probs")
	requireClose(t, wantLse, lse, "lse")
	f.checkGuards()
}

func TestKLOfCloseDistributions(t *testing.T) {
	const v = 68
	f := newField(t, open(t), 0)
	p := f.random(v)
	q, div := f.of(p...), f.zeros(1)
	for i := range q {
		q[i] += 1e-3 * float32(i%5)
	}
	f.k.KL(div, p, q, 1, v)
	want := refKL(wide(p), wide(q), 1, v)[0]
	require.InDelta(t, want, float64(div[0]), 1e-6*want, "relative even where the two sides of the difference nearly cancel")
	copy(q, p)
	p[7], q[7] = 0, 1e-20 // the rounded difference is -1e-20 p[7]
	f.k.KL(div, p, q, 1, v)
	require.Zero(t, div[0], "never negative")
	p[7] = nan
	f.k.KL(div, p, q, 1, v)
	require.True(t, math.IsNaN(float64(div[0])))
}

// TestExp reads e**x from the softmax of (0, x): where 1 + e**x rounds to 1 it is the second probability, else the quotient of the
// two, which adds a unit or so for the rounding of both.
func TestExp(t *testing.T) {
	const n = 1 << 16
	k := open(t)
	logits, lse := k.Floats(2*n), k.Floats(n)
	for i := range n {
		logits[2*i+1] = -104 * float32(i) / n
	}
	probs := k.Floats(2 * n)
	k.Softmax(probs, lse, logits, n, 2, 1)
	for i := range n {
		x := float64(logits[2*i+1])
		want, got, bound := math.Exp(x), float64(probs[2*i+1])/float64(probs[2*i]), 4.0
		if x < -18 {
			bound = 2
		}
		ulp := math.Max(math.Exp2(math.Floor(math.Log2(want))-23), 0x1p-149)
		if math.Abs(got-want) > bound*ulp {
			require.Fail(t, "exp", "exp(%v) is %v, want %v: %v units in the last place", x, got, want, (got-want)/ulp)
		}
	}
}

func TestSumSquares(t *testing.T) {
	k := open(t)
	for n := range 18 {
		eachAlignment(t, k, func(f *field) {
			x := f.random(n)
			require.InEpsilon(t, 1+dot(wide(x), wide(x)), 1+k.SumSquares(x), 1e-15*float64(n+1))
		})
	}
	f := newField(t, k, 0)
	assert.InEpsilon(t, 1e60, k.SumSquares(f.of(1e30)), 1e-7, "squares beyond float32")
	assert.True(t, math.IsNaN(k.SumSquares(f.of(1, nan, 2))))
	assert.True(t, math.IsInf(k.SumSquares(f.of(1, 1, 1, 1, -inf)), 1))
}

func TestAdamWAgainstPlainLoops(t *testing.T) {
	k := open(t)
	for n := range 18 {
		eachAlignment(t, k, func(f *field) {
			w, m, v := f.random(n), f.zeros(n), f.zeros(n)
			wantW, wantM, wantV := wide(w), wide(m), wide(v)
			for step := 1; step <= 10; step++ {
				g := f.random(n)
				s := AdamW{LR: 0.01, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.1, Scale: 0.5,
					Correction1: 1 - math.Pow(0.9, float64(step)), Correction2: 1 - math.Pow(0.999, float64(step))}
				k.AdamW(w, g, m, v, s)
				refAdamW(wantW, wide(g), wantM, wantV, s)
			}
			requireClose(t, wantW, w, "w")
			requireClose(t, wantM, m, "m")
			requireClose(t, wantV, v, "v")
		})
	}
}
