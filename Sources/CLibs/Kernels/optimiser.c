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
