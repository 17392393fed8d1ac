// The operations that run (run.c) offers, one prototype each; kernel.go says what they compute. Slices that are written come
// first, then inputs, then dimensions. Matrices are row-major.
#pragma once
#include <stdint.h>

// gemm.c; rows of w and dw are stride floats apart
void matmul(float *y, const float *x, const float *w, const float *bias, float *scratch, int n, int in, int out, int stride);
void matmul_add(float *y, const float *x, const float *w, const float *bias, float *residual, float *scratch, int n, int in, int out,
                int stride);
void matmul_gelu(float *y, float *slope, const float *x, const float *w, const float *bias, float *scratch, int n, int in, int out,
                 int stride);
void matmul_backward_input(float *dx, const float *dy, const float *w, float *slope, float *scratch, int n, int in, int out, int stride);
void matmul_backward_input_add(float *dx, const float *dy, const float *w, float *scratch, int n, int in, int out, int stride);
void matmul_backward_weight(float *dw, float *dbias, const float *x, const float *dy, float *scratch, float *strips, int n, int in,
                            int out, int stride);

// rows.c
void layernorm(float *y, float *mean, float *rstd, const float *x, const float *gain, const float *bias, int n, int c);
void layernorm_backward(float *dx, float *dgain, float *dbias, const float *dy, const float *x, const float *mean, const float *rstd,
                        const float *gain, int n, int c);
void gelu(float *x, float *slope, int n);
void embed(float *x, const float *wte, const float *wpe, const int32_t *tokens, const int32_t *positions, int n, int c);
void embed_backward(float *dwte, float *dwpe, const float *dx, const int32_t *tokens, const int32_t *positions, int n, int c);
void gather(float *y, const float *x, const int32_t *rows, int n, int c);
void gather_backward(float *dx, const float *dy, const int32_t *rows, int n, int c);
void softmax(float *probs, float *lse, const float *logits, int n, int v, float scale);
void cross_entropy_backward(float *dlogits, const float *probs, const float *coefs, int n, int v);
void kl(float *kl, const float *p, const float *q, int n, int v);

// attention.c
void attention(float *y, float *probs, const float *q, const float *kv, const int32_t *segments, float *scratch, int count, int heads,
               int c);
void attention_backward(float *dq, float *dkv, const float *dy, const float *probs, const float *q, const float *kv,
                        const int32_t *segments, float *scratch, int count, int heads, int c);
void attend_cached(float *y, const float *qkv, float *cache, const int32_t *positions, float *scratch, int b, int context,
                   int heads, int c);

// adamw.c
double sum_squares(const float *x, int n);
void adamw(float *w, const float *g, float *m, float *v, int n, float scale, float keep1, float take1, float keep2, float take2,
           float root2, float eps, float keep, float rate);
