#include "layer_norm.h"

#include <math.h>

#include "vector_math.h"

#define AT(p) (*(const f16 *)(p))

KERNEL void quaver_layer_norm(const float *x, ptrdiff_t rows, ptrdiff_t width, const float *weight, const float *bias,
                              float epsilon, float *y, float *facts) {
  const ptrdiff_t whole = width / 16 * 16;
  for (ptrdiff_t r = 0; r < rows; r++, x += width, y += width) {
    f16 sums = 0.0f, squares = 0.0f;
    for (ptrdiff_t c = 0; c < whole; c += 16) sums += AT(x + c);
    float sum = lane_sum(&sums);
    for (ptrdiff_t c = whole; c < width; c++) sum += x[c];
    const float mean = sum / (float)width;
    for (ptrdiff_t c = 0; c < whole; c += 16) {
      const f16 d = AT(x + c) - mean;
      squares += d * d;
    }
    float square = lane_sum(&squares);
    for (ptrdiff_t c = whole; c < width; c++) square += (x[c] - mean) * (x[c] - mean);
    const float inverse = 1.0f / sqrtf(square / (float)width + epsilon);
    ELEMENTWISE for (ptrdiff_t c = 0; c < width; c++) y[c] = (x[c] - mean) * inverse * weight[c] + bias[c];
    if (facts) facts[2 * r] = mean, facts[2 * r + 1] = inverse;
  }
}

// Adds one row's share of the gradients of weight and bias.
INLINE void add_row(const float *dy, const float *x, float mean, float inverse, ptrdiff_t width, double *sums) {
  ptrdiff_t c = 0;
  for (; c + 16 <= width; c += 16) {
    const f16 d = AT(dy + c);
    *(d16 *)(sums + c) += __builtin_convertvector(d * ((AT(x + c) - mean) * inverse), d16);
    *(d16 *)(sums + width + c) += __builtin_convertvector(d, d16);
  }
  for (; c < width; c++) {
    sums[c] += dy[c] * ((x[c] - mean) * inverse);
    sums[width + c] += dy[c];
  }
}

KERNEL void quaver_layer_norm_gradient(const float *dy, const float *x, const float *facts, ptrdiff_t rows,
                                       ptrdiff_t width, const float *weight, float *dx, bool adding, double *sums) {
  const ptrdiff_t whole = width / 16 * 16;
  for (ptrdiff_t r = 0; r < rows; r++, x += width, dy += width) {
    const float mean = facts[2 * r], inverse = facts[2 * r + 1];
    if (sums) add_row(dy, x, mean, inverse, width, sums);
    if (!dx) continue;
    f16 first = 0.0f, second = 0.0f;
    for (ptrdiff_t c = 0; c < whole; c += 16) {
      const f16 g = AT(dy + c) * AT(weight + c);
      first += g;
      second += g * (AT(x + c) - mean);
    }
    float a = lane_sum(&first), b = lane_sum(&second);
    for (ptrdiff_t c = whole; c < width; c++) {
      const float g = dy[c] * weight[c];
      a += g;
      b += g * (x[c] - mean);
    }
    // dx = inverse·(g − Σg/width − (x − mean)·inverse²·Σ g·(x − mean)/width)
    const float constant = a / (float)width * inverse, slope = b / (float)width * inverse * inverse * inverse;
    float *out = dx + r * width;
    if (adding)
      ELEMENTWISE for (ptrdiff_t c = 0; c < width; c++)
        out[c] += dy[c] * weight[c] * inverse - constant - (x[c] - mean) * slope;
    else
      ELEMENTWISE for (ptrdiff_t c = 0; c < width; c++)
        out[c] = dy[c] * weight[c] * inverse - constant - (x[c] - mean) * slope;
  }
}
