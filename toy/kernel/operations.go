package kernel

import (
	"fmt"
	"math"
)

// The blocks of c/gemm.c.
const blockK, blockN, blockM = 256, 512, 120

// packedFloats bounds what c/gemm.c packs of a k x n matrix at a time: the last panel may have three columns too many.
func packedFloats(k, n int) int { return min(k, blockK) * min(n+3, blockN) }

// stripFloats does so for the transpose of a k x m matrix in strips of five.
func stripFloats(k, m int) int { return min(k, blockK) * min(m+4, blockM) }

// Linear is a matrix and a bias, y = x W + Bias, or the gradients of both. The matrix may be some columns of a wider one.
type Linear struct {
	W       []float32 // row i is W[i*Stride : i*Stride+Out]
	Bias    []float32 // [Out]; nil counts as zeros, and has no gradient
	In, Out int
	Stride  int // from one row to the next, at least Out
}

// NewLinear returns the whole matrix w[in,out] with a bias, which may be nil.
func NewLinear(w, bias []float32, in, out int) Linear { return Linear{w, bias, in, out, out} }

// Columns returns the columns from first to last-1 of l, and their bias. They share l's memory.
func (l Linear) Columns(first, last int) Linear {
	part := Linear{W: l.W[min(first, len(l.W)):], In: l.In, Out: last - first, Stride: l.Stride}
	if l.Bias != nil {
		part.Bias = l.Bias[first:last]
	}
	return part
}

// check panics unless l's slices have the lengths that n rows of input and output, and l's own dimensions, ask for.
func (l Linear) check(operation string, y, x []float32, n int) {
	checkDims(operation, n, l.In, l.Out, l.Stride)
	check(operation, "y", len(y), n*l.Out)
	check(operation, "x", len(x), n*l.In)
	if l.Stride < l.Out {
		panic(fmt.Sprintf("kernel: %s: rows of %d columns lie %d apart", operation, l.Out, l.Stride))
	}
	if last := (l.In-1)*l.Stride + l.Out; l.In > 0 && len(l.W) < last {
		panic(fmt.Sprintf("kernel: %s: w has %d elements, want %d or more", operation, len(l.W), last))
	}
	if l.Bias != nil {
		check(operation, "bias", len(l.Bias), l.Out)
	}
}

func (l Linear) size(n int) [4]int32 {
	return [4]int32{int32(n), int32(l.In), int32(l.Out), int32(l.Stride)}
}

// MatMul sets y[n,Out] = x[n,In] W + Bias.
// A row of y depends on its row of x alone, to the last bit: neither n nor the row's place matters. So it is with all products.
func (k *Kernel) MatMul(y, x []float32, l Linear, n int) {
	l.check("MatMul", y, x, n)
	a := k.arguments
	a.address = [8]address{at(k, y), at(k, x), at(k, l.W), at(k, l.Bias), at(k, k.scratch(packedFloats(l.In, l.Out)))}
	a.size = l.size(n)
	k.run(opMatMul)
}

// MatMulAdd sets y[n,Out] = (x[n,In] W + Bias) + residual[n,Out].
func (k *Kernel) MatMulAdd(y, x []float32, l Linear, residual []float32, n int) {
	l.check("MatMulAdd", y, x, n)
	check("MatMulAdd", "residual", len(residual), len(y))
	a := k.arguments
	a.address = [8]address{at(k, y), at(k, x), at(k, l.W), at(k, l.Bias), at(k, residual), at(k, k.scratch(packedFloats(l.In, l.Out)))}
	a.size = l.size(n)
	k.run(opMatMulAdd)
}

// MatMulGELU sets y[n,Out] to gelu(u) and, unless it is nil, slope[n,Out] to gelu'(u), where u = x[n,In] W + Bias. With s = sigmoid(2v),
// v = sqrt(2/pi) (u + 0.044715 u**3): gelu(u) = u s, which is u (1 + tanh v) / 2 (Hendrycks and Gimpel 2016), and
// gelu'(u) = s + 2 u s (1 - s) v'.
func (k *Kernel) MatMulGELU(y, slope, x []float32, l Linear, n int) {
	l.check("MatMulGELU", y, x, n)
	if slope != nil {
		check("MatMulGELU", "slope", len(slope), len(y))
	}
	a := k.arguments
	a.address = [8]address{at(k, y), at(k, slope), at(k, x), at(k, l.W), at(k, l.Bias), at(k, k.scratch(packedFloats(l.In, l.Out)))}
	a.size = l.size(n)
	k.run(opMatMulGELU)
}

// MatMulBackwardInput sets dx[n,In] = dy[n,Out] WT, the gradient of MatMul's x, times slope[n,In] element by element unless that is nil:
// the gradient by what MatMulGELU applied GELU to.
func (k *Kernel) MatMulBackwardInput(dx, dy []float32, l Linear, slope []float32, n int) {
	l.check("MatMulBackwardInput", dy, dx, n)
	if slope != nil {
		check("MatMulBackwardInput", "slope", len(slope), len(dx))
	}
	a := k.arguments
	a.address = [8]address{at(k, dx), at(k, dy), at(k, l.W), at(k, slope), at(k, k.scratch(packedFloats(l.Out, l.In)))}
	a.size = l.size(n)
	k.run(opMatMulBackwardInput)
}

// MatMulBackwardInputAdd adds dy[n,Out] WT to dx[n,In]. For the columns of a matrix, one part after the other, the result has the bits of
// the whole.
func (k *Kernel) MatMulBackwardInputAdd(dx, dy []float32, l Linear, n int) {
	l.check("MatMulBackwardInputAdd", dy, dx, n)
	a := k.arguments
	a.address = [8]address{at(k, dx), at(k, dy), at(k, l.W), at(k, k.scratch(packedFloats(l.Out, l.In)))}
	a.size = l.size(n)
	k.run(opMatMulBackwardInputAdd)
}

// MatMulBackwardWeight adds to d the gradients of MatMul's W and Bias: x[n,In]T dy[n,Out], and the column sums of dy.
func (k *Kernel) MatMulBackwardWeight(d Linear, x, dy []float32, n int) {
	d.check("MatMulBackwardWeight", dy, x, n)
	a := k.arguments
	packed := packedFloats(n, d.Out)
	scratch := k.scratch(packed + stripFloats(n, d.In))
	a.address = [8]address{at(k, d.W), at(k, d.Bias), at(k, x), at(k, dy), at(k, scratch), at(k, scratch[packed:])}
	a.size = d.size(n)
	k.run(opMatMulBackwardWeight)
}

// LayerNorm sets y[n,c] = (x - mean) rstd gain + bias, where mean[n] is the average of a row of x[n,c] and
// rstd[n] = 1 / sqrt(variance + 1e-5), the variance being the mean square deviation (Ba, Kiros and Hinton 2016).
func (k *Kernel) LayerNorm(y, mean, rstd, x, gain, bias []float32, n, c int) {
	checkDims("LayerNorm", n, c)
	check("LayerNorm", "y", len(y), n*c)
	check("LayerNorm", "mean", len(mean), n)
	check("LayerNorm", "rstd", len(rstd), n)
	check("LayerNorm", "x", len(x), n*c)
	check("LayerNorm", "gain", len(gain), c)
	check("LayerNorm", "bias", len(bias), c)
	a := k.arguments
	a.address = [8]address{at(k, y), at(k, mean), at(k, rstd), at(k, x), at(k, gain), at(k, bias)}
	a.size = [4]int32{int32(n), int32(c)}
	k.run(opLayerNorm)
}

// LayerNormBackward adds, with z = (x - mean) rstd and g = dy gain, to dx[n,c] the gradient rstd (g - avg(g) - z avg(g z)), to
// dgain[c] the sum over rows of dy z, and to dbias[c] that of dy.
func (k *Kernel) LayerNormBackward(dx, dgain, dbias, dy, x, mean, rstd, gain []float32, n, c int) {
	checkDims("LayerNormBackward", n, c)
	check("LayerNormBackward", "dx", len(dx), n*c)
	check("LayerNormBackward", "dgain", len(dgain), c)
	check("LayerNormBackward", "dbias", len(dbias), c)
	check("LayerNormBackward", "dy", len(dy), n*c)
	check("LayerNormBackward", "x", len(x), n*c)
	check("LayerNormBackward", "mean", len(mean), n)
	check("LayerNormBackward", "rstd", len(rstd), n)
	check("LayerNormBackward", "gain", len(gain), c)
	a := k.arguments
	a.address = [8]address{at(k, dx), at(k, dgain), at(k, dbias), at(k, dy), at(k, x), at(k, mean), at(k, rstd), at(k, gain)}
	a.size = [4]int32{int32(n), int32(c)}
	k.run(opLayerNormBackward)
}

// Embed sets row i of x[n,c] to row tokens[i] of wte plus row positions[i] of wpe; n = len(tokens).
func (k *Kernel) Embed(x, wte, wpe []float32, tokens, positions []int32, c int) {
	k.checkEmbed("Embed", x, wte, wpe, tokens, positions, c)
	k.run(opEmbed)
}

// EmbedBackward adds row i of dx[n,c] to row tokens[i] of dwte and to row positions[i] of dwpe, in ascending order of i.
func (k *Kernel) EmbedBackward(dwte, dwpe, dx []float32, tokens, positions []int32, c int) {
	k.checkEmbed("EmbedBackward", dx, dwte, dwpe, tokens, positions, c)
	a := &k.arguments.address
	a[0], a[1], a[2] = a[1], a[2], a[0] // written slices come first
	k.run(opEmbedBackward)
}

func (k *Kernel) checkEmbed(operation string, x, wte, wpe []float32, tokens, positions []int32, c int) {
	n := len(tokens)
	checkDims(operation, n, c)
	check(operation, "x", len(x), n*c)
	check(operation, "positions", len(positions), n)
	checkIndices(operation, "tokens", tokens, len(wte)/max(c, 1))
	checkIndices(operation, "positions", positions, len(wpe)/max(c, 1))
	k.arguments.address = [8]address{at(k, x), at(k, wte), at(k, wpe), at(k, tokens), at(k, positions)}
	k.arguments.size = [4]int32{int32(n), int32(c)}
}

// Gather sets row i of y[n,c] to row rows[i] of x; n = len(rows).
func (k *Kernel) Gather(y, x []float32, rows []int32, c int) {
	k.gather(opGather, "Gather", y, x, rows, c, len(y), len(x))
}

// GatherBackward adds row i of dy[n,c] to row rows[i] of dx, in ascending order of i; n = len(rows).
func (k *Kernel) GatherBackward(dx, dy []float32, rows []int32, c int) {
	k.gather(opGatherBackward, "GatherBackward", dx, dy, rows, c, len(dy), len(dx))
}

// gather runs either of the two; packed is the length of the slice with a row for each index, source that of the other.
func (k *Kernel) gather(op operation, name string, dst, src []float32, rows []int32, c, packed, source int) {
	checkDims(name, len(rows), c)
	check(name, "the slice of gathered rows", packed, len(rows)*c)
	checkIndices(name, "rows", rows, source/max(c, 1))
	k.arguments.address = [8]address{at(k, dst), at(k, src), at(k, rows)}
	k.arguments.size = [4]int32{int32(len(rows)), int32(c)}
	k.run(op)
}

// Softmax sets, for each row of logits[n,v], lse[n] = log sum exp(scale logits), in nats, and probs[n,v] = exp(scale logits - lse).
// probs may be logits. v must be positive if n is.
func (k *Kernel) Softmax(probs, lse, logits []float32, n, v int, scale float32) {
	checkRows("Softmax", n, v)
	check("Softmax", "probs", len(probs), n*v)
	check("Softmax", "lse", len(lse), n)
	check("Softmax", "logits", len(logits), n*v)
	a := k.arguments
	a.address = [8]address{at(k, probs), at(k, lse), at(k, logits)}
	a.size = [4]int32{int32(n), int32(v)}
	a.number = [10]float32{scale}
	k.run(opSoftmax)
}

// CrossEntropyBackward sets row r of dlogits[n,v] to -coefs[r] probs[r]: the gradient with respect to the logits of
// sum over r of coefs[r] log probs[r, target], but for the coefs[r] that the caller adds at the targets. dlogits may be probs.
func (k *Kernel) CrossEntropyBackward(dlogits, probs, coefs []float32, n, v int) {
	checkDims("CrossEntropyBackward", n, v)
	check("CrossEntropyBackward", "dlogits", len(dlogits), n*v)
	check("CrossEntropyBackward", "probs", len(probs), n*v)
	check("CrossEntropyBackward", "coefs", len(coefs), n)
	a := k.arguments
	a.address = [8]address{at(k, dlogits), at(k, probs), at(k, coefs)}
	a.size = [4]int32{int32(n), int32(v)}
	k.run(opCrossEntropyBackward)
}

// KL sets kl[n] to the Kullback-Leibler divergence of softmax(q) from softmax(p), KL(P || Q) = sum P log(P/Q) in nats, of the rows of
// the logits p[n,v] and q[n,v], computed in float64. v must be positive if n is.
func (k *Kernel) KL(kl, p, q []float32, n, v int) {
	checkRows("KL", n, v)
	check("KL", "kl", len(kl), n)
	check("KL", "p", len(p), n*v)
	check("KL", "q", len(q), n*v)
	a := k.arguments
	a.address = [8]address{at(k, kl), at(k, p), at(k, q)}
	a.size = [4]int32{int32(n), int32(v)}
	k.run(opKL)
}

// checkRows is checkDims for operations that have no result for an empty row.
func checkRows(operation string, n, v int) {
	checkDims(operation, n, v)
	if n > 0 && v == 0 {
		panic("kernel: " + operation + ": rows have no elements")
	}
}

// SumSquares returns the sum of x**2, accumulated in float64.
func (k *Kernel) SumSquares(x []float32) float64 {
	checkDims("SumSquares", len(x))
	a := k.arguments
	a.address = [8]address{at(k, x)}
	a.size = [4]int32{int32(len(x))}
	k.run(opSumSquares)
	return a.result
}

// AdamW are the numbers of one optimizer step; those that Kernel.AdamW derives from them are derived in float64.
type AdamW struct {
	LR           float64 // learning rate
	Beta1, Beta2 float64 // decay of the first and second moment a step, in [0, 1)
	Eps          float64 // added to the root of the second moment
	Decay        float64 // weight decay: a step multiplies weights by 1 - LR Decay
	Correction1  float64 // 1 - Beta1**t in step t = 1, 2, ...
	Correction2  float64 // 1 - Beta2**t
	Scale        float64 // multiplies the gradient first: the clip's factor, 1 for none
}

// AdamW makes one step of Adam with decoupled weight decay (Loshchilov and Hutter 2019, as in torch.optim.AdamW) on the weights w
// with the gradient G = Scale g and the moments m and v, which it updates too:
//
//	w = (1 - LR Decay) w,  m = Beta1 m + (1 - Beta1) G,  v = Beta2 v + (1 - Beta2) G**2,
//	w = w - LR / Correction1 m / (sqrt(v) / sqrt(Correction2) + Eps)
func (k *Kernel) AdamW(w, g, m, v []float32, step AdamW) {
	checkDims("AdamW", len(w))
	check("AdamW", "g", len(g), len(w))
	check("AdamW", "m", len(m), len(w))
	check("AdamW", "v", len(v), len(w))
	a := k.arguments
	a.address = [8]address{at(k, w), at(k, g), at(k, m), at(k, v)}
	a.size = [4]int32{int32(len(w))}
	a.number = [10]float32{
		float32(step.Scale), float32(step.Beta1), float32(1 - step.Beta1), float32(step.Beta2), float32(1 - step.Beta2),
		float32(math.Sqrt(step.Correction2)), float32(step.Eps), float32(1 - float64(step.LR*step.Decay)), float32(step.LR / step.Correction1),
	}
	k.run(opAdamW)
}
