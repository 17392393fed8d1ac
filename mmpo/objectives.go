package mmpo

import (
	"math"

	"margins/repro"
)

// Objectives lists what can be trained, in the order of the page. h, rho, m, p, beta and gamma are as the package's comment has them.
//
// The defaults of beta suit Script Desk: a default run ends at a KL of about 2 to 3 nats, where true scores compare. Robust DPO, whose
// push never fades, and SimPO, which no reference holds, go further. Those that share MMPO's optimum share its beta and gamma.
var Objectives = []Objective{
	// One loss, cross-entropy, with four targets: 1, sigma(gamma m), 1 - e, and (1 - e) / (1 - 2e), which is more than 1.
	{
		ID: "dpo", Title: "DPO", Formula: `-\log\sigma(h)`, Optimum: `h \to \infty`, Ties: "A tied pair still pushes h up.",
		Help:   "Makes the chosen response as much likelier than the rejected one as it can; the grade is ignored.",
		Source: "Rafailov et al. 2023, arXiv 2305.18290, equation 7", Reward: LogRatio,
		Params: []Setting{{"beta", "1.5"}},
		paired: crossEntropy(func(Choose, float64) float64 { return 1 }),
	},
	{
		ID: "mmpo", Title: "MMPO", Formula: `-p\log\sigma(h) - (1-p)\log\sigma(-h),\quad p = \sigma(\gamma m)`, Optimum: `h = \gamma m`,
		Ties:   "A tied pair has p = 1/2 and pulls h to 0.",
		Help:   "Makes the learned margin match the graded one: a large difference in grades is learned as a large one, a small as a small.",
		Source: "Kim et al. 2024, arXiv 2410.03145", Reward: LogRatio, Graded: true, Matches: true,
		Params: []Setting{{"beta", "0.4"}, {"gamma", "0.5"}},
		paired: crossEntropy(graded), best: gammaM,
	},
	{
		ID: "cdpo", Title: "cDPO", Formula: `-(1-\epsilon)\log\sigma(h) - \epsilon\log\sigma(-h)`, Optimum: `h = \log\frac{1-\epsilon}{\epsilon}`,
		Ties:   "A tied pair is treated like any other.",
		Help:   "DPO that presumes a fixed share of the labels to be wrong; the grade is ignored.",
		Source: "Mitchell 2023, A note on DPO with noisy preferences", Reward: LogRatio,
		Params: []Setting{{"beta", "1.5"}, {"smoothing", "0.1"}},
		paired: crossEntropy(func(c Choose, _ float64) float64 { return 1 - c.Smoothing }),
		best:   func(c Choose, _ float64) float64 { return repro.Log((1 - c.Smoothing) / c.Smoothing) },
	},
	{
		ID: "robust", Title: "Robust DPO", Formula: `\frac{-(1-\epsilon)\log\sigma(h) + \epsilon\log\sigma(-h)}{1-2\epsilon}`, Optimum: `h \to \infty`,
		Ties:   "A tied pair is treated like any other.",
		Help:   "DPO whose loss is, on average, what it would be if the presumed share of wrong labels were right; the grade is ignored.",
		Source: "Chowdhury et al. 2024, arXiv 2403.00409", Reward: LogRatio,
		Params: []Setting{{"beta", "6"}, {"smoothing", "0.1"}},
		paired: crossEntropy(func(c Choose, _ float64) float64 { return (1 - c.Smoothing) / (1 - 2*c.Smoothing) }),
	},

	// DPO's log sigma(h), shifted, weighted or stretched by the grade.
	{
		ID: "odpo", Title: "ODPO", Formula: `-\log\sigma(h - \alpha f(m))`, Optimum: `h \to \infty`,
		Ties:   "With f = identity a tied pair is one of DPO. With f = log, which has no value at 0, it is left out: its loss is 0.",
		Help:   "DPO that asks for a lead, larger where the grades lie further apart.",
		Source: "Amini et al. 2024, arXiv 2402.10571; the authors use f = log", Reward: LogRatio, Graded: true,
		Params: []Setting{{"beta", "2"}, {"alpha", "1"}, {"form", formLog}},
		paired: logistic(func(c Choose, m float64) logit {
			shift, ok := offset(c, m)
			if !ok {
				return logit{}
			}
			return logit{weight: 1, stretch: 1, shift: shift}
		}),
		best: func(c Choose, m float64) float64 {
			if _, ok := offset(c, m); !ok {
				return math.NaN()
			}
			return inf
		},
	},
	{
		ID: "margin", Title: "Margin", Formula: `-\log\sigma(h - m)`, Optimum: `h \to \infty`, Ties: "A tied pair still pushes h up, as in DPO.",
		Help:   "DPO that asks for a lead as large as the graded margin; what Llama 2's reward model was trained with.",
		Source: "Touvron et al. 2023, arXiv 2307.09288; for policies Wang et al. 2024, arXiv 2410.01257", Reward: LogRatio, Graded: true,
		Params: []Setting{{"beta", "3"}},
		paired: logistic(func(_ Choose, m float64) logit { return logit{weight: 1, stretch: 1, shift: m} }),
	},
	{
		ID: "scaled", Title: "Scaled DPO", Formula: `-m\log\sigma(h)`, Optimum: `h \to \infty`, Ties: "A tied pair counts nothing: its loss is 0.",
		Help:   "DPO in which a pair counts as much as its grades lie apart.",
		Source: "Wang et al. 2024, arXiv 2410.01257", Reward: LogRatio, Graded: true,
		Params: []Setting{{"beta", "2"}},
		paired: logistic(func(_ Choose, m float64) logit { return logit{weight: m, stretch: 1} }),
		best:   unlessTied,
	},
	{
		ID: "gdpo", Title: "GDPO", Formula: `-\log\sigma((2p-1)h),\quad p = \sigma(\gamma m)`, Optimum: `h \to \infty`,
		Ties:   "A tied pair has 2p - 1 = 0 and teaches nothing: its loss is log 2.",
		Help:   "DPO in which near ties teach little: the learned margin is scaled by how sure the rater is.",
		Source: "Furuta et al. 2024, arXiv 2409.06691", Reward: LogRatio, Graded: true,
		Params: []Setting{{"beta", "6"}, {"gamma", "0.5"}},
		paired: logistic(func(c Choose, m float64) logit { return logit{weight: 1, stretch: 2*graded(c, m) - 1} }),
		best:   unlessTied,
	},
	{
		ID: "simpo", Title: "SimPO", Formula: `-\log\sigma(h - \delta),\quad h = \beta(\frac{\log\pi_w}{n_w} - \frac{\log\pi_l}{n_l})`, Optimum: `h \to \infty`,
		Ties:   "A tied pair still pushes h up.",
		Help:   "Has no reference: compares log-probabilities per token and asks for a fixed lead; the grade is ignored.",
		Source: "Meng et al. 2024, arXiv 2405.14734", Reward: PerToken,
		Params: []Setting{{"beta", "10"}, {"lead", "1"}},
		paired: logistic(func(c Choose, _ float64) logit { return logit{weight: 1, stretch: 1, shift: c.Lead} }),
	},

	// Distances from a target: squared, or of the Bernoulli distributions.
	{
		ID: "ipo", Title: "IPO", Formula: `(\frac{h}{\beta} - \frac{1}{2\beta})^2`, Optimum: `h = \frac{1}{2}`,
		Ties:   "A tied pair is treated like any other.",
		Help:   "Gives every pair the same margin and stops there; the grade is ignored.",
		Source: "Azar et al. 2023, arXiv 2310.12036, equation 17; log-probabilities are summed, where TRL averages them over tokens", Reward: LogRatio,
		Params: []Setting{{"beta", "0.15"}},
		paired: squared(func(Choose, float64) float64 { return 0.5 }, func(c Choose) float64 { return c.Beta }),
		best:   func(Choose, float64) float64 { return 0.5 },
	},
	{
		ID: "rpo-sq", Title: "RPO, squared", Formula: `(h - \gamma m)^2`, Optimum: `h = \gamma m`, Ties: "A tied pair pulls h to 0.",
		Help:   "Matches margins like MMPO, by least squares: how far h is from the target counts, not how sure the rater is.",
		Source: "Sun et al. 2025, arXiv 2502.00203 (gamma is their eta); REBEL, Gao et al. 2024, arXiv 2404.16767", Reward: LogRatio, Graded: true, Matches: true,
		Params: []Setting{{"beta", "0.4"}, {"gamma", "0.5"}},
		paired: squared(gammaM, func(Choose) float64 { return 1 }), best: gammaM,
	},
	{
		ID: "rpo-fwd", Title: "RPO, forward KL", Optimum: `h = \gamma m`, Ties: "A tied pair pulls h to 0.",
		Formula: `q\log\frac{q}{p} + (1-q)\log\frac{1-q}{1-p},\quad q = \sigma(h),\quad p = \sigma(\gamma m)`,
		Help:    "Matches margins like MMPO, with the divergence turned round: pairs of which the policy is sure hardly move.",
		Source:  "Sun et al. 2025, arXiv 2502.00203 (gamma is their eta)", Reward: LogRatio, Graded: true, Matches: true,
		Params: []Setting{{"beta", "0.4"}, {"gamma", "0.5"}},
		paired: bernoulliKL(gammaM), best: gammaM,
	},
	{
		ID: "hinge", Title: "Hinge", Formula: `\max(0, 1-h)`, Optimum: `h \geq 1`, Ties: "A tied pair is treated like any other.",
		Help:   "Pushes each pair until its margin is 1, then leaves it alone; the grade is ignored.",
		Source: "SLiC-HF, Zhao et al. 2023, arXiv 2305.10425, with the reference in h as in TRL", Reward: LogRatio,
		Params: []Setting{{"beta", "0.8"}},
		paired: hinge, best: func(Choose, float64) float64 { return 1 },
	},

	// Models of three outcomes: win, loss and tie. Their nu is given by t, the chance that two equally good responses tie.
	{
		ID: "rk", Title: "DPO with ties (Rao-Kupper)", Optimum: `h \to \infty\quad (m > 0),\quad h = 0\quad (m = 0)`,
		Formula: `-\log\sigma(h-a)\quad (m > 0),\quad -\log((\nu^2-1)\sigma(h-a)\sigma(-h-a))\quad (m = 0),\quad a = \log\nu,\quad \nu = \frac{1+t}{1-t}`,
		Ties:    "A tied pair is learned as a tie: it pulls h to 0.",
		Help:    "DPO that knows ties: a winner must be ahead by more than a threshold; the size of the margin is ignored.",
		Source:  "Chen et al. 2024, arXiv 2409.17431 (their nu = 3 is t = 1/2)", Reward: LogRatio, Tied: true,
		Params: []Setting{{"beta", "2"}, {"draw", "0.5"}},
		paired: raoKupper, best: zeroIfTied,
	},
	{
		ID: "davidson", Title: "DPO with ties (Davidson)", Optimum: `h \to \infty\quad (m > 0),\quad h = 0\quad (m = 0)`,
		Formula: `-\log\frac{1}{s}\quad (m > 0),\quad -\log\frac{2\nu e^{-h/2}}{s}\quad (m = 0),\quad s = 1+e^{-h}+2\nu e^{-h/2},\quad \nu = \frac{t}{1-t}`,
		Ties:    "A tied pair is learned as a tie: it pulls h to 0.",
		Help:    "DPO that knows ties: they are the likelier the closer two responses are; the size of the margin is ignored.",
		Source:  "Chen et al. 2024, arXiv 2409.17431 (their nu = 1 is t = 1/2)", Reward: LogRatio, Tied: true,
		Params: []Setting{{"beta", "3"}, {"draw", "0.5"}},
		paired: davidson, best: zeroIfTied,
	},

	// Responses judged one by one.
	{
		ID: "kto", Title: "KTO", Optimum: `h \to \infty`,
		Formula: `\frac{1}{2}(1-\sigma(\beta\rho_w - \beta z)) + \frac{1}{2}(1-\sigma(\beta z - \beta\rho_l))`,
		Ties:    "A tied pair's chosen response counts as good and its rejected one as bad, like any other's.",
		Help:    "Knows no pairs: makes good responses likelier and bad ones less likely than the policy has become on the whole; the grade is ignored.",
		Source: "Ethayarajh et al. 2024, arXiv 2402.01306, with equal weights; z, which is not differentiated, is here the mean of rho over the batch's own " +
			"responses, at least 0, where the authors pair prompts with the responses to others", Reward: LogRatio,
		Params:   []Setting{{"beta", "0.4"}},
		unpaired: eachAlone,
	},

	// The control: all of MMPO but that the grades belong to the pairs.
	{
		ID: "shuffled", Title: "MMPO, margins shuffled", Formula: `-p\log\sigma(h) - (1-p)\log\sigma(-h),\quad p = \sigma(\gamma m')`, Optimum: `h = \gamma m'`,
		Ties:   "A tied pair is told another pair's margin m', like any other.",
		Help:   "A control: MMPO whose training pairs have exchanged their margins at random, so what is left shows what the grades are good for.",
		Source: "A permutation control; the loss is that of Kim et al. 2024, arXiv 2410.03145", Reward: LogRatio, Graded: true, Matches: true, Dealt: true,
		Params: []Setting{{"beta", "0.4"}, {"gamma", "0.5"}},
		paired: crossEntropy(graded), best: gammaM,
	},
}

// unlessTied is the optimum of a loss to which a tie says nothing.
func unlessTied(_ Choose, m float64) float64 {
	if m == 0 {
		return math.NaN()
	}
	return inf
}

// zeroIfTied is the optimum of a loss to which a tie is an outcome of its own.
func zeroIfTied(_ Choose, m float64) float64 {
	if m == 0 {
		return 0
	}
	return inf
}
