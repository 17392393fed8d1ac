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

// chosen returns the objective's own settings changed by KEY=VALUE.
func chosen(t *testing.T, id string, set ...string) Choose {
	t.Helper()
	c, notes, err := find(t, id).Choose(set)
	require.NoError(t, err)
	require.Empty(t, notes)
	return c
}

// TestObjectiveValues compares with PyTorch's autograd on the sources' formulas (testdata/objectives.py).
func TestObjectiveValues(t *testing.T) {
	text, err := os.ReadFile("testdata/objectives.json")
	require.NoError(t, err)
	var cases []struct {
		Objective                   string
		Set                         map[string]any
		Policy, Reference, Partials [2]float64
		Lens                        [2]int
		Margin, KL, H, Loss         float64
	}
	require.NoError(t, json.Unmarshal(text, &cases))
	points, ties := map[string]map[float64]bool{}, map[string]bool{}
	for _, o := range Objectives {
		points[o.ID] = map[float64]bool{}
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s/h=%g,m=%g,kl=%g,%v", c.Objective, c.H, c.Margin, c.KL, c.Set), func(t *testing.T) {
			var set []string
			for param, value := range c.Set {
				set = append(set, fmt.Sprint(param, "=", value))
			}
			choose := chosen(t, c.Objective, set...)
			loss, dChosen, dRejected := find(t, c.Objective).Loss(choose, Numbers{
				PolicyChosen: c.Policy[0], PolicyRejected: c.Policy[1],
				ReferenceChosen: c.Reference[0], ReferenceRejected: c.Reference[1],
				LenChosen: c.Lens[0], LenRejected: c.Lens[1], Margin: c.Margin, KL: c.KL,
			})
			scale := math.Abs(c.H)
			switch c.Objective {
			case "dpo":
				scale = 0 // its target is 1 exactly
			case "scaled":
				scale *= c.Margin
			case "rk", "davidson", "simpo":
				scale += 8 // the constants of the outcomes' probabilities, and the lead
			case "kto":
				scale = 1
			}
			near(t, c.Loss, loss, scale, "loss")
			near(t, c.Partials[0], dChosen, 2*choose.Beta, "by chosen")
			near(t, c.Partials[1], dRejected, 2*choose.Beta, "by rejected")
		})
		points[c.Objective][c.H] = true
		if c.Margin == 0 {
			ties[c.Objective] = true
		}
	}
	for _, o := range Objectives {
		assert.GreaterOrEqual(t, len(points[o.ID]), 12, o.ID)
		assert.True(t, ties[o.ID] || !o.Graded && !o.Tied, "%s has values of ties", o.ID)
	}
}

// TestObjectiveSlopes compares each objective's partials with central differences of its loss.
func TestObjectiveSlopes(t *testing.T) {
	const step, tolerance = 1e-4, 1e-6 // the difference's error: step**2 of a third derivative, and rounding over step
	for _, o := range Objectives {
		t.Run(o.ID, func(t *testing.T) {
			c := o.choose()
			loss := func(dChosen, dRejected float64, n Numbers) float64 {
				n.PolicyChosen += dChosen
				n.PolicyRejected += dRejected
				x, _, _ := o.Loss(c, n)
				return x
			}
			for _, h := range []float64{-30, -4, -1, -0.1, 0, 0.3, 1.25, 2.5, 8, 30} { // not 1, where the hinge has its corner
				for _, margin := range []float64{0, 0.5, 3, 9} {
					n := atMargin(h, c.Beta, margin)
					n.KL = 0.7
					_, dChosen, dRejected := o.Loss(c, n)
					allowed := tolerance * (1 + math.Abs(dChosen))
					assert.InDelta(t, (loss(step, 0, n)-loss(-step, 0, n))/(2*step), dChosen, allowed, "h %g, m %g", h, margin)
					assert.InDelta(t, (loss(0, step, n)-loss(0, -step, n))/(2*step), dRejected, allowed, "h %g, m %g", h, margin)
				}
			}
		})
	}
}

// TestObjectiveIdentities holds that objectives are each other at the ends of their parameters.
func TestObjectiveIdentities(t *testing.T) {
	for _, test := range []struct {
		name, is   string
		set, isSet []string
		margin     float64
		exact      bool    // to the last bit, as one function with another target is
		times      float64 // how often the other's loss it is; 0 is once
	}{
		{name: "mmpo", set: []string{"beta=0.4", "gamma=10"}, margin: 9, is: "dpo", isSet: []string{"beta=0.4"}, exact: true}, // sigma(90) rounds to 1
		{name: "cdpo", set: []string{"beta=0.4", "smoothing=0"}, margin: 3, is: "dpo", isSet: []string{"beta=0.4"}, exact: true},
		{name: "robust", set: []string{"beta=0.4", "smoothing=0"}, margin: 3, is: "dpo", isSet: []string{"beta=0.4"}, exact: true},
		{name: "scaled", set: []string{"beta=0.4"}, margin: 1, is: "dpo", isSet: []string{"beta=0.4"}},
		{name: "scaled", set: []string{"beta=0.4"}, margin: 3, is: "dpo", isSet: []string{"beta=0.4"}, times: 3},
		{name: "margin", set: []string{"beta=0.4"}, margin: 0, is: "dpo", isSet: []string{"beta=0.4"}},
		{name: "odpo", set: []string{"beta=0.4", "form=log", "alpha=3"}, margin: 1, is: "dpo", isSet: []string{"beta=0.4"}},
		{name: "odpo", set: []string{"beta=0.4", "form=identity", "alpha=3"}, margin: 0, is: "dpo", isSet: []string{"beta=0.4"}},
		{name: "odpo", set: []string{"beta=0.4", "form=identity", "alpha=1"}, margin: 4.5, is: "margin", isSet: []string{"beta=0.4"}, exact: true},
		{name: "gdpo", set: []string{"beta=0.4", "gamma=10"}, margin: 9, is: "dpo", isSet: []string{"beta=0.4"}},
		{name: "rpo-sq", set: []string{"beta=1", "gamma=0.5"}, margin: 1, is: "ipo", isSet: []string{"beta=1"}},
		{name: "mmpo", set: []string{"beta=0.4", "gamma=1"}, margin: math.Log(9), is: "cdpo", isSet: []string{"beta=0.4", "smoothing=0.1"}},
		{name: "shuffled", set: []string{"beta=0.4"}, margin: 2, is: "mmpo", isSet: []string{"beta=0.4"}, exact: true},
	} {
		t.Run(fmt.Sprintf("%s %v at %g is %s", test.name, test.set, test.margin, test.is), func(t *testing.T) {
			c, other := chosen(t, test.name, test.set...), chosen(t, test.is, test.isSet...)
			times := max(test.times, 1)
			for _, h := range []float64{-1e4, -700, -20, -1, 0, 0.7, 36, 700, 1e4} {
				n := atMargin(h, c.Beta, test.margin)
				wantLoss, wantChosen, wantRejected := find(t, test.is).Loss(other, n)
				loss, dChosen, dRejected := find(t, test.name).Loss(c, n)
				if test.exact {
					assert.Equal(t, [3]float64{wantLoss, wantChosen, wantRejected}, [3]float64{loss, dChosen, dRejected}, "h %g", h)
					continue
				}
				near(t, times*wantLoss, loss, times*math.Abs(h), "loss")
				near(t, times*wantChosen, dChosen, times*c.Beta, "by chosen")
				near(t, times*wantRejected, dRejected, times*c.Beta, "by rejected")
			}
		})
	}
}

// TestObjectiveSwap holds that exchanging the responses and turning p into 1-p changes nothing.
func TestObjectiveSwap(t *testing.T) {
	c := Choose{Beta: 0.4}
	for _, p := range []float64{0, 0.1, 0.5, 0.75, 1} {
		to := func(p float64) *Objective {
			return &Objective{paired: crossEntropy(func(Choose, float64) float64 { return p })}
		}
		for _, h := range []float64{-1e4, -3, -0.2, 0, 1, 12, 1e4} {
			n := atMargin(h, c.Beta, 0)
			wantLoss, wantChosen, wantRejected := to(p).Loss(c, n)
			loss, dChosen, dRejected := to(1-p).Loss(c, swapped(n))
			what := fmt.Sprintf("p %g, h %g", p, h)
			near(t, wantLoss, loss, math.Abs(h), what)
			near(t, wantChosen, dRejected, c.Beta, what)
			near(t, wantRejected, dChosen, c.Beta, what)
		}
	}
}

// swapped returns n with its responses exchanged.
func swapped(n Numbers) Numbers {
	n.PolicyChosen, n.PolicyRejected = n.PolicyRejected, n.PolicyChosen
	n.ReferenceChosen, n.ReferenceRejected = n.ReferenceRejected, n.ReferenceChosen
	n.LenChosen, n.LenRejected = n.LenRejected, n.LenChosen
	return n
}

// TestObjectiveExtremes holds that no loss overflows or turns into NaN, however far the policy has moved, and that DPO keeps its digits
// where its loss is tiny and is 0 where the rejected response has become impossible.
func TestObjectiveExtremes(t *testing.T) {
	for _, o := range Objectives {
		t.Run(o.ID, func(t *testing.T) {
			c := o.choose()
			for _, h := range []float64{-1e4, -1e3, 1e3, 1e4} {
				for _, margin := range []float64{0, 9} {
					loss, dChosen, dRejected := o.Loss(c, atMargin(h, c.Beta, margin))
					for _, x := range []float64{loss, dChosen, dRejected} {
						assert.False(t, math.IsNaN(x) || math.IsInf(x, 0), "h %g, m %g: %g", h, margin, x)
					}
					if o.ID != "robust" { // its loss is a difference
						assert.GreaterOrEqual(t, loss, 0.0)
					}
					if o.Reward == LogRatio && !o.ReadsBatch() {
						assert.Equal(t, dChosen, -dRejected)
					}
				}
			}
		})
	}
	loss, _, _ := find(t, "dpo").Loss(Choose{Beta: 1}, atMargin(700, 1, 0))
	assert.InEpsilon(t, repro.Exp(-700), loss, objectiveRelative)
	loss, _, _ = find(t, "dpo").Loss(Choose{Beta: 1}, atMargin(math.Inf(1), 1, 0))
	assert.Zero(t, loss)
}

// TestObjectiveStart holds what a pair costs before the policy has moved, by hand: ln 2 for all whose loss is of sigma(h) alone.
func TestObjectiveStart(t *testing.T) {
	start := map[string]float64{
		"dpo": math.Ln2, "mmpo": math.Ln2, "cdpo": math.Ln2, "robust": math.Ln2, "gdpo": math.Ln2, "shuffled": math.Ln2,
		"scaled": 3 * math.Ln2, "margin": math.Log(1 + math.Exp(3)), "odpo": math.Log(1 + 3), "rpo-sq": 1.5 * 1.5, "ipo": 25, "hinge": 1,
		"rpo-fwd": math.Log(math.Cosh(0.75)),            // of Bernoulli(1/2) from sigma(1.5): -log 2 sqrt(p(1-p))
		"rk":      math.Log(4), "davidson": math.Log(4), // half of equals tie, a quarter wins
		"kto": 0.5, "simpo": math.Log(1 + math.Exp(1)),
	}
	for _, o := range Objectives {
		n := atMargin(0, 1, 3)
		if o.Reward == PerToken {
			n.PolicyRejected, n.LenRejected = n.PolicyChosen, n.LenChosen
		}
		loss, _, _ := o.Loss(chosen(t, o.ID, defaultsByHand[o.ID]...), n)
		near(t, start[o.ID], loss, 8, o.ID)
	}
}

// defaultsByHand are the settings at which TestObjectiveStart's values were worked out, where other defaults may come to suit a world.
var defaultsByHand = map[string][]string{
	"odpo": {"alpha=1", "form=log"}, "rpo-sq": {"gamma=0.5"}, "rpo-fwd": {"gamma=0.5"}, "ipo": {"beta=0.1"}, "rk": {"draw=0.5"}, "davidson": {"draw=0.5"},
	"simpo": {"lead=1"},
}

func TestBatchKL(t *testing.T) {
	moved := func(chosen, rejected float64) Numbers {
		return Numbers{PolicyChosen: -20 + chosen, PolicyRejected: -30 + rejected, ReferenceChosen: -20, ReferenceRejected: -30}
	}
	assert.Equal(t, 1.5, BatchKL([]Numbers{moved(1, 2), moved(4, -1)}))
	assert.Zero(t, BatchKL([]Numbers{moved(1, 2), moved(-4, -1)}), "it is never negative")
	assert.Zero(t, BatchKL(nil))
}
