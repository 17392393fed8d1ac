package mmpo

import "margins/datasets"

// Reading says how well something that scores responses, a reward model or a policy by its implicit reward, judges held-out pairs. What is
// not defined, and what nobody knows, is nil.
type Reading struct {
	Accuracy *float64      `json:"accuracy"` // share of untied pairs whose chosen response scores higher; equal scores count half
	Margins  []AccuracyBin `json:"margins"`  // the same by graded margin
	ECE      *float64      `json:"ece"`      // of sigma(h) against the rater's choice, as Calibrate has it
	Brier    *float64      `json:"brier"`
	NLL      *float64      `json:"nll"` // nats
	// Correlation of score and true score over all responses of the pairs.
	Pearson  *float64 `json:"pearson"`
	Spearman *float64 `json:"spearman"`
}

// AccuracyBin is the accuracy on the pairs whose graded margin is more than From and at most To points.
type AccuracyBin struct {
	From     float64  `json:"from"`
	To       float64  `json:"to"`
	Pairs    int      `json:"pairs"`
	Accuracy *float64 `json:"accuracy"` // nil if there are no such pairs
}

// accuracyMargins are the limits of the bins, in points: doubling, since most margins are small.
var accuracyMargins = []float64{0, 0.5, 1, 2, 4, datasets.ScaleMax - datasets.ScaleMin}

// newReading reads the scores of the pairs' responses.
func newReading(pairs []datasets.Pair, chosen, rejected []float64) Reading {
	var h, outcome, scores, truth []float64
	all, bins := &tally{}, make([]tally, len(accuracyMargins)-1)
	for i, p := range pairs {
		m, d := p.Margin(), chosen[i]-rejected[i]
		preferred := 0.5
		if m > 0 {
			preferred = 1
			all.add(d)
			bins[marginPlace(m)].add(d)
		}
		h, outcome = append(h, d), append(outcome, preferred)
		scores, truth = append(scores, chosen[i], rejected[i]), append(truth, p.TrueChosen, p.TrueRejected)
	}
	c := Calibrate(h, outcome, ReliabilityBins)
	r := Reading{Accuracy: all.share(), ECE: known(c.ECE), Brier: known(c.Brier), NLL: known(c.NLL),
		Pearson: known(Pearson(scores, truth)), Spearman: known(Spearman(scores, truth))}
	for i := range bins {
		r.Margins = append(r.Margins, AccuracyBin{accuracyMargins[i], accuracyMargins[i+1], bins[i].n, bins[i].share()})
	}
	return r
}

// marginPlace returns the bin of a margin m > 0.
func marginPlace(m float64) int {
	i := len(accuracyMargins) - 2
	for i > 0 && m <= accuracyMargins[i] {
		i--
	}
	return i
}

// tally counts the pairs that are judged as the rater judged them.
type tally struct {
	n     int
	right float64
}

// add counts a pair whose chosen response scores d more than the rejected one.
func (t *tally) add(d float64) {
	t.n++
	switch {
	case d > 0:
		t.right++
	case d == 0:
		t.right += 0.5
	}
}

func (t *tally) share() *float64 { return known(t.right / float64(t.n)) }

// Read returns how well the policy judges the held-out pairs by its implicit reward, the one that its objective reads: for DPO and MMPO
// beta log(pi / pi_ref) of a response (Rafailov et al. 2023, arXiv 2305.18290; read like this in RewardBench, arXiv 2403.13787).
func (r *Run) Read() Reading {
	chosen, rejected := r.implicit(indices(len(r.margins))[len(r.Pairs.Train):])
	return newReading(r.Pairs.HeldOut, chosen, rejected)
}

// implicit returns the implicit rewards of the given pairs' responses.
func (r *Run) implicit(pairs []int) (chosen, rejected []float64) {
	r.forEach(r.policy, pairs, func(i int, logpChosen, logpRejected float64) {
		up, down, _, _ := r.objective.Reward.of(r.Experiment.Objective.Beta, r.numbers(i, logpChosen, logpRejected))
		chosen, rejected = append(chosen, up), append(rejected, down)
	}, nil)
	return chosen, rejected
}
