package mmpo

import (
	"math"
	"math/rand/v2"

	"margins/repro"
)

// Calibration says how well sigma(h), read as the chance that the rater prefers the first response of a pair, agrees with what is known
// of it. All is NaN if there were no pairs.
type Calibration struct {
	ECE   float64          `json:"ece"`   // expected calibration error: mean distance of confidence and agreement over the bins, by count
	Brier float64          `json:"brier"` // mean of (sigma(h) - p)^2
	NLL   float64          `json:"nll"`   // mean of -p log sigma(h) - (1-p) log sigma(-h), nats
	Bins  []ReliabilityBin `json:"bins"`
}

// ReliabilityBin is what became of the pairs of like confidence: the model prefers one response of a pair, and its confidence in that,
// sigma(|h|), is from 1/2 to 1. (A pair has no order of its own. Chosen first would make every outcome a 1, and leave nothing to calibrate.)
type ReliabilityBin struct {
	Count      int     `json:"count"`
	Confidence float64 `json:"confidence"` // mean of sigma(|h|); 0 in an empty bin
	Agreement  float64 `json:"agreement"`  // mean chance that the rater prefers the same response; 0 in an empty bin
}

// ReliabilityBins is how many bins of equal width a Calibration of a run has, from a confidence of 1/2 to 1.
const ReliabilityBins = 10

// Calibrate compares the learned margins h with the probabilities p from 0 to 1 that the rater prefers the first response, pair by pair.
// With p the rater's true preference probability it tells how right the model's confidence is; with p the outcome (1, 0, or 1/2 for a tie)
// it tells what can be told where nobody knows that probability. ECE, its bins and their sum by count are those of Guo et al. 2017
// (arXiv 1706.04599), of two classes. A pair with h = 0 prefers neither: its agreement is 1/2. It panics if the lengths differ.
func Calibrate(h, p []float64, bins int) Calibration {
	mustMatch(h, p)
	c := Calibration{Bins: make([]ReliabilityBin, bins)}
	for i, h := range h {
		d := repro.Sigmoid(h) - p[i]
		c.Brier += float64(d * d)
		c.NLL -= float64(p[i]*repro.LogSigmoid(h)) + float64((1-p[i])*repro.LogSigmoid(-h))
		c.bin(h, p[i])
	}
	for i := range c.Bins {
		if b := &c.Bins[i]; b.Count > 0 {
			c.ECE += math.Abs(b.Confidence - b.Agreement)
			b.Confidence /= float64(b.Count)
			b.Agreement /= float64(b.Count)
		}
	}
	n := float64(len(h))
	c.ECE, c.Brier, c.NLL = c.ECE/n, c.Brier/n, c.NLL/n
	return c
}

// bin adds a pair to the sums of its bin. A NaN, of a run that has failed, goes to none.
func (c *Calibration) bin(h, p float64) {
	if math.IsNaN(h) {
		return
	}
	confidence, agreement := repro.Sigmoid(math.Abs(h)), p
	switch {
	case h < 0:
		agreement = 1 - p
	case h == 0:
		agreement = 0.5
	}
	n := len(c.Bins)
	b := &c.Bins[min(int((confidence-0.5)*2*float64(n)), n-1)]
	b.Count++
	b.Confidence += confidence
	b.Agreement += agreement
}

// preferenceDraws is how often a rater grades a pair to find its preference probability; the standard error is then at most 1/32.
const preferenceDraws = 256

// Preference returns the chance that a rater prefers the first of two responses, a tie counting half: P(grade of the first > grade of the
// second) + P(equal grades) / 2. It lets the rater grade them again, with the given stream, many times. So it holds for whatever makes the
// grades up, their levels included, where a formula would have to be kept in step; the standard error of a value p is sqrt(p (1-p) / 256).
func Preference(rng *rand.Rand, grade func(*rand.Rand) (first, second float64)) float64 {
	halves := 0
	for range preferenceDraws {
		halves += 1 + sign(grade(rng))
	}
	return float64(halves) / (2 * preferenceDraws)
}
