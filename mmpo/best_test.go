package mmpo

import (
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The estimate for best-of-n is the mean over all subsets of n of the value of the subset's last in order.
func TestBestOfIsTheMeanOverSubsets(t *testing.T) {
	order, value := []int{3, 1, 5, 0, 4, 2}, []float64{1, -2, 4, 8, 16, 0.5}
	sums, counts := make([]float64, len(order)+1), make([]float64, len(order)+1)
	for set := uint(1); set < 1<<len(order); set++ {
		n := bits.OnesCount(set)
		sums[n] += value[order[bits.Len(set)-1]]
		counts[n]++
	}
	got := bestOf(order, value)
	require.Len(t, got, len(order))
	for n := 1; n <= len(order); n++ {
		assert.InDelta(t, sums[n]/counts[n], got[n-1], 1e-12, "n = %d", n)
	}
}

func TestBestOfKL(t *testing.T) {
	assert.Zero(t, BestOfKL(1))
	assert.InDelta(t, math.Ln2-0.5, BestOfKL(2), 1e-12)
	assert.InDelta(t, math.Log(64)-63.0/64, BestOfKL(64), 1e-12)
}

// The peak, the fall from it, and two standard errors of the fall, worked out by hand.
func TestFindPeak(t *testing.T) {
	for _, c := range []struct {
		name       string
		curves     [][]float64
		peak       int
		fall, half float64
		falls      bool
	}{
		{"rises", [][]float64{{1, 2, 3}, {1, 3, 5}}, 3, 0, 0, false},
		{"falls by chance", [][]float64{{1, 6, 3}, {1, 2, 3}}, 2, 1, 4, false},
		{"falls", [][]float64{{1, 6, 3}, {1, 5, 3}}, 2, 2.5, 1, true},
		{"one prompt", [][]float64{{3, 2, 1}}, 1, 2, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &BestOf{True: make([]float64, 3)}
			for _, curve := range c.curves {
				for i, x := range curve {
					b.True[i] += x / float64(len(c.curves))
				}
			}
			b.findPeak(c.curves)
			assert.Equal(t, c.peak, b.Peak)
			assert.InDelta(t, c.fall, b.Fall, 1e-12)
			assert.InDelta(t, c.half, b.FallHalf, 1e-12)
			assert.Equal(t, c.falls, b.Falls())
		})
	}
}

// One alone is the reference: the same true score whatever the model. The model's own score of its pick only grows with n.
func TestBestOfAModel(t *testing.T) {
	lab, e := shippedLab(t), fewPairs(t)
	p, err := lab.Pairs(e)
	require.NoError(t, err)
	c := lab.Candidates(e)
	require.Len(t, c.prompts, 64)
	require.Len(t, c.responses, 64*64)
	c.prompts, c.responses, c.truth = c.prompts[:4], c.responses[:4*64], c.truth[:4*64]
	m, err := TrainReward(lab, e, p, RewardMethods[1], nil)
	require.NoError(t, err)
	b := m.BestOf(c)
	require.Len(t, b.True, 64)
	assert.InDelta(t, mean(c.truth), b.True[0], 1e-9)
	for i := 1; i < 64; i++ {
		assert.GreaterOrEqual(t, b.Own[i], b.Own[i-1]-1e-9)
	}
	assert.Less(t, b.Own[0]+0.5, b.Own[63], "points")
	assert.Equal(t, BestOfKL(64), b.KL[63])
	assert.Equal(t, b.True[b.Peak-1]-b.True[63], b.Fall)

	lab.Reference.World = nil
	assert.Nil(t, lab.Candidates(e), "nobody knows the true score")
}
