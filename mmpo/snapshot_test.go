package mmpo

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/toy"
)

func TestRestoredRunsGoOnWithTheSameBits(t *testing.T) {
	lab := shippedLab(t)
	e := experiment(t, "mmpo", quick)
	whole := newRun(t, lab, e)
	var rows []Row
	for !whole.Done() {
		rows = append(rows, whole.Step())
	}
	cut := newRun(t, lab, e)
	for range 5 { // in the middle of an epoch of two batches
		cut.Step()
	}
	b := cut.Snapshot()
	stored, err := SnapshotExperiment(b)
	require.NoError(t, err)
	assert.Equal(t, e, stored)

	lab = shippedLab(t) // another tab
	resumed := newRun(t, lab, e)
	resumed.Step() // which had begun something else
	require.NoError(t, resumed.Restore(b))
	assert.Equal(t, 5, resumed.Taken())
	for i := 5; !resumed.Done(); i++ {
		assert.Equal(t, rows[i].At("loss"), resumed.Step().At("loss"))
	}
	assert.Equal(t, whole.Fingerprint(), resumed.Fingerprint())
}

func TestRestoreRefuses(t *testing.T) {
	lab := shippedLab(t)
	run := newRun(t, lab, experiment(t, "mmpo", quick))
	run.Step()
	before := run.Fingerprint()
	other := newRun(t, lab, experiment(t, "mmpo", func(e *Experiment) {
		quick(e)
		e.Grader.Levels = 2
	}))
	diverging := newRun(t, lab, experiment(t, "dpo", quick))
	for message, b := range map[string][]byte{
		"this is not a checkpoint of Margins":                    nil,
		"this checkpoint is not of a run":                        lab.Reference.Encode(),
		"the checkpoint is of another experiment":                other.Snapshot(),
		"the checkpoint has other weights than this run":         toy.EncodeCheckpoint(metadata(t, run.Snapshot()), run.policy),
		"the checkpoint is damaged: its checksum does not match": append(run.Snapshot(), 0),
	} {
		assert.EqualError(t, run.Restore(b), message)
	}
	assert.EqualError(t, run.Restore(diverging.Snapshot()), "the checkpoint is of another experiment")
	assert.Equal(t, before, run.Fingerprint())
	assert.Equal(t, 1, run.Taken())
}

func metadata(t *testing.T, checkpoint []byte) []byte {
	t.Helper()
	b, err := toy.CheckpointMetadata(checkpoint)
	require.NoError(t, err)
	return b
}
