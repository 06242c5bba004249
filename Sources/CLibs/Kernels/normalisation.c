#include "normalisation.h"

#include "vector_math.h"

#define LANES 16
#define F f16
#define I i16
#define B b16
#define D d16
#define NAME(x) x##_16
#include "normalisation_lanes.h"
#undef LANES
#undef F
#undef I
#undef B
#undef D
#undef NAME
#define LANES 8
#define F f8
#define I i8
#define B b8
#define D d8
#define NAME(x) x##_8
#include "normalisation_lanes.h"

// The plain layout: one channel, pixel after pixel, sixteen at a time; the rest one by one.
INLINE void moments_1(const float *x, ptrdiff_t pixels, float shift, double *sums) {
  d16 sum = 0.0, squares = 0.0;
  ptrdiff_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    const d16 v = __builtin_convertvector(*(const f16 *)(x + i) - shift, d16);
    sum += v;
    squares += v * v;
  }
  double total = 0.0, total_squares = 0.0;
  for (int l = 0; l < 16; l++) total += sum[l], total_squares += squares[l];
  for (; i < pixels; i++) {
    const double v = x[i] - shift;
    total += v;
    total_squares += v * v;
  }
  sums[0] = total, sums[1] = total_squares;
}

INLINE void gradient_sums_1(const float *dy, const float *x, ptrdiff_t pixels, float mean, double *sums) {
  d16 sum = 0.0, products = 0.0;
  ptrdiff_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    const d16 d = __builtin_convertvector(*(const f16 *)(dy + i), d16);
    sum += d;
    products += d * __builtin_convertvector(*(const f16 *)(x + i) - mean, d16);
  }
  double total = 0.0, total_products = 0.0;
  for (int l = 0; l < 16; l++) total += sum[l], total_products += products[l];
  for (; i < pixels; i++) {
    total += dy[i];
    total_products += (double)dy[i] * (x[i] - mean);
  }
  sums[0] = total, sums[1] = total_products;
}

KERNEL void quaver_norm_moments(const float *x, ptrdiff_t pixels, ptrdiff_t lanes, const float *shift, double *sums) {
  if (lanes == 16) moments_16(x, pixels, shift, sums);
  else if (lanes == 8) moments_8(x, pixels, shift, sums);
  else moments_1(x, pixels, *shift, sums);
}

KERNEL void quaver_norm_apply(const float *x, float *y, ptrdiff_t pixels, ptrdiff_t lanes, const float *scale,
                              const float *offset) {
  if (lanes == 16) apply_16(x, y, pixels, scale, offset);
  else if (lanes == 8) apply_8(x, y, pixels, scale, offset);
  else {
    const float s = *scale, o = *offset;
    for (ptrdiff_t i = 0; i < pixels; i++) y[i] = s * x[i] + o;
  }
}

KERNEL void quaver_norm_gradient_sums(const float *dy, const float *x, ptrdiff_t pixels, ptrdiff_t lanes,
                                      const float *mean, double *sums) {
  if (lanes == 16) gradient_sums_16(dy, x, pixels, mean, sums);
  else if (lanes == 8) gradient_sums_8(dy, x, pixels, mean, sums);
  else gradient_sums_1(dy, x, pixels, *mean, sums);
}

KERNEL void quaver_norm_gradient(const float *dy, const float *x, float *dx, ptrdiff_t pixels, ptrdiff_t lanes,
                                 const float *by_dy, const float *by_x, const float *constant) {
  if (lanes == 16) gradient_16(dy, x, dx, pixels, by_dy, by_x, constant);
  else if (lanes == 8) gradient_8(dy, x, dx, pixels, by_dy, by_x, constant);
  else {
    const float d = *by_dy, s = *by_x, c = *constant;
    for (ptrdiff_t i = 0; i < pixels; i++) dx[i] = d * dy[i] + s * x[i] + c;
  }
}

KERNEL void quaver_norm_pool_select(const float *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t lanes,
                                    const float *sign, const float *shift, double *sums, float *winner,
                                    uint8_t *which) {
  if (lanes == 16) pool_select_16(x, height, width, sign, shift, sums, winner, which);
  else pool_select_8(x, height, width, sign, shift, sums, winner, which);
}

KERNEL void quaver_norm_elu(const float *winner, float *y, ptrdiff_t pixels, ptrdiff_t lanes, const float *scale,
                            const float *offset) {
  if (lanes == 16) norm_elu_16(winner, y, pixels, scale, offset);
  else norm_elu_8(winner, y, pixels, scale, offset);
}

KERNEL void quaver_norm_pool_apply(const float *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t lanes,
                                   const float *scale, const float *offset, float *y, float *winner, uint8_t *which) {
  if (lanes == 16) pool_apply_16(x, height, width, scale, offset, y, winner, which);
  else pool_apply_8(x, height, width, scale, offset, y, winner, which);
}

KERNEL void quaver_norm_pool_gradient_sums(float *dy, const float *winner, ptrdiff_t pixels, ptrdiff_t lanes,
                                           const float *scale, const float *offset, const float *mean, double *sums) {
  if (lanes == 16) pool_gradient_sums_16(dy, winner, pixels, scale, offset, mean, sums);
  else pool_gradient_sums_8(dy, winner, pixels, scale, offset, mean, sums);
}

KERNEL void quaver_norm_pool_gradient(const float *dy, const uint8_t *which, const float *x, float *dx,
                                      ptrdiff_t height, ptrdiff_t width, ptrdiff_t lanes, const float *by_dy,
                                      const float *by_x, const float *constant) {
  if (lanes == 16) pool_gradient_16(dy, which, x, dx, height, width, by_dy, by_x, constant);
  else pool_gradient_8(dy, which, x, dx, height, width, by_dy, by_x, constant);
}

KERNEL void quaver_norm_pool_scatter(const float *dy, const uint8_t *which, float *dx, ptrdiff_t height,
                                     ptrdiff_t width, ptrdiff_t lanes, const float *by_dy) {
  if (lanes == 16) pool_scatter_16(dy, which, dx, height, width, by_dy);
  else pool_scatter_8(dy, which, dx, height, width, by_dy);
}
