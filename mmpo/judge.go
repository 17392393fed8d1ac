package mmpo

import (
	"fmt"

	"margins/datasets"
	"margins/repro"
)

// modelJudge is AI feedback: a model that was trained on few graded pairs, and whose score raters go by in place of the true one. It is a copy
// of the reference, trained by MMPO, whose implicit reward, read in points, is its score. Of small models that learn from the same pairs
// this is the best judge that we know of: a scalar head learns far less from few (`margins reward` compares the two).
type modelJudge struct {
	judgeKey
	own    []datasets.Pair // what it learns from, graded by the true score
	policy []float32       // its weights once it is trained
	points line
	scores map[string]float64 // of all responses that it was asked about, by pairKey
}

// judgeKey is what decides a judge, beside the lab's reference.
type judgeKey struct {
	stakes string
	pairs  int
	seed   uint64
}

// judgeSteps is how long a judge is trained. Its other settings are MMPO's defaults.
const judgeSteps = 100

// appoint makes sure that the judge which e asks for is there and has scored all responses of the pool, or that there is none. The judge
// is kept until another one is asked for.
func (l *Lab) appoint(e Experiment) error {
	key := judgeKey{stakes: e.Stakes, pairs: e.Grader.Judge, seed: e.Seed}
	if key.pairs == 0 {
		l.model = nil
		return nil
	}
	j := l.model
	if j == nil || j.judgeKey != key {
		j, l.model = &modelJudge{judgeKey: key, scores: map[string]float64{}}, nil
		j.own = l.graded(e.Stakes, l.matches(j.stream(), "judge", 0, key.pairs))
	}
	if err := l.ask(j, e, j.strange(l.pool.train, l.pool.heldOut)); err != nil {
		return err
	}
	l.model = j
	return nil
}

// stream returns the seed of all that is random about the judge: its pairs and their order are nobody else's.
func (k judgeKey) stream() uint64 { return repro.Stream(k.seed, "judge").Uint64() }

// graded returns the matches as pairs, graded by the true score.
func (l *Lab) graded(stakes string, matches []match) []datasets.Pair {
	pairs := make([]datasets.Pair, len(matches))
	for i, m := range matches {
		a, b := l.Reference.World.Judge(stakes, m.prompt, m.first).Score, l.Reference.World.Judge(stakes, m.prompt, m.second).Score
		pairs[i] = datasets.NewPair(m.prompt, m.first, m.second, a, b, a, b)
	}
	return pairs
}

// strange returns the matches with a response that the judge has not scored, as pairs.
func (j *modelJudge) strange(splits ...[]match) (pairs []datasets.Pair) {
	for _, split := range splits {
		for _, m := range split {
			_, first := j.scores[pairKey(m.prompt, m.first)]
			_, second := j.scores[pairKey(m.prompt, m.second)]
			if !first || !second {
				pairs = append(pairs, datasets.Pair{Prompt: m.prompt, Chosen: m.first, Rejected: m.second})
			}
		}
	}
	return pairs
}

// ask lets the judge score both responses of the pairs, and trains it first if it is new. It is a run of its own, which is measured on what
// it is asked about; the kernel's memory that this takes is given back.
func (l *Lab) ask(j *modelJudge, e Experiment, pairs []datasets.Pair) error {
	if len(pairs) == 0 {
		return nil
	}
	mark := l.k.Mark()
	defer l.k.Release(mark)
	own, err := DefaultExperiment("mmpo")
	if err != nil {
		return err
	}
	own.World, own.Stakes, own.Model, own.Seed, own.Pairs, own.Train.Steps = e.World, e.Stakes, e.Model, j.stream(), j.pairs, judgeSteps
	run, err := NewRun(l, own, &Pairs{Train: j.own, HeldOut: pairs})
	if err != nil {
		return err
	}
	if j.policy == nil {
		if err := j.train(run, l.Watch); err != nil {
			return err
		}
	}
	copy(run.policy.Data, j.policy)
	chosen, rejected := run.implicit(indices(len(run.margins))[len(j.own):])
	for i, p := range pairs {
		j.scores[pairKey(p.Prompt, p.Chosen)] = j.points.of(chosen[i])
		j.scores[pairKey(p.Prompt, p.Rejected)] = j.points.of(rejected[i])
	}
	return nil
}

// train takes all steps of the judge's run and reads its rewards in points.
func (j *modelJudge) train(run *Run, watch FitProgress) error {
	for !run.Done() {
		row := run.Step()
		if row == nil {
			return fmt.Errorf("the judge could not be trained: %s", run.Diverged())
		}
		if watch != nil && !watch(run.Taken(), judgeSteps, row.At("loss")) {
			return ErrCanceled
		}
	}
	j.policy = append(j.policy, run.policy.Data...)
	chosen, rejected := run.implicit(indices(len(j.own)))
	var grades []float64
	for _, p := range j.own {
		grades = append(grades, p.ScoreChosen)
	}
	for _, p := range j.own {
		grades = append(grades, p.ScoreRejected)
	}
	j.points = leastSquares(append(chosen, rejected...), grades)
	return nil
}

// score returns what the judge thinks of a response of the pool, in points. It is a Scorer.
func (j *modelJudge) score(prompt, response []int32) float64 {
	s, ok := j.scores[pairKey(prompt, response)]
	if !ok {
		panic("mmpo: the judge was not asked about this response")
	}
	return s
}

// pairKey writes a prompt and a response so that no two pairs of them are written alike.
func pairKey(prompt, response []int32) string {
	b := appendTokens(nil, int32(len(prompt)))
	return string(appendTokens(appendTokens(b, prompt...), response...))
}

func appendTokens(b []byte, tokens ...int32) []byte {
	for _, t := range tokens {
		b = append(b, byte(t), byte(t>>8), byte(t>>16), byte(t>>24))
	}
	return b
}
