#include "optimiser.h"

#include <math.h>

#include "vector_math.h"

KERNEL void quaver_adam(float *restrict p, const float *restrict g, float *restrict m, float *restrict v,
                        ptrdiff_t count, const quaver_adam_step *step) {
  const float beta1 = step->beta1, beta2 = step->beta2, epsilon = step->epsilon;
  const float size = step->step_size, root = step->inverse_root, decay = step->weight_decay;
  for (ptrdiff_t i = 0; i < count; i++) {
    const float d = g[i] + decay * p[i];
    const float m1 = m[i] + (1.0f - beta1) * (d - m[i]);
    const float v1 = beta2 * v[i] + (1.0f - beta2) * d * d;
    m[i] = m1;
    v[i] = v1;
    p[i] -= size * m1 / (__builtin_sqrtf(v1) * root + epsilon);
  }
}

KERNEL double quaver_sum_of_squares(const float *x, ptrdiff_t count) {
  d16 sums = {0};
  ptrdiff_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const d16 v = __builtin_convertvector(*(const f16 *)(x + i), d16);
    sums += v * v;
  }
  double total = 0;
  for (int lane = 0; lane < 16; lane++) total += sums[lane];
  for (; i < count; i++) total += (double)x[i] * (double)x[i];
  return total;
}

KERNEL void quaver_add_scaled(const float *restrict x, float factor, float *restrict y, ptrdiff_t count, bool fresh) {
  if (fresh) {
    for (ptrdiff_t i = 0; i < count; i++) y[i] = factor * x[i];
  } else {
    for (ptrdiff_t i = 0; i < count; i++) y[i] += factor * x[i];
  }
}
