package mmpo

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

// Tolerances of losses and their partials. Relative: a few roundings of float64 and of its h of up to 10,000. Absolute, in units of what is
// multiplied with it: the rounding of a probability near 1, which 1-p and sigma(h)-p cannot have more exactly.
const (
	objectiveRelative = 1e-12
	objectiveRounding = 0x1p-50
)

// near asserts that got is want but for rounding; scale is what rounded probabilities were multiplied with.
func near(t *testing.T, want, got, scale float64, what string) {
	t.Helper()
	assert.InDelta(t, want, got, objectiveRelative*math.Abs(want)+objectiveRounding*scale, what)
}

// atMargin returns numbers of a pair whose learned margin under beta is h.
func atMargin(h, beta, margin float64) Numbers {
	return Numbers{
		PolicyChosen: -20 + h/beta/2, PolicyRejected: -24 - h/beta/2, ReferenceChosen: -20, ReferenceRejected: -24,
		LenChosen: 5, LenRejected: 6, Margin: margin,
	}
}

func find(t *testing.T, id string) *Objective {
	t.Helper()
	o, ok := FindObjective(id)
	require.True(t, ok, id)
	return o
}

// TestObjectiveValues compares with PyTorch's autograd on the sources' formulas (testdata/objectives.py).
func TestObjectiveValues(t *testing.T) {
	text, err := os.ReadFile("testdata/objectives.json")
	require.NoError(t, err)
	var cases []struct {
		Objective                   string
		Beta, Gamma, Smoothing      float64
		Policy, Reference, Partials [2]float64
		Margin, H, Loss             float64
	}
	require.NoError(t, json.Unmarshal(text, &cases))
	require.Len(t, cases, 225)
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s/h=%g,m=%g,gamma=%g,e=%g", c.Objective, c.H, c.Margin, c.Gamma, c.Smoothing), func(t *testing.T) {
			loss, dChosen, dRejected := find(t, c.Objective).loss(
				Choose{ID: c.Objective, Beta: c.Beta, Gamma: c.Gamma, Smoothing: c.Smoothing},
				Numbers{
					PolicyChosen: c.Policy[0], PolicyRejected: c.Policy[1],
					ReferenceChosen: c.Reference[0], ReferenceRejected: c.Reference[1], Margin: c.Margin,
				})
			scale := math.Abs(c.H)
			if c.Objective == "dpo" {
				scale = 0 // its target is 1 exactly
			}
			near(t, c.Loss, loss, scale, "loss")
			near(t, c.Partials[0], dChosen, c.Beta, "by chosen")
			near(t, c.Partials[1], dRejected, c.Beta, "by rejected")
		})
	}
}

// TestObjectiveSlopes compares each objective's partials with central differences of its loss.
func TestObjectiveSlopes(t *testing.T) {
	const step, tolerance = 1e-4, 1e-7 // the difference's error: step**2 of a third derivative, and rounding over step
	for _, o := range Objectives {
		t.Run(o.ID, func(t *testing.T) {
			c := o.choose()
			loss := func(dChosen, dRejected float64, n Numbers) float64 {
				n.PolicyChosen += dChosen
				n.PolicyRejected += dRejected
				x, _, _ := o.loss(c, n)
				return x
			}
			for _, h := range []float64{-30, -4, -1, -0.1, 0, 0.3, 1, 2.5, 8, 30} {
				for _, margin := range []float64{0, 0.5, 3, 9} {
					n := atMargin(h, c.Beta, margin)
					_, dChosen, dRejected := o.loss(c, n)
					assert.InDelta(t, (loss(step, 0, n)-loss(-step, 0, n))/(2*step), dChosen, tolerance, "h %g, m %g", h, margin)
					assert.InDelta(t, (loss(0, step, n)-loss(0, -step, n))/(2*step), dRejected, tolerance, "h %g, m %g", h, margin)
				}
			}
		})
	}
}

// TestObjectiveLimits holds that MMPO with a sure target and cDPO without smoothing are DPO, to the last bit.
func TestObjectiveLimits(t *testing.T) {
	for _, c := range []struct {
		objective string
		choose    Choose
		margin    float64
	}{
		{"mmpo", Choose{Beta: 0.4, Gamma: 10}, 9}, // sigma(90) rounds to 1
		{"cdpo", Choose{Beta: 0.4, Smoothing: 0}, 3},
	} {
		t.Run(c.objective, func(t *testing.T) {
			for _, h := range []float64{-1e4, -700, -20, -1, 0, 0.7, 36, 700, 1e4} {
				n := atMargin(h, c.choose.Beta, c.margin)
				wantLoss, wantChosen, wantRejected := find(t, "dpo").loss(c.choose, n)
				loss, dChosen, dRejected := find(t, c.objective).loss(c.choose, n)
				assert.Equal(t, [3]float64{wantLoss, wantChosen, wantRejected}, [3]float64{loss, dChosen, dRejected}, "h %g", h)
			}
		})
	}
}

// TestObjectiveSwap holds that exchanging the responses and turning p into 1-p changes nothing.
func TestObjectiveSwap(t *testing.T) {
	c := Choose{Beta: 0.4}
	for _, p := range []float64{0, 0.1, 0.5, 0.75, 1} {
		to := func(p float64) func(Choose, Numbers) (float64, float64, float64) {
			return crossEntropy(func(Choose, float64) float64 { return p })
		}
		for _, h := range []float64{-1e4, -3, -0.2, 0, 1, 12, 1e4} {
			n := atMargin(h, c.Beta, 0)
			swapped := n
			swapped.PolicyChosen, swapped.PolicyRejected = n.PolicyRejected, n.PolicyChosen
			swapped.ReferenceChosen, swapped.ReferenceRejected = n.ReferenceRejected, n.ReferenceChosen
			wantLoss, wantChosen, wantRejected := to(p)(c, n)
			loss, dChosen, dRejected := to(1-p)(c, swapped)
			what := fmt.Sprintf("p %g, h %g", p, h)
			near(t, wantLoss, loss, math.Abs(h), what)
			near(t, wantChosen, dRejected, c.Beta, what)
			near(t, wantRejected, dChosen, c.Beta, what)
		}
	}
}

// TestObjectiveOptimum holds that the loss is least where the table's Optimum says, and that its slope is 0 there.
func TestObjectiveOptimum(t *testing.T) {
	for _, c := range []struct {
		objective string
		margin    float64
		choose    Choose
		h         float64
	}{
		{"mmpo", 0, Choose{Beta: 0.4, Gamma: 0.5}, 0}, // a tie
		{"mmpo", 1, Choose{Beta: 0.4, Gamma: 0.5}, 0.5},
		{"mmpo", 4.5, Choose{Beta: 1.5, Gamma: 0.5}, 2.25},
		{"mmpo", 3, Choose{Beta: 0.1, Gamma: 2.2}, 6.6},
		{"cdpo", 3, Choose{Beta: 1.5, Smoothing: 0.1}, math.Log(9)},
		{"cdpo", 0, Choose{Beta: 1.5, Smoothing: 0.25}, math.Log(3)},
	} {
		t.Run(fmt.Sprintf("%s/m=%g", c.objective, c.margin), func(t *testing.T) {
			loss := find(t, c.objective).loss
			least, dChosen, dRejected := loss(c.choose, atMargin(c.h, c.choose.Beta, c.margin))
			near(t, 0, dChosen, 8*c.choose.Beta, "by chosen")
			near(t, 0, dRejected, 8*c.choose.Beta, "by rejected")
			for _, d := range []float64{-0.5, -0.01, 0.01, 0.5} {
				other, _, _ := loss(c.choose, atMargin(c.h+d, c.choose.Beta, c.margin))
				assert.Greater(t, other, least, "h %g", c.h+d)
			}
		})
	}
}

// TestObjectiveExtremes holds that no loss overflows or turns into NaN, however far the policy has moved, and that DPO keeps its digits
// where its loss is tiny and is 0 where the rejected response has become impossible.
func TestObjectiveExtremes(t *testing.T) {
	for _, o := range Objectives {
		t.Run(o.ID, func(t *testing.T) {
			c := o.choose()
			for _, h := range []float64{-1e4, 1e4} {
				for _, margin := range []float64{0, 9} {
					loss, dChosen, dRejected := o.loss(c, atMargin(h, c.Beta, margin))
					for _, x := range []float64{loss, dChosen, dRejected} {
						assert.False(t, math.IsNaN(x) || math.IsInf(x, 0), "h %g, m %g: %g", h, margin, x)
					}
					assert.GreaterOrEqual(t, loss, 0.0)
					assert.Equal(t, dChosen, -dRejected)
				}
			}
		})
	}
	loss, _, _ := find(t, "dpo").loss(Choose{Beta: 1}, atMargin(700, 1, 0))
	assert.InEpsilon(t, repro.Exp(-700), loss, objectiveRelative)
	loss, _, _ = find(t, "dpo").loss(Choose{Beta: 1}, atMargin(math.Inf(1), 1, 0))
	assert.Zero(t, loss)
}

// TestObjectiveStart holds that every objective of this family costs ln 2 before the policy has moved.
func TestObjectiveStart(t *testing.T) {
	for _, id := range []string{"dpo", "mmpo", "cdpo"} {
		o := find(t, id)
		loss, _, _ := o.loss(o.choose(), atMargin(0, o.choose().Beta, 3))
		near(t, math.Ln2, loss, 1, id)
	}
}

func TestFindObjective(t *testing.T) {
	_, ok := FindObjective("DPO")
	assert.False(t, ok, "ids are lower-case")
	for i := range Objectives {
		assert.Same(t, &Objectives[i], find(t, Objectives[i].ID))
	}
}

// TestObjectiveParams holds that what an objective reads is declared, with a default within the limits.
func TestObjectiveParams(t *testing.T) {
	for _, o := range Objectives {
		for _, s := range o.Params {
			p, ok := FindParam(s.Param)
			require.True(t, ok, "%s: %s", o.ID, s.Param)
			assert.Equal(t, "objective", p.Group)
			assert.True(t, p.Min <= s.Default && s.Default <= p.Max, "%s: %s = %g", o.ID, s.Param, s.Default)
		}
	}
}
