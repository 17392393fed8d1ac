// Matrix products. The scheme is Goto's (Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication"; BLIS): b is
// packed into narrow panels, blocked so that a panel stays in the first-level cache and a block of a in the second, and a tile of
// the result, 5 rows by 8 columns, is held in registers while the common dimension passes by. Unlike them we read a in place where
// its rows are contiguous: its elements are broadcast one at a time, so packing would only copy them.
//
// Each element of a result is its initial value plus its products in ascending order of the common dimension, rounded to float32
// after each operation. Blocks and tiles do not change this: a partial sum that is stored and loaded again is the same float. So a
// row's values depend on nothing but that row.
#include "gemm.h"
#include "kernel.h"
#include "simd.h"

enum {
  tile_rows = 5,     // 10 vectors of sums, 2 of b, 1 of a and 1 product: V8 hands out 15 registers
  block_k = 256,     // a panel of b, 256 x 8 floats, is 8 kB: a quarter of the smallest first-level cache we expect
  block_n = 512,     // packed b is at most 512 kB
  block_m = 120,     // a block of a, 120 x 256 floats, is 120 kB (operations.go repeats these three)
};

// Four by four floats: rows become columns.
INLINE void transpose(vec *r0, vec *r1, vec *r2, vec *r3) {
  vec a = wasm_i32x4_shuffle(*r0, *r1, 0, 4, 1, 5), b = wasm_i32x4_shuffle(*r0, *r1, 2, 6, 3, 7);
  vec c = wasm_i32x4_shuffle(*r2, *r3, 0, 4, 1, 5), d = wasm_i32x4_shuffle(*r2, *r3, 2, 6, 3, 7);
  *r0 = wasm_i64x2_shuffle(a, c, 0, 2);
  *r1 = wasm_i64x2_shuffle(a, c, 1, 3);
  *r2 = wasm_i64x2_shuffle(b, d, 0, 2);
  *r3 = wasm_i64x2_shuffle(b, d, 1, 3);
}

// pack_rows packs four columns (lanes of them real) of a matrix whose rows are contiguous; dst's rows are step floats apart. What it
// adds to sums, unless that is null, are the columns' sums.
static void pack_rows(float *dst, int step, float *sums, const float *b, int rows, int k, int lanes) {
  vec sum = sums ? get(sums, lanes) : splat(0);
  for (int t = 0; t < k; t++, b += rows, dst += step) {
    const vec v = get(b, lanes);
    wasm_v128_store(dst, v);
    sum = add(sum, v);
  }
  if (sums) put(sums, sum, lanes);
}

// pack_cols packs four columns of a matrix whose columns are contiguous.
static void pack_cols(float *dst, int step, const float *b, int cols, int k, int lanes) {
  const float *b1 = b + cols, *b2 = b1 + cols, *b3 = b2 + cols;
  int t = 0;
  for (; lanes == 4 && t + 4 <= k; t += 4, dst += 4 * step) {
    vec r0 = wasm_v128_load(b + t), r1 = wasm_v128_load(b1 + t), r2 = wasm_v128_load(b2 + t), r3 = wasm_v128_load(b3 + t);
    transpose(&r0, &r1, &r2, &r3);
    wasm_v128_store(dst, r0);
    wasm_v128_store(dst + step, r1);
    wasm_v128_store(dst + 2 * step, r2);
    wasm_v128_store(dst + 3 * step, r3);
  }
  for (; t < k; t++, dst += step) {
    vec v = wasm_v128_load32_zero(b + t);
    if (lanes > 1) v = wasm_v128_load32_lane(b1 + t, v, 1);
    if (lanes > 2) v = wasm_v128_load32_lane(b2 + t, v, 2);
    if (lanes > 3) v = wasm_v128_load32_lane(b3 + t, v, 3);
    wasm_v128_store(dst, v);
  }
}

// pack_line packs sixteen columns, a cache line, of a matrix whose rows are contiguous: two panels. Sums is as in pack_rows.
static void pack_line(float *dst, float *sums, const float *b, int rows, int k) {
  vec sum[4];
  UNROLL for (int i = 0; i < 4; i++) sum[i] = sums ? wasm_v128_load(sums + 4 * i) : splat(0);
  float *next = dst + 8 * k;
  for (int t = 0; t < k; t++, b += rows, dst += 8, next += 8) {
    UNROLL for (int i = 0; i < 4; i++) {
      const vec v = wasm_v128_load(b + 4 * i);
      wasm_v128_store((i < 2 ? dst : next) + 4 * (i & 1), v);
      sum[i] = add(sum[i], v);
    }
  }
  if (sums) UNROLL for (int i = 0; i < 4; i++) wasm_v128_store(sums + 4 * i, sum[i]);
}

void pack(float *dst, float *sums, const float *b, int rows, int cols, int k, int n) {
  int j = 0;
  for (; cols == 1 && j + 16 <= n; j += 16) pack_line(dst + j * k, sums ? sums + j : sums, b + j, rows, k);
  for (; j < n; j += 4) {
    const int lanes = n - j < 4 ? n - j : 4, panel = j & ~7, step = n - panel > 4 ? 8 : 4;
    float *to = dst + panel * k + (j & 4);
    if (cols == 1) {
      pack_rows(to, step, sums ? sums + j : sums, b + j, rows, k, lanes);
    } else {
      pack_cols(to, step, b + j * cols, cols, k, lanes);
    }
  }
}

void pack_strips(float *dst, const float *a, int lda, int k, int m) {
  for (int t = 0; t < k; t++, a += lda) {
    float *to = dst + t * tile_rows;
    int i = 0;
    for (; i + tile_rows <= m; i += tile_rows, to += tile_rows * k) {
      wasm_v128_store(to, wasm_v128_load(a + i));
      to[4] = a[i + 4];
    }
    for (int r = 0; i + r < m; r++) to[r] = a[i + r];
  }
}

// tile computes mr rows by nv vectors of columns, of the last of which only the first lanes are real. a is in strips, or has rows
// lda apart. The loop is not unrolled: clang would gather the products of several steps of one sum first, and hold more than fits
// the registers.
INLINE void tile(const int mr, const int nv, const int strips, float *c, int ldc, const float *init, int ldi, const float *a, int lda,
                 const float *b, int k, int lanes) {
  vec sum[tile_rows][2];
  UNROLL for (int i = 0; i < mr; i++) UNROLL for (int j = 0; j < nv; j++) {
    sum[i][j] = init ? get(init + i * ldi + 4 * j, j == nv - 1 ? lanes : 4) : splat(0);
  }
  const float *row[tile_rows];  // a strip needs one pointer only
  UNROLL for (int i = 0; i < mr; i++) row[i] = a + i * (strips ? 1 : lda);
  _Pragma("clang loop unroll(disable)") for (; k > 0; k--) {
    vec bt[2];
    UNROLL for (int j = 0; j < nv; j++) bt[j] = wasm_v128_load(b + 4 * j);
    UNROLL for (int i = 0; i < mr; i++) {
      const vec at = wasm_v128_load32_splat(strips ? row[0] + i : row[i]);
      UNROLL for (int j = 0; j < nv; j++) sum[i][j] = add(sum[i][j], mul(at, bt[j]));
    }
    UNROLL for (int i = 0; i < mr; i++) row[i] += strips ? tile_rows : 1;
    b += 4 * nv;
  }
  UNROLL for (int i = 0; i < mr; i++) UNROLL for (int j = 0; j < nv; j++) {
    put(c + i * ldc + 4 * j, sum[i][j], j == nv - 1 ? lanes : 4);
  }
}

// PANEL multiplies m rows of a with one panel of b; the next five rows are step floats further.
#define PANEL(name, nv, strips)                                                                                                        \
  static __attribute__((noinline)) void name(float *c, int ldc, const float *init, int ldi, const float *a, int lda, int step,         \
                                             const float *b, int k, int m, int lanes) {                                                \
    for (; m >= tile_rows; m -= tile_rows) {                                                                                           \
      tile(tile_rows, nv, strips, c, ldc, init, ldi, a, lda, b, k, lanes);                                                             \
      c += tile_rows * ldc;                                                                                                            \
      if (init) init += tile_rows * ldi;                                                                                               \
      a += step;                                                                                                                       \
    }                                                                                                                                  \
    switch (m) {                                                                                                                       \
      case 4: tile(4, nv, strips, c, ldc, init, ldi, a, lda, b, k, lanes); break;                                                      \
      case 3: tile(3, nv, strips, c, ldc, init, ldi, a, lda, b, k, lanes); break;                                                      \
      case 2: tile(2, nv, strips, c, ldc, init, ldi, a, lda, b, k, lanes); break;                                                      \
      case 1: tile(1, nv, strips, c, ldc, init, ldi, a, lda, b, k, lanes); break;                                                      \
    }                                                                                                                                  \
  }
PANEL(panel8_of_rows, 2, 0)
PANEL(panel4_of_rows, 1, 0)
PANEL(panel8_of_strips, 2, 1)
PANEL(panel4_of_strips, 1, 1)

void multiply(float *c, int ldc, const float *init, int ldi, const float *a, int lda, const float *b, int k, int width, int m,
              int n, int t0, int t1) {
  const int strips = lda == 0, step = tile_rows * (strips ? k : lda), depth = t1 - t0;
  a += strips ? t0 * tile_rows : t0;
  for (int j = 0; j < n; j += 8) {
    const int real = n - j < 8 ? n - j : 8, narrow = width - j <= 4;
    const float *panel = b + j * k + t0 * (narrow ? 4 : 8), *start = init ? init + j : init;
    if (narrow && strips) {
      panel4_of_strips(c + j, ldc, start, ldi, a, lda, step, panel, depth, m, real);
    } else if (narrow) {
      panel4_of_rows(c + j, ldc, start, ldi, a, lda, step, panel, depth, m, real);
    } else if (strips) {
      panel8_of_strips(c + j, ldc, start, ldi, a, lda, step, panel, depth, m, real - 4);
    } else {
      panel8_of_rows(c + j, ldc, start, ldi, a, lda, step, panel, depth, m, real - 4);
    }
  }
}

// What is done to a block of the result once its sums are complete and it is still in the cache. Extra has the result's shape.
enum ending {
  ending_none,
  ending_add,    // c += extra
  ending_gelu,   // c = gelu(c), extra = gelu'(c) unless it is null
  ending_times,  // c *= extra
};

// finish does it to m rows of n columns; all rows lie ld apart.
static void finish(enum ending ending, float *c, float *extra, int ld, int m, int n) {
  for (int r = 0; r < m; r++, c += ld) {
    switch (ending) {
      case ending_none: return;
      case ending_add: EACH(n, put(c + i, add(get(c + i, lanes), get(extra + i, lanes)), lanes);); break;
      case ending_gelu: gelu(c, extra, n); break;
      case ending_times: EACH(n, put(c + i, mul(get(c + i, lanes), get(extra + i, lanes)), lanes);); break;
    }
    if (extra) extra += ld;
  }
}

// product computes c = init + a b for m rows, n columns and the common dimension k, then does the ending; a's rows lie k apart, those
// of c and extra n apart, those of init ldi; a null init counts as zeros. Element (t, j) of b is b[t*b_rows + j*b_cols].
static void product(float *c, enum ending ending, float *extra, const float *init, int ldi, const float *a, const float *b, int b_rows,
                    int b_cols, float *scratch, int m, int n, int k) {
  for (int j = 0; j < n; j += block_n) {
    const int width = min(n - j, block_n);
    for (int t = 0; t == 0 || t < k; t += block_k) {  // once even for k = 0: the result is then init
      const int depth = min(k - t, block_k);
      pack(scratch, 0, b + t * b_rows + j * b_cols, b_rows, b_cols, depth, width);
      for (int i = 0; i < m; i += block_m) {
        const int rows = min(m - i, block_m);
        float *to = c + i * n + j;
        const float *from = t > 0 ? to : init ? init + i * ldi + j : init;
        multiply(to, n, from, t > 0 ? n : ldi, a + i * k + t, k, scratch, depth, width, rows, width, 0, depth);
        if (t + block_k >= k) finish(ending, to, extra ? extra + i * n + j : extra, n, rows, width);
      }
    }
  }
}

void matmul(float *y, const float *x, const float *w, const float *bias, float *scratch, int n, int in, int out, int stride) {
  product(y, ending_none, 0, bias, 0, x, w, stride, 1, scratch, n, out, in);
}

void matmul_add(float *y, const float *x, const float *w, const float *bias, float *residual, float *scratch, int n, int in, int out,
                int stride) {
  product(y, ending_add, residual, bias, 0, x, w, stride, 1, scratch, n, out, in);
}

void matmul_gelu(float *y, float *slope, const float *x, const float *w, const float *bias, float *scratch, int n, int in, int out,
                 int stride) {
  product(y, ending_gelu, slope, bias, 0, x, w, stride, 1, scratch, n, out, in);
}

void matmul_backward_input(float *dx, const float *dy, const float *w, float *slope, float *scratch, int n, int in, int out, int stride) {
  product(dx, slope ? ending_times : ending_none, slope, 0, 0, dy, w, 1, stride, scratch, n, in, out);
}

void matmul_backward_input_add(float *dx, const float *dy, const float *w, float *scratch, int n, int in, int out, int stride) {
  product(dx, ending_none, 0, dx, in, dy, w, 1, stride, scratch, n, in, out);
}

// The product is xT dy. A column of x touches as many cache lines as x has rows, so x is packed too. The column sums of dy are
// taken while it is packed.
void matmul_backward_weight(float *dw, float *dbias, const float *x, const float *dy, float *scratch, float *strips, int n, int in,
                            int out, int stride) {
  for (int t = 0; t < n; t += block_k, x += block_k * in, dy += block_k * out) {
    const int depth = min(n - t, block_k);
    for (int j = 0; j < out; j += block_n) {
      const int width = min(out - j, block_n);
      pack(scratch, dbias ? dbias + j : dbias, dy + j, out, 1, depth, width);
      for (int i = 0; i < in; i += block_m) {
        const int height = min(in - i, block_m);
        float *to = dw + i * stride + j;
        pack_strips(strips, x + i, in, depth, height);
        multiply(to, stride, to, stride, strips, 0, scratch, depth, width, height, width, 0, depth);
      }
    }
  }
}
