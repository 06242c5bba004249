#include "normalisation.h"

#include <stdbool.h>

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

// Any number of lanes: strips of sixteen columns, then of eight, then columns one by one.
INLINE void moments_column(const float *x, ptrdiff_t rows, ptrdiff_t stride, float shift, double *sum,
                           double *squares) {
  double a = 0.0, b = 0.0;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const double v = x[i * stride] - shift;
    a += v;
    b += v * v;
  }
  *sum = a, *squares = b;
}

INLINE float slope_1(float u, quaver_activation activation) {
  return activation == QUAVER_IDENTITY ? 1.0f : hard_swish_slope(u);
}

INLINE float activate_1(float u, quaver_activation activation) {
  return activation == QUAVER_IDENTITY ? u : hard_swish(u);
}

INLINE void gradient_sums_column(const float *dy, const float *x, ptrdiff_t rows, ptrdiff_t stride, float scale,
                                 float offset, float mean, quaver_activation activation, double *sum,
                                 double *products) {
  double a = 0.0, b = 0.0;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float v = x[i * stride];
    const double d = dy[i * stride] * slope_1(scale * v + offset, activation);
    a += d;
    b += d * (v - mean);
  }
  *sum = a, *products = b;
}

// Strips of sixteen columns from column `c` on that are taken at a time, none of them alone; 0 where none is whole.
INLINE ptrdiff_t strips_from(ptrdiff_t c, ptrdiff_t lanes) {
  const ptrdiff_t left = (lanes - c) / 16;
  return left <= STRIPS ? left : left < 2 * STRIPS ? left / 2 : STRIPS;
}

INLINE void moments(const float *x, ptrdiff_t pixels, ptrdiff_t lanes, const float *shift, double *sums) {
  ptrdiff_t c = 0;
  for (ptrdiff_t strips; (strips = strips_from(c, lanes)) > 0; c += 16 * strips)
    moments_16(x + c, pixels, lanes, strips, shift + c, sums + c, sums + lanes + c);
  for (; c + 8 <= lanes; c += 8) moments_8(x + c, pixels, lanes, 1, shift + c, sums + c, sums + lanes + c);
  for (; c < lanes; c++) moments_column(x + c, pixels, lanes, shift[c], sums + c, sums + lanes + c);
}

INLINE void apply(const float *x, float *y, ptrdiff_t pixels, ptrdiff_t lanes, const quaver_norm *n,
                  quaver_activation f) {
  const ptrdiff_t step = lanes > 16 ? ROWS : pixels;
  ptrdiff_t c = 0;
  for (ptrdiff_t first = 0; first < pixels; first += step) {
    const ptrdiff_t rows = first + step < pixels ? step : pixels - first, at = first * lanes;
    for (c = 0; c + 16 <= lanes; c += 16)
      apply_16(x + at + c, y + at + c, rows, lanes, n->scale + c, n->offset + c, f);
  }
  for (; c + 8 <= lanes; c += 8) apply_8(x + c, y + c, pixels, lanes, n->scale + c, n->offset + c, f);
  for (; c < lanes; c++)
    for (ptrdiff_t i = c; i < pixels * lanes; i += lanes)
      y[i] = activate_1(n->scale[c] * x[i] + n->offset[c], f);
}

INLINE void gradient_sums(const float *dy, const float *x, ptrdiff_t pixels, ptrdiff_t lanes, const quaver_norm *n,
                          quaver_activation f, double *sums) {
  const float *s = n->scale, *o = n->offset, *m = n->mean;
  double *products = sums + lanes;
  ptrdiff_t c = 0;
  for (ptrdiff_t strips; (strips = strips_from(c, lanes)) > 0; c += 16 * strips)
    gradient_sums_16(dy + c, x + c, pixels, lanes, strips, s + c, o + c, m + c, f, sums + c, products + c);
  for (; c + 8 <= lanes; c += 8)
    gradient_sums_8(dy + c, x + c, pixels, lanes, 1, s + c, o + c, m + c, f, sums + c, products + c);
  for (; c < lanes; c++)
    gradient_sums_column(dy + c, x + c, pixels, lanes, s[c], o[c], m[c], f, sums + c, products + c);
}

INLINE void gradient(const float *dy, const float *x, float *dx, ptrdiff_t pixels, ptrdiff_t lanes,
                     const quaver_norm *n, quaver_activation f) {
  const float *s = n->scale, *o = n->offset, *b = n->by_x, *k = n->constant;
  const ptrdiff_t step = lanes > 16 ? ROWS : pixels;
  ptrdiff_t c = 0;
  for (ptrdiff_t first = 0; first < pixels; first += step) {
    const ptrdiff_t rows = first + step < pixels ? step : pixels - first, at = first * lanes;
    for (c = 0; c + 16 <= lanes; c += 16)
      gradient_16(dy + at + c, x + at + c, dx + at + c, rows, lanes, s + c, o + c, b + c, k + c, f);
  }
  for (; c + 8 <= lanes; c += 8) gradient_8(dy + c, x + c, dx + c, pixels, lanes, s + c, o + c, b + c, k + c, f);
  for (; c < lanes; c++)
    for (ptrdiff_t i = c; i < pixels * lanes; i += lanes)
      dx[i] = s[c] * dy[i] * slope_1(s[c] * x[i] + o[c], f) + (b[c] * x[i] + k[c]);
}

// One plain channel is a slab of sixteen lanes whose sums are joined at the end, and a rest.
typedef struct {
  float scale[16], offset[16], mean[16], by_x[16], constant[16];
  quaver_norm norm;
} phases;

INLINE void spread(phases *p, const quaver_norm *n) {
  *(f16 *)p->scale = (f16)*n->scale;
  *(f16 *)p->offset = (f16)*n->offset;
  *(f16 *)p->mean = (f16)*n->mean;
  *(f16 *)p->by_x = (f16)*n->by_x;
  *(f16 *)p->constant = (f16)*n->constant;
  p->norm = (quaver_norm){p->scale, p->offset, p->mean, p->by_x, p->constant, n->activation};
}

INLINE void join(const double *lanes, double *sums) {
  for (int l = 0; l < 16; l++) sums[0] += lanes[l], sums[1] += lanes[16 + l];
}

KERNEL void quaver_norm_moments(const float *x, ptrdiff_t pixels, ptrdiff_t lanes, const float *shift, double *sums) {
  if (lanes != 1) {
    moments(x, pixels, lanes, shift, sums);
    return;
  }
  const ptrdiff_t whole = pixels / 16;
  float shifts[16];
  double parts[32];
  *(f16 *)shifts = (f16)*shift;
  moments(x + 16 * whole, pixels - 16 * whole, 1, shift, sums);
  moments(x, whole, 16, shifts, parts);
  join(parts, sums);
}

// The activation is a constant within each branch, so that each has a loop of its own.
#define FOR_ACTIVATION(n, call)                                                    \
  switch ((n)->activation) {                                                       \
  case QUAVER_IDENTITY: call(QUAVER_IDENTITY); break;                              \
  case QUAVER_HARD_SWISH: call(QUAVER_HARD_SWISH); break;                          \
  }

KERNEL void quaver_norm_apply(const float *x, float *y, ptrdiff_t pixels, ptrdiff_t lanes, const quaver_norm *n) {
  phases p;
  if (lanes == 1) {
    const ptrdiff_t whole = pixels / 16;
    spread(&p, n);
#define CALL(f) apply(x + 16 * whole, y + 16 * whole, pixels - 16 * whole, 1, n, f)
    FOR_ACTIVATION(n, CALL)
#undef CALL
    pixels = whole, lanes = 16, n = &p.norm;
  }
#define CALL(f) apply(x, y, pixels, lanes, n, f)
  FOR_ACTIVATION(n, CALL)
#undef CALL
}

KERNEL void quaver_norm_gradient_sums(const float *dy, const float *x, ptrdiff_t pixels, ptrdiff_t lanes,
                                      const quaver_norm *n, double *sums) {
  phases p;
  double parts[32];
  double *out = sums;
  const bool plain = lanes == 1;
  if (plain) {
    const ptrdiff_t whole = pixels / 16;
    spread(&p, n);
#define CALL(f) gradient_sums(dy + 16 * whole, x + 16 * whole, pixels - 16 * whole, 1, n, f, sums)
    FOR_ACTIVATION(n, CALL)
#undef CALL
    pixels = whole, lanes = 16, n = &p.norm, out = parts;
  }
#define CALL(f) gradient_sums(dy, x, pixels, lanes, n, f, out)
  FOR_ACTIVATION(n, CALL)
#undef CALL
  if (plain) join(parts, sums);
}

KERNEL void quaver_norm_gradient(const float *dy, const float *x, float *dx, ptrdiff_t pixels, ptrdiff_t lanes,
                                 const quaver_norm *n) {
  phases p;
  if (lanes == 1) {
    const ptrdiff_t whole = pixels / 16, rest = 16 * whole;
    spread(&p, n);
#define CALL(f) gradient(dy + rest, x + rest, dx + rest, pixels - rest, 1, n, f)
    FOR_ACTIVATION(n, CALL)
#undef CALL
    pixels = whole, lanes = 16, n = &p.norm;
  }
#define CALL(f) gradient(dy, x, dx, pixels, lanes, n, f)
  FOR_ACTIVATION(n, CALL)
#undef CALL
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
