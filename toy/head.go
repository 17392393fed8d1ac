package toy

import "margins/toy/kernel"

// A scalar head makes the transformer a scorer: one number for a response, read at its last token. With x the normalized hidden state
// there (what a language model's head reads), it is score = <x, Score> + ScoreBias. Everything below the head is the same.

// NewScorer returns zeroed weights of a transformer with a scalar head, in memory that k can work on. It panics if config is not valid.
func NewScorer(k *kernel.Kernel, config Config) *Weights {
	return allocate(k, &Weights{Config: config, scalar: true})
}

// scalarHead lists the parts of a scalar head. It begins at zero, where all responses score alike, and is not decayed.
func (w *Weights) scalarHead() []Tensor {
	return []Tensor{
		{Name: "score.weight", Rows: 1, Cols: w.Config.Width, view: &w.Score},
		{Name: "score.bias", Rows: 1, Cols: 1, view: &w.ScoreBias},
	}
}

// CopyTrunk sets all weights of w but its head to those of a model of the same size, and leaves the head as it was.
func (w *Weights) CopyTrunk(from *Weights) {
	if w.Config != from.Config {
		panic("toy: the models are not of one size")
	}
	copy(w.trunk(), from.trunk())
}

// trunk returns all weights but the head, which stands last.
func (w *Weights) trunk() []float32 {
	return w.Data[:len(w.Data)-len(w.Head)-len(w.Score)-len(w.ScoreBias)]
}

// NewOptimizerOf returns an optimizer of weights like w, whatever its head, that has not stepped yet.
func NewOptimizerOf(k *kernel.Kernel, w *Weights, config OptimizerConfig) *Optimizer {
	like := func() *Weights { return allocate(k, &Weights{Config: w.Config, scalar: w.scalar}) }
	return RestoreOptimizer(k, config, 0, like(), like())
}

// AddRead appends a prompt and its responses to be scored: every token is read, the last of each response too, and the row of that one
// is the response's, so prompt and response together must fit the context. It reports whether there was room; if not, b is as before. A
// batch is filled by Add or by AddRead, not by both.
func (b *Batch) AddRead(prompt []int32, responses ...[]int32) bool {
	if len(prompt) == 0 {
		panic("toy: a prompt has no token")
	}
	rows := len(prompt)
	for _, r := range responses {
		if len(r) == 0 {
			panic("toy: a response has no token")
		}
		rows += len(r)
	}
	if len(b.Tokens)+rows > cap(b.Tokens) {
		return false
	}
	start, size := int32(len(b.Tokens)), int32(len(prompt))
	b.segment(prompt, 0, 0, 0)
	for _, r := range responses {
		b.segment(r, size, start, size)
		b.Rows = append(b.Rows, int32(len(b.Tokens)-1))
		b.Responses++
	}
	return true
}

// Scores returns the score of every response of a batch that AddRead filled; w has a scalar head. The slice is new.
func (p *Pass) Scores(w *Weights, b *Batch) []float64 {
	c, x := p.config.Width, p.final(w, b)
	scores := make([]float64, b.Responses)
	for i := range scores {
		scores[i] = float64(w.ScoreBias[0])
		for j, weight := range w.Score {
			scores[i] += float64(x[i*c+j]) * float64(weight) // exact in float64, so that fusing it with the sum changes nothing
		}
	}
	return scores
}

// ScoresBackward adds to g the gradient of a loss whose partial derivative by the score of response i is dscores[i]. It follows Scores
// of the same weights and batch.
//
// With d = dscores[i] and x the row that was read: dScore += d x, dScoreBias += d, dx = d Score.
func (p *Pass) ScoresBackward(w, g *Weights, b *Batch, dscores []float64) {
	c := p.config.Width
	x, dx := p.norm[:b.Responses*c], p.dnorm[:b.Responses*c]
	for i, d := range dscores {
		g.ScoreBias[0] += float32(d)
		for j, weight := range w.Score {
			g.Score[j] += float32(float64(d * float64(x[i*c+j])))
			dx[i*c+j] = float32(d * float64(weight))
		}
	}
	p.finalBackward(w, g, b, dx)
}
