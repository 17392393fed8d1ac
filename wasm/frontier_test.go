package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

func TestTheFrontierComesInPieces(t *testing.T) {
	s, page := newSession()
	attachments := Attachments{Reference: shippedReference(t)}
	ask := func(stakes string) Surveyed {
		s.Handle(Request{ID: 3, Type: Frontier, Experiment: short(t, func(e *mmpo.Experiment) { e.Stakes = stakes })}, attachments)
		surveyed, _ := last[Surveyed](t, page)
		assert.Equal(t, 3, surveyed.ID)
		assert.Equal(t, "surveyed", surveyed.Type)
		return surveyed
	}
	first := ask("skew")
	assert.InDelta(t, surveyPiece/(64.0*mmpo.FrontierSamples), first.Done, 1e-12)
	assert.Nil(t, first.Frontier)

	// A piece of something else in between, as when somebody presses Play.
	s.Handle(Request{ID: 4, Type: Pairs, Experiment: short(t, nil)}, attachments)
	paired, _ := last[Paired](t, page)
	assert.Equal(t, 4, paired.ID)

	pieces, done := 1, first
	for ; done.Done < 1; pieces++ {
		require.Less(t, pieces, 100)
		done = ask("skew")
	}
	assert.Equal(t, 64*mmpo.FrontierSamples/surveyPiece, pieces)
	require.NotNil(t, done.Frontier)
	assert.Greater(t, done.Frontier.Ceiling(1), 6.0)
	flat := ask("flat")
	require.NotNil(t, flat.Frontier, "other stakes need no new responses")
	assert.NotEqual(t, done.Frontier.Reference.Score, flat.Frontier.Reference.Score)
}

func TestAFrontierNeedsItsOwnReference(t *testing.T) {
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Frontier, Experiment: short(t, func(e *mmpo.Experiment) { e.Model.Width = 96 })}, Attachments{Reference: shippedReference(t)})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "no-frontier", failed.Code)
	assert.Contains(t, failed.Message, "48 wide")
	s.Handle(Request{ID: 2, Type: Frontier}, Attachments{})
	failed, _ = last[Failed](t, page)
	assert.Equal(t, "bad-request", failed.Code)
}
