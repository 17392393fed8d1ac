package mmpo

import (
	"fmt"
	"math"

	"margins/datasets"
	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

// RewardMethod is one way to train a reward model: the transformer with a scalar head that begins from the reference's weights. Its loss of
// a pair is that of an objective, with h = r(x, y_w) - r(x, y_l), the difference of two scores, in place of the policy's reward margin.
type RewardMethod struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Help   string `json:"help"` // one plain sentence
	Source string `json:"source"`

	objective string
}

// RewardMethods lists the ways to train a reward model.
var RewardMethods = []RewardMethod{
	{ID: "bt", Title: "Bradley-Terry", objective: "dpo", Help: "Raises the chosen response's score over the rejected one's; the grade is ignored.",
		Source: "Ouyang et al. 2022, arXiv 2203.02155, equation 1"},
	{ID: "mm", Title: "Margin matching", objective: "mmpo", Help: "Makes the difference of scores match the graded margin, times gamma.",
		Source: "Kim et al. 2024, arXiv 2410.03145"},
}

// loss returns the loss of h at margin m, and its derivative by h.
func (m RewardMethod) loss(gamma float64) func(h, margin float64) (loss, slope float64) {
	o, ok := FindObjective(m.objective)
	if !ok {
		panic("mmpo: there is no objective " + m.objective)
	}
	c := Choose{ID: o.ID, Gamma: gamma}
	return func(h, margin float64) (float64, float64) { return o.paired(c, h, margin) }
}

// RewardGamma returns the gamma that a reward model of e is trained with: that of its objective, or MMPO's own where that reads none.
func RewardGamma(e Experiment) float64 {
	if e.Objective.Gamma > 0 {
		return e.Objective.Gamma
	}
	o, _ := FindObjective("mmpo")
	return o.choose().Gamma
}

// RewardModel scores responses. It is not safe for concurrent use.
type RewardModel struct {
	Method RewardMethod
	model  *rewarder
	points line // from scores to the rater's points
}

// TrainReward trains a reward model on p's training pairs, with the steps, batches, learning rate, decay and clipping of e. The batches are
// those of a run of e. Progress may be nil; if it returns false, the error is ErrCanceled.
func TrainReward(lab *Lab, e Experiment, p *Pairs, method RewardMethod, progress FitProgress) (*RewardModel, error) {
	s := newRewarder(lab.k, lab.Reference.Weights)
	t := rewardTraining{Train: e.Train, loss: method.loss(RewardGamma(e)), seed: e.Seed, order: "order", progress: progress}
	if err := s.train(p.Train, t); err != nil {
		return nil, err
	}
	return &RewardModel{Method: method, model: s, points: s.calibrate(p.Train)}, nil
}

// Fingerprint returns the SHA-256 of the weights in hexadecimal.
func (m *RewardModel) Fingerprint() string { return m.model.w.Fingerprint() }

// Read returns how well the model judges pairs that it was not trained on.
func (m *RewardModel) Read(pairs []datasets.Pair) Reading {
	chosen, rejected := m.model.pairs(pairs)
	return newReading(pairs, chosen, rejected)
}

// rewarder is a transformer with a scalar head, and room to compute and train it.
type rewarder struct {
	k     *kernel.Kernel
	w     *toy.Weights
	pass  *toy.Pass
	batch *toy.Batch
}

// newRewarder returns one that begins as the reference with a head of zeros.
func newRewarder(k *kernel.Kernel, reference *toy.Weights) *rewarder {
	s := &rewarder{k: k, w: toy.NewScorer(k, reference.Config), pass: toy.NewPass(k, reference.Config, passRows), batch: toy.NewBatch(k, passRows)}
	s.w.CopyTrunk(reference)
	return s
}

// asked is a prompt and responses to it.
type asked struct {
	prompt    []int32
	responses [][]int32
}

// scores returns the score of every response. After, if there is one, is called for each batch while the pass still holds its activations,
// with the place of the batch's first response.
func (s *rewarder) scores(groups []asked, after func(first int, scores []float64)) (all []float64) {
	flush := func() {
		first := len(all)
		all = append(all, s.pass.Scores(s.w, s.batch)...)
		if after != nil {
			after(first, all[first:])
		}
		s.batch.Reset()
	}
	s.batch.Reset()
	for _, g := range groups {
		g = s.readable(g)
		if !s.batch.AddRead(g.prompt, g.responses...) {
			flush()
			s.batch.AddRead(g.prompt, g.responses...)
		}
	}
	flush()
	return all
}

// readable returns g with its responses cut to the context. One that fills the context without ending has a last token beyond it, which a
// language model only predicts.
func (s *rewarder) readable(g asked) asked {
	room := s.w.Config.Context - len(g.prompt)
	responses := make([][]int32, len(g.responses))
	for i, r := range g.responses {
		responses[i] = r[:min(len(r), room)]
	}
	return asked{g.prompt, responses}
}

// pairs returns the scores of the chosen and of the rejected responses.
func (s *rewarder) pairs(pairs []datasets.Pair) (chosen, rejected []float64) {
	groups := make([]asked, len(pairs))
	for i, p := range pairs {
		groups[i] = asked{p.Prompt, [][]int32{p.Chosen, p.Rejected}}
	}
	all := s.scores(groups, nil)
	for i := range pairs {
		chosen, rejected = append(chosen, all[2*i]), append(rejected, all[2*i+1])
	}
	return chosen, rejected
}

// rewardTraining says how one is trained.
type rewardTraining struct {
	Train
	loss     func(h, margin float64) (loss, slope float64)
	seed     uint64
	order    string // the stream that orders the pairs
	progress FitProgress
}

// train takes all steps of t on the pairs. The loss is the mean over a batch's pairs.
func (s *rewarder) train(pairs []datasets.Pair, t rewardTraining) error {
	grads, optimizer := toy.NewScorer(s.k, s.w.Config), toy.NewOptimizerOf(s.k, s.w, adamW(t.Decay, t.Clip))
	order, queue := repro.Stream(t.seed, t.order), []int(nil)
	for step := range t.Steps {
		clear(grads.Data)
		loss := s.learn(grads, pairs, deal(order, &queue, min(t.Batch, len(pairs)), len(pairs)), t.loss)
		norm := optimizer.Step(s.w, grads, toy.Cosine(t.LR, step, t.Steps, 0))
		if math.IsNaN(norm) || math.IsInf(norm, 0) {
			return fmt.Errorf("the reward model diverged at step %d: lower the learning rate, which is %s", step+1, formatNumber(t.LR))
		}
		if t.progress != nil && !t.progress(step+1, t.Steps, loss) {
			return ErrCanceled
		}
	}
	return nil
}

// learn adds to grads the gradient of the mean loss of the given pairs, and returns that loss.
func (s *rewarder) learn(grads *toy.Weights, pairs []datasets.Pair, batch []int, of func(h, margin float64) (float64, float64)) (loss float64) {
	groups, n := make([]asked, len(batch)), float64(len(batch))
	for j, i := range batch {
		groups[j] = asked{pairs[i].Prompt, [][]int32{pairs[i].Chosen, pairs[i].Rejected}}
	}
	s.scores(groups, func(first int, scores []float64) {
		dscores := make([]float64, len(scores))
		for j := 0; j < len(scores); j += 2 {
			l, slope := of(scores[j]-scores[j+1], pairs[batch[(first+j)/2]].Margin())
			loss += l / n
			dscores[j], dscores[j+1] = slope/n, -slope/n
		}
		s.pass.ScoresBackward(s.w, grads, s.batch, dscores)
	})
	return loss
}

// line is y = at + slope x.
type line struct{ at, slope float64 }

func (l line) of(x float64) float64 { return l.at + float64(l.slope*x) }

// calibrate returns the line of least squares from the scores of the pairs' responses to their grades. Scores have neither a zero nor, after
// Bradley-Terry, a unit: this reads them in points, by what the model was shown and nothing else.
func (s *rewarder) calibrate(pairs []datasets.Pair) line {
	chosen, rejected := s.pairs(pairs)
	var grades []float64
	for _, p := range pairs {
		grades = append(grades, p.ScoreChosen)
	}
	for _, p := range pairs {
		grades = append(grades, p.ScoreRejected)
	}
	return leastSquares(append(chosen, rejected...), grades)
}

// leastSquares returns the line that is closest to the points in the sum of squares of y; a flat one if all x are equal.
func leastSquares(x, y []float64) line {
	meanX, meanY := mean(x), mean(y)
	var xx, xy float64
	for i := range x {
		dx := x[i] - meanX
		xx += float64(dx * dx)
		xy += float64(dx * (y[i] - meanY))
	}
	if xx == 0 {
		return line{at: meanY}
	}
	slope := xy / xx
	return line{at: meanY - float64(slope*meanX), slope: slope}
}

// RewardStudy is what one method's reward model came to.
type RewardStudy struct {
	Method      RewardMethod `json:"method"`
	Fingerprint string       `json:"fingerprint"` // SHA-256 of the final weights
	Reading     Reading      `json:"reading"`
	Best        *BestOf      `json:"best"` // nil where nobody knows the true score
}

// StudyRewards trains a reward model by each method on p's training pairs and measures it on what was held out. Progress, from 0 to 1 with
// a word on what is under way, may be nil; if it returns false, the error is ErrCanceled.
func StudyRewards(lab *Lab, e Experiment, p *Pairs, progress func(done float64, label string) bool) ([]RewardStudy, error) {
	candidates := lab.Candidates(e)
	var all []RewardStudy
	for i, method := range RewardMethods {
		m, err := TrainReward(lab, e, p, method, func(step, steps int, loss float64) bool {
			done := (float64(i) + float64(step)/float64(steps)) / float64(len(RewardMethods))
			return progress == nil || progress(done, fmt.Sprintf("%s: step %d of %d, loss %.2f", method.Title, step, steps, loss))
		})
		if err != nil {
			return nil, err
		}
		study := RewardStudy{Method: method, Fingerprint: m.Fingerprint(), Reading: m.Read(p.HeldOut)}
		if candidates != nil {
			study.Best = m.BestOf(candidates)
		}
		all = append(all, study)
	}
	return all, nil
}
