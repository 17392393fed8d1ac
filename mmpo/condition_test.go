package mmpo

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConditionsAreOfEarlierParameters(t *testing.T) {
	known := map[string]*Param{}
	for i := range Params {
		p := &Params[i]
		for _, c := range p.When {
			on := known[c.Param]
			require.NotNil(t, on, "%s is read by a condition of %s, which stands before it", c.Param, p.ID)
			_, canonical, note, err := on.check(c.Is)
			require.NoError(t, err)
			assert.Empty(t, note)
			assert.Equal(t, c.Is, canonical, "the condition of %s is as links write it", p.ID)
		}
		known[p.ID] = p
	}
	for _, p := range Params {
		for _, o := range p.Options {
			for _, c := range o.When {
				_, _, _, err := known[c.Param].check(c.Is)
				require.NoError(t, err)
			}
		}
	}
}

func TestWhatIsNotReadIsNotInALink(t *testing.T) {
	for link, want := range map[string]string{
		"levels=5&cut=7&seed=1":                           "v=1&levels=5&seed=1",
		"levels=2&cut=7&cuts=quantiles&seed=1":            "v=1&levels=2&cuts=quantiles&seed=1",
		"levels=2&cut=7&rounding=random&seed=1":           "v=1&levels=2&rounding=random&seed=1",
		"rounding=random&cuts=quantiles&seed=1":           "v=1&seed=1",
		"combine=keep&habits=first&seed=1":                "v=1&seed=1",
		"asks=comparison&bias=2&low=7&cuts=quantiles&v=1": "v=1&asks=comparison&seed=1",
	} {
		c, notices, err := ParseLink(link)
		require.NoError(t, err)
		assert.Empty(t, notices)
		assert.Equal(t, want, c.Link(), link)
		again, _, err := ParseLink(want)
		require.NoError(t, err)
		assert.Equal(t, again, c, "settings that run alike are equal")
	}
	c := DefaultComparison()
	c.A.Grader.Cut, c.B.Grader.Habits = 8, "first" // as a page may have left them
	assert.Equal(t, "v=1&seed=1", c.Link())
}

func TestRatersAreAskedForMore(t *testing.T) {
	first := []string{}
	for _, p := range Params {
		if p.Group == "grader" && !p.More {
			first = append(first, p.ID)
		}
		assert.False(t, p.More && p.Group != "grader", "the page asks for more about the rater alone")
	}
	assert.True(t, slices.Contains(first, "levels"))
	assert.Len(t, first, 3, "%v", first)
}
