package kernel

import "fmt"

// SegmentFields is how many int32 a segment of packed sequences has: start, length, prefixStart, prefixLength, first, row.
//
// Row start+i, if it is a query, attends to keys 0 to prefixLength+i: first the prefix's rows, all of them, then the segment's own up to
// itself. So a prompt is a segment without prefix, and two responses to it are two segments that share it as prefix, with no padding anywhere. The
// segment's rows from the first-th on are queries; they are rows row, row+1, ... of whatever has a row for each query. Those before, from
// which nothing is asked, only give keys and values.
const SegmentFields = 6

// queries is how many a segment has.
func queries(segment []int32) int { return int(segment[1]) - int(segment[4]) }

// probsStride is the distance of two queries' rows of probabilities: the number of keys, rounded up to whole vectors.
func probsStride(segment []int32) int { return (int(segment[1]) + int(segment[3]) + 3) &^ 3 }

// AttentionProbs returns the number of floats that Attention writes to probs. They lie segment after segment, head after head,
// query after query.
func AttentionProbs(segments []int32, heads int) int {
	n := 0
	for ; len(segments) >= SegmentFields; segments = segments[SegmentFields:] {
		n += heads * queries(segments) * probsStride(segments)
	}
	return n
}

// checkAttention returns the most keys that a segment has. There are h queries and n rows.
func checkAttention(operation string, y, probs, q, kv []float32, segments []int32, heads, c int) (keys int) {
	checkDims(operation, heads, c)
	if heads == 0 || c%(4*heads) != 0 {
		panic(fmt.Sprintf("kernel: %s: %d channels in %d heads: a head's channels must be a multiple of 4", operation, c, heads))
	}
	n, h, size := len(kv)/max(2*c, 1), len(y)/max(c, 1), 0
	checkDims(operation, n, h)
	check(operation, "y", len(y), h*c)
	check(operation, "q", len(q), h*c)
	check(operation, "kv", len(kv), 2*n*c)
	check(operation, "segments", len(segments)%SegmentFields, 0)
	for rest := segments; len(rest) > 0; rest = rest[SegmentFields:] {
		start, length, from, prefix, first, row := int(rest[0]), int(rest[1]), int(rest[2]), int(rest[3]), int(rest[4]), int(rest[5])
		if start < 0 || length < 0 || start+length > n || from < 0 || prefix < 0 || from+prefix > n {
			panic(fmt.Sprintf("kernel: %s: segment %v leaves the %d rows", operation, rest[:SegmentFields], n))
		}
		if first < 0 || first > length || row < 0 || row+length-first > h {
			panic(fmt.Sprintf("kernel: %s: segment %v leaves the %d queries", operation, rest[:SegmentFields], h))
		}
		keys, size = max(keys, length+prefix), size+heads*queries(rest)*probsStride(rest)
	}
	check(operation, "probs", len(probs), size)
	return keys
}

// Attention sets, for the queries of every segment, y[h,c] = probs v with probs = softmax(q kT / sqrt(c/heads)) in each of the heads
// (Vaswani et al. 2017), and probs as AttentionProbs tells. A row of q[h,c] is a query, head after head; one of kv[n,2c] is a key, then a
// value, likewise; c/heads is a multiple of 4. Rows of y outside every segment are left as they are.
func (k *Kernel) Attention(y, probs, q, kv []float32, segments []int32, heads, c int) {
	keys := checkAttention("Attention", y, probs, q, kv, segments, heads, c)
	size := c / heads
	a := k.arguments
	// keys or values of a head, packed keys, packed values; a packed matrix has up to seven more columns
	scratch := k.scratch(keys*size + (keys+8)*size + keys*(size+8))
	a.address = [8]address{at(k, y), at(k, probs), at(k, q), at(k, kv), at(k, segments), at(k, scratch)}
	a.size = [4]int32{int32(len(segments) / SegmentFields), int32(heads), int32(c)}
	k.run(opAttention)
}

// AttentionBackward sets dq[h,c] and dkv[n,2c] to the gradients of Attention's q and kv, given dy[h,c]. In each head, with p the
// probabilities:
//
//	dv = pT dy,  dp = dy vT,  ds = p (dp - sum over keys of p dp) / sqrt(c/heads),  dq = ds k,  dk = dsT q
//
// Keys and values of a row receive the sum over all segments that see it, in the order of segments. Rows outside every segment get 0.
func (k *Kernel) AttentionBackward(dq, dkv, dy, probs, q, kv []float32, segments []int32, heads, c int) {
	keys := checkAttention("AttentionBackward", dy, probs, q, kv, segments, heads, c)
	check("AttentionBackward", "dq", len(dq), len(q))
	check("AttentionBackward", "dkv", len(dkv), len(kv))
	clear(dq)
	clear(dkv)
	size := c / heads
	a := k.arguments
	// keys or values of a head, packed keys, ds, its strips, and one of: packed values, queries, dy
	scratch := k.scratch(keys*size + keys*(size+8) + keys*(keys+4) + keys*(keys+5) + (keys+8)*(size+8))
	a.address = [8]address{at(k, dq), at(k, dkv), at(k, dy), at(k, probs), at(k, q), at(k, kv), at(k, segments), at(k, scratch)}
	a.size = [4]int32{int32(len(segments) / SegmentFields), int32(heads), int32(c)}
	k.run(opAttentionBackward)
}

// AttendCached is one step of decoding for b sequences. Row r of qkv[b,3c] is position positions[r] of sequence r: its key and value are
// written to cache[b,context,2c] (key, then value), and y[b,c] is the attention of its query to positions 0 to positions[r],
// as Attention computes it but for rounding. Rows are independent of each other to the last bit.
func (k *Kernel) AttendCached(y, qkv, cache []float32, positions []int32, b, context, heads, c int) {
	const op = "AttendCached"
	checkDims(op, b, context, heads, c)
	if heads == 0 || c%(4*heads) != 0 {
		panic(fmt.Sprintf("kernel: %s: %d channels in %d heads: a head's channels must be a multiple of 4", op, c, heads))
	}
	check(op, "y", len(y), b*c)
	check(op, "qkv", len(qkv), 3*b*c)
	check(op, "cache", len(cache), 2*b*context*c)
	check(op, "positions", len(positions), b)
	checkIndices(op, "positions", positions, context)
	a := k.arguments
	a.address = [8]address{at(k, y), at(k, qkv), at(k, cache), at(k, positions), at(k, k.scratch(context+4))}
	a.size = [4]int32{int32(b), int32(context), int32(heads), int32(c)}
	k.run(opAttendCached)
}
