package main

import (
	"runtime"
	"slices"
	"time"

	"margins/mmpo"
)

// frame is the least time between two reports of a run, and marginsFrame that between two reports of all its margins.
const (
	frame        = time.Second / 30
	marginsFrame = time.Second / 5
)

// player is a run and how it is played.
type player struct {
	id      int // of the request that opened it
	run     *mmpo.Run
	lab     *mmpo.Lab // that made its pairs
	first   mmpo.Row  // of step 0, with what was found then
	found   *mmpo.Evaluation
	playing bool
	rate    float64 // most steps a second, 0 for no limit
	next    time.Time

	rows              []float32 // not sent yet
	sent, sentMargins time.Time
	speed             meter
	fingerprint       string // once the run has ended
	stored            []stored
	spacing           int // least steps between stored ones
}

// stored is a place to go back to.
type stored struct {
	step       int
	checkpoint []byte
	evaluation *mmpo.Evaluation
}

// maxStored bounds the memory that stored steps take: a megabyte each at the default size.
const maxStored = 12

// store keeps the run as it is. When there are too many, every second one goes and the next come half as often.
func (p *player) store(e *mmpo.Evaluation) {
	step := p.run.Taken()
	p.stored = slices.DeleteFunc(p.stored, func(s stored) bool { return s.step >= step })
	if n := len(p.stored); n > 0 && step < p.stored[n-1].step+p.spacing && !p.run.Done() {
		return
	}
	p.stored = append(p.stored, stored{step, p.run.Snapshot(), e})
	if len(p.stored) > maxStored {
		kept := p.stored[:0]
		for i, s := range p.stored {
			if i%2 == 0 || i == len(p.stored)-1 {
				kept = append(kept, s)
			}
		}
		clear(p.stored[len(kept):])
		p.stored, p.spacing = kept, p.stored[1].step-p.stored[0].step
	}
}

// meter measures steps a second over the last second or so.
type meter struct {
	since time.Time
	steps int
	value float64
}

func (m *meter) start() { m.since, m.steps = time.Now(), 0 }

func (m *meter) count() {
	m.steps++
	if passed := time.Since(m.since); passed >= time.Second || m.value == 0 && m.steps >= 3 {
		m.value = float64(m.steps) / passed.Seconds()
		m.start()
	}
}

// begin makes the run of a request, or takes the one that was prepared if it is the same.
func (s *Session) begin(r Request, a Attachments) (*player, error) {
	prepared := s.prepared
	s.prepared = nil // its memory serves the new one
	e, err := r.experiment()
	if err != nil {
		return nil, err
	}
	if err := s.furnish(a); err != nil {
		return nil, err
	}
	if prepared != nil && prepared.lab == s.lab && prepared.run.Experiment == e {
		return prepared, nil
	}
	pairs, err := s.lab.Pairs(e)
	if err != nil {
		return nil, failure("no-pairs", "%s.", err)
	}
	run, err := s.newRun(e, pairs)
	if err != nil {
		return nil, failure("bad-request", "%s.", err)
	}
	return &player{run: run, lab: s.lab}, nil
}

// newRun makes a run in the lab, once the memory of the one before is free. A collection that was under way when that one was dropped would
// keep it beside the new one, and what a WebAssembly memory has grown by it never gives back.
func (s *Session) newRun(e mmpo.Experiment, pairs *mmpo.Pairs) (*mmpo.Run, error) {
	runtime.GC()
	return mmpo.NewRun(s.lab, e, pairs)
}

// start returns the report of step 0.
func (p *player) start() (mmpo.Row, *mmpo.Evaluation) {
	if p.first == nil {
		p.first, p.found = p.run.Start()
	}
	return p.first, p.found
}

// makeReady makes the run that will be opened next and measures it, while nobody waits for it. Beside a run that is open there is no memory
// for another.
func (s *Session) makeReady(r Request, a Attachments) error {
	if s.run == nil {
		p, err := s.begin(r, a)
		if err != nil {
			return err
		}
		p.start()
		s.prepared = p
	}
	s.post(r.ID, Prepared{}, nil)
	return nil
}

// open makes a run and reports on it before its first step.
func (s *Session) open(r Request, a Attachments) error {
	s.run = nil // its memory serves the new one
	p, err := s.begin(r, a)
	if err != nil {
		return err
	}
	run := p.run
	p.id, s.run = r.ID, p
	s.post(r.ID, Opened{Experiment: run.Experiment, Summary: run.Pairs.Summary}, nil)
	s.report(p.start())
	if a.Checkpoint != nil {
		if err := run.Restore(a.Checkpoint); err != nil {
			return failure("bad-checkpoint", "The run cannot be resumed: %s.", err)
		}
		row := run.Row()
		s.report(row, run.Evaluate(row))
	}
	s.flush(true)
	return nil
}

func (s *Session) save(r Request, _ Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	s.post(r.ID, Saved{Step: p.run.Taken()}, map[string][]byte{"checkpoint": p.run.Snapshot()})
	return nil
}

// adopt puts the run where a checkpoint of it is, holds it there and measures it.
func (s *Session) adopt(r Request, a Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	if err := p.run.Restore(a.Checkpoint); err != nil {
		return failure("bad-checkpoint", "The run cannot turn to this checkpoint: %s.", err)
	}
	p.playing = false
	row := p.run.Row()
	s.report(row, p.run.Evaluate(row))
	s.post(r.ID, Adopted{}, nil)
	s.flush(true)
	return nil
}

// seek puts the run back to a stored step, from which playing goes on with the same bits.
func (s *Session) seek(r Request, _ Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(p.stored, func(s stored) bool { return s.step == r.To })
	if i < 0 {
		return failure("bad-step", "Step %d is not stored.", r.To)
	}
	if err := p.run.Restore(p.stored[i].checkpoint); err != nil {
		return failure("bad-checkpoint", "The run cannot go back: %s.", err)
	}
	p.playing, p.rows = false, p.rows[:0]
	s.show(p.stored[i].evaluation)
	s.flush(true)
	return nil
}

// current returns the run, which play and its like need.
func (s *Session) current() (*player, error) {
	if s.run == nil {
		return nil, failure("no-run", "No run is open.")
	}
	return s.run, nil
}

func (s *Session) play(r Request, _ Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	p.rate, p.next = r.StepRate, time.Now()
	if !p.playing && !p.ended() {
		p.playing = true
		p.speed.start()
		s.page.Wake()
	}
	s.flush(true)
	return nil
}

func (s *Session) pause(Request, Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	p.playing = false
	s.flush(true)
	return nil
}

func (s *Session) step(Request, Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	p.playing = false
	if !p.ended() {
		s.advance()
	}
	s.flush(true)
	return nil
}

func (s *Session) set(r Request, _ Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	c, lr := p.run.Experiment.Objective, p.run.Experiment.Train.LR
	if r.Changes != nil {
		c = *r.Changes
	}
	if r.LR != 0 {
		lr = r.LR
	}
	if err := p.run.Alter(c, lr); err != nil {
		return failure("bad-setting", "%s.", err)
	}
	s.flush(true)
	return nil
}

// ended tells whether no step is left to take.
func (p *player) ended() bool { return p.run.Done() || p.run.Diverged() != "" }

// Tick takes a step if one is due. It returns how long to wait before the next call, negative if there is nothing to do.
func (s *Session) Tick() time.Duration {
	p := s.run
	if p == nil || !p.playing {
		return -1
	}
	if wait := time.Until(p.next); p.rate > 0 && wait > 0 {
		return wait
	}
	s.advance()
	p.speed.count()
	if p.rate > 0 {
		p.next = time.Now().Add(time.Duration(float64(time.Second) / p.rate))
	}
	if p.ended() {
		p.playing = false
	}
	s.flush(!p.playing)
	if !p.playing {
		return -1
	}
	return 0
}

// advance takes one step and what measurement is due after it.
func (s *Session) advance() {
	run := s.run.run
	row := run.Step()
	if row == nil {
		return
	}
	var e *mmpo.Evaluation
	if run.EvaluationDue() {
		e = run.Evaluate(row)
	}
	s.report(row, e)
}

// show sends what an evaluation at the present step found beside its row.
func (s *Session) show(e *mmpo.Evaluation) {
	s.post(s.run.id, Samples{Step: s.run.run.Taken(), Samples: e.Samples, Parts: e.Parts, Reliability: e.Reliability}, nil)
}

// report queues a row and sends what was evaluated, if anything was.
func (s *Session) report(row mmpo.Row, e *mmpo.Evaluation) {
	p := s.run
	p.rows = append(p.rows, row...)
	if e != nil {
		s.show(e)
		p.store(e)
	}
	if p.ended() {
		p.fingerprint = p.run.Fingerprint()
	}
}

// flush sends what has gathered since the last frame; now does so whether or not a frame has passed.
func (s *Session) flush(now bool) {
	p := s.run
	if !now && time.Since(p.sent) < frame {
		return
	}
	p.sent = time.Now()
	if len(p.rows) > 0 {
		s.page.Floats(TagRows, p.id, p.rows)
		p.rows = p.rows[:0]
	}
	if now || time.Since(p.sentMargins) >= marginsFrame {
		p.sentMargins = p.sent
		s.page.Floats(TagMargins, p.id, p.margins())
	}
	s.post(p.id, p.state(), nil)
}

// margins returns the step, the numbers of training and held-out pairs, and all learned margins.
func (p *player) margins() []float32 {
	pairs := p.run.Pairs
	floats := []float32{float32(p.run.Taken()), float32(len(pairs.Train)), float32(len(pairs.HeldOut))}
	for _, h := range p.run.Margins() {
		floats = append(floats, float32(h))
	}
	return floats
}

func (p *player) state() State {
	state := State{
		Step: p.run.Taken(), Steps: p.run.Experiment.Train.Steps, StepsPerSecond: p.speed.value, Altered: p.run.Altered(), Stored: []int{},
	}
	for _, s := range p.stored {
		state.Stored = append(state.Stored, s.step)
	}
	switch {
	case p.run.Diverged() != "":
		state.Phase, state.Message = Diverged, p.run.Diverged()
	case p.run.Done():
		state.Phase, state.Fingerprint = Done, p.fingerprint
	case p.playing:
		state.Phase = Running
	case p.run.Taken() == 0:
		state.Phase = Ready
	default:
		state.Phase = Paused
	}
	return state
}
