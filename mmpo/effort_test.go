package mmpo

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFeedback(t *testing.T) {
	thumbs := experiment(t, "mmpo", func(e *Experiment) { e.Pairs, e.Grader.Levels, e.Grader.Raters = 100, 2, 3 })
	assert.InDeltaMapValues(t, map[string]float64{"pairs": 100, "bits": 600, "minutes": 60}, thumbs.Feedback(), 1e-9)

	// What an experiment asks for is what its raters answer.
	e := experiment(t, "mmpo", func(e *Experiment) { e.Pairs, e.Grader.Levels = 64, 5 })
	p, err := shippedLab(t).Pairs(e)
	require.NoError(t, err)
	assert.Equal(t, e.Grader.Effort(64).Bits, p.Summary.Effort.Bits)
	assert.Equal(t, e.Grader.Effort(64).Minutes, p.Summary.Effort.Minutes)
}
