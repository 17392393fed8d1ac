package mmpo

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/toy/kernel"
)

func TestSupportReferenceLearntTheWriters(t *testing.T) {
	k := kernel.New()
	t.Cleanup(k.Close)
	c, _, err := ParseLink("world=support&pairs=2048")
	require.NoError(t, err)
	reference, err := LoadShipped(k, c.A)
	require.NoError(t, err)
	lab := NewLab(k, reference, nil)
	p, err := lab.Pairs(c.A)
	require.NoError(t, err)
	assert.InDelta(t, 5.29, p.Summary.MeanTrue, 0.15, "the writers' mean by hand (datasets/support_test.go), a standard error of 0.03, and what the model misses")
	valid := 0.0
	for _, pair := range p.Train {
		if lab.Reference.World.Judge("service", pair.Prompt, pair.Chosen).Valid {
			valid++
		}
	}
	assert.Greater(t, valid/float64(len(p.Train)), 0.97)
}
