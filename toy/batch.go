package toy

import "margins/toy/kernel"

// Batch is a set of prompts and responses packed without padding: each prompt stands once, followed by its responses, which attend
// to it and to themselves but not to each other. The last token of a response is only predicted, never read, so it has no row.
type Batch struct {
	Tokens, Positions []int32  // [N]
	Segments          []int32  // as kernel.SegmentFields tells; every row is a query
	Rows              []int32  // [H] rows whose next token is predicted, ascending
	Targets           []Target // every predicted token, response after response
	Responses         int
}

// Target is one predicted token.
type Target struct {
	Row      int32 // index into Rows
	Token    int32
	Response int32 // number of the response in the order of Add
}

// NewBatch returns an empty batch with room for that many packed rows.
func NewBatch(k *kernel.Kernel, rows int) *Batch {
	return &Batch{
		Tokens: k.Ints(rows)[:0], Positions: k.Ints(rows)[:0], Rows: k.Ints(rows)[:0],
		Segments: k.Ints(kernel.SegmentFields * rows)[:0],
		Targets:  make([]Target, 0, 2*rows),
	}
}

// PackedRows returns how many rows a prompt and its responses take.
func PackedRows(prompt []int32, responses ...[]int32) int {
	n := len(prompt)
	for _, r := range responses {
		n += len(r) - 1
	}
	return n
}

// Reset empties b and keeps its memory.
func (b *Batch) Reset() {
	b.Tokens, b.Positions, b.Segments = b.Tokens[:0], b.Positions[:0], b.Segments[:0]
	b.Rows, b.Targets, b.Responses = b.Rows[:0], b.Targets[:0], 0
}

// Add appends a prompt and its responses. It reports whether there was room; if not, b is as before. An empty prompt or response is a
// programmer's error and panics.
func (b *Batch) Add(prompt []int32, responses ...[]int32) bool {
	if len(prompt) == 0 {
		panic("toy: a prompt has no token")
	}
	if len(b.Tokens)+PackedRows(prompt, responses...) > cap(b.Tokens) {
		return false
	}
	start, size := int32(len(b.Tokens)), int32(len(prompt))
	b.segment(prompt, 0, 0, 0)
	ask := int32(len(b.Rows)) // the prompt's last row predicts the first token of every response
	b.Rows = append(b.Rows, start+size-1)
	for _, r := range responses {
		if len(r) == 0 {
			panic("toy: a response has no token")
		}
		b.Targets = append(b.Targets, Target{Row: ask, Token: r[0], Response: int32(b.Responses)})
		first := int32(len(b.Tokens))
		b.segment(r[:len(r)-1], size, start, size)
		for i, token := range r[1:] {
			b.Targets = append(b.Targets, Target{Row: int32(len(b.Rows)), Token: token, Response: int32(b.Responses)})
			b.Rows = append(b.Rows, first+int32(i))
		}
		b.Responses++
	}
	return true
}

// segment appends tokens that stand at positions from position on and attend to the given prefix.
func (b *Batch) segment(tokens []int32, position, prefix, prefixLength int32) {
	if len(tokens) == 0 {
		return
	}
	start := int32(len(b.Tokens))
	b.Segments = append(b.Segments, start, int32(len(tokens)), prefix, prefixLength, 0, start)
	for i, t := range tokens {
		b.Tokens = append(b.Tokens, t)
		b.Positions = append(b.Positions, position+int32(i))
	}
}

// asking appends the segments to dst with only b.Rows as queries: each segment's are its last rows. They are the queries of the last block,
// after which nothing reads the other rows.
func (b *Batch) asking(dst []int32) []int32 {
	next := 0
	for rest := b.Segments; len(rest) > 0; rest = rest[kernel.SegmentFields:] {
		start, length, row := rest[0], rest[1], next
		for next < len(b.Rows) && b.Rows[next] < start+length {
			next++
		}
		first := length - int32(next-row)
		if next > row && b.Rows[row] != start+first {
			panic("toy: the rows that a batch asks for are not the last of their segments")
		}
		dst = append(dst, start, length, rest[2], rest[3], first, int32(row))
	}
	return dst
}

// Sum adds up a number for each target by response: dst[r] becomes the sum, in nats when the numbers are log-probabilities.
func (b *Batch) Sum(dst []float64, targets []float32) {
	clear(dst[:b.Responses])
	for i, t := range b.Targets {
		dst[t.Response] += float64(targets[i])
	}
}
