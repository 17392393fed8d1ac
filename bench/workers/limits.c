// What one core gives to WebAssembly's SIMD at best: two loops that do nothing but what a matrix product must. Four floats a vector, two
// operations (a multiplication and an addition) for each. Built by extras.mjs when clang is there, and not kept.
#include <wasm_simd128.h>

#define UNROLL _Pragma("clang loop unroll(full)")

enum { rows = 5, vectors = 2, depth = 256 };  // toy/kernel/c/gemm.c's tile, and the panel that stays in the first-level cache

static float a[depth * rows], b[depth * vectors * 4], c[rows * vectors * 4];

enum { chains = 7 };  // of multiplications, and as many of additions: each waits for itself only, and 14 vectors fit V8's registers

// registers multiplies and adds 2n times in each of its chains, and returns the number of operations. Halving and doubling keeps the
// products what they are; clang must not know better, since it has to round.
__attribute__((export_name("registers"))) double registers(int n) {
  v128_t sum[chains], product[chains];
  UNROLL for (int i = 0; i < chains; i++) sum[i] = product[i] = wasm_f32x4_splat((float)i);
  for (int k = 0; k < n; k++) {
    UNROLL for (int i = 0; i < chains; i++) {
      product[i] = wasm_f32x4_mul(product[i], wasm_f32x4_splat(0.5f));
      sum[i] = wasm_f32x4_add(sum[i], wasm_f32x4_splat(0.5f));
    }
    UNROLL for (int i = 0; i < chains; i++) {
      product[i] = wasm_f32x4_mul(product[i], wasm_f32x4_splat(2));
      sum[i] = wasm_f32x4_add(sum[i], wasm_f32x4_splat(0.5f));
    }
  }
  v128_t all = sum[0];
  UNROLL for (int i = 0; i < chains; i++) all = wasm_f32x4_add(all, wasm_f32x4_add(sum[i], product[i]));
  wasm_v128_store(c, all);
  return 2.0 * 2 * 4 * chains * n;
}

// microkernel computes a tile of a matrix product n times from packed operands, and returns the number of operations.
__attribute__((export_name("microkernel"))) double microkernel(int n) {
  for (int repeat = 0; repeat < n; repeat++) {
    v128_t sum[rows][vectors];
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = wasm_v128_load(c + (i * vectors + j) * 4);
    const float *at = a, *bt = b;
    _Pragma("clang loop unroll(disable)") for (int k = 0; k < depth; k++, at += rows, bt += 4 * vectors) {
      v128_t column[vectors];
      UNROLL for (int j = 0; j < vectors; j++) column[j] = wasm_v128_load(bt + 4 * j);
      UNROLL for (int i = 0; i < rows; i++) {
        const v128_t row = wasm_v128_load32_splat(at + i);
        UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = wasm_f32x4_add(sum[i][j], wasm_f32x4_mul(row, column[j]));
      }
    }
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) wasm_v128_store(c + (i * vectors + j) * 4, sum[i][j]);
  }
  return 2.0 * 4 * rows * vectors * depth * n;
}
