// Package bits_test holds no program, only the test that every host computes the same: it runs natively, in Node and in Chromium, natively also
// for newer processors and under the race detector, and each finds the digests that are written down.
package bits_test

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/mmpo"
	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

var update = flag.Bool("update", false, "write testdata/digests.json anew")

//go:embed testdata/digests.json
var kept []byte // embedded, because a test in a browser has no files

// digests are the SHA-256 of all that a run makes, each of a text with every digit of every number.
type digests struct {
	Link      string `json:"link"`      // of the experiment, as side A and B
	Reference string `json:"reference"` // fitted anew: its weights and its loss
	Pairs     string `json:"pairs"`     // tokens and grades
	Metrics   string `json:"metrics"`   // all of every row, and the last evaluation
	Margins   string `json:"margins"`   // learned, of every pair
	Samples   string `json:"samples"`   // tokens and divergences of responses that the trained policy writes to every prompt
	Weights   string `json:"weights"`   // the run's fingerprint
}

// small is a model that is fitted in a second or two.
var small = mmpo.Model{Width: 16, Layers: 1, Heads: 2}

// experiments returns a short one for each objective; they differ in world, grain, stakes, ties, noise, batch and seed as well.
func experiments(t *testing.T) []mmpo.Experiment {
	levels := []int{0, 2, 3, 5, 10}
	var all []mmpo.Experiment
	for i, o := range mmpo.Objectives {
		e, err := mmpo.DefaultExperiment(o.ID)
		require.NoError(t, err)
		world := datasets.Worlds[i%len(datasets.Worlds)]
		e.World, e.Stakes = world.ID, world.Stakes[i%len(world.Stakes)].ID
		e.Model, e.Pairs, e.Seed = small, 24+i, uint64(i)
		e.Grader.Levels, e.Grader.Noise = levels[i%len(levels)], float64(i%3)/2
		if i%2 == 1 {
			e.Grader.Ties = "drop"
		}
		e.Train.Steps, e.Train.Batch, e.Train.LR = 4, 7+i%5, 2e-3
		require.NoError(t, e.Validate())
		all = append(all, e)
	}
	return all
}

// text gathers numbers, each with all of its digits.
type text struct{ strings.Builder }

func (b *text) add(numbers ...float64) {
	for _, x := range numbers {
		b.WriteString(strconv.FormatFloat(x, 'g', -1, 64))
		b.WriteByte(' ')
	}
}

func (b *text) tokens(tokens []int32) { fmt.Fprintln(b, tokens) }

func (b *text) digest() string {
	sum := repro.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// bench is a fitted reference with its lab.
type bench struct {
	lab    *mmpo.Lab
	digest string
}

func fit(t *testing.T, k *kernel.Kernel, e mmpo.Experiment) bench {
	reference, loss, err := mmpo.Fit(k, e, nil, nil)
	require.NoError(t, err)
	var b text
	b.WriteString(reference.Weights.Fingerprint())
	b.add(loss)
	return bench{mmpo.NewLab(k, reference, nil), b.digest()}
}

// run takes an experiment to its end.
func run(t *testing.T, k *kernel.Kernel, on bench, e mmpo.Experiment) digests {
	p, err := on.lab.Pairs(e)
	require.NoError(t, err)
	r, err := mmpo.NewRun(on.lab, e, p)
	require.NoError(t, err)
	var metrics, margins text
	row, evaluation := r.Start()
	for ; row != nil; row = r.Step() {
		if r.Taken() > 0 && r.EvaluationDue() {
			evaluation = r.Evaluate(row)
		}
		for _, x := range row {
			metrics.add(float64(x))
		}
	}
	require.Empty(t, r.Diverged())
	require.True(t, r.Done())
	require.NoError(t, json.NewEncoder(&metrics).Encode(evaluation))
	margins.add(r.Margins()...)
	return digests{
		Link: mmpo.Comparison{A: e, B: e}.Link(), Reference: on.digest, Pairs: ofPairs(p), Metrics: metrics.digest(),
		Margins: margins.digest(), Samples: ofSamples(t, k, on.lab.Reference, r, p), Weights: r.Fingerprint(),
	}
}

func ofPairs(p *mmpo.Pairs) string {
	var b text
	for _, pairs := range [][]datasets.Pair{p.Train, p.HeldOut} {
		for _, pair := range pairs {
			b.tokens(pair.Prompt)
			b.tokens(pair.Chosen)
			b.tokens(pair.Rejected)
			b.add(pair.ScoreChosen, pair.ScoreRejected, pair.TrueChosen, pair.TrueRejected)
		}
	}
	return b.digest()
}

func ofSamples(t *testing.T, k *kernel.Kernel, reference *mmpo.Reference, r *mmpo.Run, p *mmpo.Pairs) string {
	_, sets, err := toy.DecodeCheckpoint(k, r.Snapshot()) // the first set is the policy
	require.NoError(t, err)
	sampler := toy.NewSampler(k, sets[0].Config, 64)
	var b text
	stream := func(i int) *rand.Rand { return repro.Stream(r.Experiment.Seed, "bits/"+strconv.Itoa(i)) }
	for _, s := range sampler.Sample(sets[0], reference.Weights, p.Prompts, reference.Vocabulary.End(), 0.8, stream) {
		b.tokens(s.Tokens)
		b.add(s.KL)
	}
	return b.digest()
}

func TestEveryHostComputesTheSame(t *testing.T) {
	k := kernel.New()
	t.Cleanup(k.Close)
	benches, found := map[string]bench{}, []digests{}
	for _, e := range experiments(t) {
		if _, ok := benches[e.World]; !ok {
			benches[e.World] = fit(t, k, e)
		}
		mark := k.Mark()
		found = append(found, run(t, k, benches[e.World], e))
		k.Release(mark)
	}
	if *update {
		b, err := json.MarshalIndent(found, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile("testdata/digests.json", append(b, '\n'), 0o644))
		return
	}
	var want []digests
	require.NoError(t, json.Unmarshal(kept, &want))
	require.Len(t, found, len(want), "another list of objectives: -update")
	for i := range want {
		assert.Equal(t, want[i], found[i], "%s", mmpo.Objectives[i].ID)
	}
}

// A digest sees the last bit of any number, and tells numbers that are not from those that are.
func TestDigestsSeeEveryBit(t *testing.T) {
	of := func(x float64) string {
		var b text
		b.add(1, x)
		return b.digest()
	}
	seen := map[string]float64{}
	for _, x := range []float64{0.1, math.Nextafter(0.1, 1), 0, math.Copysign(0, -1), math.NaN(), math.Inf(1)} {
		d := of(x)
		assert.NotContains(t, seen, d)
		seen[d] = x
	}
}
