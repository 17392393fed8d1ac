package main

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARunIsLookedIntoWhileItPlays(t *testing.T) {
	run, runPage := newSession()
	e, reference := short(t, nil), shippedReference(t)
	run.Handle(Request{ID: 2, Type: Open, Experiment: e}, Attachments{Reference: reference})
	run.Handle(Request{ID: 3, Type: Play}, Attachments{})
	run.Tick()
	given := Attachments{Reference: reference, Checkpoint: checkpoint(t, run, runPage)}
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Inspect, Experiment: e}, Attachments{Reference: reference})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "bad-checkpoint", failed.Code)
	s.Handle(Request{ID: 4, Type: Inspect, Experiment: e, Pair: 33}, given)
	inspected, attachments := last[Inspected](t, page)
	in := inspected.Inspection
	assert.Equal(t, 4, inspected.ID)
	assert.Equal(t, 1, in.Step)
	require.NotEmpty(t, in.Rejected)

	// The rows of every map add up to 1, wherever the maps of one response end and those of the other begin.
	var floats []float64
	for b := attachments["attention"]; len(b) > 0; b = b[4:] {
		floats = append(floats, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	}
	for _, response := range []int{len(in.Chosen), len(in.Rejected)} {
		n := len(in.Prompt) + response - 1
		for range in.Layers * in.Heads * n {
			sum := 0.0
			for _, p := range floats[:n] {
				sum += p
			}
			require.InDelta(t, 1, sum, 1e-5)
			floats = floats[n:]
		}
	}
	assert.Empty(t, floats)

	s.Handle(Request{ID: 5, Type: Embed, Experiment: e}, given)
	embedded, _ := last[Embedded](t, page)
	assert.Equal(t, len(embedded.Map.Tokens), len(embedded.Map.Points))
	s.Handle(Request{ID: 6, Type: Inspect, Experiment: e, Pair: 288}, given)
	failed, _ = last[Failed](t, page)
	assert.Equal(t, "bad-pair", failed.Code)
	assert.Equal(t, "The pair cannot be looked into: there is no pair 288 among 288.", failed.Message)
	assert.GreaterOrEqual(t, run.Tick().Seconds(), 0.0, "it plays on")
}
