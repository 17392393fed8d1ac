package mmpo

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests hold that each entry of Objectives does what it says of itself; that it computes its formula is in objective_test.go.

// TestTies holds what each entry's Ties says: where a tied pair pulls h, if it pulls at all.
func TestTies(t *testing.T) {
	up := []string{"dpo", "cdpo", "robust", "margin", "simpo", "ipo", "hinge", "kto"}
	toZero := []string{"mmpo", "shuffled", "rpo-sq", "rpo-fwd", "rk", "davidson"}
	nowhere := []string{"scaled", "gdpo"}
	for _, o := range Objectives {
		t.Run(o.ID, func(t *testing.T) {
			c := o.choose()
			pull := func(h float64) float64 { // how much more likely the chosen response is made
				_, dChosen, _ := o.Loss(c, atMargin(h, c.Beta, 0))
				return -dChosen
			}
			switch {
			case o.ID == "odpo":
				c.Form = formLog
				loss, dChosen, dRejected := o.Loss(c, atMargin(-2, c.Beta, 0))
				assert.Equal(t, [3]float64{}, [3]float64{loss, dChosen, math.Abs(dRejected)}, "it is left out")
				assert.True(t, math.IsNaN(o.Best(c, 0)))
				c.Form = formIdentity
				assert.Positive(t, pull(0))
				assert.Equal(t, inf, o.Best(c, 0))
			case slices.Contains(up, o.ID):
				assert.Positive(t, pull(0))
				assert.Positive(t, o.Best(c, 0))
			case slices.Contains(toZero, o.ID):
				assert.Positive(t, pull(-2))
				assert.InDelta(t, 0, pull(0), 1e-15)
				assert.Negative(t, pull(2))
				assert.Zero(t, o.Best(c, 0))
			case slices.Contains(nowhere, o.ID):
				for _, h := range []float64{-2, 0, 2} {
					assert.Zero(t, pull(h))
				}
				assert.True(t, math.IsNaN(o.Best(c, 0)))
			default:
				t.Error("nobody says what it does with ties")
			}
		})
	}
}

// TestObjectiveOptimum holds that each loss is least where Best says: at a finite h its slope is 0 and every other h costs more; where
// there is none, the loss falls as far as anyone looks.
func TestObjectiveOptimum(t *testing.T) {
	for _, o := range Objectives {
		for _, form := range []string{formIdentity, formLog} {
			c := o.choose()
			if c.Form == "" && form == formLog {
				continue
			}
			if c.Form != "" {
				c.Form = form
			}
			for _, margin := range []float64{0, 0.5, 1, 4.5, 9} {
				t.Run(fmt.Sprintf("%s%s/m=%g", o.ID, c.Form, margin), func(t *testing.T) {
					switch best := o.Best(c, margin); {
					case math.IsInf(best, 1):
						points := Curve(&o, c, margin, -20, 20, 81)
						for i := range points[1:] {
							assert.Less(t, points[i+1].Loss, points[i].Loss, "h %g", points[i+1].H)
							assert.Negative(t, points[i].Slope)
						}
					case math.IsNaN(best):
						for _, p := range Curve(&o, c, margin, -20, 20, 9) {
							assert.Zero(t, p.Slope)
						}
					default:
						isLeast(t, &o, c, margin, best)
					}
				})
			}
		}
	}
	c := chosen(t, "cdpo", "smoothing=0")
	assert.Equal(t, inf, find(t, "cdpo").Best(c, 3), "without smoothing it is DPO")
}

// isLeast asserts that the loss at margin has its least value at h.
func isLeast(t *testing.T, o *Objective, c Choose, margin, h float64) {
	t.Helper()
	at := func(h float64) CurvePoint { return Curve(o, c, margin, h, h, 2)[0] }
	if least := at(h); assert.InDelta(t, 0, least.Slope, 1e-12) {
		for _, d := range []float64{-8, -0.5, -0.01} {
			assert.Greater(t, at(h+d).Loss, least.Loss, "h %g", h+d)
			assert.Negative(t, at(h+d).Slope)
		}
		for _, d := range []float64{0.01, 0.5, 8} {
			if o.ID == "hinge" { // flat from there on
				assert.Equal(t, CurvePoint{H: h + d}, at(h+d))
				continue
			}
			assert.Greater(t, at(h+d).Loss, least.Loss, "h %g", h+d)
			assert.Positive(t, at(h+d).Slope)
		}
	}
}

// TestMatches holds that the objectives said to match margins, and they alone, are least at h = gamma m.
func TestMatches(t *testing.T) {
	for _, o := range Objectives {
		c := o.choose()
		matches := o.reads("gamma")
		for _, margin := range []float64{0.5, 3, 9} {
			matches = matches && o.Best(c, margin) == c.Gamma*margin
		}
		assert.Equal(t, matches, o.Matches, o.ID)
	}
}

// TestGradedAndTied holds that a loss depends on the margin's size, and on whether the pair is a tie, just where its entry says so.
func TestGradedAndTied(t *testing.T) {
	for _, o := range Objectives {
		c := o.choose()
		loss := func(margin float64) float64 {
			x, _, _ := o.Loss(c, atMargin(0.3, c.Beta, margin))
			return x
		}
		assert.Equal(t, o.Graded, loss(1.5) != loss(3), "%s: graded", o.ID)
		assert.Equal(t, o.Tied, !o.Graded && loss(0) != loss(3), "%s: tied", o.ID)
	}
}

// TestReward holds what each objective reads: that sums are against the reference whatever the lengths, and averages without it.
func TestReward(t *testing.T) {
	for _, o := range Objectives {
		c := o.choose()
		values := func(n Numbers) [3]float64 {
			loss, dChosen, dRejected := o.Loss(c, n)
			return [3]float64{loss, dChosen, dRejected}
		}
		n := atMargin(0.3, c.Beta, 3)
		longer, likelier := n, n
		longer.LenChosen, longer.LenRejected = 50, 3
		likelier.ReferenceChosen++
		assert.Equal(t, o.Reward == PerToken, values(n) != values(longer), "%s: lengths", o.ID)
		assert.Equal(t, o.Reward == LogRatio, values(n) != values(likelier), "%s: reference", o.ID)
		likelier.KL = 2
		assert.Equal(t, o.ReadsBatch(), values(longer) != values(Numbers{
			PolicyChosen: n.PolicyChosen, PolicyRejected: n.PolicyRejected, ReferenceChosen: n.ReferenceChosen,
			ReferenceRejected: n.ReferenceRejected, LenChosen: 50, LenRejected: 3, Margin: 3, KL: 2,
		}), "%s: batch", o.ID)
	}
}

func TestCurve(t *testing.T) {
	o := find(t, "mmpo")
	c := chosen(t, "mmpo", "beta=0.4", "gamma=0.5")
	points := Curve(o, c, 3, -4, 6, 21)
	require.Len(t, points, 21)
	assert.Equal(t, []float64{-4, 1, 6}, []float64{points[0].H, points[10].H, points[20].H})
	for i, p := range points {
		loss, dChosen, _ := o.Loss(c, atMargin(p.H, c.Beta, 3))
		near(t, loss, p.Loss, 8, "loss")
		near(t, dChosen, c.Beta*p.Slope, 8, "slope")
		if i > 0 {
			assert.Equal(t, p.H > 1.5, p.Slope > 0, "the optimum is h = 1.5, not %g", p.H)
		}
	}
	kto := Curve(find(t, "kto"), chosen(t, "kto"), 3, -2, 2, 5)
	assert.InDelta(t, 0.5, kto[2].Loss, 1e-15)
	assert.InDelta(t, -0.125, kto[2].Slope, 1e-15, "of sigma(-h/2)")
}

func TestFindObjective(t *testing.T) {
	_, ok := FindObjective("DPO")
	assert.False(t, ok, "ids are lower-case")
	for i := range Objectives {
		assert.Same(t, &Objectives[i], find(t, Objectives[i].ID))
	}
}

// TestObjectiveParams holds that what an objective reads is declared, with a default within the limits, and that it alone is read.
func TestObjectiveParams(t *testing.T) {
	for _, o := range Objectives {
		c := o.choose()
		n := Numbers{
			PolicyChosen: -11, PolicyRejected: -14.5, ReferenceChosen: -12.25, ReferenceRejected: -14, LenChosen: 5, LenRejected: 6, Margin: 2, KL: 0.5,
		}
		was, _, _ := o.Loss(c, n)
		tie := n
		tie.Margin = 0
		wasTie, _, _ := o.Loss(c, tie)
		for i := range Params {
			p := &Params[i]
			if !p.isOfObjective() {
				assert.False(t, o.reads(p.ID), "%s: %s", o.ID, p.ID)
				continue
			}
			e, matters := Experiment{Objective: c}, false
			for _, other := range []string{"0.3", "3", formIdentity, formLog} {
				e.Objective = c
				_, _ = p.Set(&e, other) // text of another kind changes nothing
				is, _, _ := o.Loss(e.Objective, n)
				isTie, _, _ := o.Loss(e.Objective, tie)
				matters = matters || is != was || isTie != wasTie
			}
			assert.Equal(t, o.reads(p.ID), matters, "%s: %s", o.ID, p.ID)
		}
	}
}

// TestChooseIsDeclared holds that every field of Choose is a parameter, so that links carry it and normalize knows it.
func TestChooseIsDeclared(t *testing.T) {
	fields := 0
	for i := range Params {
		if p := &Params[i]; p.Group == "objective" {
			fields++
		}
	}
	assert.Equal(t, reflect.TypeFor[Choose]().NumField(), fields)
}

func TestChoose(t *testing.T) {
	o := find(t, "odpo")
	c, notes, err := o.Choose([]string{"beta=99", "form=identity"})
	require.NoError(t, err)
	assert.Equal(t, []string{"beta: 99 is not possible, so 10 is used"}, notes)
	assert.Equal(t, Choose{ID: "odpo", Beta: 10, Alpha: o.choose().Alpha, Form: formIdentity}, c)
	for set, message := range map[string]string{
		"gamma=1":    `odpo has no parameter "gamma"`,
		"lr=1":       `odpo has no parameter "lr"`,
		"beta":       `beta: "" is not a number`,
		"form=cubic": `form: there is no "cubic"`,
	} {
		_, _, err := o.Choose([]string{set})
		assert.EqualError(t, err, message)
	}
}

// TestShuffledMarginsBelongToOtherPairs holds that the control exchanges the margins of training pairs, and changes nothing else.
func TestShuffledMarginsBelongToOtherPairs(t *testing.T) {
	lab := shippedLab(t)
	run := func(objective string) *Run { return newRun(t, lab, experiment(t, objective, quick)) }
	own, dealt := run("mmpo"), run("shuffled")
	assert.Equal(t, own.Pairs.Train, dealt.Pairs.Train)
	assert.Equal(t, own.Pairs.HeldOut, dealt.Pairs.HeldOut)
	for i := range own.told {
		assert.Equal(t, own.pair(i).Margin(), own.told[i])
	}
	train := len(own.Pairs.Train)
	assert.Equal(t, own.told[train:], dealt.told[train:], "held-out pairs keep theirs")
	assert.NotEqual(t, own.told[:train], dealt.told[:train])
	assert.ElementsMatch(t, own.told[:train], dealt.told[:train])
	assert.Equal(t, dealt.told, run("shuffled").told, "the seed decides")
	assert.NotEqual(t, dealt.told, dealt.Pairs.told(dealt.objective, 2))

	row, rowDealt := own.Step(), dealt.Step()
	assert.Equal(t, row.At("logps/chosen"), rowDealt.At("logps/chosen"), "the batches are the same")
	assert.Equal(t, row.At("loss"), rowDealt.At("loss"), "at h = 0 every margin costs ln 2")
	assert.NotEqual(t, row.At("grad_norm"), rowDealt.At("grad_norm"))
}

// TestKTOReadsTheWholeBatch holds that a batch of several passes has one KL, that of all its pairs, and so has an evaluation.
func TestKTOReadsTheWholeBatch(t *testing.T) {
	lab := shippedLab(t)
	r := newRun(t, lab, experiment(t, "kto", func(e *Experiment) { e.Pairs, e.Train.Steps, e.Train.Batch = 128, 4, 128 }))
	for i := range r.referenceChosen { // as if the policy had moved, differently for each pair
		r.referenceChosen[i] -= float64(i % 7)
		r.referenceRejected[i] += 0.5
	}
	expected := func(pairs []int) float64 {
		sum := 0.0
		r.forEach(r.policy, pairs, func(i int, chosen, rejected float64) {
			sum += chosen - r.referenceChosen[i] + rejected - r.referenceRejected[i]
		}, nil)
		return sum / float64(2*len(pairs))
	}
	want := expected(indices(128))
	require.Greater(t, want, 1.0)
	r.learn(indices(128), &meter{})
	assert.InDelta(t, want, r.kl, 1e-9)
	all := indices(len(r.margins))
	r.Evaluate(newRow(0))
	assert.InDelta(t, expected(all[128:]), r.kl, 1e-9)
	dpo := newRun(t, lab, experiment(t, "dpo", quick))
	dpo.Step()
	assert.Zero(t, dpo.kl, "objectives of pairs read none")
}

// TestLinksCarryWhatIsRead holds that a link carries what an objective reads, moved from its default, and nothing that it does not read.
func TestLinksCarryWhatIsRead(t *testing.T) {
	moved := map[string]string{"beta": "0.7", "gamma": "0.9", "smoothing": "0.2", "alpha": "0.3", "form": formIdentity, "lead": "2.5", "draw": "0.3"}
	all := ""
	for param, value := range moved {
		all += "&" + param + "=" + value
	}
	for _, o := range Objectives {
		t.Run(o.ID, func(t *testing.T) {
			c, notices, err := ParseLink("b.objective=" + o.ID + all)
			require.NoError(t, err)
			require.Empty(t, notices)
			for param, value := range moved {
				p, ok := FindParam(param)
				require.True(t, ok)
				if o.reads(param) {
					assert.Equal(t, value, p.Get(&c.B))
				} else {
					assert.Contains(t, []string{"0", ""}, p.Get(&c.B), param)
				}
			}
			require.NoError(t, c.B.Validate())
			again, notices, err := ParseLink(c.Link())
			require.NoError(t, err)
			assert.Empty(t, notices)
			assert.Equal(t, c, again)
			for _, s := range o.Params {
				assert.Contains(t, c.Link(), s.Param+"="+moved[s.Param])
			}
		})
	}
	for i := range Params {
		if p := &Params[i]; p.isOfObjective() {
			assert.Contains(t, moved, p.ID, "this test moves every parameter")
		}
	}
}
