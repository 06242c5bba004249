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
  const double exact = total > 0 ? (double)count / total : 0.0;
  // Of a nearly vanished gradient, where the products are a float's and the scale is none.
  if (exact > (double)__FLT_MAX__) {
    for (ptrdiff_t k = 0; k < count; k++) m[k] = (float)(g[k] * exact) + decay * m[k];
    return;
  }
  const float scale = (float)exact;
  for (ptrdiff_t k = 0; k < count; k++) m[k] = g[k] * scale + decay * m[k];
}

// A rolled row is two stretches: columns before `shift` come from the row's end.
INLINE void roll(const float *restrict x, float *restrict y, const quaver_transform *t) {
  const ptrdiff_t tail = t->columns - t->shift;
  for (ptrdiff_t c = 0; c < t->shift; c++) y[c] = t->gain * x[tail + c];
  for (ptrdiff_t c = 0; c < tail; c++) y[t->shift + c] = t->gain * x[c];
}

KERNEL void quaver_apply_transform(const float *x, float *y, ptrdiff_t count, const quaver_transform *t) {
  for (ptrdiff_t row = 0; row < count; row += t->columns) {
    roll(x + row, y + row, t);
    for (ptrdiff_t c = t->mask_first; c < t->mask_last; c++) y[row + c] = 0.0f;
  }
}

KERNEL void quaver_transpose_transform(const float *restrict dy, float *restrict dx, ptrdiff_t count,
                                       const quaver_transform *t) {
  const ptrdiff_t tail = t->columns - t->shift;
  for (ptrdiff_t row = 0; row < count; row += t->columns) {
    const float *from = dy + row;
    float *to = dx + row;
    for (ptrdiff_t c = 0; c < t->columns; c++) {
      const ptrdiff_t source = c < tail ? c + t->shift : c - tail;
      const float kept = source >= t->mask_first && source < t->mask_last ? 0.0f : t->gain;
      to[c] += kept * from[source];
    }
  }
}

KERNEL void quaver_apgd_step(const float *clean, const float *g, float *x, float *before, ptrdiff_t count, float size,
                             float epsilon, float a) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float low = __builtin_fmaxf(clean[i] - epsilon, 0.0f), high = __builtin_fminf(clean[i] + epsilon, 1.0f);
    const float step = g[i] > 0.0f ? size : (g[i] < 0.0f ? -size : 0.0f);
    const float z = clip(x[i] + step, low, high);
    const float next = clip(x[i] + a * (z - x[i]) + (1.0f - a) * (x[i] - before[i]), low, high);
    before[i] = x[i];
    x[i] = next;
  }
}
