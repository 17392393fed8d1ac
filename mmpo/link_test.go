package mmpo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParamsAreDeclaredOnce(t *testing.T) {
	seen, fields := map[string]bool{}, map[any]string{}
	var e Experiment
	for _, p := range Params {
		assert.False(t, seen[p.ID], "%s stands twice", p.ID)
		seen[p.ID] = true
		field := p.field(&e)
		assert.Empty(t, fields[field], "%s has the field of %s", p.ID, fields[field])
		fields[field] = p.ID
		assert.Equal(t, strings.ToLower(p.ID), p.ID)
		assert.NotEmpty(t, p.Title)
		assert.True(t, strings.HasSuffix(p.Help, "."), "the help of %s is a sentence", p.ID)
		if p.Kind != Choice {
			assert.Less(t, p.Min, p.Max, p.ID)
		}
		note, err := p.Set(&e, p.Default)
		require.NoError(t, err)
		assert.Empty(t, note, "the default of %s is within its limits", p.ID)
		assert.Equal(t, p.Default, p.Get(&e), "the default of %s is written as links write it", p.ID)
	}
}

func TestDefaultComparison(t *testing.T) {
	c := DefaultComparison()
	assert.Equal(t, "v=1&seed=1", c.Link())
	require.NoError(t, c.A.Validate())
	require.NoError(t, c.B.Validate())
	assert.Equal(t, "dpo", c.A.Objective.ID)
	assert.Equal(t, "mmpo", c.B.Objective.ID)
	c.A.Objective = c.B.Objective
	assert.Equal(t, c.A, c.B, "the sides differ in nothing but the objective")
}

func TestLinks(t *testing.T) {
	for _, link := range []string{
		"v=1&seed=1",
		"v=1&seed=9007199254740992",
		"v=1&stakes=flat&pairs=64&levels=2&noise=1.25&ties=drop&lr=0.001&steps=20&batch=8&decay=0&clip=0.5&width=64&layers=3&heads=2&seed=7",
		"v=1&levels=7&seed=1",
		"v=1&a.levels=2&b.levels=10&seed=1",
		"v=1&a.objective=cdpo&b.beta=0.7&b.gamma=2.2&a.smoothing=0.2&seed=1",
		"v=1&objective=mmpo&a.gamma=0.1&seed=1",
		"v=1&b.levels=2&seed=3",
		"v=1&a.seed=2",
		"v=1&world=data:0123456789abcdef&seed=1",
		"v=1&levels=2&ties=coin&cut=7&bias=-1.5&low=7&high=9&lazy=0.2&longer=0.1&polish=2&raters=3&habits=first&combine=majority&seconds=30&seed=1",
		"v=1&levels=8&asks=comparison&rounding=random&raters=9&combine=keep&seed=1",
		"v=1&levels=5&cuts=quantiles&b.bias=1&a.raters=5&a.habits=first&seed=1",
	} {
		c, notices, err := ParseLink("#" + link)
		require.NoError(t, err, link)
		assert.Empty(t, notices, link)
		assert.Equal(t, link, c.Link())
		require.NoError(t, c.A.Validate())
		require.NoError(t, c.B.Validate())
	}
}

func TestLinkSetsBothSidesOrOne(t *testing.T) {
	c, _, err := ParseLink("v=1&levels=5&a.levels=2&beta=0.3&b.gamma=1")
	require.NoError(t, err)
	assert.Equal(t, []int{2, 5}, []int{c.A.Grader.Levels, c.B.Grader.Levels})
	assert.Equal(t, []float64{0.3, 0.3}, []float64{c.A.Objective.Beta, c.B.Objective.Beta})
	assert.Equal(t, []float64{0, 1}, []float64{c.A.Objective.Gamma, c.B.Objective.Gamma}, "DPO has no gamma")
}

func TestLinkUndoesEscapes(t *testing.T) {
	c, notices, err := ParseLink("v=1&world=data%3A0123456789abcdef&%6cr=0.01&lr=0.5")
	require.NoError(t, err)
	assert.Empty(t, notices)
	assert.Equal(t, "data:0123456789abcdef", c.A.World)
	assert.Equal(t, 0.01, c.A.Train.LR, "of a key that stands twice the first counts")
}

func TestLinkNotices(t *testing.T) {
	for _, test := range []struct{ link, notice, written string }{
		{"lr=99", "Learning rate: 99 is not possible, so 1 is used", "v=1&lr=1&seed=1"},
		{"lr=-1", "Learning rate: -1 is not possible, so 0.00001 is used", "v=1&lr=0.00001&seed=1"},
		{"lr=1e999", "Learning rate: 1e999 is not possible, so 1 is used", "v=1&lr=1&seed=1"},
		{"levels=1", "Feedback: 1 is not possible, so 2 is used", "v=1&levels=2&seed=1"},
		{"steps=10.4", "Steps: 10.4 is not possible, so 10 is used", "v=1&steps=10&seed=1"},
		{"width=50", "Width: 50 is not possible, so 48 is used", "v=1&seed=1"},
		{"seed=-3", "Seed: -3 is not possible, so 0 is used", "v=1&seed=0"},
		{"color=red", `"color" is not a setting that this version knows, so it is ignored`, "v=1&seed=1"},
		{"c.lr=1", `"c.lr" is not a setting that this version knows, so it is ignored`, "v=1&seed=1"},
	} {
		c, notices, err := ParseLink(test.link)
		require.NoError(t, err, test.link)
		assert.Equal(t, []string{test.notice}, notices, test.link)
		assert.Equal(t, test.written, c.Link(), test.link)
	}
}

func TestLinksClaimFingerprints(t *testing.T) {
	claim := Claim{Engine: EngineVersion, A: strings.Repeat("a1", 32), B: strings.Repeat("b2", 32)}
	link := DefaultComparison().Link() + claim.Link()
	assert.Equal(t, claim, LinkClaim("#"+link))
	c, notices, err := ParseLink(link)
	require.NoError(t, err)
	assert.Empty(t, notices, "a claim is no setting")
	assert.Equal(t, DefaultComparison(), c)
	assert.Equal(t, Claim{}, LinkClaim("v=1&seed=1"))
	assert.Equal(t, Claim{}, LinkClaim("v=1&engine=1&a.fingerprint=12&b.fingerprint=34"), "a piece of a fingerprint proves nothing")
	assert.Empty(t, Claim{}.Link())
}

func TestLinkErrors(t *testing.T) {
	for link, message := range map[string]string{
		"objective=ppo":       `objective: there is no "ppo"`,
		"a.objective=ppo":     `objective: there is no "ppo"`,
		"stakes=huge":         `stakes: there is no "huge"`,
		"world=mars":          `world: there is no "mars"`,
		"world=data:xyz":      `world: there is no "data:xyz"`,
		"lr=fast":             `lr: "fast" is not a number`,
		"lr=NaN":              `lr: "NaN" is not a number`,
		"steps=":              `steps: "" is not a number`,
		"heads=3":             `heads: there is no "3"`,
		"v=2":                 `the link has version "2"; this page reads version 1`,
		"lr=%zz":              `the link cannot be read: it has "%zz", which stands for nothing`,
		"lr=1%2":              `the link cannot be read: it has "%2", which stands for nothing`,
		"a=" + longText(9000): "the link is 9002 bytes long; a link of Margins has at most 8192",
	} {
		_, _, err := ParseLink(link)
		assert.EqualError(t, err, message, "%.40s", link)
	}
}

func longText(n int) string { return strings.Repeat("x", n) }

func TestValidate(t *testing.T) {
	for message, spoil := range map[string]func(*Experiment){
		`objective: there is no ""`:                       func(e *Experiment) { e.Objective.ID = "" },
		`Learning rate: 7 is not possible, so 1 is used`:  func(e *Experiment) { e.Train.LR = 7 },
		`Pairs: 1000000 is not possible, so 4096 is used`: func(e *Experiment) { e.Pairs = 1000000 },
		`heads: there is no "3"`:                          func(e *Experiment) { e.Model.Heads = 3 },
		`gamma: 0 is not possible, so 0.01 is used`:       func(e *Experiment) { e.Objective.Gamma = 0 },
		`ties: there is no "flip"`:                        func(e *Experiment) { e.Grader.Ties = "flip" },
		`Feedback: 101 is not possible, so 100 is used`:   func(e *Experiment) { e.Grader.Levels = 101 },
	} {
		e := DefaultComparison().B
		spoil(&e)
		assert.EqualError(t, e.Validate(), message)
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add("v=1&seed=1")
	f.Add("#a.objective=cdpo&a.smoothing=0.2&b.levels=exact&lr=1e-9")
	f.Fuzz(func(t *testing.T, link string) {
		c, _, err := ParseLink(link)
		if err != nil {
			return
		}
		written := c.Link()
		again, notices, err := ParseLink(written)
		if err != nil || len(notices) > 0 || again != c {
			t.Fatalf("%q was read as %+v, written as %q, and read as %+v with %q, %v", link, c, written, again, notices, err)
		}
		if c.A.Validate() != nil || c.B.Validate() != nil {
			t.Fatalf("%q gives an experiment that is not valid", link)
		}
		if claim := LinkClaim(link); LinkClaim(written+claim.Link()) != claim && claim.Engine != "" {
			t.Fatalf("%q claims %+v, and what is written of that does not", link, claim)
		}
	})
}
