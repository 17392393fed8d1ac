package kernel

import "math"

// The blocks of c/gemm.c.
const blockK, blockN, blockM = 256, 512, 120

// packedFloats bounds what c/gemm.c packs of a k x n matrix at a time: the last panel may have three columns too many.
func packedFloats(k, n int) int { return min(k, blockK) * min(n+3, blockN) }

// stripFloats does so for the transpose of a k x m matrix in strips of five.
func stripFloats(k, m int) int { return min(k, blockK) * min(m+4, blockM) }

// MatMul sets y[n,out] = x[n,in] w[in,out] + bias[out]. A nil bias counts as zeros.
// A row of y depends on its row of x alone, to the last bit: neither n nor the row's place matters.
func (k *Kernel) MatMul(y, x, w, bias []float32, n, in, out int) {
	checkDims("MatMul", n, in, out)
	check("MatMul", "y", len(y), n*out)
	check("MatMul", "x", len(x), n*in)
	check("MatMul", "w", len(w), in*out)
	if bias != nil {
		check("MatMul", "bias", len(bias), out)
	}
	a := k.arguments
	a.address = [8]address{at(k, y), at(k, x), at(k, w), at(k, bias), at(k, k.scratch(packedFloats(in, out)))}
	a.size = [4]int32{int32(n), int32(in), int32(out)}
	k.run(opMatMul)
}

// MatMulBackwardInput sets dx[n,in] = dy[n,out] wT, the gradient of MatMul's x. Rows are independent as in MatMul.
func (k *Kernel) MatMulBackwardInput(dx, dy, w []float32, n, in, out int) {
	checkDims("MatMulBackwardInput", n, in, out)
	check("MatMulBackwardInput", "dx", len(dx), n*in)
	check("MatMulBackwardInput", "dy", len(dy), n*out)
	check("MatMulBackwardInput", "w", len(w), in*out)
	a := k.arguments
	a.address = [8]address{at(k, dx), at(k, dy), at(k, w), at(k, k.scratch(packedFloats(out, in)))}
	a.size = [4]int32{int32(n), int32(in), int32(out)}
	k.run(opMatMulBackwardInput)
}

// MatMulBackwardWeight adds xT dy to dw[in,out] and the column sums of dy[n,out] to dbias[out], unless that is nil: the gradients of
// MatMul's w and bias, with x[n,in].
func (k *Kernel) MatMulBackwardWeight(dw, dbias, x, dy []float32, n, in, out int) {
	checkDims("MatMulBackwardWeight", n, in, out)
	check("MatMulBackwardWeight", "dw", len(dw), in*out)
	check("MatMulBackwardWeight", "x", len(x), n*in)
	check("MatMulBackwardWeight", "dy", len(dy), n*out)
	if dbias != nil {
		check("MatMulBackwardWeight", "dbias", len(dbias), out)
	}
	a := k.arguments
	packed := packedFloats(n, out)
	scratch := k.scratch(packed + stripFloats(n, in))
	a.address = [8]address{at(k, dw), at(k, dbias), at(k, x), at(k, dy), at(k, scratch), at(k, scratch[packed:])}
	a.size = [4]int32{int32(n), int32(in), int32(out)}
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

// GELU sets y = x (1 + tanh(sqrt(2/pi) (x + 0.044715 x**3))) / 2 (Hendrycks and Gimpel 2016). y may be x.
func (k *Kernel) GELU(y, x []float32) {
	checkDims("GELU", len(x))
	check("GELU", "y", len(y), len(x))
	a := k.arguments
	a.address = [8]address{at(k, y), at(k, x)}
	a.size = [4]int32{int32(len(x))}
	k.run(opGELU)
}

// GELUBackward sets dx = dy gelu'(x). With s = sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x**3): gelu' = s + 2 x s (1 - s) u'. dx
// may be dy or x.
func (k *Kernel) GELUBackward(dx, dy, x []float32) {
	checkDims("GELUBackward", len(x))
	check("GELUBackward", "dx", len(dx), len(x))
	check("GELUBackward", "dy", len(dy), len(x))
	a := k.arguments
	a.address = [8]address{at(k, dx), at(k, dy), at(k, x)}
	a.size = [4]int32{int32(len(x))}
	k.run(opGELUBackward)
}

// Add sets y = a + b. y may be a or b.
func (k *Kernel) Add(y, a, b []float32) {
	checkDims("Add", len(y))
	check("Add", "a", len(a), len(y))
	check("Add", "b", len(b), len(y))
	k.arguments.address = [8]address{at(k, y), at(k, a), at(k, b)}
	k.arguments.size = [4]int32{int32(len(y))}
	k.run(opAdd)
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
