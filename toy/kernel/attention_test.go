package kernel

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// layouts of segments, with the number of rows. A segment is as SegmentFields tells, but for which of its rows are queries.
var layouts = []struct {
	name     string
	n        int
	segments [][4]int32
}{
	{"nothing", 3, nil},
	{"one row", 1, [][4]int32{{0, 1, 0, 0}}},
	{"an empty segment", 4, [][4]int32{{0, 4, 0, 0}, {4, 0, 0, 4}}},
	{"one segment", 7, [][4]int32{{0, 7, 0, 0}}},
	{"a prompt and two responses", 17, [][4]int32{{0, 5, 0, 0}, {5, 3, 0, 5}, {8, 9, 0, 5}}},
	{"two prompts of one row", 6, [][4]int32{{0, 1, 0, 0}, {1, 2, 0, 1}, {3, 1, 0, 0}, {4, 2, 3, 1}}},
	{"rows between segments", 12, [][4]int32{{1, 3, 0, 0}, {6, 4, 1, 3}}},
	{"longer than two blocks", 47, [][4]int32{{0, 13, 0, 0}, {13, 23, 0, 13}, {36, 11, 0, 13}}},
}

// asked are ways to choose the queries of a segment: the first one's place. With all, a row is its own query's.
var asked = []struct {
	name  string
	all   bool
	first func(length int32) int32
}{
	{"all", true, func(int32) int32 { return 0 }},
	{"packed", false, func(int32) int32 { return 0 }},
	{"the last", false, func(length int32) int32 { return max(length-1, 0) }},
	{"half", false, func(length int32) int32 { return length / 2 }},
	{"none but of long ones", false, func(length int32) int32 {
		if length < 10 {
			return length
		}
		return 3
	}},
}

// ask returns segments with queries, and the number of rows that these take.
func ask(f *field, n int, layout [][4]int32, all bool, first func(int32) int32) (segments []int32, h int) {
	var list []int32
	for _, s := range layout {
		row := int32(h)
		if all {
			row = s[0]
		}
		list = append(list, s[0], s[1], s[2], s[3], first(s[1]), row)
		h += int(s[1] - first(s[1]))
	}
	if all {
		h = n
	}
	return f.ints(list...), h
}

// everyRow returns segments of n rows of which each asks.
func everyRow(f *field, layout ...[4]int32) []int32 {
	segments, _ := ask(f, 0, layout, true, func(int32) int32 { return 0 })
	return segments
}

var heads = []struct{ heads, c int }{{1, 4}, {2, 8}, {1, 8}, {3, 36}, {2, 32}, {1, 20}}

func TestAttentionAgainstPlainLoops(t *testing.T) {
	k := open(t)
	for _, layout := range layouts {
		for _, who := range asked {
			for _, h := range heads {
				t.Run(fmt.Sprintf("%s/%s/%d heads of %d", layout.name, who.name, h.heads, h.c/h.heads), func(t *testing.T) {
					eachAlignment(t, k, func(f *field) {
						segments, queries := ask(f, layout.n, layout.segments, who.all, who.first)
						checkAttentionOf(f, segments, h.heads, h.c, layout.n, queries)
					})
				})
			}
		}
	}
}

func checkAttentionOf(f *field, segments []int32, heads, c, n, h int) {
	q, kv, dy, y := f.random(h*c), f.random(2*n*c), f.random(h*c), f.zeros(h*c)
	probs, dq, dkv := f.random(AttentionProbs(segments, heads)), f.random(h*c), f.random(2*n*c)
	f.k.Attention(y, probs, q, kv, segments, heads, c)
	wantY, wantProbs := refAttention(wide(q), wide(kv), segments, heads, c)
	requireClose(f.t, wantProbs, probs, "probs")
	requireClose(f.t, wantY, y, "y")
	f.k.AttentionBackward(dq, dkv, dy, probs, q, kv, segments, heads, c)
	wantQ, wantKV := refAttentionBackward(wide(dy), wide(probs), wide(q), wide(kv), segments, heads, c)
	requireClose(f.t, wantQ, dq, "dq")
	requireClose(f.t, wantKV, dkv, "dkv")
}

func TestAttentionLeavesRowsOutsideAlone(t *testing.T) {
	const n, c = 5, 4
	f := newField(t, open(t), 0)
	segments := everyRow(f, [4]int32{2, 2, 0, 0})
	y := f.of(1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 17, 18, 19, 20)
	f.k.Attention(y, f.zeros(AttentionProbs(segments, 1)), f.random(n*c), f.random(2*n*c), segments, 1, c)
	assert.Equal(t, []float32{1, 2, 3, 4, 5, 6, 7, 8}, y[:8])
	assert.Equal(t, []float32{17, 18, 19, 20}, y[16:])
}

// TestPrefixIsOneSequence: a response behind a shared prompt is the tail of prompt and response in one segment.
func TestPrefixIsOneSequence(t *testing.T) {
	const prompt, response, heads, c = 6, 9, 2, 24
	f := newField(t, open(t), 0)
	n := prompt + response
	q, kv, whole, split := f.random(n*c), f.random(2*n*c), f.zeros(n*c), f.zeros(n*c)
	one, two := everyRow(f, [4]int32{0, int32(n), 0, 0}), everyRow(f, [4]int32{0, prompt, 0, 0}, [4]int32{prompt, response, 0, prompt})
	f.k.Attention(whole, f.zeros(AttentionProbs(one, heads)), q, kv, one, heads, c)
	f.k.Attention(split, f.zeros(AttentionProbs(two, heads)), q, kv, two, heads, c)
	requireClose(t, wide(whole), split, "y")
}

// TestQueriesDependOnThemselvesAlone: which other rows of a segment ask changes no bit of a query's result, nor, if their gradients are
// zero, of the gradients.
func TestQueriesDependOnThemselvesAlone(t *testing.T) {
	const n, heads, c = 33, 2, 16
	f := newField(t, open(t), 0)
	all := everyRow(f, [4]int32{0, 12, 0, 0}, [4]int32{12, 21, 0, 12})
	q, kv, y, dy := f.random(n*c), f.random(2*n*c), f.zeros(n*c), f.random(n*c)
	probs, dq, dkv := f.zeros(AttentionProbs(all, heads)), f.zeros(n*c), f.zeros(2*n*c)
	f.k.Attention(y, probs, q, kv, all, heads, c)
	for first := range int32(22) {
		some, from := f.ints(0, 12, 0, 0, 12, 0, 12, 21, 0, 12, first, 0), int(12+first)*c
		clear(dy[:from])
		f.k.AttentionBackward(dq, dkv, dy, probs, q, kv, all, heads, c)
		part, partProbs := f.zeros(len(y)-from), f.zeros(AttentionProbs(some, heads))
		f.k.Attention(part, partProbs, q[from:], kv, some, heads, c)
		requireSameBits(t, y[from:], part, "y")
		partQ, partKV := f.zeros(len(y)-from), f.zeros(2*n*c)
		f.k.AttentionBackward(partQ, partKV, dy[from:], partProbs, q[from:], kv, some, heads, c)
		requireSameBits(t, dq[from:], partQ, "dq")
		require.Equal(t, dkv, partKV, "dkv") // a zero's sign may differ
	}
}

func TestLaterRowsDoNotMatter(t *testing.T) {
	const n, heads, c = 27, 2, 16
	f := newField(t, open(t), 0)
	segments := everyRow(f, [4]int32{0, n, 0, 0})
	q, kv, y, again, probs := f.random(n*c), f.random(2*n*c), f.zeros(n*c), f.zeros(n*c), f.zeros(AttentionProbs(segments, heads))
	f.k.Attention(y, probs, q, kv, segments, heads, c)
	for from := 1; from < n; from += 5 {
		otherQ, otherKV := f.of(q...), f.of(kv...)
		copy(otherQ[from*c:], f.random((n-from)*c))
		copy(otherKV[2*from*c:], f.random(2*(n-from)*c))
		f.k.Attention(again, probs, otherQ, otherKV, segments, heads, c)
		requireSameBits(t, y[:from*c], again[:from*c], "y before the change")
	}
}

func TestAttendCachedIsAttention(t *testing.T) {
	const b, context = 3, 14
	k := open(t)
	for _, h := range heads {
		eachAlignment(t, k, func(f *field) {
			c, heads := h.c, h.heads
			cache, segments := f.zeros(2*b*context*c), everyRow(f, [4]int32{0, context, 0, 0})
			var q, kv, want [b][]float32
			for r := range b {
				q[r], kv[r], want[r] = f.random(context*c), f.random(2*context*c), f.zeros(context*c)
				f.k.Attention(want[r], f.zeros(AttentionProbs(segments, heads)), q[r], kv[r], segments, heads, c)
			}
			y, qkv, alone := f.zeros(b*c), f.zeros(3*b*c), f.zeros(c)
			for step := range context + b {
				positions := f.k.Ints(b) // each sequence starts a step later than the one before
				for r := range b {
					positions[r] = int32(min(max(step-r, 0), context-1))
					copy(qkv[3*r*c:], q[r][int(positions[r])*c:][:c])
					copy(qkv[(3*r+1)*c:], kv[r][2*int(positions[r])*c:][:2*c])
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

func TestAttentionProbs(t *testing.T) {
	segments := []int32{0, 5, 0, 0, 0, 0, 5, 3, 0, 5, 0, 5}
	assert.Equal(t, 2*5*8+2*3*8, AttentionProbs(segments, 2), "five keys take eight floats")
	segments[4] = 3 // two rows of the first ask
	assert.Equal(t, 2*2*8+2*3*8, AttentionProbs(segments, 2))
}
