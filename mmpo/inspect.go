package mmpo

import (
	"fmt"
	"math"
	"slices"

	"margins/repro"
	"margins/toy"
)

// Inspection is one pair as the policy and the reference see it, token by token.
type Inspection struct {
	Step     int         `json:"step"`
	Loss     float64     `json:"loss"`   // of this pair alone
	Margin   float64     `json:"margin"` // h, learned
	Prompt   []string    `json:"prompt"` // its tokens
	Chosen   []TokenView `json:"chosen"`
	Rejected []TokenView `json:"rejected"`
	Layers   int         `json:"layers"`
	Heads    int         `json:"heads"`

	// ChosenMaps and RejectedMaps are the policy's attention, one map a layer, as toy.Trace has them: T is the number of the prompt's and the
	// response's tokens without the last, which is never read.
	ChosenMaps   [][]float32 `json:"-"`
	RejectedMaps [][]float32 `json:"-"`
}

// TokenView is one token of a response.
type TokenView struct {
	Text      string  `json:"text"`
	Policy    float64 `json:"policy"`    // log-probability, nats
	Reference float64 `json:"reference"` // likewise
	// Gradient is the derivative of the pair's loss by Policy, and Push what a step against the gradient does to the token's own logit: minus
	// the derivative of the loss by it, -Gradient (1 - p). A token that the policy is sure of is hardly pushed.
	Gradient     float64    `json:"gradient"`
	Push         float64    `json:"push"`
	Top          []NextView `json:"top"` // the policy's likeliest tokens at this place, the likeliest first
	ReferenceTop []NextView `json:"referenceTop"`
}

// NextView is a token that may come next.
type NextView struct {
	Text string  `json:"text"`
	Prob float64 `json:"prob"`
}

// topTokens is how many of the likeliest next tokens an inspection lists.
const topTokens = 8

// Inspect lays open what the policy and the reference make of pair i, the training ones first. It computes all of it anew and leaves the
// run as it is. An objective that reads its batch's KL gets that of the batch or the evaluation last seen. An error says that there is no
// such pair, or that its loss is not a number.
func (r *Run) Inspect(i int) (*Inspection, error) {
	if i < 0 || i >= len(r.margins) {
		return nil, fmt.Errorf("there is no pair %d among %d", i, len(r.margins))
	}
	p, v := r.pair(i), r.lab.Reference.Vocabulary
	chosen, rejected := r.trace(p.Prompt, p.Chosen), r.trace(p.Prompt, p.Rejected)
	n := r.numbers(i, chosen.sum(), rejected.sum())
	seen := n
	seen.Margin, seen.KL = r.told[i], r.kl
	loss, dChosen, dRejected := r.objective.Loss(r.Experiment.Objective, seen)
	if finite := loss + dChosen + dRejected; math.IsNaN(finite) || math.IsInf(finite, 0) {
		return nil, fmt.Errorf("the loss of pair %d is not a number", i)
	}
	s := &Inspection{
		Step: r.step, Loss: loss, Margin: n.rewardMargin(r.Experiment.Objective.Beta),
		Chosen: chosen.views(v.Token, dChosen), Rejected: rejected.views(v.Token, dRejected),
		Layers: r.policy.Config.Layers, Heads: r.policy.Config.Heads,
		ChosenMaps: chosen.policy.Maps, RejectedMaps: rejected.policy.Maps,
	}
	for _, token := range p.Prompt {
		s.Prompt = append(s.Prompt, v.Token(token))
	}
	return s, nil
}

// traced is a response with what both models make of it.
type traced struct {
	prompt            int // tokens
	response          []int32
	policy, reference toy.Trace
}

func (r *Run) trace(prompt, response []int32) traced {
	tokens := slices.Concat(prompt, response[:len(response)-1]) // the last one is predicted, never read
	return traced{
		len(prompt), response, toy.NewTrace(r.lab.k, r.policy, tokens), toy.NewTrace(r.lab.k, r.lab.Reference.Weights, tokens),
	}
}

// row returns the log-probabilities of all tokens at place i of the response.
func (t traced) row(of toy.Trace, i int) []float32 {
	v := len(of.LogProbs) / of.Tokens
	return of.LogProbs[(t.prompt-1+i)*v:][:v]
}

// sum returns the response's log-probability under the policy, nats.
func (t traced) sum() (sum float64) {
	for i, token := range t.response {
		sum += float64(t.row(t.policy, i)[token])
	}
	return sum
}

// views shows the response's tokens; gradient is the derivative of the loss by the sum of their log-probabilities, and so by each.
func (t traced) views(word func(int32) string, gradient float64) []TokenView {
	views := make([]TokenView, len(t.response))
	for i, token := range t.response {
		policy, reference := t.row(t.policy, i), t.row(t.reference, i)
		logp := float64(policy[token])
		views[i] = TokenView{
			Text: word(token), Policy: logp, Reference: float64(reference[token]),
			Gradient: gradient, Push: -float64(gradient * (1 - repro.Exp(logp))),
			Top: likeliest(word, policy), ReferenceTop: likeliest(word, reference),
		}
	}
	return views
}

// likeliest returns the tokens of the largest log-probabilities, of equal ones the first.
func likeliest(word func(int32) string, logProbs []float32) []NextView {
	var best []int32 // in descending order of log-probability
	for token, logp := range logProbs {
		at := len(best)
		for at > 0 && logProbs[best[at-1]] < logp {
			at--
		}
		if at < topTokens {
			best = slices.Insert(best, at, int32(token))
			best = best[:min(len(best), topTokens)]
		}
	}
	views := make([]NextView, len(best))
	for i, token := range best {
		views[i] = NextView{word(token), repro.Exp(float64(logProbs[token]))}
	}
	return views
}

// EmbeddingMap shows where the policy has put the tokens of the vocabulary.
type EmbeddingMap struct {
	Step   int         `json:"step"`
	Tokens []string    `json:"tokens"`
	Points [][]float64 `json:"points"` // one a token: its coordinates along the principal axes of all token embeddings
	Shares []float64   `json:"shares"` // the share of their variance along each axis
}

// embeddingAxes is how many principal axes an embedding map has.
const embeddingAxes = 3

// Embeddings projects the policy's token embeddings on their principal axes.
func (r *Run) Embeddings() EmbeddingMap {
	c, v := r.policy.Config, r.lab.Reference.Vocabulary
	p := toy.Project(r.policy.WTE, c.Vocabulary, c.Width, embeddingAxes)
	m := EmbeddingMap{Step: r.step, Points: p.Points, Shares: p.Shares}
	for token := range c.Vocabulary {
		m.Tokens = append(m.Tokens, v.Token(int32(token)))
	}
	return m
}
