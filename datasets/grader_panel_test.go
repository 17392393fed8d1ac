package datasets

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

// of returns responses of those scores, all as long and as plain.
func of(scores ...float64) []Response {
	all := make([]Response, len(scores))
	for i, s := range scores {
		all[i] = Response{Score: s, True: s}
	}
	return all
}

// asked returns the question of two responses.
func asked(r []Response) Question { return Question{First: r[0], Second: r[1]} }

// even returns n scores spread evenly over the scale.
func even(n int) []float64 {
	scores := make([]float64, n)
	for i := range scores {
		scores[i] = ScaleMin + width*(float64(i)+0.5)/float64(n)
	}
	return scores
}

// gradesOf returns what a grader's panel gives to each score, judged two by two.
func gradesOf(g Grader, pool []Response, scores ...float64) []float64 {
	p, grades := NewPanel(g, 1, TrainSplit, pool), []float64(nil)
	for pair := range slices.Chunk(of(scores...), 2) {
		a, b := p.judge(&p.raters[0], asked(pair))
		grades = append(grades, a, b)
	}
	return grades
}

// TestPartsByHand holds each part alone to values that were worked by hand.
func TestPartsByHand(t *testing.T) {
	pool := of(1, 1, 2, 2, 4, 6, 9, 10)
	for _, c := range []struct {
		name   string
		grader Grader
		scores []float64
		grades []float64
	}{
		{"a thumb that turns up late", Grader{Levels: 2, Cut: 8}, []float64{7.9, 8}, []float64{4.5, 9}},
		{"a thumb that turns up early", Grader{Levels: 2, Cut: 2}, []float64{1.9, 2}, []float64{1.5, 6}},
		{"a cut is for two levels", Grader{Levels: 3, Cut: 8}, []float64{7.9, 8}, []float64{8.5, 8.5}},
		// Half of the pool is below (2+4)/2 = 3; the middles of 1..3 and 3..10 are 2 and 6.5.
		{"a cut at the median", Grader{Levels: 2, Cuts: CutsQuantiles}, []float64{2.9, 3}, []float64{2, 6.5}},
		// Quarters end at 1.5, 3 and 7.5.
		{"quarters", Grader{Levels: 4, Cuts: CutsQuantiles}, []float64{1, 1.5, 7.4, 7.5}, []float64{1.25, 2.25, 5.25, 8.75}},
		{"generous", Grader{Bias: 2}, []float64{3, 9}, []float64{5, 10}},
		{"strict", Grader{Bias: -2, Levels: 5}, []float64{3, 9}, []float64{1.9, 7.3}},
		{"only 7 to 9", Grader{Low: 7, High: 9}, []float64{1, 5.5}, []float64{7, 8}},
		{"only 7 to 9, ends in the other order", Grader{Low: 9, High: 7}, []float64{10, 12}, []float64{9, 9}},
		{"all of the scale", Grader{Low: 1, High: 10}, []float64{1.1, 9.7}, []float64{1.1, 9.7}},
		{"only 7 to 9 by stars", Grader{Low: 7, High: 9, Levels: 5}, []float64{1, 10}, []float64{7.3, 9.1}},
		// Steps of 6 points: a difference below 3 is a tie.
		{"compares by three steps", Grader{Asks: AskComparison, Levels: 3}, []float64{8, 5.1, 5, 8}, []float64{5.5, 5.5, 2.5, 8.5}},
		// Steps of 18/7: the one in the middle ends at 9/7.
		{"compares by seven steps", Grader{Asks: AskComparison, Levels: 7}, []float64{5, 3.8, 3, 5}, []float64{5.5, 5.5, 5.5 - 9.0/7, 5.5 + 9.0/7}},
		// Steps of 2.25: the least answers are 1.125 apart from equal.
		{"compares by eight steps, without a tie", Grader{Asks: AskComparison, Levels: 8}, []float64{5, 5, 4, 4.1},
			[]float64{6.0625, 4.9375, 4.9375, 6.0625}},
		{"compares exactly", Grader{Asks: AskComparison}, []float64{8, 3}, []float64{8, 3}},
		{"what is added to both does not change a comparison", Grader{Asks: AskComparison, Bias: 3}, []float64{9, 8}, []float64{6, 5}},
		{"always clicks blindly", Grader{Levels: 2, Lazy: 1}, []float64{1, 1, 1, 1, 1, 1},
			func() (blind []float64) {
				rng := repro.Stream(1, "grades/lazy")
				for range 6 {
					rng.Float64()
					blind = append(blind, 3.25+4.5*math.Floor(2*rng.Float64()))
				}
				return blind
			}()},
		// Two levels at the ends: 1 and 10 are certain.
		{"rounds at random", Grader{Levels: 2, Rounding: RoundRandom}, []float64{1, 10}, []float64{1, 10}},
		{"rounds at random where there is nothing to round", Grader{Levels: 4, Rounding: RoundRandom}, []float64{4, 7}, []float64{4, 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.InDeltaSlice(t, c.grades, gradesOf(c.grader, pool, c.scores...), 1e-12)
		})
	}
}

func TestTastesAreOfWhatIsSeen(t *testing.T) {
	pool := []Response{{Tokens: make([]int32, 10), Score: 5}, {Tokens: make([]int32, 20), Score: 5, Adornments: 2}}
	for _, c := range []struct {
		grader      Grader
		plain, rich float64
	}{
		{Grader{}, 5, 5},
		{Grader{Longer: 0.2}, 4, 6}, // five tokens less and more than the mean of 15
		{Grader{Polish: 1.5}, 5, 8},
		{Grader{Longer: -0.2, Polish: 1}, 6, 6},
	} {
		p := NewPanel(c.grader, 1, TrainSplit, pool)
		plain, rich := p.judge(&p.raters[0], asked(pool))
		assert.Equal(t, []float64{c.plain, c.rich}, []float64{plain, rich}, "%+v", c.grader)
	}
	assert.Equal(t, 2, scriptAdjectives([]int32{1, scriptWords.adjective.first, scriptWords.adjective.first + 3, 2}))
}

// TestPartsThatChangeNothing holds the identities: a part that is set to do nothing does nothing, to the last bit.
func TestPartsThatChangeNothing(t *testing.T) {
	scores := make([]float64, 2000)
	rng := repro.Stream(3, "scores")
	for i := range scores {
		scores[i] = 1 + 9*rng.Float64()
	}
	plain := Grader{Levels: 5, Noise: 0.7}
	want, again := []float64(nil), repro.Stream(1, "grades")
	for _, s := range scores { // as it was before there were parts
		want = append(want, plain.Regrade(s+float64(plain.Noise*repro.Normal(again))))
	}
	for name, change := range map[string]func(*Grader){
		"nothing":        func(*Grader) {},
		"one rater":      func(g *Grader) { g.Raters, g.Combine, g.Habits = 1, CombineMajority, HabitsFirst },
		"no bias":        func(g *Grader) { g.Bias, g.Low, g.High, g.Lazy = 0, 1, 10, 0 },
		"even cuts":      func(g *Grader) { g.Asks, g.Cuts, g.Rounding, g.Cut = AskGrades, CutsEven, RoundNearest, 5.5 },
		"no ties":        func(g *Grader) { g.Ties = TiesCoin },
		"other seconds":  func(g *Grader) { g.Seconds = 60 },
		"first of three": func(g *Grader) { g.Raters = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			g := plain
			change(&g)
			assert.Equal(t, want, gradesOf(g, of(scores...), scores...))
		})
	}
	thumbs, middleCut := Grader{Levels: 2}, Grader{Levels: 2, Cut: 5.5}
	assert.Equal(t, gradesOf(thumbs, nil, scores...), gradesOf(middleCut, nil, scores...), "a thumb that turns up in the middle is a thumb")
	for _, levels := range []int{2, 3, 7, 10} {
		byPool := gradesOf(Grader{Levels: levels, Cuts: CutsQuantiles}, of(even(2520*4)...), even(2000)...)
		assert.InDeltaSlice(t, gradesOf(Grader{Levels: levels}, nil, even(2000)...), byPool, 1e-12, "an even pool has even quantiles")
	}
}

func TestQuantilesHoldAsMany(t *testing.T) {
	scores := make([]float64, 1200)
	rng := repro.Stream(5, "skew")
	for i := range scores {
		u := rng.Float64()
		scores[i] = 1 + 9*u*u*u
	}
	for _, levels := range []int{2, 3, 5, 10} {
		counts := map[float64]int{}
		for _, g := range gradesOf(Grader{Levels: levels, Cuts: CutsQuantiles}, of(scores...), scores...) {
			counts[g]++
		}
		require.Len(t, counts, levels)
		for _, n := range counts {
			assert.Equal(t, len(scores)/levels, n)
		}
	}
	pinned := gradesOf(Grader{Levels: 4, Cuts: CutsQuantiles}, of(1, 1, 1, 1, 1, 1, 5, 9), 1, 9)
	assert.Equal(t, []float64{2, 6.5}, pinned, "of the cuts 1, 1 and 3 the first two part nothing")
}

func TestNoise(t *testing.T) {
	const n, sd = 100_000, 0.3
	p := NewPanel(Grader{Noise: sd}, 1, TrainSplit, nil)
	r := of(5.5, 5.5) // 15 standard deviations from either end: nothing is clipped
	for range n {
		p.judge(&p.raters[0], asked(r))
	}
	mean, variance := moments(p.answers)
	assert.InDelta(t, 5.5, mean, 5*sd/math.Sqrt(2*n))
	assert.InDelta(t, sd, math.Sqrt(variance), 5*sd/math.Sqrt(4*n))
}

func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, variance
}

func TestGradesAreOfTheScale(t *testing.T) {
	for _, base := range []Grader{
		{}, {Levels: 2}, {Levels: 7}, {Levels: 7, Rounding: RoundRandom}, {Levels: 4, Cuts: CutsQuantiles}, {Asks: AskComparison, Levels: 5},
		{Asks: AskComparison}, {Asks: AskComparison, Levels: 8, Rounding: RoundRandom}, {Low: 7, High: 9, Bias: 5},
		{Levels: 2, Cut: 9.5, Ties: TiesCoin}, {Levels: 3, Raters: 4, Combine: CombineMajority, Lazy: 0.5, Ties: TiesCoin},
	} {
		for _, noise := range []float64{0, 0.3, 50, 1e300, math.Inf(1)} {
			for _, score := range []float64{1, 5, 10, -1e308, math.Inf(1), math.NaN()} {
				g := base
				g.Noise = noise
				pool := of(score, 5)
				for _, pair := range NewPanel(g, 1, TrainSplit, pool).Judge(asked(pool)) {
					inside := pair.ScoreChosen <= ScaleMax && pair.ScoreRejected >= ScaleMin && pair.Margin() >= 0
					require.True(t, inside, "%+v from %v with %+v", pair, score, g)
				}
			}
		}
	}
}

// TestRandomRoundingIsRightOnAverage compares with rounding to middles, which is off by as much as half a level every time.
func TestRandomRoundingIsRightOnAverage(t *testing.T) {
	const n = 40_000
	for _, g := range []Grader{
		{Levels: 2, Rounding: RoundRandom}, {Levels: 5, Rounding: RoundRandom}, {Asks: AskComparison, Levels: 3, Rounding: RoundRandom},
		{Asks: AskComparison, Levels: 8, Rounding: RoundRandom},
	} {
		for _, scores := range [][2]float64{{8.2, 2.9}, {3.3, 4}, {9.9, 1.2}} {
			p, r, difference, square := NewPanel(g, 1, TrainSplit, nil), of(scores[0], scores[1]), 0.0, 0.0
			for range n {
				a, b := p.judge(&p.raters[0], asked(r))
				difference += (a - b) / n
				square += (a - b) * (a - b) / n
			}
			se := math.Sqrt((square - difference*difference) / n)
			assert.InDelta(t, scores[0]-scores[1], difference, 5*se, "%+v", g)
		}
	}
	for i := range 3 {
		assert.InDelta(t, 1+4.5*float64(i), Grader{Levels: 3, Rounding: RoundRandom}.ladder(nil).level(i), 1e-12, "levels reach from end to end")
	}
}

func TestLazinessIsAShare(t *testing.T) {
	const n, lazy = 50_000, 0.3
	g := Grader{Levels: 5, Lazy: lazy}
	p, r := NewPanel(g, 1, TrainSplit, nil), of(10, 10)
	off, counts := 0.0, map[float64]float64{}
	for range n {
		p.judge(&p.raters[0], asked(r))
	}
	for _, a := range p.answers {
		counts[a]++
		if a != 9.1 {
			off++
		}
	}
	share := lazy * 4 / 5 // one click in five is right by chance
	assert.InDelta(t, share, off/(2*n), 5*math.Sqrt(share*(1-share)/(2*n)))
	for _, level := range []float64{1.9, 3.7, 5.5, 7.3} {
		assert.InDelta(t, lazy/5, counts[level]/(2*n), 5*math.Sqrt(lazy/5/(2*n)), "every level alike")
	}
	diligent, lazier := gradesOf(g, nil, even(1000)...), gradesOf(Grader{Levels: 5, Lazy: 0.6}, nil, even(1000)...)
	plain := gradesOf(Grader{Levels: 5}, nil, even(1000)...)
	for i := range plain {
		if diligent[i] != plain[i] {
			require.Equal(t, diligent[i], lazier[i], "who is lazier is lazy there, too")
		}
	}
}

func TestSeveralRaters(t *testing.T) {
	// Three raters whose noise is known: their streams are named after them.
	scores, noise := of(5, 5), 2.0
	var a, b []float64
	for _, name := range []string{"grades", "grades/rater 2", "grades/rater 3"} {
		rng := repro.Stream(1, name)
		a = append(a, clipScore(5+float64(noise*repro.Normal(rng))))
		b = append(b, clipScore(5+float64(noise*repro.Normal(rng))))
	}
	judge := func(combine, split string) []Pair {
		return NewPanel(Grader{Noise: noise, Raters: 3, Combine: combine}, 1, split, nil).Judge(asked(scores))
	}
	mean := judge(CombineMean, TrainSplit)
	require.Len(t, mean, 1)
	assert.InDelta(t, math.Abs(a[0]+a[1]+a[2]-b[0]-b[1]-b[2])/3, mean[0].Margin(), 1e-8)
	median := func(x []float64) float64 { return slices.Sorted(slices.Values(x))[1] }
	majority := judge(CombineMajority, TrainSplit)
	require.Len(t, majority, 1)
	assert.InDelta(t, math.Abs(median(a)-median(b)), majority[0].Margin(), 1e-8)
	kept := judge(CombineKeep, TrainSplit)
	require.Len(t, kept, 3)
	for i, pair := range kept {
		assert.InDelta(t, math.Abs(a[i]-b[i]), pair.Margin(), 1e-12)
	}
	assert.Len(t, judge(CombineKeep, HeldOutSplit), 1, "what is measured is the same")

	one := NewPanel(Grader{Raters: 3, Habits: HabitsFirst, Bias: 3}, 1, TrainSplit, nil)
	assert.Equal(t, [2][]float64{{8, 5, 5}, {5, 2, 2}}, one.judgeAll(asked(of(5, 2))), "one of them is generous")
}

func TestEachRaterIsAViewerOfItsOwn(t *testing.T) {
	q := asked(of(5, 5))
	q.Scores = func(rng *rand.Rand) (first, second float64) { return 1 + 9*rng.Float64(), 2 }
	p := NewPanel(Grader{Raters: 2}, 1, TrainSplit, nil)
	want := func(name string) float64 { return 1 + 9*repro.Stream(1, name).Float64() }
	assert.Equal(t, [2][]float64{{want("grades"), want("grades/rater 2")}, {2, 2}}, p.judgeAll(q), "drawn before the noise, each by its stream")
}

func TestChooseTurnsAQuestion(t *testing.T) {
	q := Question{First: Response{Tokens: []int32{1}, Score: 2}, Second: Response{Tokens: []int32{2}, Score: 9}}
	q.Scores = func(*rand.Rand) (first, second float64) { return 2, 9 }
	p := NewPanel(Grader{}, 1, TrainSplit, nil)
	turned := q.Choose(p.Judge(q)[0])
	first, second := p.Grades(repro.Stream(1, "again"), turned)
	assert.Equal(t, []float64{9, 2}, []float64{first, second})
	again := turned.Choose(Pair{Chosen: []int32{2}})
	assert.Equal(t, turned.First, again.First, "it is turned already")
}

func TestMajorityOfThumbs(t *testing.T) {
	p := &Panel{grader: Grader{Combine: CombineMajority}}
	for _, c := range []struct {
		thumbs []float64
		want   float64
	}{
		{[]float64{7.75, 3.25, 7.75}, 7.75}, {[]float64{3.25, 7.75, 3.25}, 3.25}, {[]float64{7.75, 3.25, 3.25, 7.75}, 5.5},
		{[]float64{7.75, 3.25, 7.75, 7.75, 3.25}, 7.75},
	} {
		assert.Equal(t, c.want, p.combine(c.thumbs))
	}
	mean := &Panel{grader: Grader{Combine: CombineMean}}
	third := mean.combine([]float64{1.9, 3.7, 9.1})
	for _, same := range [][]float64{{3.7, 9.1, 1.9}, {9.1, 1.9, 3.7}, {5.5, 5.5, 3.7}} {
		assert.Equal(t, third, mean.combine(same), "as many points are a tie, whoever gave them")
	}
}

func TestCoinDecidesTies(t *testing.T) {
	for _, c := range []struct {
		grader Grader
		score  float64
		margin float64
	}{
		{Grader{Levels: 2}, 9, 4.5}, {Grader{Levels: 5}, 1, 1.8}, {Grader{Levels: 5}, 10, 1.8}, {Grader{Levels: 2, Cut: 9.5}, 10, 4.5},
		{Grader{Asks: AskComparison, Levels: 3}, 5, 6}, {Grader{}, 1, 0},
	} {
		c.grader.Ties = TiesCoin
		p, firsts := NewPanel(c.grader, 1, TrainSplit, nil), 0.0
		first, second := Response{Tokens: []int32{1}, Score: c.score, True: 1}, Response{Tokens: []int32{2}, Score: c.score, True: 2}
		const n = 4000
		for range n {
			pair := p.Judge(Question{First: first, Second: second})[0]
			require.InDelta(t, c.margin, pair.Margin(), 1e-12, "%+v", c.grader)
			require.True(t, pair.ScoreRejected >= ScaleMin && pair.ScoreChosen <= ScaleMax)
			require.Equal(t, float64(pair.Chosen[0]), pair.TrueChosen, "a response keeps its true score")
			if pair.Chosen[0] == 1 {
				firsts++
			}
		}
		assert.InDelta(t, 0.5, firsts/n, 5*0.5/math.Sqrt(n), "%+v", c.grader)
	}
}

func TestGradersOfOneSeedErrAlike(t *testing.T) {
	exact, thumbs := gradesOf(Grader{Noise: 2}, nil, even(1000)...), gradesOf(Grader{Noise: 2, Levels: 2}, nil, even(1000)...)
	for i := range exact {
		require.Equal(t, Grader{Levels: 2}.Regrade(exact[i]), thumbs[i])
	}
	g := Grader{Noise: 1, Levels: 3, Rounding: RoundRandom, Lazy: 0.2, Raters: 3, Combine: CombineMean, Ties: TiesCoin}
	assert.Equal(t, gradesOf(g, nil, even(100)...), gradesOf(g, nil, even(100)...))
}

func TestGradesAgain(t *testing.T) {
	g := Grader{Noise: 1, Levels: 5, Raters: 2, Lazy: 0.1}
	rng, higher, n := repro.Stream(1, "again"), 0, 4000
	for range n {
		if a, b := g.Grades(rng, 7, 4); a > b {
			higher++
		}
	}
	assert.Greater(t, higher, n*9/10)
	p := NewPanel(g, 1, TrainSplit, nil)
	before := *p.raters[0].noise
	p.Grades(rng, asked(of(7, 4)))
	assert.Equal(t, before, *p.raters[0].noise, "what might have been said moves nobody on")
	assert.Empty(t, p.answers)
}

func TestSettledGradesDoNotErrAgain(t *testing.T) {
	g := Grader{Noise: 3, Bias: 2, Lazy: 0.5, Low: 7, High: 9, Raters: 5, Longer: 1, Polish: 1, Levels: 2, Cut: 8, Ties: TiesDrop}
	p := NewSettledPanel(g, 1, TrainSplit, nil)
	r := of(7.9, 8)
	pair := p.Judge(asked(r))[0]
	assert.Equal(t, []float64{9, 4.5}, []float64{pair.ScoreChosen, pair.ScoreRejected})
	assert.Equal(t, 2, p.Effort().Judgements)
}
