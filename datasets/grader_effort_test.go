package datasets

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEffort(t *testing.T) {
	for _, c := range []struct {
		name   string
		grader Grader
		want   Effort
	}{
		{"thumbs", Grader{Levels: 2}, Effort{Judgements: 200, Bits: 200, Minutes: 20}},
		{"stars", Grader{Levels: 5}, Effort{Judgements: 200, Bits: 200 * math.Log2(5), Minutes: 200 * 7.0 / 60}},
		{"four levels take as long as five", Grader{Levels: 4}, Effort{Judgements: 200, Bits: 400, Minutes: 200 * 7.0 / 60}},
		{"exact", Grader{}, Effort{Judgements: 200, Bits: 200 * math.Log2(100), Minutes: 200 * 10.0 / 60}},
		{"comparison", Grader{Asks: AskComparison, Levels: 8}, Effort{Judgements: 100, Bits: 300, Minutes: 100 * 14.0 / 60}},
		{"three raters", Grader{Asks: AskComparison, Levels: 2, Raters: 3}, Effort{Judgements: 300, Bits: 300, Minutes: 60}},
		{"by the visitor's watch", Grader{Levels: 2, Seconds: 30}, Effort{Judgements: 200, Bits: 200, Minutes: 100}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.grader.Effort(100)
			assert.Equal(t, c.want.Judgements, got.Judgements)
			assert.InDelta(t, c.want.Bits, got.Bits, 1e-9)
			assert.InDelta(t, c.want.Minutes, got.Minutes, 1e-9)
		})
	}
}

func TestCostsAreSorted(t *testing.T) {
	for _, asks := range []string{AskGrades, AskComparison} {
		last := Cost{}
		for _, c := range Costs {
			if c.Asks != asks {
				continue
			}
			require.Greater(t, c.Levels, last.Levels)
			require.Greater(t, c.Seconds, last.Seconds)
			require.NotEmpty(t, c.Source)
			last = c
		}
		assert.Equal(t, finest, last.Levels, "every scale has a cost")
	}
}

func TestEntropy(t *testing.T) {
	levels := func(k int) ladder { return Grader{Levels: k}.ladder(nil) }
	assert.Zero(t, entropy(nil, levels(2)))
	assert.Zero(t, entropy([]float64{5, 5, 5}, levels(2)))
	assert.InDelta(t, 1, entropy([]float64{3.25, 7.75, 7.75, 3.25}, levels(2)), 1e-12)
	assert.InDelta(t, 1.5, entropy([]float64{2.5, 2.5, 5.5, 8.5}, levels(3)), 1e-12)
	assert.InDelta(t, math.Log2(100), entropy(even(10_000), levels(0)), 1e-12, "a number counts as one of a hundred")
	assert.InDelta(t, 0, entropy([]float64{5.51, 5.52, 5.53}, levels(0)), 1e-12)
}

func TestPanelCountsWhatWasAnswered(t *testing.T) {
	g := Grader{Levels: 2, Raters: 2, Combine: CombineKeep, Ties: TiesDrop}
	p := NewPanel(g, 1, TrainSplit, nil)
	for pair := range slices.Chunk(of(even(100)...), 2) {
		p.Judge(asked(pair))
	}
	e := p.Effort()
	assert.Equal(t, 200, e.Judgements)
	assert.InDelta(t, 200, e.Entropy, 1e-9, "half of the thumbs are up")
	assert.InDelta(t, g.Effort(50).Minutes, e.Minutes, 1e-12)

	p = NewPanel(Grader{Asks: AskComparison, Levels: 3}, 1, TrainSplit, nil)
	for _, scores := range [][2]float64{{9, 1}, {1, 9}, {5, 5}, {5, 5}} {
		p.Judge(asked(of(scores[0], scores[1])))
	}
	assert.Equal(t, 4, p.Effort().Judgements)
	assert.InDelta(t, 4*1.5, p.Effort().Entropy, 1e-9, "better and worse are two answers")
}
