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
	s.Handle(Request{ID: 1, Type: Open, Experiment: short(t, nil)}, Attachments{Reference: reference})
	s.Handle(Request{ID: 2, Type: Play}, Attachments{})
	playOut(s)
	done, _ := last[State](t, page)
	written, _ := last[Samples](t, page)
	s.Handle(Request{ID: 3, Type: SaveWeights}, Attachments{})
	saved, attachments := last[WeightsSaved](t, page)
	assert.Equal(t, WeightsSaved{ID: 3, Type: "weightsSaved", Step: 12}, saved)

	s, page = newSession()
	s.Handle(Request{ID: 4, Type: Open, Experiment: short(t, func(e *mmpo.Experiment) { e.Train.LR = 1e-3 })}, Attachments{Reference: reference})
	s.Handle(Request{ID: 5, Type: Play}, Attachments{})
	s.Handle(Request{ID: 6, Type: LoadWeights}, Attachments{Weights: attachments["weights"]})
	loaded, _ := last[WeightsLoaded](t, page)
	assert.Equal(t, WeightsLoaded{ID: 6, Type: "weightsLoaded", Fingerprint: done.Fingerprint}, loaded)
	samples, _ := last[Samples](t, page)
	assert.Equal(t, written.Samples, samples.Samples, "it writes what the other run wrote")
	state, _ := last[State](t, page)
	assert.Equal(t, 1, state.Altered)
	assert.Negative(t, s.Tick(), "the run is held")

	rows := page.rows(4)
	assert.Greater(t, rows[len(rows)-1].At("kl"), 0.0, "the loaded policy was measured")
	s.Handle(Request{ID: 7, Type: Play}, Attachments{})
	playOut(s)
	state, _ = last[State](t, page)
	require.Equal(t, Done, state.Phase)
	assert.NotEqual(t, done.Fingerprint, state.Fingerprint, "training goes on from them")

	// A run that has ended takes weights, too, and has their fingerprint then.
	s.Handle(Request{ID: 8, Type: LoadWeights}, Attachments{Weights: attachments["weights"]})
	state, _ = last[State](t, page)
	assert.Equal(t, done.Fingerprint, state.Fingerprint)
}

func TestWeightsThatDoNotFit(t *testing.T) {
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: LoadWeights}, Attachments{})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "no-run", failed.Code)
	s.Handle(Request{ID: 2, Type: Open, Experiment: short(t, nil)}, Attachments{Reference: shippedReference(t)})
	s.Handle(Request{ID: 3, Type: LoadWeights}, Attachments{Weights: []byte("prompt,chosen,rejected")})
	failed, _ = last[Failed](t, page)
	assert.Equal(t, "bad-weights", failed.Code)
	assert.Contains(t, failed.Message, "These weights cannot be used: this is not a safetensors file")
	state, _ := last[State](t, page)
	assert.Zero(t, state.Altered)
}
