// Package mmpo learns from graded preference pairs: objectives, targets, metrics, the trainer, experiments and their comparison.
//
// The subject is Margin Matching Preference Optimization (Kim et al. 2024, arXiv 2410.03145). Notation throughout: a pair (x, y_w, y_l)
// of a prompt, the chosen and the rejected response; rho_y = log pi(y|x) - log pi_ref(y|x), summed over the response's tokens, in nats;
// m the graded margin in points; h = beta (rho_w - rho_l) the reward margin that the policy has learned; p the target probability.
package mmpo

import "margins/repro"

// Numbers is all that an objective sees of a pair.
type Numbers struct {
	PolicyChosen, PolicyRejected       float64 // log pi(y|x), nats, summed over the response's tokens
	ReferenceChosen, ReferenceRejected float64 // log pi_ref(y|x), likewise
	LenChosen, LenRejected             int     // tokens of the responses
	Margin                             float64 // m >= 0, points
}

// Margin returns the learned reward margin h = beta (rho_w - rho_l).
func (n Numbers) rewardMargin(beta float64) float64 {
	return float64(beta*(n.PolicyChosen-n.ReferenceChosen)) - float64(beta*(n.PolicyRejected-n.ReferenceRejected))
}

// Objective is one way to learn from a pair.
type Objective struct {
	ID      string    `json:"id"` // permanent: it lives in links
	Title   string    `json:"title"`
	Formula string    `json:"formula"` // TeX, the loss of one pair
	Optimum string    `json:"optimum"` // TeX, the h that minimizes it
	Ties    string    `json:"ties"`    // what a pair with m = 0 does
	Help    string    `json:"help"`    // one plain sentence
	Source  string    `json:"source"`
	Graded  bool      `json:"graded"` // whether the loss depends on m
	Params  []Setting `json:"params"` // the parameters that it reads, with its own defaults

	// loss returns the loss of one pair in nats and its partial derivatives by PolicyChosen and PolicyRejected. A step averages it
	// over the batch's pairs; log-probabilities are summed over tokens, never averaged.
	loss func(c Choose, n Numbers) (loss, dChosen, dRejected float64)
}

// Setting gives a parameter of Params the default that suits an objective.
type Setting struct {
	Param   string  `json:"param"`
	Default float64 `json:"default"`
}

// Objectives lists what can be trained, in the order of the page.
//
// DPO, cDPO and MMPO are one loss with three targets: 1, 1 - e and sigma(gamma m).
var Objectives = []Objective{
	{
		ID: "dpo", Title: "DPO", Formula: `-\log\sigma(h)`, Optimum: `h \to \infty`, Ties: "A tied pair still pushes h up.",
		Help:   "Makes the chosen response as much likelier than the rejected one as it can; the grade is ignored.",
		Source: "Rafailov et al. 2023, arXiv 2305.18290, equation 7",
		Params: []Setting{{"beta", 2}},
		loss:   crossEntropy(func(Choose, float64) float64 { return 1 }),
	},
	{
		ID: "mmpo", Title: "MMPO", Formula: `-p\log\sigma(h) - (1-p)\log\sigma(-h),\quad p = \sigma(\gamma m)`, Optimum: `h = \gamma m`,
		Ties:   "A tied pair has p = 1/2 and pulls h to 0.",
		Help:   "Makes the learned margin match the graded one: a large difference in grades is learned as a large one, a small as a small.",
		Source: "Kim et al. 2024, arXiv 2410.03145", Graded: true,
		Params: []Setting{{"beta", 0.4}, {"gamma", 0.5}},
		loss:   crossEntropy(func(c Choose, margin float64) float64 { return repro.Sigmoid(c.Gamma * margin) }),
	},
	{
		ID: "cdpo", Title: "cDPO", Formula: `-(1-\epsilon)\log\sigma(h) - \epsilon\log\sigma(-h)`, Optimum: `h = \log\frac{1-\epsilon}{\epsilon}`,
		Ties:   "A tied pair is treated like any other.",
		Help:   "DPO that presumes a fixed share of the labels to be wrong; the grade is ignored.",
		Source: "Mitchell 2023, A note on DPO with noisy preferences",
		Params: []Setting{{"beta", 2}, {"smoothing", 0.1}},
		loss:   crossEntropy(func(c Choose, _ float64) float64 { return 1 - c.Smoothing }),
	},
}

// crossEntropy makes the loss -p log sigma(h) - (1-p) log sigma(-h) of the target p. Its derivative by h is sigma(h) - p, so its
// optimum is h = logit p.
func crossEntropy(target func(c Choose, margin float64) float64) func(Choose, Numbers) (float64, float64, float64) {
	return func(c Choose, n Numbers) (loss, dChosen, dRejected float64) {
		h, p := n.rewardMargin(c.Beta), target(c, n.Margin)
		if p < 1 {
			loss = -float64((1 - p) * repro.LogSigmoid(-h))
		}
		loss -= float64(p * repro.LogSigmoid(h))
		slope := float64(c.Beta * (repro.Sigmoid(h) - p))
		return loss, slope, -slope
	}
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

// choose returns the objective's own settings.
func (o *Objective) choose() Choose {
	c := Choose{ID: o.ID}
	for _, s := range o.Params {
		*c.setting(s.Param) = s.Default
	}
	return c
}

// setting returns where c keeps a parameter of Params' group "objective".
func (c *Choose) setting(param string) *float64 {
	switch param {
	case "beta":
		return &c.Beta
	case "gamma":
		return &c.Gamma
	case "smoothing":
		return &c.Smoothing
	}
	panic("mmpo: no objective has a parameter " + param)
}
