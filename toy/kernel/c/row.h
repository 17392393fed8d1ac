// The three passes of a softmax over one row, shared by rows.c and attention.c.
#pragma once
#include "simd.h"

// scaled_max is the largest scale * x[i]; NaN is passed over here, and comes back with the exponentials.
INLINE float scaled_max(const float *x, int n, float scale) {
  vec max = splat(-__builtin_inff());
  EACH(n, max = wasm_f32x4_pmax(max, mul(get_or(x + i, lanes, x[0]), splat(scale))););
  return max_lanes(max);
}

// exponentials sets y[i] = e**(scale x[i] - max) and returns their sum.
INLINE float exponentials(float *y, const float *x, int n, float scale, float max, struct exponential numbers) {
  vec sum = splat(0);
  EACH(n, {
    vec e = exp4(sub(mul(get(x + i, lanes), splat(scale)), splat(max)), numbers);
    put(y + i, e, lanes);
    sum = add(sum, lanes == 4 ? e : get(y + i, lanes));
  });
  return sum_lanes(sum);
}

INLINE void scale_row(float *y, int n, float scale) { EACH(n, put(y + i, mul(get(y + i, lanes), splat(scale)), lanes);); }
