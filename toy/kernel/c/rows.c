// Operations that treat each row, or each element, by itself.
#include "kernel.h"
#include "row.h"
#include "simd.h"

// Layer normalization (Ba, Kiros and Hinton 2016): y = (x - mean) rstd gain + bias, rstd = 1 / sqrt(variance + 1e-5).
void layernorm(float *y, float *mean, float *rstd, const float *x, const float *gain, const float *bias, int n, int c) {
  for (int r = 0; r < n; r++, x += c, y += c) {
    vec sum = splat(0), squares = splat(0);
    EACH(c, sum = add(sum, get(x + i, lanes)););
    const float m = sum_lanes(sum) / (float)c;
    EACH(c, {
      vec d = sub(get_or(x + i, lanes, m), splat(m));
      squares = add(squares, mul(d, d));
    });
    const float scale = 1 / __builtin_sqrtf(sum_lanes(squares) / (float)c + 1e-5f);
    EACH(c, {
      vec normal = mul(sub(get(x + i, lanes), splat(m)), splat(scale));
      put(y + i, add(mul(normal, get(gain + i, lanes)), get(bias + i, lanes)), lanes);
    });
    mean[r] = m;
    rstd[r] = scale;
  }
}

// With z = (x - mean) rstd and g = dy gain:  dx += rstd (g - avg(g) - z avg(g z)),  dgain += sum of dy z,  dbias += sum of dy.
void layernorm_backward(float *dx, float *dgain, float *dbias, const float *dy, const float *x, const float *mean, const float *rstd,
                        const float *gain, int n, int c) {
  for (int r = 0; r < n; r++, dx += c, dy += c, x += c) {
    const vec m = splat(mean[r]), scale = splat(rstd[r]);
    vec sum = splat(0), sum_z = splat(0);
    EACH(c, {
      vec d = get(dy + i, lanes), z = mul(sub(get(x + i, lanes), m), scale), g = mul(d, get(gain + i, lanes));
      vec dz = mul(d, z);
      put(dgain + i, add(get(dgain + i, lanes), dz), lanes);
      put(dbias + i, add(get(dbias + i, lanes), d), lanes);
      sum = add(sum, g);
      sum_z = add(sum_z, mul(g, z));
    });
    const vec avg = splat(sum_lanes(sum) / (float)c), avg_z = splat(sum_lanes(sum_z) / (float)c);
    EACH(c, {
      vec z = mul(sub(get(x + i, lanes), m), scale), g = mul(get(dy + i, lanes), get(gain + i, lanes));
      vec change = mul(scale, sub(sub(g, avg), mul(z, avg_z)));
      put(dx + i, add(get(dx + i, lanes), change), lanes);
    });
  }
}

// The tanh form of GELU (Hendrycks and Gimpel 2016), x (1 + tanh u) / 2 with u = sqrt(2/pi) (x + 0.044715 x**3), is x sigmoid(2u).
// At 9.5 and -9.5 the sigmoid is 1 and 0 in float32, to 33 digits; stopping x there keeps e**(2u) a float.
#define GELU_CUBE 0.044715f
#define GELU_SLOPE 1.5957691216057308f  // 2 sqrt(2/pi)
#define GELU_BOUND 9.5f

// With s = sigmoid(2u) and (2u)' = 2 sqrt(2/pi) (1 + 3 * 0.044715 x**2), in place of x, and in slope unless that is null:
//   gelu(x) = x s,  gelu'(x) = s + x s (1 - s) (2u)'.
void gelu(float *x, float *slope, int n) {
  const struct exponential e = exponential();
  const vec least = constant(-GELU_BOUND), most = constant(GELU_BOUND), linear = constant(GELU_SLOPE);
  const vec cubic = constant(-GELU_CUBE * GELU_SLOPE), square = constant(3 * GELU_CUBE * GELU_SLOPE);
  EACH(n, {
    const vec low = at_least(get(x + i, lanes), least), v = at_most(low, most);
    const vec exponent = mul(sub(mul(mul(v, v), cubic), linear), v);  // -2u
    const vec s = div(e.one, add(e.one, exp_within(exponent, e)));
    put(x + i, mul(low, s), lanes);
    if (slope) put(slope + i, add(s, mul(mul(v, mul(s, sub(e.one, s))), add(mul(mul(v, v), square), linear))), lanes);
  });
}

INLINE void add_row(float *y, const float *x, int c) { EACH(c, put(y + i, add(get(y + i, lanes), get(x + i, lanes)), lanes);); }

void embed(float *x, const float *wte, const float *wpe, const int32_t *tokens, const int32_t *positions, int n, int c) {
  for (int r = 0; r < n; r++, x += c) {
    const float *token = wte + tokens[r] * c, *position = wpe + positions[r] * c;
    EACH(c, put(x + i, add(get(token + i, lanes), get(position + i, lanes)), lanes););
  }
}

void embed_backward(float *dwte, float *dwpe, const float *dx, const int32_t *tokens, const int32_t *positions, int n, int c) {
  for (int r = 0; r < n; r++, dx += c) {
    add_row(dwte + tokens[r] * c, dx, c);
    add_row(dwpe + positions[r] * c, dx, c);
  }
}

void gather(float *y, const float *x, const int32_t *rows, int n, int c) {
  for (int r = 0; r < n; r++, y += c) {
    const float *from = x + rows[r] * c;
    EACH(c, put(y + i, get(from + i, lanes), lanes););
  }
}

void gather_backward(float *dx, const float *dy, const int32_t *rows, int n, int c) {
  for (int r = 0; r < n; r++, dy += c) add_row(dx + rows[r] * c, dy, c);
}

void softmax(float *probs, float *lse, const float *logits, int n, int v, float scale) {
  const struct exponential e = exponential();
  for (int r = 0; r < n; r++, probs += v, logits += v) {
    const float max = scaled_max(logits, v, scale);
    const float sum = exponentials(probs, logits, v, scale, max, e);
    scale_row(probs, v, 1 / sum);
    lse[r] = (float)(max + log_of(sum));
  }
}

void cross_entropy_backward(float *dlogits, const float *probs, const float *coefs, int n, int v) {
  for (int r = 0; r < n; r++, dlogits += v, probs += v) {
    const vec coef = splat(-coefs[r]);
    EACH(v, put(dlogits + i, mul(coef, get(probs + i, lanes)), lanes););
  }
}

INLINE vec low(vec v) { return wasm_f64x2_promote_low_f32x4(v); }
INLINE vec high(vec v) { return wasm_f64x2_promote_low_f32x4(wasm_i64x2_shuffle(v, v, 1, 0)); }
INLINE double sum_pair(vec v) { return wasm_f64x2_extract_lane(v, 0) + wasm_f64x2_extract_lane(v, 1); }

// exp_above is e**(x - max) of two floats' promoted differences.
INLINE vec exp_above(vec x, double max, struct exponential64 e) { return exp2d(wasm_f64x2_sub(x, wasm_f64x2_splat(max)), e); }

// KL(P || Q) = sum p (P - Q) - (lse P - lse Q), where p = e**(P - lse P). The two terms nearly cancel when P and Q are close, so all is
// done in double precision; what rounding leaves below zero is zero.
void kl(float *kl, const float *p, const float *q, int n, int v) {
  const struct exponential64 e = exponential64();
  for (int r = 0; r < n; r++, p += v, q += v) {
    const double max_p = scaled_max(p, v, 1), max_q = scaled_max(q, v, 1);
    vec sum_p = wasm_f64x2_splat(0), sum_q = sum_p, cross = sum_p;
    EACH(v, {
      vec below = get_or(p + i, lanes, -__builtin_inff()), diff_p = get(p + i, lanes), diff_q = get(q + i, lanes);
      vec other = get_or(q + i, lanes, -__builtin_inff());
      vec e_low = exp_above(low(below), max_p, e), e_high = exp_above(high(below), max_p, e);
      sum_p = wasm_f64x2_add(sum_p, wasm_f64x2_add(e_low, e_high));
      sum_q = wasm_f64x2_add(sum_q, wasm_f64x2_add(exp_above(low(other), max_q, e), exp_above(high(other), max_q, e)));
      vec d_low = wasm_f64x2_sub(low(diff_p), low(diff_q)), d_high = wasm_f64x2_sub(high(diff_p), high(diff_q));
      cross = wasm_f64x2_add(cross, wasm_f64x2_add(wasm_f64x2_mul(e_low, d_low), wasm_f64x2_mul(e_high, d_high)));
    });
    const double total_p = sum_pair(sum_p), total_q = sum_pair(sum_q);
    const double value = sum_pair(cross) / total_p - (max_p - max_q) - (log_of(total_p) - log_of(total_q));
    kl[r] = value < 0 ? 0 : (float)value;
  }
}
