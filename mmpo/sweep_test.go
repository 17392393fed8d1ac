package mmpo

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/repro"
	"margins/toy/kernel"
)

// sweep reads a sweep's link, which must be without fault.
func sweep(t testing.TB, link string) *Sweep {
	t.Helper()
	s, notices, err := ParseSweepLink(link)
	require.NoError(t, err)
	require.Empty(t, notices)
	return &s
}

func TestCellsOfTheDefaultSweep(t *testing.T) {
	s := DefaultSweep()
	require.NoError(t, s.Validate())
	cells := s.Cells()
	require.Len(t, cells, 50)
	assert.Len(t, Distinct(cells), 50)
	assert.Equal(t, []int{0, 0}, cells[0].At)
	assert.Equal(t, []int{0, 1}, cells[1].At, "the last axis varies fastest")
	assert.Equal(t, []int{4, 1}, cells[9].At)
	dpo, mmpo := DefaultComparison().A, DefaultComparison().B
	dpo.Grader.Levels, mmpo.Seed = 2, 2
	assert.Equal(t, dpo, cells[0].Experiment, "each objective at its own defaults")
	assert.Equal(t, mmpo, cells[19].Experiment, "seed by seed")
	assert.Equal(t, cells, s.Cells(), "in the same order again")
}

func TestSettingsOfASweep(t *testing.T) {
	s := sweep(t, "vary.objective=dpo,mmpo,ipo&vary.gamma=0.1,1&dpo.beta=0.7&a.objective=mmpo&b.objective=mmpo&beta=0.3&seeds=2&seed=7")
	cells := s.Cells()
	require.Len(t, cells, 12)
	of := func(i int) Choose { return cells[i].Experiment.Objective }
	assert.Equal(t, Choose{ID: "dpo", Beta: 0.7}, of(0), "explicit settings")
	assert.Equal(t, of(0), of(1), "DPO does not read gamma")
	assert.Equal(t, cells[0].Key, cells[1].Key, "so it is one run")
	assert.Equal(t, Choose{ID: "mmpo", Beta: 0.3, Gamma: 0.1}, of(2), "the base's own, and the axis")
	assert.Equal(t, Choose{ID: "mmpo", Beta: 0.3, Gamma: 1}, of(3))
	ipo, _ := FindObjective("ipo")
	assert.Equal(t, ipo.choose(), of(4), "its defaults")
	assert.Len(t, Distinct(cells), 8)
	assert.Equal(t, uint64(8), cells[11].Experiment.Seed)

	swept := sweep(t, "vary.beta=1,2&vary.objective=dpo,mmpo&dpo.beta=0.7&seeds=1").Cells()
	assert.InDelta(t, 1, swept[0].Experiment.Objective.Beta, 0, "an axis goes before explicit settings")
}

func TestSweepLinks(t *testing.T) {
	for _, link := range []string{
		"", "seeds=3", "vary.levels=2,exact&seeds=8", "stakes=flat&vary.pairs=64,512&vary.noise=0,1&vary.objective=dpo,cdpo&cdpo.smoothing=0.2&dpo.beta=1",
		"#v=1&vary.levels=2%2C3&seeds=1", "b.gamma=0.7&a.beta=1",
	} {
		t.Run(link, func(t *testing.T) {
			s := sweep(t, link)
			assert.Equal(t, s, sweep(t, s.Link()), s.Link())
		})
	}
	s := sweep(t, "b.gamma=0.7&a.beta=1")
	assert.Equal(t, []Choose{{ID: "dpo", Beta: 1}}, s.Settings, "a comparison's link sets both objectives")
	assert.InDelta(t, 0.7, s.Base.Objective.Gamma, 0)

	for link, message := range map[string]string{
		"vary.colour=red":  `there is no setting "colour" to vary`,
		"vary.levels=2,2":  "levels has the value 2 twice",
		"vary.levels=2,,3": `levels: "" is not a number`,
		"vary.levels=1,2":  "Feedback: 1 is not possible, so 2 is used",
		"vary.seed=1,2":    "seeds are not varied",
		"vary.levels=2&vary.pairs=8&vary.noise=0,1": "at most two settings beside the objective, not 3",
		"seeds=0":    "between 1 and 1000 seeds, not 0",
		"seeds=many": `seeds: "many" is not a whole number`,
		"seeds=1000&vary.levels=2,3,4,5,6,7,8&vary.pairs=8,9,10": "at most 20000 runs, not 21000",
		"dpo.gamma=1":        `dpo has no parameter "gamma"`,
		"vary.objective=ppo": `objective: there is no "ppo"`,
		"stakes=high":        `stakes: there is no "high"`,
		"vary.levels=%zz":    "the link cannot be read",
	} {
		t.Run(link, func(t *testing.T) {
			_, _, err := ParseSweepLink(link)
			assert.ErrorContains(t, err, message)
		})
	}
	twice := sweep(t, "vary.levels=2&vary.levels=3&seeds=4&seeds=5&dpo.beta=1&dpo.beta=2")
	assert.Equal(t, sweep(t, "vary.levels=2&seeds=4&dpo.beta=1"), twice, "what stands first counts")
	_, notices, err := ParseSweepLink("dpo.beta=1000&vary.levels=2&odd=1")
	require.NoError(t, err)
	assert.Len(t, notices, 2)
}

func TestKeys(t *testing.T) {
	e := experiment(t, "dpo", nil)
	key := e.Key("1")
	assert.Len(t, key, 64)
	assert.NotEqual(t, key, e.Key("2"), "another engine")
	unread := e
	unread.Objective.Gamma = 3
	assert.Equal(t, key, unread.Key("1"), "DPO does not read gamma")
	seen := map[string]string{key: "default"}
	for i := range Params {
		p := &Params[i]
		other := e
		for _, text := range append(optionIDs(p), formatNumber(p.Min), formatNumber(p.Max)) {
			if _, err := p.Set(&other, text); err == nil && other != e {
				break
			}
		}
		other.normalize()
		if p.ID == "world" || other == e {
			continue // of another world, or not read
		}
		k := other.Key("1")
		assert.Empty(t, seen[k], "%s is part of the key", p.ID)
		seen[k] = p.ID
	}
	assert.Greater(t, len(seen), 15)
}

func optionIDs(p *Param) (ids []string) {
	for _, o := range p.Options {
		ids = append(ids, o.ID)
	}
	return ids
}

func TestShardsPartition(t *testing.T) {
	s := DefaultSweep()
	all := s.Cells()
	for _, total := range []int{1, 2, 3, 7, 16, 49, 50} {
		for n := 1; n <= 64; n++ {
			var joined []Cell
			least, most := math.MaxInt, 0
			for i := range n {
				part := Shard(all[:total], i, n)
				joined = append(joined, part...)
				least, most = min(least, len(part)), max(most, len(part))
			}
			require.Equal(t, all[:total], joined, "%d cells in %d shards: each once, in order", total, n)
			require.LessOrEqual(t, most-least, 1, "%d cells in %d shards: balanced", total, n)
		}
	}
}

// small is an experiment that takes little more than its evaluations.
const small = "pairs=16&steps=2&batch=8"

// sweepTrials runs a sweep on two workers.
func sweepTrials(t *testing.T, s *Sweep) map[string]*Trial {
	t.Helper()
	trials := map[string]*Trial{}
	runner := Sweeper{Workers: 2, Encoded: shippedBytes(t), Done: func(o *Trial, q *Queue, active int) error {
		assert.NotContains(t, trials, o.Key, "no run twice")
		assert.LessOrEqual(t, active, 1)
		trials[o.Key] = o
		return nil
	}}
	require.NoError(t, runner.Run(context.Background(), Distinct(s.Cells())))
	return trials
}

func shippedBytes(t *testing.T) func(Experiment) ([]byte, error) {
	return func(e Experiment) ([]byte, error) {
		k := kernel.New()
		defer k.Close()
		r, err := LoadShipped(k, e)
		require.NoError(t, err)
		return r.Encode(), nil
	}
}

// What a worker ran before leaves no trace: each run of a sweep has the bits of the same run alone.
func TestSweepHasTheBitsOfSingleRuns(t *testing.T) {
	s := sweep(t, small+"&vary.levels=2,exact&vary.objective=dpo&seeds=2")
	trials := sweepTrials(t, s)
	require.Len(t, trials, 4)
	for _, c := range s.Cells()[1:3] {
		alone, err := Complete(context.Background(), shippedLab(t), c.Experiment, nil)
		require.NoError(t, err)
		o := trials[c.Key]
		assert.Equal(t, alone.Fingerprint, o.Fingerprint, o.Link)
		assert.InDelta(t, alone.Metrics["true_score"], o.At("true_score"), 0)
		steps := []int{}
		for _, p := range o.Path {
			steps = append(steps, p.Step)
		}
		assert.Equal(t, []int{0, 2}, steps, "at evaluations")
		assert.InDelta(t, 0, o.Along("kl")[0], 1e-6, "from the reference on")
		assert.InDelta(t, o.At("true_score"), o.Along("true_score")[1], 0)
		assert.Positive(t, o.Seconds)

		again, err := DecodeTrial(o.Encode())
		require.NoError(t, err)
		assert.Equal(t, o, again)
		again.Seconds++
		assert.True(t, o.Same(again), "time does not matter")
		again.Metrics["kl"] += 1e-6
		assert.False(t, o.Same(again))
	}
}

func TestSweeperStopsAtTheFirstError(t *testing.T) {
	s := sweep(t, small+"&vary.levels=2,3,5&seeds=2")
	ended := 0
	runner := Sweeper{Workers: 1, Encoded: shippedBytes(t), Done: func(*Trial, *Queue, int) error {
		if ended++; ended == 2 {
			return fmt.Errorf("the disk is full")
		}
		return nil
	}}
	assert.EqualError(t, runner.Run(context.Background(), s.Cells()), "the disk is full")
	assert.Equal(t, 2, ended)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, runner.Run(ctx, s.Cells()), context.Canceled)
}

func TestDecodeTrialChecks(t *testing.T) {
	e := experiment(t, "mmpo", nil)
	o := NewTrial(e)
	row := newRow(160)
	row.set("kl", 2)
	row.set("loss", math.Inf(1))
	o.Note(row, &Evaluation{Parts: []datasets.Part{{ID: "wish", Points: 1.5}}, Samples: []SampleView{{Text: "In the bank"}}})
	o.Finish(strings.Repeat("ab", 32), "", 1.5)
	line := string(o.Encode())
	assert.NotContains(t, line[:len(line)-1], "\n")
	whole, err := DecodeTrial([]byte(line))
	require.NoError(t, err)
	assert.Equal(t, 1.5, whole.At("part/wish"))
	assert.True(t, math.IsNaN(whole.At("part/luck")))
	assert.Equal(t, 2.0, whole.At("kl"))
	assert.True(t, math.IsNaN(whole.At("wish")), "an attribute is no metric")
	assert.Equal(t, "In the bank", whole.Samples[0].Text)
	for name, change := range map[string]struct{ from, to, message string }{
		"torn":             {line[len(line)/2:], "", "not a run of a sweep"},
		"two on a line":    {"\n", line, "something follows"},
		"another setting":  {`"pairs":512`, `"pairs":511`, "its key is not that of its experiment"},
		"out of limits":    {`"pairs":512`, `"pairs":0`, "Pairs: 0 is not possible"},
		"another engine":   {`"engine":"` + EngineVersion, `"engine":"0`, "its key is not that of its experiment"},
		"another link":     {"seed=1", "seed=2", "its link is not that of its experiment"},
		"no fingerprint":   {strings.Repeat("ab", 32), strings.Repeat("ab", 31) + "xy", "is not a SHA-256"},
		"an unknown field": {`"seconds"`, `"minutes"`, "unknown field"},
		"negative time":    {`"seconds":1.5`, `"seconds":-1`, "which cannot be"},
		"no path":          {`"path":[{"step":160,"metrics":{"kl":2}}]`, `"path":[]`, "no measurements"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, line, change.from)
			_, err := DecodeTrial([]byte(strings.Replace(line, change.from, change.to, 1)))
			assert.ErrorContains(t, err, change.message)
		})
	}
}

func TestQueue(t *testing.T) {
	s := sweep(t, "vary.pairs=64,512&vary.steps=40,160&seeds=3")
	q := NewQueue(s.Cells())
	_, known := q.Left()
	assert.False(t, known)
	var last *Experiment
	var steps, seeds []int
	for {
		cell, ok := q.Next(last)
		if !ok {
			break
		}
		steps, seeds = append(steps, cell.Experiment.Train.Steps), append(seeds, int(cell.Experiment.Seed))
		last = &cell.Experiment
	}
	assert.Equal(t, []int{160, 160, 160, 160, 160, 160, 40, 40, 40, 40, 40, 40}, steps, "the longest first")
	assert.Equal(t, []int{1, 1, 2, 2, 3, 3}, seeds[:6], "and those whose pairs are there")
	assert.Empty(t, q.waiting)

	q = NewQueue(sweep(t, "vary.objective=dpo,kto&seeds=2").Cells())
	dpo, kto := q.waiting[0].Experiment, q.waiting[1].Experiment
	q.Done(dpo, 10)
	left, known := q.Left()
	assert.True(t, known)
	assert.InDelta(t, 40, left, 1e-9, "before KTO was measured it is taken for as long")
	q.Done(kto, 30)
	left, _ = q.Left()
	assert.InDelta(t, 80, left, 1e-9)
	cell, _ := q.Next(&dpo)
	assert.Equal(t, "kto", cell.Experiment.Objective.ID, "measured cost decides")
	seconds, _ := q.Expect(dpo)
	assert.InDelta(t, 10, seconds, 1e-9)
}

// Workers that ask a queue for runs of very different lengths end at about the same time: together they are nearly as many times faster.
func TestQueueLeavesNoWorkerAlone(t *testing.T) {
	for _, link := range []string{"", "vary.pairs=16,64,512,2048&vary.steps=20,160,500&seeds=2", "vary.width=16,48,128&vary.objective=dpo,mmpo,kto&seeds=3"} {
		cells := sweep(t, link).Cells()
		for _, workers := range []int{2, 3, 4} {
			q, rng := NewQueue(cells), repro.Stream(1, "clock")
			free, last := make([]float64, workers), make([]*Experiment, workers) // when each is free again
			total, longest := 0.0, 0.0
			for len(q.waiting) > 0 {
				w := slices.Index(free, slices.Min(free))
				cell, _ := q.Next(last[w])
				seconds := cell.Experiment.work() / 1e9 * (1 + 0.2*rng.Float64()) // the machine does other things as well
				q.Done(cell.Experiment, seconds)
				free[w] += seconds
				last[w] = &cell.Experiment
				total, longest = total+seconds, max(longest, seconds)
			}
			// No worker waits while others have more than one run left: Graham 1966, Bell System Technical Journal 45.
			assert.LessOrEqual(t, slices.Max(free), total/float64(workers)+longest*float64(workers-1)/float64(workers)+1e-9)
			if workers == 2 {
				assert.Greater(t, total/slices.Max(free), 1.9, "speed-up of two workers, %s", link)
			}
		}
	}
}

func TestLines(t *testing.T) {
	s := sweep(t, "vary.levels=2,3&vary.objective=dpo,mmpo,ipo")
	assert.Equal(t, [][]int{{0, 3}, {1, 4}, {2, 5}}, s.Lines(0))
	assert.Equal(t, [][]int{{0, 1, 2}, {3, 4, 5}}, s.Lines(1))
	assert.Equal(t, []string{"3", "mmpo"}, s.Values([]int{1, 1}))
	assert.Equal(t, []string{"3 levels", "MMPO"}, []string{s.Label(0, 1), s.Label(1, 1)})
}
