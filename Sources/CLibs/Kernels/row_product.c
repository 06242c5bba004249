#include "product_tiles.h"
#include "recurrent.h"

// Columns after the last multiple of 16: none in the networks of the registry.
static void rest(const float *a, ptrdiff_t lda, const float *b, float *c, ptrdiff_t ldc, ptrdiff_t rows,
                 ptrdiff_t columns, ptrdiff_t depth, bool adding) {
  for (ptrdiff_t r = 0; r < rows; r++)
    for (ptrdiff_t j = columns / 16 * 16; j < columns; j++) {
      float sum = adding ? c[r * ldc + j] : 0;
      for (ptrdiff_t i = 0; i < depth; i++) sum += a[r * lda + i] * b[i * columns + j];
      c[r * ldc + j] = sum;
    }
}

// The tile differs by level (32 registers of 16 floats, 16 of 8, 16 of 4), so the versions are written out.
#define VERSION(name, level, height, vectors)                                                                          \
  level static void product_##name(const float *a, ptrdiff_t lda, const float *b, float *c, ptrdiff_t ldc,             \
                                   ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, bool adding) {                  \
    const ptrdiff_t whole = columns / 16 * 16;                                                                         \
    if (adding) product(a, lda, b, columns, c, ldc, rows, whole, depth, height, vectors, false, true);                 \
    else product(a, lda, b, columns, c, ldc, rows, whole, depth, height, vectors, false, false);                       \
  }

VERSION(v4, QUAVER_WIDE __attribute__((target("arch=x86-64-v4"))), 6, 4)
VERSION(v3, __attribute__((target("arch=x86-64-v3"))), 6, 1)
VERSION(v1, , 2, 1)

void quaver_row_product(const float *a, ptrdiff_t stride_a, const float *b, float *c, ptrdiff_t stride_c,
                        ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, bool adding) {
  if (__builtin_cpu_supports("x86-64-v4")) product_v4(a, stride_a, b, c, stride_c, rows, columns, depth, adding);
  else if (__builtin_cpu_supports("x86-64-v3")) product_v3(a, stride_a, b, c, stride_c, rows, columns, depth, adding);
  else product_v1(a, stride_a, b, c, stride_c, rows, columns, depth, adding);
  if (columns % 16) rest(a, stride_a, b, c, stride_c, rows, columns, depth, adding);
}
