package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
)

func TestWorldsAreShownWithExamples(t *testing.T) {
	for _, w := range datasets.Worlds {
		t.Run(w.ID, func(t *testing.T) {
			v := newWorldView(w, 1)
			assert.Equal(t, v, newWorldView(w, 1), "a seed decides the examples")
			assert.NotEqual(t, v.Examples, newWorldView(w, 2).Examples)
			require.Len(t, v.Examples, shownExamples)
			for _, e := range v.Examples {
				prompt, err := w.Vocabulary.Encode(e.Prompt)
				require.NoError(t, err)
				response, err := w.Vocabulary.Encode(e.Response)
				require.NoError(t, err)
				j := w.Judge(w.Stakes[0].ID, prompt, append(response, w.Vocabulary.End()))
				assert.Equal(t, datasets.Judgement{Score: e.Score, Parts: e.Parts, Valid: true}, j, e.Response)
			}
			var out strings.Builder
			v.print(&out)
			for _, said := range []string{v.Title, v.About, v.Point, v.Link, v.Stakes[0].Help, v.Examples[2].Response} {
				assert.Contains(t, out.String(), said)
			}
		})
	}
}
