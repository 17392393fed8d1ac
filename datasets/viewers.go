package datasets

import "math/rand/v2"

// Viewer is one of the tastes that the true score of divided stakes is the mean of.
type Viewer struct {
	ID    string  // Judge and Rated know it as stakes
	Share float64 // of all viewers; the shares of the same stakes add up to 1
}

// Rated returns the scores that a rater sees in two responses, before the rater's noise and levels: the true ones or, where the stakes
// have viewers, those of one viewer who sees both. Drawing that viewer takes one number from rng; agreeing stakes take none.
func (w *World) Rated(rng *rand.Rand, stakes string, prompt, first, second []int32) (scoreFirst, scoreSecond float64) {
	if viewers := w.Viewers[stakes]; len(viewers) > 0 {
		stakes = viewers[choose(rng, shares(viewers))].ID
	}
	return w.Judge(stakes, prompt, first).Score, w.Judge(stakes, prompt, second).Score
}

func shares(viewers []Viewer) []float64 {
	all := make([]float64, len(viewers))
	for i, v := range viewers {
		all[i] = v.Share
	}
	return all
}
