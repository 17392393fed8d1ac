package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

func TestRewardModelsAndRunsAreRead(t *testing.T) {
	s, page := newSession()
	few := short(t, func(e *mmpo.Experiment) { e.Train.Steps = 2 })
	reference := shippedReference(t)
	s.Handle(Request{ID: 1, Type: Reward, Experiment: few}, Attachments{Reference: reference})
	rewarded, _ := last[Rewarded](t, page)
	assert.Equal(t, 1, rewarded.ID)
	require.Len(t, rewarded.Models, len(mmpo.RewardMethods))
	assert.Equal(t, "mm", rewarded.Models[1].Method.ID)
	assert.Len(t, rewarded.Models[1].Best.True, 64)

	s.Handle(Request{ID: 2, Type: Open, Experiment: few}, Attachments{Reference: reference})
	s.Handle(Request{ID: 3, Type: Step}, Attachments{})
	s.Handle(Request{ID: 4, Type: Save}, Attachments{})
	_, saved := last[Saved](t, page)
	s.Handle(Request{ID: 5, Type: ReadRun, Experiment: few}, Attachments{Reference: reference, Checkpoint: saved["checkpoint"]})
	read, _ := last[RunRead](t, page)
	assert.Equal(t, 5, read.ID)
	assert.Equal(t, s.run.run.Read(), read.Reading)
	assert.NotNil(t, read.Reading.Pearson, "one step was taken")

	s.Handle(Request{ID: 6, Type: ReadRun, Experiment: few}, Attachments{Reference: reference, Checkpoint: reference})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "bad-checkpoint", failed.Code)
}

func TestRewardModelsCanBeStopped(t *testing.T) {
	s, page := newSession()
	page.breath = s.Stop
	s.Handle(Request{ID: 1, Type: Reward, Experiment: short(t, func(e *mmpo.Experiment) { e.Train.Steps = 5000 })}, Attachments{Reference: shippedReference(t)})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "canceled", failed.Code)
}
