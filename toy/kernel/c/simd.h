// Four floats at a time: loads and stores that never leave a slice, sums in a fixed order, and the functions that the math
// library would give. The kernel owns no memory: nothing here may need a table, a string or a variable with an address.
#pragma once
#include <stdint.h>
#include <wasm_simd128.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef v128_t vec;

INLINE int min(int a, int b) { return a < b ? a : b; }

INLINE vec splat(float x) { return wasm_f32x4_splat(x); }
INLINE vec add(vec a, vec b) { return wasm_f32x4_add(a, b); }
INLINE vec sub(vec a, vec b) { return wasm_f32x4_sub(a, b); }
INLINE vec mul(vec a, vec b) { return wasm_f32x4_mul(a, b); }
INLINE vec div(vec a, vec b) { return wasm_f32x4_div(a, b); }
// Both keep a NaN in x: the comparison with it is false, and then the instruction returns its first operand.
INLINE vec at_most(vec x, vec limit) { return wasm_f32x4_pmin(x, limit); }
INLINE vec at_least(vec x, vec limit) { return wasm_f32x4_pmax(x, limit); }

// get_or loads the first lanes (1 to 4) floats at p and sets the other lanes to fill.
INLINE vec get_or(const float *p, int lanes, float fill) {
  if (lanes == 4) return wasm_v128_load(p);
  vec v = wasm_v128_load32_lane(p, splat(fill), 0);
  if (lanes > 1) v = wasm_v128_load32_lane(p + 1, v, 1);
  if (lanes > 2) v = wasm_v128_load32_lane(p + 2, v, 2);
  return v;
}

INLINE vec get(const float *p, int lanes) { return get_or(p, lanes, 0); }

// put stores the first lanes (1 to 4) of v at p.
INLINE void put(float *p, vec v, int lanes) {
  if (lanes == 4) {
    wasm_v128_store(p, v);
    return;
  }
  wasm_v128_store32_lane(p, v, 0);
  if (lanes > 1) wasm_v128_store32_lane(p + 1, v, 1);
  if (lanes > 2) wasm_v128_store32_lane(p + 2, v, 2);
}

// EACH runs its body for i = 0, 4, 8, ... below n with lanes = 4, and once more with the lanes that are left.
#define EACH(n, ...)                   \
  do {                                 \
    int i = 0;                         \
    for (; i + 4 <= (n); i += 4) {     \
      enum { lanes = 4 };              \
      __VA_ARGS__                      \
    }                                  \
    if (i < (n)) {                     \
      const int lanes = (n) - i;       \
      __VA_ARGS__                      \
    }                                  \
  } while (0)

// sum_lanes adds (0 + 2) + (1 + 3); every sum over a row ends with it, whatever the row's length.
INLINE float sum_lanes(vec v) {
  v = add(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1);
}

INLINE float max_lanes(vec v) {
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2));
  return wasm_f32x4_extract_lane(v, 0);
}

// constant is splat of a number that the compiler may not know, so that it stays in a variable outside of the loop: V8 makes a constant
// anew at every use, with two instructions for the one port that shuffles, and functions with many constants then wait for that port.
INLINE vec constant(float x) {
  __asm__("" : "+r"(x));
  return splat(x);
}

// The numbers of exp4 and exp_within: the polynomial and the split of ln 2 are those of Moshier's Cephes (expf).
struct exponential {
  vec log2e, magic, ln2_high, ln2_low, p0, p1, p2, p3, p4, p5, one, most, least;
};

// Adding 1.5 * 2**23 rounds to an integer and leaves it in the low bits of the sum.
INLINE struct exponential exponential(void) {
  return (struct exponential){
    .log2e = constant(1.44269504088896341f), .magic = constant(12582912.0f),
    .ln2_high = constant(0.693359375f), .ln2_low = constant(-2.12194440e-4f),
    .p0 = constant(1.9875691500e-4f), .p1 = constant(1.3981999507e-3f), .p2 = constant(8.3334519073e-3f),
    .p3 = constant(4.1665795894e-2f), .p4 = constant(1.6666665459e-1f), .p5 = constant(5.0000001201e-1f),
    .one = constant(1), .most = constant(89.0f), .least = constant(-104.0f),
  };
}

// The integer nearest to x / ln 2 is n.
INLINE vec exp_shifted(vec x, struct exponential e) { return add(mul(x, e.log2e), e.magic); }
INLINE vec exp_integer(vec shifted, struct exponential e) { return wasm_i32x4_sub(shifted, e.magic); }

// exp_fraction is e**(x - n ln 2), |x - n ln 2| <= ln 2 / 2.
INLINE vec exp_fraction(vec x, vec shifted, struct exponential e) {
  vec n = sub(shifted, e.magic);
  vec r = sub(sub(x, mul(n, e.ln2_high)), mul(n, e.ln2_low));
  vec p = e.p0;
  p = add(mul(p, r), e.p1);
  p = add(mul(p, r), e.p2);
  p = add(mul(p, r), e.p3);
  p = add(mul(p, r), e.p4);
  p = add(mul(p, r), e.p5);
  return add(add(mul(p, mul(r, r)), r), e.one);
}

// times_power multiplies by 2**k, as long as that is a normal number.
INLINE vec times_power(vec x, vec k, struct exponential e) { return mul(x, wasm_i32x4_add(e.one, wasm_i32x4_shl(k, 23))); }

// exp_within is e**x to within 2 units in the last place for |x| <= 87, beyond which its result means nothing; NaN stays NaN.
INLINE vec exp_within(vec x, struct exponential e) {
  vec shifted = exp_shifted(x, e);
  return times_power(exp_fraction(x, shifted, e), exp_integer(shifted, e), e);
}

// exp4 is e**x to within 2 units in the last place. Beyond the largest float it is infinite, below half of the least denormal 0;
// NaN stays NaN.
INLINE vec exp4(vec x, struct exponential e) {
  x = at_least(at_most(x, e.most), e.least);
  vec shifted = exp_shifted(x, e), k = exp_integer(shifted, e), half = wasm_i32x4_shr(k, 1);
  // Two factors: k runs from -150 to 128, a float's exponent does not.
  return times_power(times_power(exp_fraction(x, shifted, e), half, e), wasm_i32x4_sub(k, half), e);
}

// constant64 is constant for two doubles.
INLINE vec constant64(double x) {
  __asm__("" : "+r"(x));
  return wasm_f64x2_splat(x);
}

enum { exp2d_terms = 13 };

// The numbers of exp2d; inverse[i] is 1 / i.
struct exponential64 {
  vec least, log2e, magic, ln2_high, ln2_low, one, inverse[exp2d_terms + 1];
};

INLINE struct exponential64 exponential64(void) {
  struct exponential64 e = {
    .least = constant64(-708), .log2e = constant64(1.44269504088896340736), .magic = constant64(6755399441055744.0),  // 1.5 * 2**52
    .ln2_high = constant64(6.93147180369123816490e-01), .ln2_low = constant64(1.90821492927058770002e-10), .one = constant64(1),
  };
  UNROLL for (int i = 1; i <= exp2d_terms; i++) e.inverse[i] = constant64(1.0 / i);
  return e;
}

// exp2d is e**x of two doubles x <= 0 to within 2 units in the last place: the Taylor series to the 13th power of the remainder
// modulo ln 2 (the error is below 2**-57). Below -708 it is e**-708, which vanishes in any sum that we form.
INLINE vec exp2d(vec x, struct exponential64 e) {
  x = wasm_f64x2_pmax(x, e.least);
  vec shifted = wasm_f64x2_add(wasm_f64x2_mul(x, e.log2e), e.magic);
  vec n = wasm_f64x2_sub(shifted, e.magic);
  vec r = wasm_f64x2_sub(x, wasm_f64x2_mul(n, e.ln2_high));
  r = wasm_f64x2_sub(r, wasm_f64x2_mul(n, e.ln2_low));
  vec p = e.one;
  UNROLL for (int i = exp2d_terms; i >= 1; i--) p = wasm_f64x2_add(wasm_f64x2_mul(wasm_f64x2_mul(p, r), e.inverse[i]), e.one);
  vec k = wasm_i64x2_sub(shifted, e.magic);
  return wasm_f64x2_mul(p, wasm_i64x2_add(e.one, wasm_i64x2_shl(k, 52)));
}

// log_of is the natural logarithm of a normal number x > 0, in double precision: x = 2**k f with sqrt(1/2) <= f < sqrt 2, and
// log f = 2 atanh s, s = (f - 1) / (f + 1), by its series to s**21. NaN and infinity stay what they are.
INLINE double log_of(double x) {
  if (!(x < __builtin_inf())) return x;
  int64_t bits = (int64_t)(union { double d; uint64_t u; }){x}.u;
  // Subtracting the bits of sqrt(1/2) makes the exponent field count from there.
  int64_t k = (bits - 0x3fe6a09e667f3bcd) >> 52;
  double f = (union { int64_t u; double d; }){bits - (k << 52)}.d;
  double s = (f - 1) / (f + 1), s2 = s * s, sum = 0;
  UNROLL for (int n = 21; n >= 3; n -= 2) sum = s2 * (sum + 1.0 / n);
  double log1 = 2 * s + 2 * s * sum;
  return (double)k * 6.93147180369123816490e-01 + (log1 + (double)k * 1.90821492927058770002e-10);
}
