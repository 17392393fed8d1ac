package mmpo

// Queue hands the runs of a sweep to workers, whoever asks first: the one that is expected to take longest goes first, so that the last
// minute is not one worker's. Among those that take about as long, a worker gets one whose pairs it has already. It is not safe for
// concurrent use.
type Queue struct {
	waiting []Cell
	pace    pace
}

// NewQueue returns a queue of cells, which are of different keys.
func NewQueue(cells []Cell) *Queue {
	return &Queue{waiting: append([]Cell(nil), cells...), pace: pace{work: map[string]float64{}, seconds: map[string]float64{}}}
}

// alike is the share of the longest time from which on two runs are said to take about as long: less than what one run differs from
// another of its kind on a machine that does other things as well.
const alike = 0.8

// Next takes out the cell to run next, for a worker that ran last before (nil if it ran nothing). Ok is false when nothing waits.
func (q *Queue) Next(last *Experiment) (cell Cell, ok bool) {
	if len(q.waiting) == 0 {
		return Cell{}, false
	}
	longest := 0.0
	for i := range q.waiting {
		longest = max(longest, q.pace.expect(q.waiting[i].Experiment))
	}
	best, shares := -1, false
	for i := range q.waiting {
		e := &q.waiting[i].Experiment
		if q.pace.expect(*e) < alike*longest {
			continue
		}
		if mine := last != nil && e.sharesPairs(last); best < 0 || mine && !shares {
			best, shares = i, mine
		}
	}
	cell = q.waiting[best]
	q.waiting = append(q.waiting[:best], q.waiting[best+1:]...)
	return cell, true
}

// Done tells the queue how long a run took, in seconds: those that wait are expected to take as long for as much work.
func (q *Queue) Done(e Experiment, seconds float64) { q.pace.add(e, seconds) }

// Left returns the seconds of work that wait, together, and whether anything was measured to tell from.
func (q *Queue) Left() (seconds float64, known bool) {
	for i := range q.waiting {
		seconds += q.pace.expect(q.waiting[i].Experiment)
	}
	return seconds, q.pace.measured()
}

// Expect returns the seconds that a run is expected to take, and whether anything was measured to tell from.
func (q *Queue) Expect(e Experiment) (seconds float64, known bool) {
	return q.pace.expect(e), q.pace.measured()
}

// sharesPairs tells whether a lab need not write responses anew to go from e to other.
func (e *Experiment) sharesPairs(other *Experiment) bool {
	return e.World == other.World && e.Model == other.Model && e.Seed == other.Seed
}

// pace is what was measured: work done and seconds taken, by objective and, under "", in all.
type pace struct{ work, seconds map[string]float64 }

func (p *pace) add(e Experiment, seconds float64) {
	for _, id := range []string{"", e.Objective.ID} {
		p.work[id] += e.work()
		p.seconds[id] += seconds
	}
}

func (p *pace) measured() bool { return p.work[""] > 0 }

// expect returns seconds, in the pace of e's objective if it was measured, else of all; before any measurement, units of work.
func (p *pace) expect(e Experiment) float64 {
	for _, id := range []string{e.Objective.ID, ""} {
		if p.work[id] > 0 {
			return e.work() * p.seconds[id] / p.work[id]
		}
	}
	return e.work()
}

// work returns about how much there is to compute, in an arbitrary unit: pairs passed through the model, the backward pass counted as two
// forward ones, times the weights that a token meets.
func (e Experiment) work() float64 {
	const (
		samples = 256 // responses of an evaluation, each read by policy and reference: about a pair
		head    = 200 // columns of embedding and head, of a vocabulary of about a hundred
	)
	evaluations := float64(e.Train.Steps/max(e.Train.Evaluate, 1)) + 1
	pairs := 3*float64(e.Train.Steps*e.Train.Batch) + evaluations*(heldOutPairs+samples) + 2*float64(e.Pairs+heldOutPairs)
	width := float64(e.Model.Width)
	return pairs * width * (12*float64(e.Model.Layers)*width + head)
}
