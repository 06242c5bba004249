#include "clones.h"
#include "spectral.h"

// Register tiles after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008), without the
// packing: our operands are at most a few hundred kilobytes and B stays in the second-level cache.

#define INLINE static inline __attribute__((always_inline))

INLINE void tile(
    const float *a, long lda, const float *b, long ldb, float *c, long ldc, long k, const int rows, const int vectors) {
  vec16 sum[8][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sum[r][v] = (vec16){0};
  for (long i = 0; i < k; i++) {
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      const vec16 right = *(const vec16 *)(b + i * ldb + 16 * v);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) sum[r][v] += a[r * lda + i] * right;
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) *(vec16 *)(c + r * ldc + 16 * v) = sum[r][v];
}

INLINE void columns(
    const float *a, long lda, const float *b, long ldb, float *c, long ldc, long m, long k, const int rows,
    const int vectors) {
  long r = 0;
  for (; r + rows <= m; r += rows) tile(a + r * lda, lda, b, ldb, c + r * ldc, ldc, k, rows, vectors);
  for (; r < m; r++) tile(a + r * lda, lda, b, ldb, c + r * ldc, ldc, k, 1, vectors);
}

INLINE void product(
    const float *a, long lda, const float *b, long ldb, float *c, long ldc, long m, long n, long k, const int rows,
    const int vectors) {
  long j = 0;
  for (; j + 16 * vectors <= n; j += 16 * vectors) columns(a, lda, b + j, ldb, c + j, ldc, m, k, rows, vectors);
  for (; j < n; j += 16) columns(a, lda, b + j, ldb, c + j, ldc, m, k, rows, 1);
}

// The tile differs by level (32 registers of 16 floats, 16 of 8, 16 of 4), so the versions are written out.
typedef void product_function(const float *, long, const float *, long, float *, long, long, long, long);

QUAVER_WIDE __attribute__((target("arch=x86-64-v4"))) static void product_v4(
    const float *a, long lda, const float *b, long ldb, float *c, long ldc, long m, long n, long k) {
  product(a, lda, b, ldb, c, ldc, m, n, k, 8, 2);
}

__attribute__((target("arch=x86-64-v3"))) static void product_v3(
    const float *a, long lda, const float *b, long ldb, float *c, long ldc, long m, long n, long k) {
  product(a, lda, b, ldb, c, ldc, m, n, k, 6, 1);
}

static void product_v1(
    const float *a, long lda, const float *b, long ldb, float *c, long ldc, long m, long n, long k) {
  product(a, lda, b, ldb, c, ldc, m, n, k, 2, 1);
}

void quaver_matmul(const float *a, long lda, const float *b, long ldb, float *c, long ldc, long m, long n, long k) {
  product_function *best = __builtin_cpu_supports("x86-64-v4") ? product_v4
                           : __builtin_cpu_supports("x86-64-v3") ? product_v3
                                                                 : product_v1;
  best(a, lda, b, ldb, c, ldc, m, n, k);
}
