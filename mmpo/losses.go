package mmpo

import (
	"math"

	"margins/repro"
)

// The families of losses that the objectives are made of. Each is a function of h whose shape the objective fills in, and returns the
// loss and its derivative by h. None overflows for a finite h: logarithms of sigma are taken as one, and an exponential is only of what is
// at most 0. Products that are added are converted, so that no compiler fuses them.

var inf = math.Inf(1)

// crossEntropy makes the loss -p log sigma(h) - (1-p) log sigma(-h) of the target p. Its derivative is sigma(h) - p, so its optimum is
// h = logit p; there is none for p >= 1.
func crossEntropy(target func(c Choose, m float64) float64) func(Choose, float64, float64) (float64, float64) {
	return func(c Choose, h, m float64) (loss, slope float64) {
		p := target(c, m)
		if p != 1 { // else an h of infinity would give 0 times infinity
			loss = -float64((1 - p) * repro.LogSigmoid(-h))
		}
		loss -= float64(p * repro.LogSigmoid(h))
		return loss, repro.Sigmoid(h) - p
	}
}

// logit is DPO's log sigma(h), weighted, stretched and shifted.
type logit struct{ weight, stretch, shift float64 }

// logistic makes the loss -weight log sigma(stretch h - shift). Its derivative -weight stretch sigma(shift - stretch h) has one sign, so
// it has no optimum: the weight says how much a pair counts, stretch and shift how far h goes before the pull fades.
func logistic(form func(c Choose, m float64) logit) func(Choose, float64, float64) (float64, float64) {
	return func(c Choose, h, m float64) (loss, slope float64) {
		f := form(c, m)
		x := float64(f.stretch*h) - f.shift
		return -float64(f.weight * repro.LogSigmoid(x)), -float64(f.weight * f.stretch * repro.Sigmoid(-x))
	}
}

// squared makes the loss ((h - target) / unit)^2.
func squared(target func(c Choose, m float64) float64, unit func(c Choose) float64) func(Choose, float64, float64) (float64, float64) {
	return func(c Choose, h, m float64) (loss, slope float64) {
		u := unit(c)
		d := (h - target(c, m)) / u
		return float64(d * d), 2 * d / u
	}
}

// bernoulliKL makes the loss KL(Bernoulli(sigma(h)) || Bernoulli(sigma(t))) of the target t. Its derivative is q (1-q) (h - t) with
// q = sigma(h): it fades where the policy is sure, and a pair that is learned wrong stays so.
func bernoulliKL(target func(c Choose, m float64) float64) func(Choose, float64, float64) (float64, float64) {
	return func(c Choose, h, m float64) (loss, slope float64) {
		t := target(c, m)
		q, rest := repro.Sigmoid(h), repro.Sigmoid(-h)
		loss = float64(q*(repro.LogSigmoid(h)-repro.LogSigmoid(t))) + float64(rest*(repro.LogSigmoid(-h)-repro.LogSigmoid(-t)))
		return max(0, loss), float64(q * rest * (h - t)) // rounding may take a KL of nearly 0 below it
	}
}

// hinge is the loss max(0, 1 - h).
func hinge(_ Choose, h, _ float64) (loss, slope float64) {
	if h >= 1 {
		return 0, 0
	}
	return 1 - h, -1
}

// raoKupper is the negative logarithm of the probability of the outcome, a win or (m = 0) a tie, where the stronger response must be
// ahead by log nu to win: sigma(h - log nu), and (nu^2-1) sigma(h - log nu) sigma(-h - log nu). Its derivatives are P(win) - 1 and
// P(win) - P(loss).
func raoKupper(c Choose, h, m float64) (loss, slope float64) {
	lead := repro.Log((1 + c.Draw) / (1 - c.Draw)) // log nu
	loss, slope = -repro.LogSigmoid(h-lead), -repro.Sigmoid(lead-h)
	if m == 0 {
		square := 4 * c.Draw / float64((1-c.Draw)*(1-c.Draw)) // nu^2 - 1
		loss -= repro.LogSigmoid(-h-lead) + repro.Log(square)
		slope += repro.Sigmoid(h + lead)
	}
	return loss, slope
}

// davidson is the negative logarithm of the probability of the outcome, a win or (m = 0) a tie, where win, tie and loss are as 1 to
// 2 nu e^(-h/2) to e^-h. Its derivatives are -P(loss) - P(tie)/2 and (P(win) - P(loss))/2.
func davidson(c Choose, h, m float64) (loss, slope float64) {
	nu := c.Draw / (1 - c.Draw)
	half := math.Abs(h) / 2
	// The three over the largest of them, e^|h/2|, so that nothing overflows.
	small, tie := repro.Exp(-2*half), float64(2*nu*repro.Exp(-half))
	win, lost := 1.0, small
	if h < 0 {
		win, lost = small, 1
	}
	sum := 1 + small + tie
	if rest := half + repro.Log1p(small+tie); m == 0 {
		return rest - repro.Log(2*nu), (win - lost) / (2 * sum)
	} else {
		return rest - h/2, -(lost + tie/2) / sum
	}
}

// eachAlone is KTO's loss of a pair as two examples, their mean: 1 - sigma(chosen) and 1 - sigma(-rejected).
func eachAlone(chosen, rejected float64) (loss, byChosen, byRejected float64) {
	missed, taken := repro.Sigmoid(-chosen), repro.Sigmoid(rejected)
	return (missed + taken) / 2, -float64(missed*repro.Sigmoid(chosen)) / 2, float64(taken*repro.Sigmoid(-rejected)) / 2
}

// The targets and shapes that several objectives share.

// gammaM is the margin that the learned one should match.
func gammaM(c Choose, m float64) float64 { return float64(c.Gamma * m) }

// graded is the probability that a rater with that margin prefers the chosen response, by Bradley and Terry's model.
func graded(c Choose, m float64) float64 { return repro.Sigmoid(c.Gamma * m) }

// offset is ODPO's alpha f(m). With f = log a tie has none, so ok is false.
func offset(c Choose, m float64) (shift float64, ok bool) {
	if c.Form == formIdentity {
		return float64(c.Alpha * m), true
	}
	if m <= 0 {
		return 0, false
	}
	return float64(c.Alpha * repro.Log(m)), true
}

// The forms f of the graded margin.
const (
	formIdentity = "identity"
	formLog      = "log"
)
