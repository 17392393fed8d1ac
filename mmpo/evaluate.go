package mmpo

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"margins/datasets"
	"margins/repro"
	"margins/toy"
)

// worstError bounds the standard error of an evaluation's true score, in points. Scores lie between 1 and 10, so that their standard deviation
// is at most 4.5 and (4.5/worstError)^2 = 225 samples are enough whatever they are; the row tells the error found.
const worstError = 0.3

// An evaluation costs a forward pass over the held-out pairs and the writing of every sample under both models; nothing in it is drawn
// that another evaluation does not draw, too. It leaves the weights and all streams of training alone.

// EvaluationDue tells whether Evaluate belongs after the steps taken so far: before the first, after every Train.Evaluate of them, and
// after the last.
func (r *Run) EvaluationDue() bool { return r.step%r.Experiment.Train.Evaluate == 0 || r.Done() }

// Evaluate fills row with the metrics of held-out pairs and of samples. After the last step the training pairs' margins are measured
// again, too, so that all belong to the same weights.
func (r *Run) Evaluate(row Row) *Evaluation {
	train, all := len(r.Pairs.Train), len(r.margins)
	if r.Done() {
		r.remeasure(indices(train))
	}
	m := &meter{}
	r.readBatch(indices(all)[train:])
	r.forEach(r.policy, indices(all)[train:], func(i int, chosen, rejected float64) { r.measure(m, i, chosen, rejected) }, nil)
	m.report(row, "eval_")
	if r.truth == nil {
		r.truth = r.newTruth()
	}
	e := &Evaluation{Reliability: r.truth.report(row, r.margins[train:])}
	r.sample(row, e)
	return e
}

// Start returns the report of step 0, before anything is learned.
func (r *Run) Start() (Row, *Evaluation) {
	row := r.Row()
	return row, r.Evaluate(row)
}

// truth is what the learned margins of held-out pairs are compared with.
type truth struct {
	margins     []float64 // as graded, points
	outcomes    []float64 // 1, or 1/2 for a tie
	differences []float64 // of the true scores, points; nil where nobody knows them
	preferences []float64 // chance that the rater prefers the chosen response; nil likewise
}

func (r *Run) newTruth() *truth {
	t := &truth{}
	for i, p := range r.Pairs.HeldOut {
		m := p.Margin()
		t.margins, t.outcomes = append(t.margins, m), append(t.outcomes, float64(1+sign(m, 0))/2)
		if r.lab.Reference.World == nil {
			continue
		}
		t.differences = append(t.differences, p.TrueChosen-p.TrueRejected)
		t.preferences = append(t.preferences, Preference(repro.Stream(r.Experiment.Seed, "preference/"+strconv.Itoa(i)), r.Pairs.again[i]))
	}
	return t
}

// report compares the learned margins h with what is known.
func (t *truth) report(row Row, h []float64) Reliability {
	correlate := func(with string, x []float64) {
		row.set(with+"/pearson", Pearson(h, x))
		row.set(with+"/spearman", Spearman(h, x))
		row.set(with+"/kendall", KendallTau(h, x))
	}
	calibrate := func(prefix string, p []float64) []ReliabilityBin {
		c := Calibrate(h, p, ReliabilityBins)
		row.set(prefix+"ece", c.ECE)
		row.set(prefix+"brier", c.Brier)
		row.set(prefix+"nll", c.NLL)
		return c.Bins
	}
	correlate("target", t.margins)
	reliability := Reliability{Preference: []ReliabilityBin{}, Outcome: calibrate("outcome/", t.outcomes)}
	if t.differences != nil {
		correlate("true", t.differences)
		reliability.Preference = calibrate("", t.preferences)
	}
	return reliability
}

// sample writes responses to the held-out prompts, always with the same random numbers, and reports on them.
func (r *Run) sample(row Row, e *Evaluation) {
	reference := r.lab.Reference.Weights
	responses := r.write(r.policy, reference)
	judged := r.judge(responses)
	switch {
	case r.baseline != nil:
	case slices.Equal(r.policy.Data, reference.Data): // as before the first step
		r.baseline = judged.scores
	default:
		r.baseline = r.judge(r.write(reference, nil)).scores
	}
	n := float64(len(responses))
	kl, logProb := 0.0, 0.0
	for _, response := range responses {
		kl, logProb = kl+response.KL, logProb+response.LogProb
	}
	row.set("kl", kl/n)
	row.set("entropy", -logProb/n)
	row.set("distinct", float64(distinct(responses))/n)
	if r.lab.Reference.World != nil {
		judged.report(row, r.baseline)
	}
	e.Samples, e.Parts = r.views(responses, judged, shownSamples), judged.parts
}

// write lets a model respond to the held-out prompts.
func (r *Run) write(w, reference *toy.Weights) []toy.Response {
	return r.lab.sampler.Sample(w, reference, r.Pairs.Prompts, r.lab.Reference.Vocabulary.End(), 1, func(i int) *rand.Rand {
		return repro.Stream(r.Experiment.Seed, "sampling/"+strconv.Itoa(i))
	})
}

// judged is what a world says of responses.
type judged struct {
	scores []float64 // true scores, NaN where nobody knows them
	valid  []bool
	parts  []datasets.Part // mean points, by id
	key    float64         // share of responses with the world's key attribute, NaN if it has none
}

func (r *Run) judge(responses []toy.Response) judged {
	j := judged{parts: []datasets.Part{}, key: math.NaN()}
	key, keyed := "", 0
	if world := r.lab.Reference.World; world != nil {
		key = world.Keys[r.Experiment.Stakes]
		for _, a := range world.Attributes {
			j.parts = append(j.parts, datasets.Part{ID: a.ID})
		}
	}
	for i, response := range responses {
		one := r.lab.judge(r.Experiment.Stakes, r.Pairs.Prompts[i], response.Tokens)
		j.scores, j.valid = append(j.scores, one.Score), append(j.valid, one.Valid)
		at := 0 // both are in the order of the world's attributes
		for _, part := range one.Parts {
			if part.ID == key {
				keyed++
			}
			for j.parts[at].ID != part.ID {
				at++
			}
			j.parts[at].Points += part.Points
		}
	}
	for i := range j.parts {
		j.parts[i].Points /= float64(len(responses))
	}
	if key != "" {
		j.key = float64(keyed) / float64(len(responses))
	}
	return j
}

// report compares scores with those of the reference's responses to the same prompts, drawn with the same random numbers.
func (j judged) report(row Row, reference []float64) {
	n := float64(len(j.scores))
	average, squares, valid, wins := mean(j.scores), 0.0, 0.0, 0
	for i, score := range j.scores {
		squares += float64((score - average) * (score - average))
		wins += 1 + sign(score, reference[i])
		if j.valid[i] {
			valid++
		}
	}
	row.set("true_score", average)
	row.set("true_score/se", math.Sqrt(squares/(n-1)/n))
	row.set("win_rate", float64(wins)/(2*n))
	row.set("valid", valid/n)
	row.set("key", j.key)
}

// distinct returns how many of the responses differ from all before them.
func distinct(responses []toy.Response) int {
	seen := map[string]bool{}
	for _, response := range responses {
		key := []byte{}
		for _, token := range response.Tokens {
			key = binary.LittleEndian.AppendUint32(key, uint32(token))
		}
		seen[string(key)] = true
	}
	return len(seen)
}

// Samples shows n of the responses that an evaluation measures, or all if there are not so many: one to each prompt, then another to each.
func (r *Run) Samples(n int) []SampleView {
	responses := r.write(r.policy, nil)
	return r.views(responses, r.judge(responses), n)
}

func (r *Run) views(responses []toy.Response, j judged, n int) []SampleView {
	v, views, prompts := r.lab.Reference.Vocabulary, []SampleView{}, len(responses)/samplesPerPrompt
	for shown := range min(n, len(responses)) {
		i := shown%prompts*samplesPerPrompt + shown/prompts
		views = append(views, SampleView{
			Prompt: v.Decode(r.Pairs.Prompts[i]), Text: v.Decode(responses[i].Tokens), Score: known(j.scores[i]), Valid: j.valid[i],
		})
	}
	return views
}
