package toy

import "margins/toy/kernel"

// Pass computes a model on batches, forward and backward. It keeps the activations that the backward pass needs, so the two must see
// the same batch and the same weights.
type Pass struct {
	k      *kernel.Kernel
	config Config
	rows   int

	layers []layerPass
	asking []int32   // the batch's segments with H queries
	last   []float32 // [H,C] the residual stream after the last block, of the rows that predict
	norm   []float32 // [H,C] the same, normalized
	mean   []float32 // [H]
	rstd   []float32 // [H]
	probs  []float32 // [H,V] logits, then next-token probabilities, then their gradient
	lse    []float32 // [H]
	logps  []float32 // one a target

	dx, dnorm, dwide []float32 // [N,C], [N,C], [N,4C] scratch that all blocks share
	dlast            []float32 // [H,C]
	coefs            []float32 // [H]
}

// layerPass holds what one block's backward pass reads. A block computes keys and values of all rows, and the rest for the A rows that it
// is asked for: all of them, but only those that predict, H, in the last block, since nothing reads the others any more.
type layerPass struct {
	x            []float32 // [N,C] input
	norm1        []float32 // [N,C]
	mean1, rstd1 []float32 // [N]
	kv           []float32 // [N,2C]
	xAsked       []float32 // [A,C] rows of x, which it is but in the last block
	normAsked    []float32 // [A,C] rows of norm1, likewise
	q            []float32 // [A,C]
	probs        []float32 // attention probabilities, laid out as kernel.Attention says
	attended     []float32 // [A,C]
	mid          []float32 // [A,C] residual stream between attention and MLP
	norm2        []float32 // [A,C]
	mean2, rstd2 []float32 // [A]
	act, slope   []float32 // [A,4C] GELU's value and derivative
}

// asked says which rows a block computes in full.
type asked struct {
	n        int
	rows     []int32 // nil for all
	segments []int32 // with these rows as queries
}

// NewPass returns room for batches of at most that many packed rows.
func NewPass(k *kernel.Kernel, config Config, rows int) *Pass {
	c := config.Width
	p := &Pass{
		k: k, config: config, rows: rows, layers: make([]layerPass, config.Layers),
		asking: k.Ints(kernel.SegmentFields * rows),
		last:   k.Floats(rows * c), norm: k.Floats(rows * c),
		mean: k.Floats(rows), rstd: k.Floats(rows),
		probs: k.Floats(rows * config.Vocabulary), lse: k.Floats(rows),
		logps: make([]float32, 2*rows),
		dx:    k.Floats(rows * c), dnorm: k.Floats(rows * c), dwide: k.Floats(rows * 4 * c),
		dlast: k.Floats(rows * c), coefs: k.Floats(rows),
	}
	attention := rows * config.Heads * ((config.Context + 3) &^ 3) // a row attends to at most Context others; kernel pads that to four
	for i := range p.layers {
		l := layerPass{
			x: k.Floats(rows * c), norm1: k.Floats(rows * c), mean1: k.Floats(rows), rstd1: k.Floats(rows),
			kv: k.Floats(rows * 2 * c), q: k.Floats(rows * c), probs: k.Floats(attention), attended: k.Floats(rows * c),
			mid: k.Floats(rows * c), norm2: k.Floats(rows * c), mean2: k.Floats(rows), rstd2: k.Floats(rows),
			act: k.Floats(rows * 4 * c), slope: k.Floats(rows * 4 * c),
		}
		l.xAsked, l.normAsked = l.x, l.norm1
		if i == config.Layers-1 {
			l.xAsked, l.normAsked = k.Floats(rows*c), k.Floats(rows*c)
		}
		p.layers[i] = l
	}
	return p
}

// asks tells what block i is asked for.
func (p *Pass) asks(i int, b *Batch) asked {
	if i == len(p.layers)-1 {
		return asked{len(b.Rows), b.Rows, p.asking}
	}
	return asked{len(b.Tokens), nil, b.Segments}
}

// Forward returns the log-probability of every target, in nats; the slice is valid until the next call.
func (p *Pass) Forward(w *Weights, b *Batch) []float32 {
	k, v, h := p.k, p.config.Vocabulary, len(b.Rows)
	logits := p.probs[:h*v]
	k.MatMul(logits, p.final(w, b), w.head(), h)
	if len(b.Targets) > len(p.logps) {
		p.logps = make([]float32, len(b.Targets)) // one prompt with many responses of one token, which have no rows
	}
	logps := p.logps[:len(b.Targets)]
	for i, t := range b.Targets {
		logps[i] = logits[int(t.Row)*v+int(t.Token)]
	}
	k.Softmax(logits, p.lse[:h], logits, h, v, 1)
	for i, t := range b.Targets {
		logps[i] -= p.lse[t.Row]
	}
	return logps
}

// final returns what a head reads: the rows b.Rows of the residual stream after the last block, normalized.
func (p *Pass) final(w *Weights, b *Batch) []float32 {
	k, c, n, h := p.k, p.config.Width, len(b.Tokens), len(b.Rows)
	p.asking = b.asking(p.asking[:0])
	k.Embed(p.layers[0].x[:n*c], w.WTE, w.WPE, b.Tokens, b.Positions, c)
	for i := range p.layers {
		y := p.last
		if i+1 < len(p.layers) {
			y = p.layers[i+1].x
		}
		p.forwardLayer(y, &p.layers[i], &w.Layers[i], n, p.asks(i, b))
	}
	k.LayerNorm(p.norm[:h*c], p.mean[:h], p.rstd[:h], p.last[:h*c], w.FinalGain, w.FinalBias, h, c)
	return p.norm[:h*c]
}

// forwardLayer sets the first rows of y to what block l makes of the asked ones of its n: mid + MLP(LN2(mid)), mid = x + attention(LN1(x)).
func (p *Pass) forwardLayer(y []float32, l *layerPass, w *LayerWeights, n int, a asked) {
	k, c, heads, h := p.k, p.config.Width, p.config.Heads, a.n
	nc, hc := n*c, h*c
	k.LayerNorm(l.norm1[:nc], l.mean1[:n], l.rstd1[:n], l.x[:nc], w.Gain1, w.Bias1, n, c)
	if a.rows != nil {
		k.Gather(l.xAsked[:hc], l.x[:nc], a.rows, c)
		k.Gather(l.normAsked[:hc], l.norm1[:nc], a.rows, c)
	}
	k.MatMul(l.q[:hc], l.normAsked[:hc], w.queries(), h)
	k.MatMul(l.kv[:2*nc], l.norm1[:nc], w.keysValues(), n)
	probs := l.probs[:kernel.AttentionProbs(a.segments, heads)]
	k.Attention(l.attended[:hc], probs, l.q[:hc], l.kv[:2*nc], a.segments, heads, c)
	k.MatMulAdd(l.mid[:hc], l.attended[:hc], w.out(), l.xAsked[:hc], h)

	k.LayerNorm(l.norm2[:hc], l.mean2[:h], l.rstd2[:h], l.mid[:hc], w.Gain2, w.Bias2, h, c)
	k.MatMulGELU(l.act[:4*hc], l.slope[:4*hc], l.norm2[:hc], w.up(), h)
	k.MatMulAdd(y[:hc], l.act[:4*hc], w.down(), l.mid[:hc], h)
}

// backwardLayer adds to g and sets p.dx[:n*C] to the gradient by the block's input, given that by its output, dy, which it changes: the
// first a.n rows of p.dlast or, if all are asked for, p.dx itself.
func (p *Pass) backwardLayer(dy []float32, l *layerPass, w, g *LayerWeights, n int, a asked) {
	k, c, heads, h := p.k, p.config.Width, p.config.Heads, a.n
	nc, hc := n*c, h*c
	dx, dnorm, dwide := p.dx[:nc], p.dnorm[:hc], p.dwide[:4*hc]
	k.MatMulBackwardWeight(g.down(), l.act[:4*hc], dy, h)
	k.MatMulBackwardInput(dwide, dy, w.down(), l.slope[:4*hc], h)
	k.MatMulBackwardWeight(g.up(), l.norm2[:hc], dwide, h)
	k.MatMulBackwardInput(dnorm, dwide, w.up(), nil, h)
	k.LayerNormBackward(dy, g.Gain2, g.Bias2, dnorm, l.mid[:hc], l.mean2[:h], l.rstd2[:h], w.Gain2, h, c)

	k.MatMulBackwardWeight(g.out(), l.attended[:hc], dy, h)
	k.MatMulBackwardInput(dnorm, dy, w.out(), nil, h)
	probs := l.probs[:kernel.AttentionProbs(a.segments, heads)]
	dq, dkv := p.dwide[:hc], p.dwide[nc:3*nc]
	k.AttentionBackward(dq, dkv, dnorm, probs, l.q[:hc], l.kv[:2*nc], a.segments, heads, c)
	k.MatMulBackwardWeight(g.queries(), l.normAsked[:hc], dq, h)
	k.MatMulBackwardWeight(g.keysValues(), l.norm1[:nc], dkv, n)
	k.MatMulBackwardInput(dnorm, dq, w.queries(), nil, h)
	if a.rows != nil {
		dnorm = p.spread(p.dwide[3*nc:], dnorm, nc, a.rows)
		p.spread(dx, dy, nc, a.rows)
	}
	k.MatMulBackwardInputAdd(dnorm, dkv, w.keysValues(), n)
	k.LayerNormBackward(dx, g.Gain1, g.Bias1, dnorm, l.x[:nc], l.mean1[:n], l.rstd1[:n], w.Gain1, n, c)
}

// spread sets the first n numbers of dst to rows of zeros but for those of src, which stand at the given places, and returns them.
func (p *Pass) spread(dst, src []float32, n int, rows []int32) []float32 {
	dst = dst[:n]
	clear(dst)
	p.k.GatherBackward(dst, src, rows, p.config.Width)
	return dst
}

// Backward adds to g the gradient of a loss whose partial derivative by the log-probability of target i is dlogps[i]. It follows
// Forward of the same weights and batch, once: the probabilities are overwritten.
//
// With z the logits of a row that predicts token y, d log p(y) / dz = onehot(y) - softmax(z); a row that predicts several tokens (the
// end of a shared prompt) sums them.
func (p *Pass) Backward(w, g *Weights, b *Batch, dlogps []float32) {
	k, c, v, h := p.k, p.config.Width, p.config.Vocabulary, len(b.Rows)
	coefs, dlogits := p.coefs[:h], p.probs[:h*v]
	clear(coefs)
	for i, t := range b.Targets {
		coefs[t.Row] += dlogps[i]
	}
	k.CrossEntropyBackward(dlogits, dlogits, coefs, h, v)
	for i, t := range b.Targets {
		dlogits[int(t.Row)*v+int(t.Token)] += dlogps[i]
	}

	dnorm := p.dnorm[:h*c]
	k.MatMulBackwardWeight(g.head(), p.norm[:h*c], dlogits, h)
	k.MatMulBackwardInput(dnorm, dlogits, w.head(), nil, h)
	p.finalBackward(w, g, b, dnorm)
}

// finalBackward adds to g the gradient of all below the head, given that by what final returned; dnorm may be scratch of p.
func (p *Pass) finalBackward(w, g *Weights, b *Batch, dnorm []float32) {
	k, c, n, h := p.k, p.config.Width, len(b.Tokens), len(b.Rows)
	dlast, dx := p.dlast[:h*c], p.dx[:n*c]
	clear(dlast)
	k.LayerNormBackward(dlast, g.FinalGain, g.FinalBias, dnorm, p.last[:h*c], p.mean[:h], p.rstd[:h], w.FinalGain, h, c)
	dy := dlast
	for i := len(p.layers) - 1; i >= 0; i-- {
		p.backwardLayer(dy, &p.layers[i], &w.Layers[i], &g.Layers[i], n, p.asks(i, b))
		dy = dx
	}
	k.EmbedBackward(g.WTE, g.WPE, dx, b.Tokens, b.Positions, c)
}
