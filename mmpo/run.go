package mmpo

import (
	"fmt"
	"math"
	"math/rand/v2"

	"margins/datasets"
	"margins/repro"
	"margins/toy"
)

// passRows is how many packed rows are computed at a time: 32 pairs of Script Desk; a larger batch is several of these.
const passRows = 1536

// Row is one report of a run: the step, then the metrics in the order of Metrics, NaN where not measured.
type Row []float32

// column is where each metric stands in a row.
var column = func() map[string]int {
	m := map[string]int{}
	for i, metric := range Metrics {
		m[metric.ID] = i + 1
	}
	return m
}()

func newRow(step int) Row {
	r := make(Row, 1+len(Metrics))
	for i := range r {
		r[i] = float32(math.NaN())
	}
	r[0] = float32(step)
	return r
}

// At returns the metric of that id. It panics if Metrics does not have it.
func (r Row) At(id string) float64 { return float64(r[mustColumn(id)]) }

// Numbers returns the metrics that are numbers, by id; JSON has no others.
func (r Row) Numbers() map[string]float64 {
	numbers := map[string]float64{}
	for _, m := range Metrics {
		if x := r.At(m.ID); !math.IsNaN(x) && !math.IsInf(x, 0) {
			numbers[m.ID] = x
		}
	}
	return numbers
}

func (r Row) set(id string, x float64) { r[mustColumn(id)] = float32(x) }

func mustColumn(id string) int {
	i, ok := column[id]
	if !ok {
		panic("mmpo: there is no metric " + id)
	}
	return i
}

// Run is an experiment in progress. It is not safe for concurrent use.
type Run struct {
	Experiment Experiment
	Pairs      *Pairs
	lab        *Lab
	objective  *Objective

	policy, grads *toy.Weights
	sound         *toy.Weights // the policy before its last step
	optimizer     *toy.Optimizer
	pass          *toy.Pass
	batch         *toy.Batch
	order         *rand.Rand
	orderSource   *rand.PCG // what order draws from
	queue         []int     // pairs of this epoch that are still to come
	step          int
	clipped       int // steps whose gradient was shortened
	altered       int // 1 + the step at which a setting was first changed; 0 if none was
	diverged      bool

	// By pair, the training ones first: the reference's log-probabilities, and the learned margin h as last measured.
	referenceChosen, referenceRejected, margins []float64
	partials                                    [][2]float64 // of the pairs of a step, by the chosen and the rejected log-probability
	dlogps                                      []float32
	sums                                        []float64

	told     []float64 // by pair, likewise: the graded margin that the objective is told
	truth    *truth    // of the held-out pairs; nil until the first evaluation
	baseline []float64 // true scores of what the reference writes, by sample; nil until the first evaluation

	kl float64 // of the batch or the evaluation under way, if the objective reads it
}

// NewRun prepares a run of e on p, pairs that its lab made. All memory that it will need is taken here.
func NewRun(lab *Lab, e Experiment, p *Pairs) (*Run, error) {
	objective, ok := FindObjective(e.Objective.ID)
	if !ok {
		return nil, fmt.Errorf("objective: there is no %q", e.Objective.ID)
	}
	if err := lab.Reference.fits(e); err != nil {
		return nil, err
	}
	k, config, all := lab.k, lab.Reference.Weights.Config, len(p.Train)+len(p.HeldOut)
	r := &Run{
		Experiment: e, Pairs: p, lab: lab, objective: objective,
		policy: toy.NewWeights(k, config), grads: toy.NewWeights(k, config), sound: toy.NewWeights(k, config),
		optimizer: toy.NewOptimizer(k, config, adamW(e.Train.Decay, e.Train.Clip)),
		pass:      toy.NewPass(k, config, passRows), batch: toy.NewBatch(k, passRows),
		orderSource: repro.Source(e.Seed, "order"), told: p.told(objective, e.Seed),
		referenceChosen: make([]float64, all), referenceRejected: make([]float64, all), margins: make([]float64, all),
		dlogps: make([]float32, 0, 2*passRows), sums: make([]float64, 2*passRows),
	}
	r.order = rand.New(r.orderSource)
	copy(r.policy.Data, lab.Reference.Weights.Data)
	copy(r.sound.Data, r.policy.Data)
	r.forEach(r.policy, indices(all), func(i int, chosen, rejected float64) {
		r.referenceChosen[i], r.referenceRejected[i] = chosen, rejected
	}, nil)
	return r, nil
}

// indices returns 0..n-1.
func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// pair returns pair i, the training ones first.
func (r *Run) pair(i int) *datasets.Pair {
	if n := len(r.Pairs.Train); i >= n {
		return &r.Pairs.HeldOut[i-n]
	}
	return &r.Pairs.Train[i]
}

// told returns the margins that the objective is told, by pair, the training ones first: the pairs' own, unless it is a control that deals
// those of the training pairs out anew.
func (p *Pairs) told(o *Objective, seed uint64) []float64 {
	margins := make([]float64, 0, len(p.Train)+len(p.HeldOut))
	for _, pair := range p.Train {
		margins = append(margins, pair.Margin())
	}
	if o.Dealt {
		repro.Stream(seed, "shuffle").Shuffle(len(margins), func(i, j int) { margins[i], margins[j] = margins[j], margins[i] })
	}
	for _, pair := range p.HeldOut {
		margins = append(margins, pair.Margin())
	}
	return margins
}

// forEach computes the log-probabilities of the given pairs under w, in nats summed over tokens, in as many batches as they need. It
// calls visit for each pair, then after, if there is one, for each batch while the pass still holds its activations; after's first is
// the place in pairs of the batch's first pair.
func (r *Run) forEach(w *toy.Weights, pairs []int, visit func(i int, chosen, rejected float64), after func(first int)) {
	first := 0
	flush := func(end int) {
		r.batch.Sum(r.sums, r.pass.Forward(w, r.batch))
		for j, i := range pairs[first:end] {
			visit(i, r.sums[2*j], r.sums[2*j+1])
		}
		if after != nil {
			after(first)
		}
		first = end
		r.batch.Reset()
	}
	r.batch.Reset()
	for at, i := range pairs {
		p := r.pair(i)
		if !r.batch.Add(p.Prompt, p.Chosen, p.Rejected) {
			flush(at)
			r.batch.Add(p.Prompt, p.Chosen, p.Rejected)
		}
	}
	flush(len(pairs))
}

// numbers returns pair i's numbers, with its own margin and without a KL.
func (r *Run) numbers(i int, chosen, rejected float64) Numbers {
	p := r.pair(i)
	return Numbers{
		PolicyChosen: chosen, PolicyRejected: rejected,
		ReferenceChosen: r.referenceChosen[i], ReferenceRejected: r.referenceRejected[i],
		LenChosen: len(p.Chosen), LenRejected: len(p.Rejected), Margin: p.Margin(),
	}
}

// Step takes one optimizer step and returns its report. A run that is done or has diverged takes none and returns nil.
//
// The loss is the mean over the batch's pairs. If it or its gradient is not finite, or the policy has left the language altogether, the
// run has diverged: it goes back to the weights before the last step, which were sound.
func (r *Run) Step() Row {
	if r.Done() || r.diverged {
		return nil
	}
	row, m := newRow(r.step+1), &meter{}
	r.learn(r.next(min(r.Experiment.Train.Batch, len(r.Pairs.Train))), m)
	lr := toy.Cosine(r.Experiment.Train.LR, r.step, r.Experiment.Train.Steps, 0)
	norm := math.NaN()
	if !m.diverged(r.policy.Config.Vocabulary) {
		copy(r.sound.Data, r.policy.Data)
		norm = r.optimizer.Step(r.policy, r.grads, lr)
	}
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		r.diverged = true
		copy(r.policy.Data, r.sound.Data)
		return nil
	}
	r.step++
	m.report(row, "")
	row.set("learning_rate", lr)
	row.set("grad_norm", norm)
	if norm > r.Experiment.Train.Clip {
		r.clipped++
	}
	row.set("clipped", float64(r.clipped)/float64(r.step))
	return row
}

// learn computes the gradient of the mean loss of the given pairs and notes their numbers in m.
func (r *Run) learn(pairs []int, m *meter) {
	r.partials = r.partials[:0]
	clear(r.grads.Data)
	r.readBatch(pairs)
	r.forEach(r.policy, pairs, func(i int, chosen, rejected float64) {
		dChosen, dRejected := r.measure(m, i, chosen, rejected)
		r.partials = append(r.partials, [2]float64{dChosen, dRejected})
	}, func(first int) {
		r.dlogps = r.dlogps[:0]
		for _, t := range r.batch.Targets {
			d := r.partials[first+int(t.Response/2)][t.Response%2] // responses come chosen, rejected, chosen, ...
			r.dlogps = append(r.dlogps, float32(d/float64(len(pairs))))
		}
		r.pass.Backward(r.policy, r.grads, r.batch, r.dlogps)
	})
}

// next returns n training pairs: those of a random order of all, then of another.
func (r *Run) next(n int) []int { return deal(r.order, &r.queue, n, len(r.Pairs.Train)) }

// deal returns the next n of 0..all-1: those of a random order, then of another. The queue holds what is left of an order.
func deal(order *rand.Rand, queue *[]int, n, all int) []int {
	batch := make([]int, 0, n)
	for len(batch) < n {
		if len(*queue) == 0 {
			*queue = order.Perm(all)
		}
		take := min(n-len(batch), len(*queue))
		batch = append(batch, (*queue)[:take]...)
		*queue = (*queue)[take:]
	}
	return batch
}

// readBatch computes the KL that the losses of the given pairs read, if the objective has them read one. It takes a forward pass of its
// own, since a loss may need pairs of a later pass.
func (r *Run) readBatch(pairs []int) {
	if !r.objective.ReadsBatch() {
		return
	}
	batch := make([]Numbers, 0, len(pairs))
	r.forEach(r.policy, pairs, func(i int, chosen, rejected float64) { batch = append(batch, r.numbers(i, chosen, rejected)) }, nil)
	r.kl = BatchKL(batch)
}

// measure evaluates the objective on pair i, notes it in m, and returns the partial derivatives of the pair's loss.
func (r *Run) measure(m *meter, i int, chosen, rejected float64) (dChosen, dRejected float64) {
	n := r.numbers(i, chosen, rejected)
	seen := n
	seen.Margin, seen.KL = r.told[i], r.kl
	loss, dChosen, dRejected := r.objective.Loss(r.Experiment.Objective, seen)
	beta := r.Experiment.Objective.Beta
	r.margins[i] = n.rewardMargin(beta)
	m.note(n, beta, loss)
	return dChosen, dRejected
}

// remeasure computes the learned margins of the given pairs again.
func (r *Run) remeasure(pairs []int) {
	r.forEach(r.policy, pairs, func(i int, chosen, rejected float64) {
		r.margins[i] = r.numbers(i, chosen, rejected).rewardMargin(r.Experiment.Objective.Beta)
	}, nil)
}

// Row returns a report of the present step with nothing measured yet.
func (r *Run) Row() Row { return newRow(r.step) }

// Taken returns how many steps the run has taken.
func (r *Run) Taken() int { return r.step }

// Done tells whether all steps are taken.
func (r *Run) Done() bool { return r.step >= r.Experiment.Train.Steps }

// Diverged returns what happened and what to lower, "" while the run is sound.
func (r *Run) Diverged() string {
	if !r.diverged {
		return ""
	}
	return fmt.Sprintf("The run diverged at step %d: the policy no longer wrote the language. The weights before that step are kept. "+
		"Lower the learning rate, which is %s.", r.step, formatNumber(r.Experiment.Train.LR))
}

// Altered returns 1 + the step at which a setting was first changed during the run, 0 if none was.
func (r *Run) Altered() int { return r.altered }

// Alter changes the settings that act live. The run is then no longer the one that its experiment determines. An impossible setting is
// an error and changes nothing.
func (r *Run) Alter(c Choose, lr float64) error {
	e := r.Experiment
	e.Objective, e.Train.LR = c, lr
	if c.ID != r.Experiment.Objective.ID {
		return fmt.Errorf("the objective cannot change during a run, from %s to %s", r.Experiment.Objective.ID, c.ID)
	}
	if err := e.Validate(); err != nil {
		return err
	}
	if e != r.Experiment && r.altered == 0 {
		r.altered = r.step + 1
	}
	r.Experiment = e
	return nil
}

// Margins returns the learned margin h of every pair as last measured, the training pairs first: those of a training pair when its batch
// was trained on, those of a held-out pair at the last evaluation.
func (r *Run) Margins() []float64 { return r.margins }

// Config returns the policy's size.
func (r *Run) Config() toy.Config { return r.policy.Config }

// Fingerprint returns the SHA-256 of the policy's weights in hexadecimal.
func (r *Run) Fingerprint() string { return r.policy.Fingerprint() }
