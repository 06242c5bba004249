#include "elementwise.h"

#include "random_bits.h"
#include "vector_math.h"

KERNEL void quaver_relu(const float *x, float *y, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) y[i] = x[i] <= 0.0f ? 0.0f : x[i];
}

KERNEL void quaver_relu_gradient(const float *dy, const float *y, float *dx, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) dx[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}

KERNEL void quaver_relu_masked(const float *x, float *y, uint8_t *mask, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i += 8) {
    const f8 v = *(const f8 *)(x + i);
    const i8 positive = v > 0.0f, weight = {1, 2, 4, 8, 16, 32, 64, 128};
    const i8 below = v <= 0.0f;
    *(f8 *)(y + i) = below ? (f8)0.0f : v;
    mask[i / 8] = (uint8_t)__builtin_reduce_add(positive & weight);
  }
}

KERNEL void quaver_relu_masked_gradient(const float *dy, const uint8_t *mask, float *dx, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i += 8) {
    const i8 weight = {1, 2, 4, 8, 16, 32, 64, 128};
    const i8 on = ((i8)mask[i / 8] & weight) != 0;
    *(f8 *)(dx + i) = on ? *(const f8 *)(dy + i) : (f8)0.0f;
  }
}

KERNEL void quaver_elu(const float *x, float *y, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) {
    const float e = expm1_vector(x[i]);
    y[i] = x[i] > 0.0f ? x[i] : e;
  }
}

KERNEL void quaver_elu_gradient(const float *dy, const float *y, float *dx, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) dx[i] = dy[i] * (y[i] > 0.0f ? 1.0f : y[i] + 1.0f);
}

KERNEL void quaver_hard_swish(const float *x, float *y, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) y[i] = hard_swish(x[i]);
}

KERNEL void quaver_hard_swish_gradient(const float *dy, const float *x, float *dx, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) dx[i] = dy[i] * hard_swish_slope(x[i]);
}

KERNEL void quaver_average(const float *x, const float *y, float *z, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) z[i] = 0.5f * (x[i] + y[i]);
}

KERNEL void quaver_scale(const float *x, float factor, float *y, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) y[i] = factor * x[i];
}

KERNEL void quaver_affine(const float *x, float factor, float offset, float *y, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) y[i] = factor * x[i] + offset;
}

KERNEL void quaver_add(const float *x, float *y, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) y[i] += x[i];
}

KERNEL void quaver_sum(const float *x, const float *y, float *z, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) z[i] = x[i] + y[i];
}

KERNEL void quaver_add_row(float *y, const float *b, ptrdiff_t rows, ptrdiff_t columns) {
  for (ptrdiff_t r = 0; r < rows; r++)
    ELEMENTWISE for (ptrdiff_t c = 0; c < columns; c++) y[r * columns + c] += b[c];
}

// Rows are read in stretches of up to this many columns, whose sums stay in the first-level cache.
#define STRETCH 512

KERNEL void quaver_column_sums(const float *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t first, ptrdiff_t last,
                               float *out) {
  double sums[STRETCH];
  for (ptrdiff_t start = first; start < last; start += STRETCH) {
    const ptrdiff_t width = last - start < STRETCH ? last - start : STRETCH, whole = width / 16 * 16;
    for (ptrdiff_t c = 0; c < width; c++) sums[c] = 0.0;
    for (ptrdiff_t r = 0; r < rows; r += 4) {
      const float *a = x + r * stride + start;
      const ptrdiff_t next = r + 1 < rows ? stride : 0, second = r + 2 < rows ? 2 * stride : 0;
      const ptrdiff_t third = r + 3 < rows ? 3 * stride : 0;
      // Rows beyond the last are the first one once more, times nothing.
      const float f1 = next ? 1.0f : 0.0f, f2 = second ? 1.0f : 0.0f, f3 = third ? 1.0f : 0.0f;
      for (ptrdiff_t c = 0; c < whole; c += 16) {
        const f16 sum = (*(const f16 *)(a + c) + f1 * *(const f16 *)(a + next + c)) +
                        (f2 * *(const f16 *)(a + second + c) + f3 * *(const f16 *)(a + third + c));
        *(d16 *)(sums + c) += __builtin_convertvector(sum, d16);
      }
      for (ptrdiff_t c = whole; c < width; c++)
        sums[c] += (a[c] + f1 * a[next + c]) + (f2 * a[second + c] + f3 * a[third + c]);
    }
    for (ptrdiff_t c = 0; c < width; c++) out[start + c] = (float)sums[c];
  }
}

// Tiles of 32×16: reads run along cache lines, and a tile's writes stay in the first-level cache.
KERNEL void quaver_transpose(const float *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t first, ptrdiff_t last,
                             float *y) {
  for (ptrdiff_t r0 = 0; r0 < rows; r0 += 32) {
    const ptrdiff_t r1 = r0 + 32 < rows ? r0 + 32 : rows;
    for (ptrdiff_t c0 = first; c0 < last; c0 += 16) {
      const ptrdiff_t c1 = c0 + 16 < last ? c0 + 16 : last;
      for (ptrdiff_t c = c0; c < c1; c++)
        for (ptrdiff_t r = r0; r < r1; r++) y[c * rows + r] = x[r * stride + c];
    }
  }
}

KERNEL void quaver_dropout(const float *x, float *y, ptrdiff_t first, ptrdiff_t count, uint64_t key, float rate,
                           float scale) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) {
    y[i] = uniform(key, first + i) >= rate ? x[i] * scale : 0.0f;
  }
}
