#pragma once
// Register tiles of C = A·B, inlined into kernels that multiply small matrices of their own; B and C have columns in
// multiples of 16. How many registers a tile takes is the caller's choice, one a level of the instruction set.
#include <stdbool.h>

#include "clones.h"
#include "vector_math.h"

// Element (r, i) of A is a[r·lda + i], or a[i·lda + r] when `turned`. On the way 16·k floats of `ahead` (NULL: none) are fetched
// into the second-level cache.
INLINE void product_tile(const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc,
                         ptrdiff_t k, const int rows, const int vectors, const bool turned, const bool adding,
                         const float *ahead) {
  vec16 sum[8][4];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sum[r][v] = adding ? *(const vec16 *)(c + r * ldc + 16 * v) : (vec16){0};
  for (ptrdiff_t i = 0; i < k; i++) {
    if (ahead) __builtin_prefetch(ahead + 16 * i, 0, 2);
    vec16 right[4];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) right[v] = *(const vec16 *)(b + i * ldb + 16 * v);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      const float left = turned ? a[i * lda + r] : a[r * lda + i];
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sum[r][v] += left * right[v];
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) *(vec16 *)(c + r * ldc + 16 * v) = sum[r][v];
}

// What comes next and lies outside the second-level cache: each tile fetches `step` floats of the one and then of the other.
typedef struct {
  const float *first, *second;
  ptrdiff_t first_floats, second_floats, step, place;
} product_ahead;

INLINE const float *product_fetched(product_ahead *a) {
  if (!a) return 0;
  const ptrdiff_t place = a->place;
  a->place += a->step;
  if (place < a->first_floats) return a->first + place;
  return place < a->first_floats + a->second_floats ? a->second + (place - a->first_floats) : 0;
}

INLINE void product_columns(const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc,
                            ptrdiff_t m, ptrdiff_t k, const int rows, const int vectors, const bool turned,
                            const bool adding, product_ahead *ahead) {
  const ptrdiff_t step = turned ? 1 : lda;
  ptrdiff_t r = 0;
  for (; r + rows <= m; r += rows)
    product_tile(a + r * step, lda, b, ldb, c + r * ldc, ldc, k, rows, vectors, turned, adding, product_fetched(ahead));
  // In tiles one vector wide (AVX2) four rows still fill the processor's pipelines; two are half as fast a row.
  if (rows > 4)
    for (; r + 4 <= m; r += 4)
      product_tile(a + r * step, lda, b, ldb, c + r * ldc, ldc, k, 4, vectors, turned, adding, 0);
  if (rows > 2)
    for (; r + 2 <= m; r += 2)
      product_tile(a + r * step, lda, b, ldb, c + r * ldc, ldc, k, 2, vectors, turned, adding, 0);
  for (; r < m; r++) product_tile(a + r * step, lda, b, ldb, c + r * ldc, ldc, k, 1, vectors, turned, adding, 0);
}

/// C [m, n] = A·B (+ C when adding), A [m, k] or its transpose [k, m] when turned, B [k, n], n a multiple of 16.
INLINE void product(const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc, ptrdiff_t m,
                    ptrdiff_t n, ptrdiff_t k, const int rows, const int vectors, const bool turned,
                    const bool adding) {
  ptrdiff_t j = 0;
  for (; j + 16 * vectors <= n; j += 16 * vectors)
    product_columns(a, lda, b + j, ldb, c + j, ldc, m, k, rows, vectors, turned, adding, 0);
  if (vectors > 2)
    for (; j + 32 <= n; j += 32) product_columns(a, lda, b + j, ldb, c + j, ldc, m, k, 8, 2, turned, adding, 0);
  for (; j < n; j += 16) product_columns(a, lda, b + j, ldb, c + j, ldc, m, k, vectors > 1 ? 8 : rows, 1, turned, adding, 0);
}
