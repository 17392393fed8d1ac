package mmpo

import "math"

// meter sums what a batch of pairs reports.
type meter struct {
	pairs, untied                                  int
	right                                          float64
	loss, chosen, rejected, logpChosen, logpReject float64
	tokens                                         int
}

// report writes the means into row, under TRL's names with the given prefix. Accuracy is over
// untied pairs, whose order the grades tell; equal rewards, as at the reference, are half right. (TRL counts them as wrong.)
func (m *meter) report(row Row, prefix string) {
	n := float64(m.pairs)
	row.set(prefix+"loss", m.loss/n)
	row.set(prefix+"rewards/chosen", m.chosen/n)
	row.set(prefix+"rewards/rejected", m.rejected/n)
	row.set(prefix+"rewards/margins", (m.chosen-m.rejected)/n)
	row.set(prefix+"rewards/accuracies", m.right/float64(m.untied)) // NaN if all are tied
	row.set(prefix+"logps/chosen", m.logpChosen/n)
	row.set(prefix+"logps/rejected", m.logpReject/n)
}

// note adds one pair.
func (m *meter) note(n Numbers, beta, loss float64) {
	chosen, rejected := float64(beta*(n.PolicyChosen-n.ReferenceChosen)), float64(beta*(n.PolicyRejected-n.ReferenceRejected))
	m.pairs++
	m.loss += loss
	m.chosen += chosen
	m.rejected += rejected
	m.logpChosen += n.PolicyChosen
	m.logpReject += n.PolicyRejected
	m.tokens += n.LenChosen
	if n.Margin > 0 {
		m.untied++
		switch {
		case chosen > rejected:
			m.right++
		case chosen == rejected:
			m.right += 0.5
		}
	}
}

// diverged tells whether training has failed: a number is not finite, or the policy finds the chosen responses less likely than random
// tokens of a vocabulary of that size. Clipping and LayerNorm keep the numbers of a broken policy finite for long; this does not wait.
func (m *meter) diverged(vocabulary int) bool {
	return math.IsNaN(m.loss) || math.IsInf(m.loss, 0) || m.logpChosen < -float64(m.tokens)*math.Log(float64(vocabulary))
}
