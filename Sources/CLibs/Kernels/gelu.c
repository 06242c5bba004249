#include "gelu.h"

#include "vector_math.h"

// Φ(x) by Abramowitz and Stegun 7.1.26, which needs bell = exp(−x²/2) as the density does.
INLINE float normal_cdf(float x, float bell) {
  const float magnitude = x < 0.0f ? -x : x;
  const float t = 1.0f / (1.0f + 0.2316418994f * magnitude);
  float p = 0.5307027145f * t - 0.7265760135f;
  p = p * t + 0.7107068705f;
  p = p * t - 0.142248368f;
  p = p * t + 0.127414796f;
  const float tail = p * t * bell;
  return x < 0.0f ? tail : 1.0f - tail;
}

KERNEL void quaver_gelu(const float *x, float *y, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) y[i] = x[i] * normal_cdf(x[i], exp_vector(-0.5f * x[i] * x[i]));
}

KERNEL void quaver_gelu_gradient(const float *dy, const float *x, float *dx, ptrdiff_t count) {
  ELEMENTWISE for (ptrdiff_t i = 0; i < count; i++) {
    const float bell = exp_vector(-0.5f * x[i] * x[i]);
    dx[i] = dy[i] * (normal_cdf(x[i], bell) + x[i] * bell * 0.3989422804f);
  }
}
