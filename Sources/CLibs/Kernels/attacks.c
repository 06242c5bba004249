#include "attacks.h"

#include "random_bits.h"
#include "vector_math.h"

INLINE float clip(float x, float low, float high) {
  x = x > low ? x : low;
  return x < high ? x : high;
}

KERNEL bool quaver_within_unit(const float *x, ptrdiff_t count) {
  int32_t outside = 0;
  for (ptrdiff_t i = 0; i < count; i++) outside |= !(x[i] >= 0.0f && x[i] <= 1.0f);
  return !outside;
}

KERNEL double quaver_distance(const float *x, const float *y, ptrdiff_t count, float *largest) {
  f8 most = 0.0f;
  d8 sum = 0.0;
  ptrdiff_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const f8 d = *(const f8 *)(x + i) - *(const f8 *)(y + i);
    const d8 wide = __builtin_convertvector(d, d8);
    most = __builtin_elementwise_max(most, __builtin_elementwise_abs(d));
    sum += wide * wide;
  }
  float top = __builtin_reduce_max(most);
  double total = 0;
  for (int lane = 0; lane < 8; lane++) total += sum[lane];
  for (; i < count; i++) {
    const float d = __builtin_fabsf(x[i] - y[i]);
    top = d > top ? d : top;
    total += (double)d * d;
  }
  *largest = top;
  return total;
}

KERNEL ptrdiff_t quaver_zeros(const float *x, ptrdiff_t count) {
  int32_t zeros = 0;
  for (ptrdiff_t i = 0; i < count; i++) zeros += x[i] == 0.0f;
  return zeros;
}

KERNEL void quaver_random_start(const float *clean, float *x, ptrdiff_t count, uint64_t key, float epsilon) {
  for (ptrdiff_t i = 0; i < count; i++)
    x[i] = clip(clean[i] + epsilon * (2.0f * uniform(key, i) - 1.0f), 0.0f, 1.0f);
}

KERNEL void quaver_sign_step(const float *clean, const float *direction, float *x, ptrdiff_t count, float size,
                             float epsilon) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float g = direction[i];
    const float step = g > 0.0f ? size : (g < 0.0f ? -size : 0.0f);
    const float delta = clip(x[i] + step - clean[i], -epsilon, epsilon);
    x[i] = clip(clean[i] + delta, 0.0f, 1.0f);
  }
}

KERNEL void quaver_momentum(const float *g, float *m, ptrdiff_t count, float decay) {
  d8 sum = 0.0;
  ptrdiff_t i = 0;
  for (; i + 8 <= count; i += 8)
    sum += __builtin_convertvector(__builtin_elementwise_abs(*(const f8 *)(g + i)), d8);
  double total = 0;
  for (int lane = 0; lane < 8; lane++) total += sum[lane];
  for (; i < count; i++) total += __builtin_fabsf(g[i]);
  const float scale = total > 0 ? (float)((double)count / total) : 0.0f;
  for (ptrdiff_t k = 0; k < count; k++) m[k] = g[k] * scale + decay * m[k];
}
