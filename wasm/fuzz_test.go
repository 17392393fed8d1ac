package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/mmpo"
)

// FuzzRequest lets a session answer any JSON with any attachment: it never panics, all that it says can be written as JSON, and what it
// cannot do it refuses in a sentence with a code.
func FuzzRequest(f *testing.F) {
	c := mmpo.DefaultComparison()
	for kind := range handlers {
		b, err := json.Marshal(Request{ID: 1, Type: kind, Experiment: &c.B, Comparison: &c, Dataset: "data:0123456789abcdef", Key: "run", Link: "v=1", Limit: 9})
		require.NoError(f, err)
		f.Add(b, []byte("prompt,chosen,rejected,score_chosen,score_rejected\na,b,c,9,1\n"))
	}
	f.Add([]byte(`{"type":"fit","experiment":null}`), []byte(nil))
	f.Add([]byte(`{"type":"preview","offset":-1,"limit":1e9}`), []byte("{}"))
	s, page := newSession()
	f.Fuzz(func(t *testing.T, request, attachment []byte) {
		var r Request
		if json.Unmarshal(request, &r) != nil || fitsLong(r) {
			return
		}
		page.all = nil // the recording page itself writes every message as JSON
		s.Handle(r, Attachments{
			Reference: attachment, Data: attachment, Checkpoint: attachment, Weights: attachment, File: bytes.NewReader(attachment),
		})
		for _, m := range page.all {
			if failed, ok := m.message.(Failed); ok {
				require.NotEmpty(t, failed.Code)
				require.NotEmpty(t, failed.Message)
			}
		}
	})
}

// fitsLong tells whether a request would fit a reference to a toy world, which takes a minute.
func fitsLong(r Request) bool {
	if r.Type != Fit || r.Experiment == nil {
		return false
	}
	_, toy := datasets.FindWorld(r.Experiment.World)
	return toy
}
