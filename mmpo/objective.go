// Package mmpo learns from graded preference pairs: objectives, targets, metrics, the trainer, experiments and their comparison.
//
// The subject is Margin Matching Preference Optimization (Kim et al. 2024, arXiv 2410.03145). Notation throughout: a pair (x, y_w, y_l)
// of a prompt, the chosen and the rejected response; rho_y = log pi(y|x) - log pi_ref(y|x), summed over the response's tokens, in nats;
// m the graded margin in points; h = beta (rho_w - rho_l) the reward margin that the policy has learned; p the target probability.
package mmpo

import (
	"fmt"
	"slices"
	"strings"
)

// Numbers is all that an objective sees of a pair.
type Numbers struct {
	PolicyChosen, PolicyRejected       float64 // log pi(y|x), nats, summed over the response's tokens
	ReferenceChosen, ReferenceRejected float64 // log pi_ref(y|x), likewise
	LenChosen, LenRejected             int     // tokens of the responses
	Margin                             float64 // m >= 0, points
	KL                                 float64 // BatchKL of the pair's batch, nats; read by the objectives whose ReadsBatch is true
}

// rewardMargin returns the learned reward margin h = beta (rho_w - rho_l).
func (n Numbers) rewardMargin(beta float64) float64 {
	chosen, rejected, _, _ := LogRatio.of(beta, n)
	return chosen - rejected
}

// BatchKL estimates KL(pi || pi_ref), in nats, from a batch's own responses: the mean of rho over the chosen and the rejected ones, and 0
// where that is negative. Nothing is differentiated through it.
func BatchKL(batch []Numbers) float64 {
	sum := 0.0
	for _, n := range batch {
		sum += (n.PolicyChosen - n.ReferenceChosen) + (n.PolicyRejected - n.ReferenceRejected)
	}
	if sum <= 0 {
		return 0
	}
	return sum / float64(2*len(batch))
}

// Reward says how an objective reads the rewards of a pair's responses, whose difference is h, from their log-probabilities.
type Reward string

// The rewards.
const (
	LogRatio Reward = "log-ratio" // beta rho: summed over tokens, against the reference
	PerToken Reward = "per-token" // beta log pi / n: averaged over the n tokens of the response, without a reference
)

// of returns both rewards, and their derivatives by PolicyChosen and by PolicyRejected.
func (r Reward) of(beta float64, n Numbers) (chosen, rejected, byChosen, byRejected float64) {
	if r == PerToken {
		byChosen, byRejected = beta/float64(n.LenChosen), beta/float64(n.LenRejected)
		return float64(byChosen * n.PolicyChosen), float64(byRejected * n.PolicyRejected), byChosen, byRejected
	}
	return float64(beta * (n.PolicyChosen - n.ReferenceChosen)), float64(beta * (n.PolicyRejected - n.ReferenceRejected)), beta, beta
}

// Objective is one way to learn from a pair. Its loss is paired or unpaired, never both; a step averages it over the batch's pairs.
type Objective struct {
	ID      string    `json:"id"` // permanent: it lives in links
	Title   string    `json:"title"`
	Formula string    `json:"formula"` // TeX, the loss of one pair
	Optimum string    `json:"optimum"` // TeX, the h that minimizes it
	Ties    string    `json:"ties"`    // what a pair with m = 0 does
	Help    string    `json:"help"`    // one plain sentence
	Source  string    `json:"source"`
	Reward  Reward    `json:"reward"`  // what h is the difference of: sums over tokens, or averages
	Graded  bool      `json:"graded"`  // whether the loss depends on how large m is
	Tied    bool      `json:"tied"`    // whether a tie is an outcome of its own, beside winning and losing
	Matches bool      `json:"matches"` // whether the loss is least at h = gamma m: the learned margin then matches the graded one
	Dealt   bool      `json:"dealt"`   // a control: each training pair is told the margin of another one
	Params  []Setting `json:"params"`  // the parameters that it reads, with its own defaults

	// paired returns the loss of a pair whose learned margin is h, and its derivative by h.
	paired func(c Choose, h, m float64) (loss, slope float64)
	// unpaired judges each response by itself: it gets their rewards less beta KL, and returns the derivatives by both.
	unpaired func(chosen, rejected float64) (loss, byChosen, byRejected float64)
	// best returns the h at which the loss is least, as Best documents it; nil stands for one that grows without end.
	best func(c Choose, m float64) float64
}

// Setting gives a parameter of Params the default that suits an objective, as links write it.
type Setting struct {
	Param   string `json:"param"`
	Default string `json:"default"`
}

// Loss returns the loss of one pair, in nats (squared distances in their square), and its partial derivatives by PolicyChosen and
// PolicyRejected.
func (o *Objective) Loss(c Choose, n Numbers) (loss, dChosen, dRejected float64) {
	chosen, rejected, byChosen, byRejected := o.Reward.of(c.Beta, n)
	if o.unpaired != nil {
		moved := float64(c.Beta * n.KL)
		loss, up, down := o.unpaired(chosen-moved, rejected-moved)
		return loss, float64(byChosen * up), float64(byRejected * down)
	}
	loss, slope := o.paired(c, chosen-rejected, n.Margin)
	return loss, float64(byChosen * slope), -float64(byRejected * slope)
}

// ReadsBatch tells whether the loss of a pair depends on the rest of its batch, through Numbers.KL.
func (o *Objective) ReadsBatch() bool { return o.unpaired != nil }

// Best returns the h at which the loss of a pair with margin m is least: +Inf if it falls for ever as h grows, NaN if no h is better than
// another. Where a whole range is best it is the range's smallest h.
func (o *Objective) Best(c Choose, m float64) float64 {
	if o.best == nil {
		return inf
	}
	return o.best(c, m)
}

// CurvePoint is one point of an objective's curve.
type CurvePoint struct {
	H     float64 `json:"h"`
	Loss  float64 `json:"loss"`
	Slope float64 `json:"slope"` // derivative of the loss by h
}

// Curve returns the loss of a pair with margin m at n >= 2 values of h, evenly spaced, from and to included. An unpaired loss depends on
// more than h: its curve has KL 0, and rewards h/2 and -h/2.
func Curve(o *Objective, c Choose, m, from, to float64, n int) []CurvePoint {
	points := make([]CurvePoint, n)
	for i := range points {
		t := float64(i) / float64(n-1)
		p := &points[i]
		p.H = float64(from*(1-t)) + float64(to*t)
		if o.unpaired != nil {
			loss, up, down := o.unpaired(p.H/2, -p.H/2)
			p.Loss, p.Slope = loss, (up-down)/2
		} else {
			p.Loss, p.Slope = o.paired(c, p.H, m)
		}
	}
	return points
}

// FindObjective returns the objective of that id.
func FindObjective(id string) (*Objective, bool) {
	for i := range Objectives {
		if Objectives[i].ID == id {
			return &Objectives[i], true
		}
	}
	return nil, false
}

// reads tells whether the objective has the parameter.
func (o *Objective) reads(param string) bool {
	return slices.ContainsFunc(o.Params, func(s Setting) bool { return s.Param == param })
}

// choose returns the objective's own settings.
func (o *Objective) choose() Choose {
	e := Experiment{Objective: Choose{ID: o.ID}}
	for _, s := range o.Params {
		p, ok := FindParam(s.Param)
		if !ok {
			panic("mmpo: there is no parameter " + s.Param)
		}
		if note, err := p.Set(&e, s.Default); err != nil || note != "" {
			panic("mmpo: the default of " + s.Param + " for " + o.ID + " is not possible")
		}
	}
	return e.Objective
}

// Choose returns the objective's own settings changed by set, each KEY=VALUE as links write it. Notes say what was moved to a limit; a
// parameter that the objective does not read, and a value that stands for nothing, are errors.
func (o *Objective) Choose(set []string) (c Choose, notes []string, err error) {
	e := Experiment{Objective: o.choose()}
	for _, s := range set {
		key, value, _ := strings.Cut(s, "=")
		p, ok := FindParam(key)
		if !ok || !o.reads(key) {
			return Choose{}, nil, fmt.Errorf("%s has no parameter %q", o.ID, key)
		}
		note, err := p.Set(&e, value)
		if err != nil {
			return Choose{}, nil, err
		}
		if note != "" {
			notes = append(notes, note)
		}
	}
	return e.Objective, notes, nil
}
