package toy

import "margins/toy/kernel"

// Pass computes a model on batches, forward and backward. It keeps the activations that the backward pass needs, so the two must see
// the same batch and the same weights.
type Pass struct {
	k      *kernel.Kernel
	config Config
	rows   int

	layers []layerPass
	x      []float32 // [N,C] the residual stream after the last block
	last   []float32 // [H,C] its rows that predict
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

// layerPass holds what one block's backward pass reads.
type layerPass struct {
	x            []float32 // [N,C] input
	norm1        []float32 // [N,C]
	mean1, rstd1 []float32 // [N]
	qkv          []float32 // [N,3C]
	probs        []float32 // attention probabilities, laid out as kernel.Attention says
	attended     []float32 // [N,C]
	mid          []float32 // [N,C] residual stream between attention and MLP
	norm2        []float32 // [N,C]
	mean2, rstd2 []float32 // [N]
	up, act      []float32 // [N,4C] before and after GELU
}

// NewPass returns room for batches of at most that many packed rows.
func NewPass(k *kernel.Kernel, config Config, rows int) *Pass {
	c := config.Width
	p := &Pass{
		k: k, config: config, rows: rows, layers: make([]layerPass, config.Layers),
		x: k.Floats(rows * c), last: k.Floats(rows * c), norm: k.Floats(rows * c),
		mean: k.Floats(rows), rstd: k.Floats(rows),
		probs: k.Floats(rows * config.Vocabulary), lse: k.Floats(rows),
		logps: make([]float32, 2*rows),
		dx:    k.Floats(rows * c), dnorm: k.Floats(rows * c), dwide: k.Floats(rows * 4 * c),
		dlast: k.Floats(rows * c), coefs: k.Floats(rows),
	}
	attention := rows * config.Heads * ((config.Context + 3) &^ 3) // a row attends to at most Context others; kernel pads that to four
	for i := range p.layers {
		p.layers[i] = layerPass{
			x: k.Floats(rows * c), norm1: k.Floats(rows * c), mean1: k.Floats(rows), rstd1: k.Floats(rows),
			qkv: k.Floats(rows * 3 * c), probs: k.Floats(attention), attended: k.Floats(rows * c),
			mid: k.Floats(rows * c), norm2: k.Floats(rows * c), mean2: k.Floats(rows), rstd2: k.Floats(rows),
			up: k.Floats(rows * 4 * c), act: k.Floats(rows * 4 * c),
		}
	}
	return p
}

// Forward returns the log-probability of every target, in nats; the slice is valid until the next call.
func (p *Pass) Forward(w *Weights, b *Batch) []float32 {
	k, c, v, h := p.k, p.config.Width, p.config.Vocabulary, len(b.Rows)
	logits := p.probs[:h*v]
	k.MatMul(logits, p.final(w, b), w.Head, nil, h, c, v)
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
	c, h := p.config.Width, len(b.Rows)
	p.hidden(w, b)
	p.k.Gather(p.last[:h*c], p.x[:len(b.Tokens)*c], b.Rows, c)
	p.k.LayerNorm(p.norm[:h*c], p.mean[:h], p.rstd[:h], p.last[:h*c], w.FinalGain, w.FinalBias, h, c)
	return p.norm[:h*c]
}

// hidden computes the residual stream after the last block.
func (p *Pass) hidden(w *Weights, b *Batch) {
	n, c := len(b.Tokens), p.config.Width
	p.k.Embed(p.input(0)[:n*c], w.WTE, w.WPE, b.Tokens, b.Positions, c)
	for i := range p.layers {
		p.forwardLayer(&p.layers[i], &w.Layers[i], p.input(i + 1)[:n*c], b)
	}
}

// input returns where block i reads the residual stream; that of the block after the last is p.x.
func (p *Pass) input(i int) []float32 {
	if i == len(p.layers) {
		return p.x
	}
	return p.layers[i].x
}

// attention returns the part of a block's attention probabilities that b uses.
func (p *Pass) attention(l *layerPass, b *Batch) []float32 {
	return l.probs[:kernel.AttentionProbs(b.Segments, p.config.Heads)]
}

// forwardLayer computes y = mid + MLP(LN2(mid)) with mid = x + attention(LN1(x)).
func (p *Pass) forwardLayer(l *layerPass, w *LayerWeights, y []float32, b *Batch) {
	k, c, n := p.k, p.config.Width, len(b.Tokens)
	nc := n * c
	k.LayerNorm(l.norm1[:nc], l.mean1[:n], l.rstd1[:n], l.x[:nc], w.Gain1, w.Bias1, n, c)
	k.MatMul(l.qkv[:3*nc], l.norm1[:nc], w.QKV, w.QKVBias, n, c, 3*c)
	k.Attention(l.attended[:nc], p.attention(l, b), l.qkv[:3*nc], b.Segments, p.config.Heads, c)
	k.MatMul(l.mid[:nc], l.attended[:nc], w.Out, w.OutBias, n, c, c)
	k.Add(l.mid[:nc], l.mid[:nc], l.x[:nc])

	k.LayerNorm(l.norm2[:nc], l.mean2[:n], l.rstd2[:n], l.mid[:nc], w.Gain2, w.Bias2, n, c)
	k.MatMul(l.up[:4*nc], l.norm2[:nc], w.Up, w.UpBias, n, c, 4*c)
	k.GELU(l.act[:4*nc], l.up[:4*nc])
	k.MatMul(y, l.act[:4*nc], w.Down, w.DownBias, n, 4*c, c)
	k.Add(y, y, l.mid[:nc])
}

// backwardLayer turns p.dx from the gradient by the block's output into that by its input, and adds to g.
func (p *Pass) backwardLayer(l *layerPass, w, g *LayerWeights, b *Batch) {
	k, c, n := p.k, p.config.Width, len(b.Tokens)
	nc := n * c
	dx, dnorm, dwide := p.dx[:nc], p.dnorm[:nc], p.dwide[:4*nc]
	k.MatMulBackwardWeight(g.Down, g.DownBias, l.act[:4*nc], dx, n, 4*c, c)
	k.MatMulBackwardInput(dwide, dx, w.Down, n, 4*c, c)
	k.GELUBackward(dwide, dwide, l.up[:4*nc])
	k.MatMulBackwardWeight(g.Up, g.UpBias, l.norm2[:nc], dwide, n, c, 4*c)
	k.MatMulBackwardInput(dnorm, dwide, w.Up, n, c, 4*c)
	k.LayerNormBackward(dx, g.Gain2, g.Bias2, dnorm, l.mid[:nc], l.mean2[:n], l.rstd2[:n], w.Gain2, n, c)

	k.MatMulBackwardWeight(g.Out, g.OutBias, l.attended[:nc], dx, n, c, c)
	k.MatMulBackwardInput(dnorm, dx, w.Out, n, c, c)
	dqkv := dwide[:3*nc]
	k.AttentionBackward(dqkv, dnorm, p.attention(l, b), l.qkv[:3*nc], b.Segments, p.config.Heads, c)
	k.MatMulBackwardWeight(g.QKV, g.QKVBias, l.norm1[:nc], dqkv, n, c, 3*c)
	k.MatMulBackwardInput(dnorm, dqkv, w.QKV, n, c, 3*c)
	k.LayerNormBackward(dx, g.Gain1, g.Bias1, dnorm, l.x[:nc], l.mean1[:n], l.rstd1[:n], w.Gain1, n, c)
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
	k.MatMulBackwardWeight(g.Head, nil, p.norm[:h*c], dlogits, h, c, v)
	k.MatMulBackwardInput(dnorm, dlogits, w.Head, h, c, v)
	p.finalBackward(w, g, b, dnorm)
}

// finalBackward adds to g the gradient of all below the head, given that by what final returned; dnorm may be scratch of p.
func (p *Pass) finalBackward(w, g *Weights, b *Batch, dnorm []float32) {
	k, c, n, h := p.k, p.config.Width, len(b.Tokens), len(b.Rows)
	dlast, dx := p.dlast[:h*c], p.dx[:n*c]
	clear(dlast)
	k.LayerNormBackward(dlast, g.FinalGain, g.FinalBias, dnorm, p.last[:h*c], p.mean[:h], p.rstd[:h], w.FinalGain, h, c)
	clear(dx)
	k.GatherBackward(dx, dlast, b.Rows, c)
	for i := len(p.layers) - 1; i >= 0; i-- {
		p.backwardLayer(&p.layers[i], &w.Layers[i], &g.Layers[i], b)
	}
	k.EmbedBackward(g.WTE, g.WPE, dx, b.Tokens, b.Positions, c)
}
