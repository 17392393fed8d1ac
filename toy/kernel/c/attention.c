// Causal self-attention (Vaswani et al. 2017) over packed sequences. A segment's queries attend to its prefix, all of it, and
// to the segment up to themselves; its keys are numbered in that order. Its rows before the first query only give keys and values. All
// products are gemm.c's.
#include "gemm.h"
#include "kernel.h"
#include "row.h"
#include "simd.h"

enum { block_rows = 10 };  // queries that share one bound on their keys: two tiles

// segment is attention.go's.
struct segment {
  int32_t start, length, from, prefix;  // rows of the segment, rows of its prefix
  int32_t first, row;                   // the first query's place in the segment, and its row of q, y and their gradients
};

INLINE int round_up(int n, int to) { return (n + to - 1) & -to; }

// copy_rows copies n rows of c floats (a multiple of 4) that lie ldx apart.
INLINE void copy_rows(float *y, const float *x, int ldx, int n, int c) {
  for (int r = 0; r < n; r++, x += ldx, y += c) {
    for (int i = 0; i < c; i += 4) wasm_v128_store(y + i, wasm_v128_load(x + i));
  }
}

// collect brings a head's keys (or values) of prefix and segment together.
INLINE void collect(float *y, const float *x, int ldx, const struct segment *s, int size) {
  copy_rows(y, x + s->from * ldx, ldx, s->prefix, size);
  copy_rows(y + s->prefix * size, x + s->start * ldx, ldx, s->length, size);
}

INLINE float rsqrt(int n) { return 1 / __builtin_sqrtf((float)n); }

// attend_head computes, for one head of one segment's queries, of which the first sees so many keys, probs = softmax(q kT / sqrt(size))
// and y = probs v. kt and v are packed.
static void attend_head(float *y, float *probs, const float *q, const float *kt, const float *v, int queries, int sees, int keys, int size,
                        int c) {
  const int stride = round_up(keys, 4);
  const struct exponential e = exponential();
  for (int i = 0; i < queries; i += block_rows) {
    const int rows = min(block_rows, queries - i), seen = sees + i + rows - 1;
    float *p = probs + i * stride;
    multiply(p, stride, 0, 0, q + i * c, c, kt, size, keys, rows, min(round_up(seen, 8), keys), 0, size);
    for (int r = 0; r < rows; r++) {
      float *row = p + r * stride;
      const int valid = sees + i + r;
      const float sum = exponentials(row, row, valid, rsqrt(size), scaled_max(row, valid, rsqrt(size)), e);
      scale_row(row, valid, 1 / sum);
      for (int j = valid; j < stride; j++) row[j] = 0;
    }
    multiply(y + i * c, c, 0, 0, p, stride, v, keys, size, rows, size, 0, seen);
  }
}

void attention(float *y, float *probs, const float *q, const float *kv, const int32_t *segments, float *scratch, int count, int heads,
               int c) {
  const int size = c / heads, ld = 2 * c;
  for (const struct segment *s = (const struct segment *)segments, *end = s + count; s < end; s++) {
    const int keys = s->prefix + s->length, queries = s->length - s->first;
    float *rows = scratch, *kt = rows + keys * size, *v = kt + round_up(keys, 8) * size;
    for (int h = 0; h < (queries > 0 ? heads : 0); h++, probs += queries * round_up(keys, 4)) {
      const int at = s->row * c + h * size;
      collect(rows, kv + h * size, ld, s, size);
      pack(kt, 0, rows, 1, size, size, keys);
      collect(rows, kv + c + h * size, ld, s, size);
      pack(v, 0, rows, size, 1, keys, size);
      attend_head(y + at, probs, q + at, kt, v, queries, s->prefix + s->first + 1, keys, size, c);
    }
  }
}

// score_gradients turns ds = dy vT (the gradient of the probabilities) into that of the unscaled scores: with sum = sum over j of p_j dp_j,
// ds_j = p_j (dp_j - sum) / sqrt(size). Keys that a query does not see have p = 0 and get 0.
static void score_gradients(float *ds, const float *probs, int queries, int sees, int keys, int size) {
  const int stride = round_up(keys, 4);
  for (int i = 0; i < queries; i++, ds += stride, probs += stride) {
    const int valid = sees + i;
    vec total = splat(0);
    EACH(valid, total = add(total, mul(get(ds + i, lanes), get(probs + i, lanes))););
    const vec sum = splat(sum_lanes(total)), scale = splat(rsqrt(size));
    EACH(valid, put(ds + i, mul(mul(get(probs + i, lanes), sub(get(ds + i, lanes), sum)), scale), lanes););
    for (int j = valid; j < stride; j++) ds[j] = 0;
  }
}

// add_to_keys adds aT b to the gradients of a head's keys (or values), prefix and segment: a has a row a query and a column a key,
// b is packed.
static void add_to_keys(float *d, int ld, const struct segment *s, const float *a, const float *b, float *strips, int size) {
  const int queries = s->length - s->first, stride = round_up(s->prefix + s->length, 4);
  float *prefix = d + s->from * ld;
  pack_strips(strips, a, stride, queries, s->prefix);
  multiply(prefix, ld, prefix, ld, strips, 0, b, queries, size, s->prefix, size, 0, queries);
  pack_strips(strips, a + s->prefix, stride, queries, s->length);
  for (int j = 0; j < s->length; j += block_rows) {  // queries before key j do not see it
    float *own = d + (s->start + j) * ld;
    multiply(own, ld, own, ld, strips + j * queries, 0, b, queries, size, min(block_rows, s->length - j), size,
             j > s->first ? j - s->first : 0, queries);
  }
}

// With p = softmax(s), s = q kT / sqrt(size), y = p v:  dv = pT dy,  dp = dy vT,  ds as in score_gradients,  dq = ds k,  dk = dsT q.
void attention_backward(float *dq, float *dkv, const float *dy, const float *probs, const float *q, const float *kv,
                        const int32_t *segments, float *scratch, int count, int heads, int c) {
  const int size = c / heads, ld = 2 * c;
  for (const struct segment *s = (const struct segment *)segments, *end = s + count; s < end; s++) {
    const int keys = s->prefix + s->length, queries = s->length - s->first, sees = s->prefix + s->first + 1, stride = round_up(keys, 4);
    float *own = scratch, *k = own + keys * size, *ds = k + keys * round_up(size, 8);
    float *strips = ds + queries * stride, *packed = strips + queries * (keys + 5);  // packed: vT, q and dy, one after the other
    for (int h = 0; h < (queries > 0 ? heads : 0); h++, probs += queries * stride) {
      const int at = s->row * c + h * size;
      const float *keys_of = kv + h * size, *values_of = keys_of + c;
      collect(own, values_of, ld, s, size);
      pack(packed, 0, own, 1, size, size, keys);
      collect(own, keys_of, ld, s, size);
      pack(k, 0, own, size, 1, keys, size);
      for (int i = 0; i < queries; i += block_rows) {
        const int block = min(block_rows, queries - i), seen = sees + i + block - 1;
        multiply(ds + i * stride, stride, 0, 0, dy + at + i * c, c, packed, size, keys, block, min(round_up(seen, 8), keys), 0, size);
      }
      score_gradients(ds, probs, queries, sees, keys, size);
      for (int i = 0; i < queries; i += block_rows) {
        const int block = min(block_rows, queries - i), seen = sees + i + block - 1;
        multiply(dq + at + i * c, c, 0, 0, ds + i * stride, stride, k, keys, size, block, size, 0, seen);
      }
      pack(packed, 0, q + at, c, 1, queries, size);
      add_to_keys(dkv + h * size, ld, s, ds, packed, strips, size);
      pack(packed, 0, dy + at, c, 1, queries, size);
      add_to_keys(dkv + c + h * size, ld, s, probs, packed, strips, size);
    }
  }
}

// dots returns the products of q with the keys j to j+3, of which those beyond last count as last (and are then discarded).
INLINE vec dots(const float *q, const float *keys, int ld, int j, int last, int size) {
  vec sum[4];
  UNROLL for (int t = 0; t < 4; t++) {
    const float *k = keys + min(j + t, last) * ld;
    sum[t] = splat(0);
    for (int i = 0; i < size; i += 4) sum[t] = add(sum[t], mul(wasm_v128_load(q + i), wasm_v128_load(k + i)));
  }
  vec a = add(wasm_i32x4_shuffle(sum[0], sum[1], 0, 4, 1, 5), wasm_i32x4_shuffle(sum[0], sum[1], 2, 6, 3, 7));
  vec b = add(wasm_i32x4_shuffle(sum[2], sum[3], 0, 4, 1, 5), wasm_i32x4_shuffle(sum[2], sum[3], 2, 6, 3, 7));
  return add(wasm_i64x2_shuffle(a, b, 0, 2), wasm_i64x2_shuffle(a, b, 1, 3));
}

// scratch holds the scores of one query, a multiple of 4 floats >= context.
void attend_cached(float *y, const float *qkv, float *cache, const int32_t *positions, float *scratch, int b, int context,
                   int heads, int c) {
  const int size = c / heads, ld = 2 * c;
  const struct exponential e = exponential();
  for (int r = 0; r < b; r++, y += c, qkv += 3 * c, cache += context * ld) {
    const int last = positions[r];
    copy_rows(cache + last * ld, qkv + c, 0, 1, ld);
    for (int h = 0; h < heads; h++) {
      const float *q = qkv + h * size, *k = cache + h * size, *v = k + c;
      for (int j = 0; j <= last; j += 4) wasm_v128_store(scratch + j, dots(q, k, ld, j, last, size));
      const float sum = exponentials(scratch, scratch, last + 1, rsqrt(size), scaled_max(scratch, last + 1, rsqrt(size)), e);
      scale_row(scratch, last + 1, 1 / sum);
      for (int i = 0; i < size; i += 4) {
        vec total = splat(0);
        for (int j = 0; j <= last; j++) total = add(total, mul(splat(scratch[j]), wasm_v128_load(v + j * ld + i)));
        wasm_v128_store(y + h * size + i, total);
      }
    }
  }
}
