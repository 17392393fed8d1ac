package mmpo

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"

	"margins/datasets"
	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

// Sizes of what runs are measured on.
const (
	heldOutPairs     = 256
	samplesPerPrompt = 4   // makes the standard error of a world's true score at most worstError
	shownSamples     = 8   // responses that a person sees
	samplerRows      = 128 // responses written at a time
	importPrompts    = 32  // held-out prompts of an imported data set that are sampled for
)

// Lab makes the pairs of experiments that share a reference. It is not safe for concurrent use.
type Lab struct {
	k         *kernel.Kernel
	Reference *Reference
	sampler   *toy.Sampler
	records   []datasets.Record
	drawn     bool // records are those of a draw
	pool      pool
	// Judge, if there is one, says in place of the true score what raters think of a response of a toy world. Their noise and habits
	// come on top. It must depend on nothing but its arguments.
	Judge Scorer
	// Watch, if there is one, is told of the training of a judge that an experiment asks for, and can cancel it.
	Watch FitProgress
	model *modelJudge // the judge that was trained last
}

// Scorer scores a response to a prompt, in points. One may be a model that was itself trained on grades, and errs.
type Scorer func(prompt, response []int32) float64

// pool holds the responses that pairs were last made of: changing the grader or the stakes changes only their grades.
type pool struct {
	seed           uint64
	train, heldOut []match
}

// match is two responses to one prompt, not graded yet.
type match struct{ prompt, first, second []int32 }

// Pairs is what an experiment learns from and is measured on.
type Pairs struct {
	Train, HeldOut []datasets.Pair
	Prompts        [][]int32 // held-out prompts to write responses to; each stands samplesPerPrompt times
	Summary        PairSummary

	again []regrade // of HeldOut
}

// regrade draws what the raters might have graded the chosen and the rejected response of a pair as well.
type regrade func(rng *rand.Rand) (chosen, rejected float64)

// NewDrawnLab returns a lab that has of its reference's data set only the records that Draw names, in that order: it makes the pairs of
// experiments that draw the same ones.
func NewDrawnLab(k *kernel.Kernel, reference *Reference, sample []datasets.Record) *Lab {
	l := NewLab(k, reference, sample)
	l.drawn = true
	return l
}

// NewLab returns the lab of a reference. Records are those of its data set, nil for a toy world.
func NewLab(k *kernel.Kernel, reference *Reference, records []datasets.Record) *Lab {
	return &Lab{k: k, Reference: reference, records: records, sampler: toy.NewSampler(k, reference.Weights.Config, samplerRows)}
}

// Pairs returns the graded pairs of e. The error says why there are none.
func (l *Lab) Pairs(e Experiment) (*Pairs, error) {
	if err := l.Reference.fits(e); err != nil {
		return nil, err
	}
	var p *Pairs
	if l.Reference.World == nil {
		p = l.importedPairs(e)
	} else {
		l.write(e)
		if err := l.appoint(e); err != nil {
			return nil, err
		}
		p = l.writtenPairs(e)
	}
	if len(p.Train) == 0 || len(p.HeldOut) == 0 {
		return nil, errors.New("no pair is left to learn from or to measure on: keep the ties, or give the rater more levels")
	}
	p.summarize()
	return p, nil
}

// writtenPairs lets the reference write two responses to each prompt and the rater grade them.
func (l *Lab) writtenPairs(e Experiment) *Pairs {
	world, p := l.Reference.World, &Pairs{}
	train, heldOut := l.questions(e, l.pool.train[:e.Pairs]), l.questions(e, l.pool.heldOut)
	p.grade(e, datasets.NewPanel, train, heldOut)
	total := 0.0
	for _, m := range train {
		total += m.First.True + m.Second.True
	}
	p.Summary.MeanTrue = total / float64(2*e.Pairs)
	for i := world.Prompts - world.HeldOut; i < world.Prompts; i++ {
		p.askFor(world.Prompt(i))
	}
	return p
}

// questions returns what raters see of matches: the scores of the world's viewers, or those of the lab's own judge.
func (l *Lab) questions(e Experiment, matches []match) []datasets.Question {
	world, all, judge := l.Reference.World, make([]datasets.Question, len(matches)), l.Judge
	if l.model != nil {
		judge = l.model.score
	}
	see := func(prompt, tokens []int32) datasets.Response {
		r := datasets.Response{Tokens: tokens, True: world.Judge(e.Stakes, prompt, tokens).Score}
		if r.Score = r.True; judge != nil {
			r.Score = judge(prompt, tokens)
		}
		if world.Adornments != nil {
			r.Adornments = world.Adornments(tokens)
		}
		return r
	}
	for i, m := range matches {
		all[i] = datasets.Question{Prompt: m.prompt, First: see(m.prompt, m.first), Second: see(m.prompt, m.second)}
		if judge == nil {
			all[i].Scores = func(rng *rand.Rand) (first, second float64) {
				return world.Rated(rng, e.Stakes, m.prompt, m.first, m.second)
			}
		}
	}
	return all
}

// write fills the pool for e's seed with at least e.Pairs matches. Match i depends on the seed and i alone.
func (l *Lab) write(e Experiment) {
	if l.pool.seed != e.Seed || len(l.pool.heldOut) == 0 {
		l.pool = pool{seed: e.Seed}
		l.pool.heldOut = l.matches(e.Seed, "heldout", 0, heldOutPairs)
	}
	if have := len(l.pool.train); have < e.Pairs {
		l.pool.train = append(l.pool.train, l.matches(e.Seed, "data", have, e.Pairs)...)
	}
}

// matches returns matches from..to-1 of the named split.
func (l *Lab) matches(seed uint64, name string, from, to int) []match {
	world := l.Reference.World
	all := make([]match, to-from)
	prompts := make([][]int32, 0, 2*len(all))
	for i := range all {
		var at int
		if name == "heldout" { // every held-out prompt equally often
			at = world.Prompts - 1 - (from+i)%world.HeldOut
		} else {
			at = repro.Stream(seed, name+"/prompt "+strconv.Itoa(from+i)).IntN(world.Prompts - world.HeldOut)
		}
		all[i].prompt = world.Prompt(at)
		prompts = append(prompts, all[i].prompt, all[i].prompt)
	}
	w := l.Reference.Weights
	responses := l.sampler.Sample(w, nil, prompts, l.Reference.Vocabulary.End(), 1, func(i int) *rand.Rand {
		return repro.Stream(seed, name+"/response "+strconv.Itoa(2*from+i))
	})
	for i := range all {
		all[i].first, all[i].second = responses[2*i].Tokens, responses[2*i+1].Tokens
	}
	return all
}

// importedPairs grades imported records again on the experiment's scale. Which e.Pairs of them are trained on is drawn by the seed; the
// raters' noise is in the records already, so none is added.
func (l *Lab) importedPairs(e Experiment) *Pairs {
	train, heldOut := split(l.sample(e))
	encoder, p := &encoder{vocabulary: l.Reference.Vocabulary}, &Pairs{}
	var toLearn, toMeasure []datasets.Question
	for _, r := range train {
		toLearn = append(toLearn, encoder.question(r))
	}
	prompts := map[string]bool{}
	for _, r := range heldOut {
		toMeasure = append(toMeasure, encoder.question(r))
		if !prompts[r.Prompt] && len(prompts) < importPrompts {
			prompts[r.Prompt] = true
			p.askFor(encoder.prompt(r.Prompt))
		}
	}
	p.Summary.Cut = encoder.cut
	p.grade(e, datasets.NewSettledPanel, toLearn, toMeasure)
	return p
}

// sample returns the records that e draws.
func (l *Lab) sample(e Experiment) []datasets.Record {
	if l.drawn {
		return l.records
	}
	all := Memory(l.records)
	prompts, _ := all.Prompts() // what is in memory can be read
	sample, _ := all.Sample(Draw(e, prompts))
	return sample
}

// grade lets raters judge both splits. What they compare a response with is the pool of those that are trained on.
func (p *Pairs) grade(e Experiment, panel func(datasets.Grader, uint64, string, []datasets.Response) *datasets.Panel, train, heldOut []datasets.Question) {
	pool := make([]datasets.Response, 0, 2*len(train))
	for _, q := range train {
		pool = append(pool, q.First, q.Second)
	}
	raters := panel(e.Grader, e.Seed, datasets.TrainSplit, pool)
	for _, q := range train {
		p.add(&p.Train, e.Grader, raters.Judge(q)...)
	}
	p.Summary.Effort = raters.Effort()
	raters = panel(e.Grader, e.Seed, datasets.HeldOutSplit, pool)
	for _, q := range heldOut {
		before := len(p.HeldOut)
		p.add(&p.HeldOut, e.Grader, raters.Judge(q)...)
		for _, pair := range p.HeldOut[before:] {
			p.again = append(p.again, func(rng *rand.Rand) (chosen, rejected float64) { return raters.Grades(rng, q.Choose(pair)) })
		}
	}
}

// add appends pairs to their split, but for ties if the grader drops those.
func (p *Pairs) add(to *[]datasets.Pair, g datasets.Grader, pairs ...datasets.Pair) {
	for _, pair := range pairs {
		if g.Keeps(pair) {
			*to = append(*to, pair)
		} else if to == &p.Train {
			p.Summary.Dropped++
		}
	}
}

func (p *Pairs) askFor(prompt []int32) {
	for range samplesPerPrompt {
		p.Prompts = append(p.Prompts, prompt)
	}
}

// summarize counts what the pages shows of the pairs.
func (p *Pairs) summarize() {
	s := &p.Summary
	s.Train, s.HeldOut, s.Histogram = len(p.Train), len(p.HeldOut), make([]int, marginBins)
	for _, pair := range p.Train {
		m := pair.Margin()
		s.Histogram[min(int(m/marginBin), marginBins-1)]++
		if m == 0 {
			s.Ties++
		}
	}
}

// The histogram of margins has bins of half a point up to the largest margin there is.
const (
	marginBin  = 0.5
	marginBins = int((datasets.ScaleMax - datasets.ScaleMin) / marginBin)
)

// Views shows all pairs to a person, the training ones first.
func (l *Lab) Views(p *Pairs) []PairView {
	views := make([]PairView, 0, len(p.Train)+len(p.HeldOut))
	for _, pair := range p.Train {
		views = append(views, l.view(pair, false))
	}
	for _, pair := range p.HeldOut {
		views = append(views, l.view(pair, true))
	}
	return views
}

func (l *Lab) view(p datasets.Pair, heldOut bool) PairView {
	v := l.Reference.Vocabulary
	return PairView{
		Prompt: v.Decode(p.Prompt), Chosen: v.Decode(p.Chosen), Rejected: v.Decode(p.Rejected),
		ScoreChosen: p.ScoreChosen, ScoreRejected: p.ScoreRejected,
		TrueChosen: known(p.TrueChosen), TrueRejected: known(p.TrueRejected),
		Margin: p.Margin(), HeldOut: heldOut,
	}
}

// known returns x, or nil for NaN, which JSON cannot write.
func known(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

// judge returns what the world says of a response; where there is none, nobody knows its true score, and it counts as valid.
func (l *Lab) judge(stakes string, prompt, response []int32) datasets.Judgement {
	if l.Reference.World == nil {
		return datasets.Judgement{Score: math.NaN(), Valid: true}
	}
	return l.Reference.World.Judge(stakes, prompt, response)
}
