package mmpo

import (
	"context"
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/toy/kernel"
)

var update = flag.Bool("update", false, "write testdata/fingerprints.json anew")

func newRun(t *testing.T, lab *Lab, e Experiment) *Run {
	t.Helper()
	p, err := lab.Pairs(e)
	require.NoError(t, err)
	r, err := NewRun(lab, e, p)
	require.NoError(t, err)
	return r
}

// quick makes an experiment that takes a second or two.
func quick(e *Experiment) { e.Pairs, e.Train.Steps, e.Train.Batch = 32, 12, 16 }

func TestEveryObjectiveLearnsToPreferItsPairs(t *testing.T) {
	lab := shippedLab(t)
	for _, o := range Objectives {
		t.Run(o.ID, func(t *testing.T) {
			r := newRun(t, lab, experiment(t, o.ID, func(e *Experiment) {
				e.Pairs, e.Train.Steps, e.Train.Batch, e.Train.LR = 32, 40, 32, 2e-3
			}))
			var row Row
			for !r.Done() {
				row = r.Step()
			}
			assert.GreaterOrEqual(t, row.At("rewards/accuracies"), 0.95)
		})
	}
}

func TestMMPOMatchesMargins(t *testing.T) {
	lab := shippedLab(t)
	r := newRun(t, lab, experiment(t, "mmpo", func(e *Experiment) {
		e.Pairs, e.Train.Steps, e.Train.Batch, e.Train.LR = 16, 200, 16, 2e-3
	}))
	for !r.Done() {
		r.Step()
	}
	r.Evaluate(newRow(0))
	for i, p := range r.Pairs.Train {
		assert.InDelta(t, 0.5*p.Margin(), r.Margins()[i], 0.5, "the optimum is h = gamma m; pair %d", i)
	}
}

func TestRunsAtTheReferenceReportNothingLearned(t *testing.T) {
	row, e := newRun(t, shippedLab(t), experiment(t, "mmpo", quick)).Start()
	assert.Equal(t, 0.0, row.At("kl"))
	assert.Equal(t, 0.0, row.At("eval_rewards/margins"))
	assert.InDelta(t, math.Ln2, row.At("eval_loss"), 1e-7, "the cross-entropy of sigma(0) is ln 2 for every target")
	assert.Equal(t, 0.5, row.At("eval_rewards/accuracies"), "equal rewards are chance")
	assert.True(t, math.IsNaN(row.At("loss")), "no batch has been seen yet")
	assert.Equal(t, 0.5, row.At("win_rate"), "the policy writes what the reference writes")
	assert.InDelta(t, math.Ln2, row.At("nll"), 1e-7)
	assert.Equal(t, 0.0, row.At("ece"), "who prefers nothing is calibrated")
	assert.True(t, math.IsNaN(row.At("true/pearson")), "all h are 0")
	assert.Len(t, e.Samples, shownSamples)
}

func TestDivergence(t *testing.T) {
	lab := shippedLab(t)
	r := newRun(t, lab, experiment(t, "mmpo", func(e *Experiment) {
		quick(e)
		e.Train.LR = 1
	}))
	rows := 0
	for r.Step() != nil {
		rows++
	}
	assert.Less(t, rows, 12)
	assert.Equal(t, "The run diverged at step 1: the policy no longer wrote the language. The weights before that step are kept. "+
		"Lower the learning rate, which is 1.", r.Diverged())
	assert.Equal(t, lab.Reference.Weights.Data, r.policy.Data, "the weights before the fatal step are the reference's")
	assert.Nil(t, r.Step())
}

func TestAlter(t *testing.T) {
	lab := shippedLab(t)
	r := newRun(t, lab, experiment(t, "mmpo", quick))
	r.Step()
	same := r.Experiment.Objective
	require.NoError(t, r.Alter(same, r.Experiment.Train.LR))
	assert.Zero(t, r.Altered(), "setting what is set already changes nothing")
	changed := same
	changed.Gamma = 2
	require.NoError(t, r.Alter(changed, 1e-4))
	assert.Equal(t, 2, r.Altered())
	assert.InDelta(t, 1e-4, r.Step().At("learning_rate"), 1e-5)
	changed.Gamma = -1
	assert.EqualError(t, r.Alter(changed, 1e-4), "gamma: -1 is not possible, so 0.01 is used")
	assert.EqualError(t, r.Alter(Choose{ID: "dpo", Beta: 1}, 1e-4), "the objective cannot change during a run, from mmpo to dpo")
	assert.Equal(t, 2.0, r.Experiment.Objective.Gamma, "an impossible change leaves all as it was")
}

func TestBatchesGoThroughAllPairsBeforeOneComesAgain(t *testing.T) {
	r := newRun(t, shippedLab(t), experiment(t, "dpo", quick))
	for range 3 {
		seen := map[int]int{}
		for range 2 {
			for _, i := range r.next(16) {
				seen[i]++
			}
		}
		assert.Len(t, seen, 32)
	}
}

// A batch that needs several passes gives the gradient of one that does not: the same training, up to the order of float32 sums.
func TestLargeBatchesAreSeveralPasses(t *testing.T) {
	lab := shippedLab(t)
	r := newRun(t, lab, experiment(t, "mmpo", func(e *Experiment) { e.Pairs, e.Train.Steps, e.Train.Batch = 128, 2, 128 }))
	passes, whole := 0, &meter{}
	r.forEach(r.policy, indices(128), func(i int, c, d float64) { r.measure(whole, i, c, d) }, func(int) { passes++ })
	assert.Greater(t, passes, 1)
	assert.Equal(t, 128, whole.pairs)
	row := r.Step()
	assert.InDelta(t, whole.loss/128, row.At("loss"), 1e-6)
}

// golden is one line of testdata/fingerprints.json, which the tests of other hosts read as well.
type golden struct {
	Link string `json:"link"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// goldenLinks differ in objective, grain, stakes, ties, batch and size.
var goldenLinks = []string{
	"v=1&pairs=64&steps=12&seed=1",
	"v=1&pairs=64&levels=2&ties=drop&steps=12&seed=2",
	"v=1&stakes=flat&pairs=100&levels=5&noise=2&a.objective=cdpo&steps=11&batch=48&seed=3",
	"v=1&stakes=mid&pairs=40&levels=10&b.gamma=2.2&lr=0.003&steps=12&batch=7&clip=0.05&seed=4",
	"v=1&pairs=33&levels=3&noise=0&objective=mmpo&b.beta=0.1&steps=10&batch=16&decay=0.5&seed=9007199254740992",
	"v=1&pairs=32&steps=10&width=16&layers=1&heads=2&seed=5",
}

// The fingerprints were written by this test natively with -update; it and the tests in Node and Chromium must find them again.
func TestFingerprintsAreTheSameInEveryHost(t *testing.T) {
	const file = "testdata/fingerprints.json"
	var kept []golden
	if b, err := os.ReadFile(file); err == nil {
		require.NoError(t, json.Unmarshal(b, &kept))
	}
	var found []golden
	for _, link := range goldenLinks {
		c, notices, err := ParseLink(link)
		require.NoError(t, err)
		require.Empty(t, notices)
		k := kernel.New()
		var r *Reference
		if _, ok := FindShipped(c.A); ok {
			r, err = LoadShipped(k, c.A)
		} else {
			r, _, err = Fit(k, c.A, nil, nil)
		}
		require.NoError(t, err)
		lab := NewLab(k, r, nil)
		a, err := Complete(context.Background(), lab, c.A, nil)
		require.NoError(t, err)
		b, err := Complete(context.Background(), lab, c.B, nil)
		require.NoError(t, err)
		found = append(found, golden{link, a.Fingerprint, b.Fingerprint})
		k.Close()
	}
	if *update {
		b, err := json.MarshalIndent(found, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(b, '\n'), 0o644))
		return
	}
	assert.Equal(t, kept, found)
}

func TestImportedDataIsFittedAndLearned(t *testing.T) {
	k := kernel.New()
	t.Cleanup(k.Close)
	e := experiment(t, "dpo", func(e *Experiment) {
		e.World, e.Model = "data:0123456789abcdef", Model{Width: 16, Layers: 1, Heads: 2}
		e.Pairs, e.Train.Steps, e.Train.Batch, e.Train.LR = 64, 30, 16, 3e-3
	})
	all := records(160)
	first, last := 0.0, 0.0
	r, loss, err := Fit(k, e, all, func(step, _ int, loss float64) bool {
		if last = loss; step == 1 {
			first = loss
		}
		return true
	})
	require.NoError(t, err)
	assert.Less(t, last, first/3)
	assert.Less(t, loss, first/3, "it has learnt texts that it was not fitted to")

	again, err := DecodeReference(k, r.Encode())
	require.NoError(t, err)
	assert.Equal(t, r.Weights.Fingerprint(), again.Weights.Fingerprint())
	assert.Equal(t, r.Vocabulary.Pieces(), again.Vocabulary.Pieces())

	lab := NewLab(k, again, all)
	result, err := Complete(context.Background(), lab, e, nil)
	require.NoError(t, err)
	assert.Greater(t, result.Metrics["eval_rewards/accuracies"], 0.9)
	assert.NotContains(t, result.Metrics, "true_score", "nobody knows the true score of imported texts")
	p, err := lab.Pairs(e)
	require.NoError(t, err)
	assert.Nil(t, lab.Views(p)[0].TrueChosen)
}

func TestFitCanBeCanceled(t *testing.T) {
	k := kernel.New()
	t.Cleanup(k.Close)
	_, _, err := Fit(k, DefaultComparison().A, nil, func(step, _ int, _ float64) bool { return step < 3 })
	assert.ErrorIs(t, err, ErrCanceled)
	e := experiment(t, "dpo", func(e *Experiment) { e.World = "data:0123456789abcdef" })
	_, _, err = Fit(k, e, nil, nil)
	assert.EqualError(t, err, "there are no records of data:0123456789abcdef to fit a reference to")
	_, _, err = Fit(k, e, []datasets.Record{{Prompt: "one", Chosen: "a", Rejected: "b"}}, nil)
	assert.EqualError(t, err, "the data set has too few prompts: some are needed to learn from and others to test on")
}
