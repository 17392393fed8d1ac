package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

func TestWeightsGoFromOneRunToAnother(t *testing.T) {
	reference := shippedReference(t)
	s, page := newSession()
	first := short(t, nil)
	s.Handle(Request{ID: 1, Type: Open, Experiment: first}, Attachments{Reference: reference})
	s.Handle(Request{ID: 2, Type: Play}, Attachments{})
	playOut(s)
	done, _ := last[State](t, page)
	written, _ := last[Samples](t, page)
	copies, copiesPage := newSession()
	copies.Handle(Request{ID: 3, Type: SaveWeights, Experiment: first}, Attachments{Reference: reference, Checkpoint: checkpoint(t, s, page)})
	saved, attachments := last[WeightsSaved](t, copiesPage)
	assert.Equal(t, WeightsSaved{ID: 3, Type: "weightsSaved", Step: 12}, saved)
	weights := attachments["weights"]

	s, page = newSession()
	second := short(t, func(e *mmpo.Experiment) { e.Train.LR = 1e-3 })
	s.Handle(Request{ID: 4, Type: Open, Experiment: second}, Attachments{Reference: reference})
	s.Handle(Request{ID: 5, Type: Play}, Attachments{})
	load := func() {
		copies.Handle(Request{ID: 6, Type: LoadWeights, Experiment: second},
			Attachments{Reference: reference, Checkpoint: checkpoint(t, s, page), Weights: weights})
		_, attachments := last[WeightsLoaded](t, copiesPage)
		s.Handle(Request{ID: 7, Type: Adopt}, Attachments{Checkpoint: attachments["checkpoint"]})
	}
	load()
	loaded, _ := last[WeightsLoaded](t, copiesPage)
	assert.Equal(t, WeightsLoaded{ID: 6, Type: "weightsLoaded", Fingerprint: done.Fingerprint}, loaded)
	samples, _ := last[Samples](t, page)
	assert.Equal(t, written.Samples, samples.Samples, "it writes what the other run wrote")
	state, _ := last[State](t, page)
	assert.Equal(t, 1, state.Altered)
	assert.Negative(t, s.Tick(), "the run is held")

	rows := page.rows(4)
	assert.Greater(t, rows[len(rows)-1].At("kl"), 0.0, "the loaded policy was measured")
	s.Handle(Request{ID: 8, Type: Play}, Attachments{})
	playOut(s)
	state, _ = last[State](t, page)
	require.Equal(t, Done, state.Phase)
	assert.NotEqual(t, done.Fingerprint, state.Fingerprint, "training goes on from them")

	// A run that has ended takes weights, too, and has their fingerprint then.
	load()
	state, _ = last[State](t, page)
	assert.Equal(t, done.Fingerprint, state.Fingerprint)
}

// checkpoint returns the run that a session has open as it is.
func checkpoint(t *testing.T, s *Session, page *recordingPage) []byte {
	s.Handle(Request{ID: 99, Type: Save}, Attachments{})
	_, attachments := last[Saved](t, page)
	return attachments["checkpoint"]
}

func TestWeightsThatDoNotFit(t *testing.T) {
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Adopt}, Attachments{})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "no-run", failed.Code)
	reference, e := shippedReference(t), short(t, nil)
	s.Handle(Request{ID: 2, Type: Open, Experiment: e}, Attachments{Reference: reference})
	s.Handle(Request{ID: 3, Type: LoadWeights, Experiment: e},
		Attachments{Reference: reference, Checkpoint: checkpoint(t, s, page), Weights: []byte("prompt,chosen,rejected")})
	failed, _ = last[Failed](t, page)
	assert.Equal(t, "bad-weights", failed.Code)
	assert.Contains(t, failed.Message, "These weights cannot be used: this is not a safetensors file")
	s.Handle(Request{ID: 4, Type: Adopt}, Attachments{Checkpoint: reference})
	failed, _ = last[Failed](t, page)
	assert.Equal(t, "bad-checkpoint", failed.Code)
	state, _ := last[State](t, page)
	assert.Zero(t, state.Altered)
}
