package main

import (
	"context"
	"encoding/json"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

// The run that the page shows before its engine is loaded is one that this engine makes: `make record` after any change of its bits.
func TestTheRecordedRunReplays(t *testing.T) {
	b, err := os.ReadFile("site/public/recorded/default.json")
	require.NoError(t, err)
	var kept struct {
		Engine, Link string
		A, B         struct{ State recordedState }
	}
	require.NoError(t, json.Unmarshal(b, &kept))
	assert.Equal(t, mmpo.EngineVersion, kept.Engine)
	c, notices, err := mmpo.ParseLink(kept.Link)
	require.NoError(t, err)
	assert.Empty(t, notices)
	assert.Equal(t, mmpo.DefaultComparison(), c)
	reference, err := encodedReference(c.A)
	require.NoError(t, err)
	var group sync.WaitGroup
	for fingerprint, e := range map[string]mmpo.Experiment{kept.A.State.Fingerprint: c.A, kept.B.State.Fingerprint: c.B} {
		group.Go(func() {
			result, err := complete(context.Background(), e, reference, nil)
			assert.NoError(t, err)
			assert.Equal(t, fingerprint, result.Fingerprint, "%s: make record", e.Objective.ID)
		})
	}
	group.Wait()
}
