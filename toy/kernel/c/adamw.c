// What the optimizer does once a step with all weights.
#include "kernel.h"
#include "simd.h"

double sum_squares(const float *x, int n) {
  vec low = wasm_f64x2_splat(0), high = low;
  EACH(n, {
    vec v = get(x + i, lanes);
    vec a = wasm_f64x2_promote_low_f32x4(v), b = wasm_f64x2_promote_low_f32x4(wasm_i64x2_shuffle(v, v, 1, 0));
    low = wasm_f64x2_add(low, wasm_f64x2_mul(a, a));
    high = wasm_f64x2_add(high, wasm_f64x2_mul(b, b));
  });
  vec sum = wasm_f64x2_add(low, high);
  return wasm_f64x2_extract_lane(sum, 0) + wasm_f64x2_extract_lane(sum, 1);
}

// Decoupled weight decay (Loshchilov and Hutter 2019) as torch.optim.AdamW orders it: with the gradient G = scale g,
//   w = keep w,  m = keep1 m + take1 G,  v = keep2 v + take2 G**2,  w = w - rate m / (sqrt(v) / root2 + eps).
void adamw(float *w, const float *g, float *m, float *v, int n, float scale, float keep1, float take1, float keep2, float take2,
           float root2, float eps, float keep, float rate) {
  EACH(n, {
    vec grad = mul(get(g + i, lanes), splat(scale));
    vec m1 = add(mul(get(m + i, lanes), splat(keep1)), mul(grad, splat(take1)));
    vec v1 = add(mul(get(v + i, lanes), splat(keep2)), mul(mul(grad, grad), splat(take2)));
    vec norm = add(div(wasm_f32x4_sqrt(v1), splat(root2)), splat(eps));
    vec w1 = sub(mul(get(w + i, lanes), splat(keep)), div(mul(m1, splat(rate)), norm));
    put(m + i, m1, lanes);
    put(v + i, v1, lanes);
    put(w + i, w1, lanes);
  });
}
