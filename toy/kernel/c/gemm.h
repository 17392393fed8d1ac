// The parts of a matrix product that attention.c shares with gemm.c.
#pragma once

// pack copies the k x n matrix b, whose element (i, j) is b[i*rows + j*cols] and of which one stride is 1, into panels of eight
// columns, or four if no more than four are left: panel p holds its k rows one after the other, from dst + 8*p*k on. Missing columns are 0.
// If cols is 1 and sums is not null, the sum of column j, row after row, is added to sums[j].
void pack(float *dst, float *sums, const float *b, int rows, int cols, int k, int n);

// pack_strips copies the transpose a of a k x m matrix whose rows lie lda apart into strips of five rows: strip s holds its k columns of
// five one after the other, from dst + 5*s*k on. It writes to no more than k * (m + 4) floats.
void pack_strips(float *dst, const float *a, int lda, int k, int m);

// multiply computes c[i*ldc + j] = init[i*ldi + j] + sum over t from t0 to t1-1, in that order, of a(i, t) b(t, j), for m rows and n
// columns. b was packed with k rows and width columns; n is width or a multiple of 8 below it. a(i, t) is a[i*lda + t], or a is strips
// of k columns where lda is 0. A null init counts as zeros; it may be c itself.
void multiply(float *c, int ldc, const float *init, int ldi, const float *a, int lda, const float *b, int k, int width, int m,
              int n, int t0, int t1);
