package mmpo

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

// fake returns trials of all cells of s with the true scores that score gives by place on the axes and seed; NaN stands for a run that
// diverged.
func fake(s *Sweep, score func(at []int, seed int) float64) map[string]*Trial {
	trials := map[string]*Trial{}
	for _, c := range s.Cells() {
		o := NewTrial(c.Experiment)
		x := score(c.At, int(c.Experiment.Seed-s.Base.Seed))
		if math.IsNaN(x) {
			o.Diverged = "it diverged"
		}
		o.Metrics = map[string]float32{"true_score": float32(x)}
		trials[c.Key] = o
	}
	return trials
}

func verdicts(t *testing.T, s *Sweep, trials map[string]*Trial) (*Summary, []Verdict) {
	t.Helper()
	readout, ok := FindReadout("true_score")
	require.True(t, ok)
	sum := Summarize(s, trials, readout, 0)
	return sum, Verdicts(s, sum)
}

// spread are deviations with mean 0 and standard deviation 0.1.
func spread(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i) - float64(n-1)/2
	}
	scale := 0.1 / NewEstimate(x).SD
	for i := range x {
		x[i] *= scale
	}
	return x
}

func TestSummary(t *testing.T) {
	s := sweep(t, "vary.levels=2,exact&seeds=4")
	trials := fake(s, func(at []int, seed int) float64 {
		if at[0] == 1 && seed == 3 {
			return math.NaN()
		}
		return float64(10*at[0] + seed)
	})
	delete(trials, s.Cells()[0].Key)
	sum, v := verdicts(t, s, trials)
	require.Len(t, sum.Points, 2)
	first, second := sum.Points[0], sum.Points[1]
	assert.Equal(t, []int{1, 0}, []int{first.Missing, first.Diverged})
	assert.Equal(t, []int{0, 1}, []int{second.Missing, second.Diverged})
	assert.InDelta(t, 2, *first.Median, 0)
	assert.InDelta(t, 11, second.Mean.Mean, 1e-12)
	assert.Equal(t, uint64(2), first.Seeds[0].Seed)
	d := sum.Compare(0, 1)
	assert.Equal(t, 2, d.N, "seeds that both have")
	assert.InDelta(t, 10, d.Mean, 1e-12)
	require.Len(t, v, 1)
	assert.Equal(t, Early, v[0].Kind)
	assert.Equal(t, "Too early to tell: 1 of 8 runs are still to come.", v[0].Text)
}

func TestVerdictSentences(t *testing.T) {
	means := func(sd float64, mean ...float64) func(at []int, seed int) float64 {
		return func(at []int, seed int) float64 {
			e := spread(8)
			return mean[at[0]] + 10*sd*e[(seed*(2*at[0]+1)+at[0])%8] // an odd step visits all
		}
	}
	line := "vary.levels=2,3,5,10,exact&seeds=8"
	for _, c := range []struct {
		name, link string
		score      func(at []int, seed int) float64
		kind       VerdictKind
		text       []string
	}{
		{"a plateau", line, means(0.05, 5, 6, 7, 7.02, 7.05), Enough,
			[]string{"From 5 levels on nothing more is gained: exact grades against 5 levels is +0.05 ± 0.", "Fewer cost: 5 levels against 3 levels is +1.00 ± 0."}},
		{"the first is enough", line, means(0.05, 7, 7, 7, 7, 7), Enough, []string{"From 2 levels on nothing more is gained: "}},
		{"more helps to the end", line, means(0.05, 3, 4, 5, 6, 7), Gains,
			[]string{"More is gained up to the last value: exact grades against 10 levels is +1.00 ± 0.0", "points."}},
		{"noise", line, means(1, 5, 6, 7, 7.02, 7.05), Open, []string{"Cannot tell yet: exact grades against 10 levels is +0.03 ± ", " more seeds would."}},
		{"a plateau whose edge is open", line, means(0.1, 5, 5.9, 6.9, 7, 7), Enough, []string{"From 5 levels on", "Fewer cost"}},
		{"two seeds", "vary.levels=2,exact&seeds=2", means(0.01, 1, 9), Early, []string{"a verdict takes at least 3 seeds, and here 2 have a number"}},
		{"a choice, higher", "vary.objective=dpo,mmpo&seeds=8", means(0.1, 5, 7), Higher, []string{"MMPO is higher than DPO by 2.00 ± 0.", "points, at 8 of 8 seeds."}},
		{"a choice, lower", "vary.objective=mmpo,dpo&seeds=8", means(0.1, 7, 5), Lower, []string{"DPO is lower than MMPO by 2.00 ± 0.", "at 8 of 8 seeds."}},
		{"a choice, alike", "vary.objective=dpo,mmpo&seeds=8", means(0.05, 7, 7.01), Alike,
			[]string{"DPO and MMPO are alike: a difference of 0.25 points is ruled out; it is +0.01 ± 0."}},
		{"a choice, open", "vary.objective=dpo,mmpo&seeds=8", means(1, 7, 7.1), Open, []string{"Cannot tell yet: MMPO against DPO is +0.10 ± ", " more seeds would."}},
		{"a value that is best", "vary.gamma=0.1,0.5,5&seeds=8", means(0.1, 5, 7, 6), Best,
			[]string{"Highest at gamma 0.5, with 7.00 ± 0.08 points.", "Shown to be lower: 0.1, 5."}},
		{"a value that diverges", "vary.lr=0.0005,0.001,1&seeds=8", means(0.1, 5, 5.02, math.NaN()), Best,
			[]string{"Highest at Learning rate 0.001", "Not told apart from it: 0.0005.", "runs diverged or have no number: 1."}},
		{"on another axis", "vary.objective=dpo,mmpo&stakes=flat&vary.noise=1&seeds=2", means(0.1, 5, 7), Early, []string{"Too early to tell"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sweep(t, c.link)
			_, all := verdicts(t, s, fake(s, c.score))
			require.Len(t, all, 1)
			for _, text := range c.text {
				assert.Contains(t, all[0].Text, text)
			}
			assert.Equal(t, c.kind, all[0].Kind, all[0].Text)
			if strings.Contains(all[0].Text, "more seed") {
				assert.Positive(t, all[0].More)
			}
		})
	}
}

func TestVerdictsOfTwoAxes(t *testing.T) {
	s := sweep(t, "vary.levels=2,10,exact&vary.objective=dpo,mmpo&seeds=8")
	e := spread(8)
	_, all := verdicts(t, s, fake(s, func(at []int, seed int) float64 {
		return 5 + float64(2*at[1]*min(at[0], 1)) + 0.5*e[(seed*(1+2*at[0]))%8]
	}))
	var texts []string
	for _, v := range all {
		texts = append(texts, v.Text)
	}
	require.Len(t, all, 5, texts)
	assert.Contains(t, texts[0], "DPO: from 2 levels on nothing more is gained")
	assert.Contains(t, texts[1], "MMPO: from 10 levels on nothing more is gained")
	assert.Contains(t, texts[2], "2 levels: DPO and MMPO are alike")
	assert.Contains(t, texts[3], "10 levels: MMPO is higher than DPO by 2.00")
	assert.Contains(t, texts[4], "Exact grades: MMPO is higher than DPO by 2.00")
	assert.Equal(t, 3, all[3].Family, "what is compared together is corrected together")
	assert.Empty(t, func() []Verdict {
		s := sweep(t, "vary.stakes=flat,skew&seeds=8")
		_, v := verdicts(t, s, fake(s, func(at []int, seed int) float64 { return float64(at[0]) + e[seed] }))
		return v
	}(), "scores of other stakes are other scores")
}

func TestScoreAtKL(t *testing.T) {
	s := sweep(t, "vary.objective=dpo,mmpo&seeds=3")
	trials := fake(s, func([]int, int) float64 { return 9 })
	for i, c := range s.Cells() {
		kl := float32(2 + 0.13*float64(i)) // where the run ends
		trials[c.Key].Path = []Checkpoint{
			{0, map[string]float32{"kl": 0, "true_score": 3}},
			{80, map[string]float32{"kl": kl, "true_score": 3 + 2*kl}},
			{160, map[string]float32{"kl": kl - 0.5, "true_score": 9}},
		}
		trials[c.Key].Metrics["kl"] = kl - 0.5
	}
	readout, _ := FindReadout(ScoreAtKL)
	sum := Summarize(s, trials, readout, 0)
	assert.InDelta(t, 2, sum.KL, 0, "all runs came as far as that")
	assert.InDelta(t, 1.89, sum.Reach, 1e-6, "the mean over the runs of the point that went furthest")
	for _, p := range sum.Points {
		assert.InDelta(t, 7, p.Mean.Mean, 1e-6)
		assert.Equal(t, 3, p.Mean.N)
	}
	sum = Summarize(s, trials, readout, 2.3)
	assert.Equal(t, []int{1, 2}, []int{sum.Points[0].Mean.N, sum.Points[1].Mean.N}, "nothing is extrapolated")
	assert.InDelta(t, 2.6, CommonKL(s.Cells()[5:], trials), 1e-12)
	assert.Zero(t, CommonKL(s.Cells(), nil))
}

// simulate returns how often a claim is made of sweeps whose scores are drawn anew each time: mean(place) plus a part of the seed's own,
// which all its runs share, and noise.
func simulate(t *testing.T, link string, mean func(at []int) float64, claim func([]Verdict) bool) float64 {
	t.Helper()
	const sweeps = 2000
	s := sweep(t, link)
	trials := fake(s, func([]int, int) float64 { return 0 })
	sum, _ := verdicts(t, s, trials)
	rng, made := repro.Stream(1, link), 0
	for range sweeps {
		for seed := range s.Seeds {
			common := repro.Normal(rng)
			for i := range sum.Points {
				sum.Points[i].Runs[seed].Metrics["true_score"] = float32(mean(sum.Points[i].At) + common + 0.3*repro.Normal(rng))
			}
		}
		for i := range sum.Points {
			sum.Points[i].Mean = NewEstimate(sum.bySeed(&sum.Points[i]))
		}
		if claim(Verdicts(s, sum)) {
			made++
		}
	}
	return float64(made) / sweeps
}

func anyOf(kinds ...VerdictKind) func([]Verdict) bool {
	return func(all []Verdict) bool {
		for _, v := range all {
			for _, k := range kinds {
				if v.Kind == k {
					return true
				}
			}
		}
		return false
	}
}

const slack = 0.015 // three standard errors of a share of 5 % in 2,000 sweeps

func TestVerdictsAreRarelyFalse(t *testing.T) {
	none := func([]int) float64 { return 5 }
	t.Run("a difference where there is none, five comparisons", func(t *testing.T) {
		share := simulate(t, "vary.levels=2,3,5,10,exact&vary.objective=dpo,mmpo&seeds=5", none, anyOf(Higher, Lower))
		assert.LessOrEqual(t, share, 0.05+slack)
		assert.Greater(t, share, 0.02, "and not by never saying anything")
	})
	t.Run("a gain of more levels where there is none", func(t *testing.T) {
		share := simulate(t, "vary.levels=2,3,5,10,exact&seeds=5", none, func(all []Verdict) bool {
			return all[0].Kind == Gains || strings.Contains(all[0].Text, "Fewer cost")
		})
		assert.LessOrEqual(t, share, 0.05+slack)
	})
	t.Run("a value that is best where all are alike", func(t *testing.T) {
		share := simulate(t, "vary.gamma=0.1,1,10&seeds=5", none, func(all []Verdict) bool { return strings.Contains(all[0].Text, "lower") })
		assert.LessOrEqual(t, share, 0.05+slack)
	})
	worth := worths["true_score"]
	for edge := 1; edge < 5; edge++ {
		t.Run(fmt.Sprintf("enough too early, if value %d just counts", edge), func(t *testing.T) {
			step := func(at []int) float64 {
				if at[0] >= edge {
					return 5 + worth
				}
				return 5
			}
			share := simulate(t, "vary.levels=2,3,5,10,exact&seeds=8", step, func(all []Verdict) bool {
				return all[0].Kind == Enough && all[0].From < edge
			})
			assert.LessOrEqual(t, share, 0.025+slack)
		})
	}
	t.Run("alike, if the difference just counts", func(t *testing.T) {
		share := simulate(t, "vary.objective=dpo,mmpo&seeds=8", func(at []int) float64 { return 5 + worth*float64(at[0]) }, anyOf(Alike))
		assert.LessOrEqual(t, share, 0.025+slack)
	})
}

func TestVerdictsSeeWhatIsThere(t *testing.T) {
	share := simulate(t, "vary.objective=dpo,mmpo&seeds=5", func(at []int) float64 { return 5 + 2*float64(at[0]) }, anyOf(Higher))
	assert.Greater(t, share, 0.99)
	share = simulate(t, "vary.levels=2,5,exact&seeds=20", func([]int) float64 { return 5 }, anyOf(Enough))
	assert.Greater(t, share, 0.6)
}

// Adding as many seeds again where a verdict was open is a second look at the data, and calls differences where there are none more often
// than once in twenty times. Verdict's documentation says how much.
func TestLookingTwice(t *testing.T) {
	const trials = 10_000
	rng, called := repro.Stream(1, "looks"), 0
	for range trials {
		x := make([]float64, 10)
		for i := range x {
			x[i] = repro.Normal(rng)
		}
		if NewEstimate(x[:5]).p() < alpha || NewEstimate(x).p() < alpha {
			called++
		}
	}
	assert.InDelta(t, 0.09, float64(called)/trials, 0.01)
}
