package toy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The layout of two groups, worked out by hand: rows are packed without the responses' last tokens, and the row of a prompt's last token
// predicts the first token of each of its responses.
func TestBatchLayout(t *testing.T) {
	b := NewBatch(newKernel(t), 20)
	require.True(t, b.Add([]int32{10, 11, 12}, []int32{20, 21, 22}, []int32{30}))
	require.True(t, b.Add([]int32{40}, []int32{50, 51}))

	assert.Equal(t, []int32{10, 11, 12, 20, 21, 40, 50}, b.Tokens)
	assert.Equal(t, []int32{0, 1, 2, 3, 4, 0, 1}, b.Positions)
	assert.Equal(t, []int32{
		0, 3, 0, 0, 0, 0, // the first prompt
		3, 2, 0, 3, 0, 3, // its first response; the second has no row
		5, 1, 0, 0, 0, 5,
		6, 1, 5, 1, 0, 6,
	}, b.Segments)
	assert.Equal(t, []int32{
		0, 3, 0, 0, 2, 0, // the last row of a prompt predicts,
		3, 2, 0, 3, 0, 1, // and all of a response
		5, 1, 0, 0, 0, 3,
		6, 1, 5, 1, 0, 4,
	}, b.asking(nil))
	assert.Equal(t, []int32{2, 3, 4, 5, 6}, b.Rows)
	assert.Equal(t, []Target{
		{Row: 0, Token: 20, Response: 0}, {Row: 1, Token: 21, Response: 0}, {Row: 2, Token: 22, Response: 0},
		{Row: 0, Token: 30, Response: 1},
		{Row: 3, Token: 50, Response: 2}, {Row: 4, Token: 51, Response: 2},
	}, b.Targets)
	assert.Equal(t, 3, b.Responses)

	sums := []float64{9, 9, 9, 9}
	b.Sum(sums, []float32{1, 2, 3, 4, 5, 6})
	assert.Equal(t, []float64{6, 4, 11, 9}, sums, "no more than the responses")

	b.Reset()
	assert.Empty(t, b.Tokens)
	assert.Empty(t, b.Positions)
	assert.Empty(t, b.Segments)
	assert.Empty(t, b.Rows)
	assert.Empty(t, b.Targets)
	assert.Zero(t, b.Responses)
}

func TestBatchRoom(t *testing.T) {
	prompt, response := []int32{1, 2, 3}, []int32{4, 5, 6}
	require.Equal(t, 3, PackedRows(prompt))
	require.Equal(t, 7, PackedRows(prompt, response, response))

	b := NewBatch(newKernel(t), 13)
	require.True(t, b.Add(prompt, response, response))
	before := *b
	assert.False(t, b.Add(prompt, response, response), "14 rows into 13")
	assert.Equal(t, before, *b, "as it was")
	assert.True(t, b.Add(prompt, response, response[:2]), "13 rows into 13")
	assert.False(t, b.Add(prompt[:1], response[:1]))
	b.Reset()
	assert.True(t, b.Add(prompt, response, response), "Reset makes room")
}

func TestBatchPanics(t *testing.T) {
	b := NewBatch(newKernel(t), 10)
	assert.PanicsWithValue(t, "toy: a prompt has no token", func() { b.Add(nil, []int32{1}) })
	assert.PanicsWithValue(t, "toy: a response has no token", func() { b.Add([]int32{1}, []int32{1}, nil) })
}
