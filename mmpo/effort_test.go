package mmpo

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAbscissas(t *testing.T) {
	thumbs := experiment(t, "mmpo", func(e *Experiment) { e.Pairs, e.Grader.Levels, e.Grader.Raters = 100, 2, 3 })
	for id, want := range map[string]float64{"pairs": 100, "bits": 600, "minutes": 60} {
		a, ok := FindAbscissa(id)
		require.True(t, ok)
		assert.InDelta(t, want, a.Of(thumbs), 1e-9, id)
	}
	_, ok := FindAbscissa("miles")
	assert.False(t, ok)

	// What an experiment asks for is what its raters answer.
	e := experiment(t, "mmpo", func(e *Experiment) { e.Pairs, e.Grader.Levels = 64, 5 })
	p, err := shippedLab(t).Pairs(e)
	require.NoError(t, err)
	assert.Equal(t, e.Grader.Effort(64).Bits, p.Summary.Effort.Bits)
	assert.Equal(t, e.Grader.Effort(64).Minutes, p.Summary.Effort.Minutes)
}
