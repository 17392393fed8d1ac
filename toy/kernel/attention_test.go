package kernel

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// layouts of segments, with the number of rows.
var layouts = []struct {
	name     string
	n        int
	segments []int32
}{
	{"nothing", 3, nil},
	{"one row", 1, []int32{0, 1, 0, 0}},
	{"an empty segment", 4, []int32{0, 4, 0, 0, 4, 0, 0, 4}},
	{"one segment", 7, []int32{0, 7, 0, 0}},
	{"a prompt and two responses", 17, []int32{0, 5, 0, 0, 5, 3, 0, 5, 8, 9, 0, 5}},
	{"two prompts of one row", 6, []int32{0, 1, 0, 0, 1, 2, 0, 1, 3, 1, 0, 0, 4, 2, 3, 1}},
	{"rows between segments", 12, []int32{1, 3, 0, 0, 6, 4, 1, 3}},
	{"longer than two blocks", 47, []int32{0, 13, 0, 0, 13, 23, 0, 13, 36, 11, 0, 13}},
}

var heads = []struct{ heads, c int }{{1, 4}, {2, 8}, {1, 8}, {3, 36}, {2, 32}, {1, 20}}

func TestAttentionAgainstPlainLoops(t *testing.T) {
	k := open(t)
	for _, layout := range layouts {
		for _, h := range heads {
			t.Run(fmt.Sprintf("%s/%d heads of %d", layout.name, h.heads, h.c/h.heads), func(t *testing.T) {
				eachAlignment(t, k, func(f *field) { checkAttentionOf(f, layout.segments, h.heads, h.c, layout.n) })
			})
		}
	}
}

func checkAttentionOf(f *field, list []int32, heads, c, n int) {
	segments := f.ints(list...)
	qkv, dy, y := f.random(3*n*c), f.random(n*c), f.zeros(n*c)
	probs, dqkv := f.random(AttentionProbs(segments, heads)), f.random(3*n*c)
	f.k.Attention(y, probs, qkv, segments, heads, c)
	wantY, wantProbs := refAttention(wide(qkv), segments, heads, c, n)
	requireClose(f.t, wantProbs, probs, "probs")
	requireClose(f.t, wantY, y, "y")
	f.k.AttentionBackward(dqkv, dy, probs, qkv, segments, heads, c)
	requireClose(f.t, refAttentionBackward(wide(dy), wide(probs), wide(qkv), segments, heads, c, n), dqkv, "dqkv")
}

func TestAttentionLeavesRowsOutsideAlone(t *testing.T) {
	const n, c = 5, 4
	f := newField(t, open(t), 0)
	segments := f.ints(2, 2, 0, 0)
	y := f.of(1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 17, 18, 19, 20)
	f.k.Attention(y, f.zeros(AttentionProbs(segments, 1)), f.random(3*n*c), segments, 1, c)
	assert.Equal(t, []float32{1, 2, 3, 4, 5, 6, 7, 8}, y[:8])
	assert.Equal(t, []float32{17, 18, 19, 20}, y[16:])
}

// TestPrefixIsOneSequence: a response behind a shared prompt is the tail of prompt and response in one segment.
func TestPrefixIsOneSequence(t *testing.T) {
	const prompt, response, heads, c = 6, 9, 2, 24
	f := newField(t, open(t), 0)
	n := prompt + response
	qkv, whole, split := f.random(3*n*c), f.zeros(n*c), f.zeros(n*c)
	one, two := f.ints(0, int32(n), 0, 0), f.ints(0, prompt, 0, 0, prompt, response, 0, prompt)
	f.k.Attention(whole, f.zeros(AttentionProbs(one, heads)), qkv, one, heads, c)
	f.k.Attention(split, f.zeros(AttentionProbs(two, heads)), qkv, two, heads, c)
	requireClose(t, wide(whole), split, "y")
}

func TestLaterRowsDoNotMatter(t *testing.T) {
	const n, heads, c = 27, 2, 16
	f := newField(t, open(t), 0)
	segments := f.ints(0, n, 0, 0)
	qkv, y, again, probs := f.random(3*n*c), f.zeros(n*c), f.zeros(n*c), f.zeros(AttentionProbs(segments, heads))
	f.k.Attention(y, probs, qkv, segments, heads, c)
	for from := 1; from < n; from += 5 {
		other := f.of(qkv...)
		copy(other[3*from*c:], f.random(3*(n-from)*c))
		f.k.Attention(again, probs, other, segments, heads, c)
		requireSameBits(t, y[:from*c], again[:from*c], "y before the change")
	}
}

func TestAttendCachedIsAttention(t *testing.T) {
	const b, context = 3, 14
	k := open(t)
	for _, h := range heads {
		eachAlignment(t, k, func(f *field) {
			c, heads := h.c, h.heads
			cache, segments := f.zeros(2*b*context*c), f.ints(0, context, 0, 0)
			var sequences, want [b][]float32
			for r := range b {
				sequences[r], want[r] = f.random(3*context*c), f.zeros(context*c)
				f.k.Attention(want[r], f.zeros(AttentionProbs(segments, heads)), sequences[r], segments, heads, c)
			}
			y, qkv, alone := f.zeros(b*c), f.zeros(3*b*c), f.zeros(c)
			for step := range context + b {
				positions := f.k.Ints(b) // each sequence starts a step later than the one before
				for r := range b {
					positions[r] = int32(min(max(step-r, 0), context-1))
					copy(qkv[3*r*c:3*(r+1)*c], sequences[r][3*int(positions[r])*c:])
				}
				f.k.AttendCached(y, qkv, cache, positions, b, context, heads, c)
				for r := range b {
					at := int(positions[r]) * c
					requireClose(f.t, wide(want[r][at:at+c]), y[r*c:(r+1)*c], "y")
				}
				f.k.AttendCached(alone, qkv[3*c:6*c], cache[2*context*c:4*context*c], positions[1:2], 1, context, heads, c)
				requireSameBits(f.t, y[c:2*c], alone, "a row by itself")
			}
		})
	}
}

func TestAttentionRow(t *testing.T) {
	segments := []int32{0, 5, 0, 0, 5, 3, 0, 5}
	require.Equal(t, 2*5*8+2*3*8, AttentionProbs(segments, 2), "five keys take eight floats")
	assert.Equal(t, 0, AttentionRow(segments, 2, 0, 0, 0))
	assert.Equal(t, 5*8+2*8, AttentionRow(segments, 2, 0, 1, 2))
	assert.Equal(t, 2*5*8+3*8+8, AttentionRow(segments, 2, 1, 1, 1))
}
