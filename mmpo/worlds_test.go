package mmpo

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
)

func TestEveryWorldHasADefault(t *testing.T) {
	require.Len(t, WorldDefaults, len(datasets.Worlds))
	for i, w := range datasets.Worlds {
		t.Run(w.ID, func(t *testing.T) {
			d, ok := FindWorldDefault(w.ID)
			require.True(t, ok)
			assert.Equal(t, WorldDefaults[i], d, "in the order of the worlds")
			assert.Regexp(t, `^[A-Z].*\.$`, d.Point)
			c, notices, err := ParseLink(d.Link)
			require.NoError(t, err)
			assert.Empty(t, notices)
			assert.Equal(t, d.Link, c.Link(), "as links are written")
			for _, e := range []Experiment{c.A, c.B} {
				assert.Equal(t, w.ID, e.World)
				require.NoError(t, e.Validate())
				_, shipped := FindShipped(e)
				assert.True(t, shipped, "play starts at once")
			}
			c.A.Objective = c.B.Objective
			assert.Equal(t, c.A, c.B, "the sides differ in nothing but the objective")
		})
	}
}

// alien returns stakes that the world does not have.
func alien(w *datasets.World) string {
	for _, other := range datasets.Worlds {
		for _, s := range other.Stakes {
			if !w.HasStakes(s.ID) {
				return s.ID
			}
		}
	}
	return ""
}

func TestStakesBelongToWorlds(t *testing.T) {
	for _, w := range datasets.Worlds {
		t.Run(w.ID, func(t *testing.T) {
			first := w.Stakes[0].ID
			c, notices, err := ParseLink("world=" + w.ID)
			require.NoError(t, err)
			assert.Empty(t, notices)
			assert.Equal(t, []string{first, first}, []string{c.A.Stakes, c.B.Stakes}, "a world's first stakes are its default")
			again, _, err := ParseLink(c.Link())
			require.NoError(t, err)
			assert.Equal(t, c, again)

			other := alien(w)
			if other == "" {
				t.Skip("all stakes are this world's")
			}
			c, notices, err = ParseLink("b.stakes=" + other + "&world=" + w.ID)
			require.NoError(t, err)
			said := "Stakes: " + w.Title + ` has no "` + other + `", so "` + first + `" is used`
			assert.Equal(t, []string{said}, notices)
			assert.Equal(t, []string{first, first}, []string{c.A.Stakes, c.B.Stakes})
			c.B.Stakes = other
			assert.EqualError(t, c.B.Validate(), said)
		})
	}
}
