package mmpo

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/toy"
)

// fewPairs is an experiment that a reward model learns by heart in a second.
func fewPairs(t *testing.T) Experiment {
	return experiment(t, "mmpo", func(e *Experiment) { e.Pairs, e.Train.Batch, e.Train.Steps, e.Train.LR = 12, 12, 40, 0.003 })
}

// Both methods put the chosen responses of their pairs first; the matched margins are those that the grades ask for.
func TestRewardModelsLearnTheirPairs(t *testing.T) {
	lab, e := shippedLab(t), fewPairs(t)
	p, err := lab.Pairs(e)
	require.NoError(t, err)
	deviation := map[string]float64{}
	for _, method := range RewardMethods {
		t.Run(method.ID, func(t *testing.T) {
			first, last := 0.0, 0.0
			m, err := TrainReward(lab, e, p, method, func(step, steps int, loss float64) bool {
				assert.Equal(t, 40, steps)
				if last = loss; step == 1 {
					first = loss
				}
				return true
			})
			require.NoError(t, err)
			assert.InDelta(t, math.Ln2, first, 1e-12, "all responses score alike before the first step")
			assert.Less(t, last, first)
			r := m.Read(p.Train)
			require.NotNil(t, r.Accuracy)
			assert.Greater(t, *r.Accuracy, 0.95)
			chosen, rejected := m.model.pairs(p.Train)
			for i, pair := range p.Train {
				deviation[method.ID] += math.Abs(chosen[i]-rejected[i]-e.Objective.Gamma*pair.Margin()) / float64(len(p.Train))
			}
			assert.Positive(t, m.points.slope, "a higher score is read as more points")
			assert.Len(t, m.Fingerprint(), 64)
		})
	}
	assert.Less(t, deviation["mm"], 0.5, "nats from gamma m")
	assert.Greater(t, deviation["bt"], 2*deviation["mm"])
}

func TestRewardModelsRepeat(t *testing.T) {
	lab, e := shippedLab(t), fewPairs(t)
	e.Train.Steps = 2
	p, err := lab.Pairs(e)
	require.NoError(t, err)
	train := func(e Experiment, progress FitProgress) (string, error) {
		m, err := TrainReward(lab, e, p, RewardMethods[1], progress)
		if err != nil {
			return "", err
		}
		return m.Fingerprint(), nil
	}
	first, err := train(e, nil)
	require.NoError(t, err)
	again, err := train(e, nil)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	e.Objective.Gamma = 2
	other, err := train(e, nil)
	require.NoError(t, err)
	assert.NotEqual(t, first, other, "gamma is the objective's")
	_, err = train(e, func(step, _ int, _ float64) bool { return step < 1 })
	assert.ErrorIs(t, err, ErrCanceled)
	e.Train.LR = math.Inf(1)
	_, err = train(e, nil)
	assert.ErrorContains(t, err, "lower the learning rate")
}

func TestRewardGamma(t *testing.T) {
	assert.Equal(t, 0.5, RewardGamma(experiment(t, "dpo", nil)), "MMPO's own, where the objective reads none")
	assert.Equal(t, 2.0, RewardGamma(experiment(t, "mmpo", func(e *Experiment) { e.Objective.Gamma = 2 })))
}

// A score depends on its response alone, in however many batches the responses are computed, and a response that overflows the context is
// read as far as it goes.
func TestScoresInBatches(t *testing.T) {
	lab := shippedLab(t)
	s := newRewarder(lab.k, lab.Reference.Weights)
	for i := range s.w.Score {
		s.w.Score[i] = float32(i%5) - 2
	}
	p, err := lab.Pairs(experiment(t, "dpo", func(e *Experiment) { e.Pairs = 40 }))
	require.NoError(t, err)
	chosen, rejected := s.pairs(p.Train)
	require.Len(t, chosen, 40)
	s.batch = toy.NewBatch(lab.k, 100)
	again, rejectedAgain := s.pairs(p.Train)
	assert.Equal(t, chosen, again)
	assert.Equal(t, rejected, rejectedAgain)

	prompt, long := p.Train[0].Prompt, make([]int32, lab.Reference.Weights.Config.Context)
	room := len(long) - len(prompt)
	all := s.scores([]asked{{prompt, [][]int32{long[:room+1], long[:room], long[:room-1]}}}, nil)
	assert.Equal(t, all[0], all[1])
	assert.NotEqual(t, all[1], all[2])
}

func TestLeastSquares(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y []float64
		want line
	}{
		{"a line", []float64{0, 1, 2}, []float64{1, 3, 5}, line{1, 2}},
		{"around a line", []float64{0, 0, 2, 2}, []float64{0, 2, 4, 6}, line{1, 2}},
		{"no spread", []float64{3, 3}, []float64{1, 2}, line{1.5, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := leastSquares(c.x, c.y)
			assert.InDelta(t, c.want.at, got.at, 1e-12)
			assert.InDelta(t, c.want.slope, got.slope, 1e-12)
		})
	}
}

// A reading of five pairs, worked out by hand.
func TestReading(t *testing.T) {
	pair := func(m, trueChosen, trueRejected float64) datasets.Pair {
		return datasets.Pair{ScoreChosen: 1 + m, ScoreRejected: 1, TrueChosen: trueChosen, TrueRejected: trueRejected}
	}
	pairs := []datasets.Pair{pair(0, 2, 2), pair(0.5, 3, 1), pair(0.75, 1, 2), pair(4, 9, 1), pair(9, 10, 1)}
	r := newReading(pairs, []float64{5, 2, 0, 3, 4}, []float64{1, 1, 0, 4, 0})
	assert.Equal(t, 2.5/4, *r.Accuracy, "ties do not count, equal scores count half")
	half, none, whole := 0.5, 0.0, 1.0
	assert.Equal(t, []AccuracyBin{{0, 0.5, 1, &whole}, {0.5, 1, 1, &half}, {1, 2, 0, nil}, {2, 4, 1, &none}, {4, 9, 1, &whole}}, r.Margins)
	assert.Equal(t, Calibrate([]float64{4, 1, 0, -1, 4}, []float64{0.5, 1, 1, 1, 1}, ReliabilityBins).Brier, *r.Brier)
	assert.Equal(t, Pearson([]float64{5, 1, 2, 1, 0, 0, 3, 4, 4, 0}, []float64{2, 2, 3, 1, 1, 2, 9, 1, 10, 1}), *r.Pearson)

	pairs[0].TrueChosen = math.NaN()
	assert.Nil(t, newReading(pairs, []float64{5, 2, 0, 3, 4}, []float64{1, 1, 0, 4, 0}).Pearson, "nobody knows")
}

// At the reference the implicit reward of every response is 0: a judge that tosses coins.
func TestReadThePolicy(t *testing.T) {
	lab := shippedLab(t)
	e := experiment(t, "mmpo", func(e *Experiment) { e.Pairs, e.Train.Steps = 64, 6 })
	p, err := lab.Pairs(e)
	require.NoError(t, err)
	run, err := NewRun(lab, e, p)
	require.NoError(t, err)
	r := run.Read()
	assert.Equal(t, 0.5, *r.Accuracy)
	assert.Nil(t, r.Pearson)
	assert.InDelta(t, math.Ln2, *r.NLL, 1e-12)

	for !run.Done() {
		run.Step()
	}
	row := run.Row()
	run.Evaluate(row)
	r = run.Read()
	assert.InDelta(t, row.At("eval_rewards/accuracies"), *r.Accuracy, 1e-6)
	assert.NotNil(t, r.Pearson)
}

// Each seed has both reward models and both policies, and what a seed gives does not depend on how many there are.
func TestJudgeSeeds(t *testing.T) {
	c := DefaultComparison()
	for _, e := range []*Experiment{&c.A, &c.B} {
		e.Pairs, e.Train.Batch, e.Train.Steps = 8, 8, 1
	}
	lab := shippedLab(t)
	encoded := lab.Reference.Encode()
	var told []int
	two, err := JudgeSeeds(t.Context(), c, 2, encoded, nil, func(finished, total int) { told = append(told, finished, total) })
	require.NoError(t, err)
	require.Len(t, two, 2)
	assert.Equal(t, []int{1, 2, 2, 2}, told)
	for i, j := range two {
		assert.Equal(t, c.B.Seed+uint64(i), j.Seed)
		require.Len(t, j.Models, len(RewardMethods))
		assert.NotNil(t, j.Models[0].Best)
		assert.Equal(t, "dpo", j.A.Experiment.Objective.ID)
		assert.Equal(t, "mmpo", j.B.Experiment.Objective.ID)
		assert.NotNil(t, j.B.Reading.Accuracy)
	}
	assert.NotEqual(t, two[0].Models[1].Fingerprint, two[1].Models[1].Fingerprint)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = JudgeSeeds(ctx, c, 1, encoded, nil, nil)
	assert.ErrorIs(t, err, context.Canceled)
}
