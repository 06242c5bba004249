#include "pooling.h"

#include "vector_math.h"

#define LANES 16
#define F f16
#define I i16
#define B b16
#define NAME(x) x##_16
#include "pooling_lanes.h"
#undef LANES
#undef F
#undef I
#undef B
#undef NAME
#define LANES 8
#define F f8
#define I i8
#define B b8
#define NAME(x) x##_8
#include "pooling_lanes.h"

// The plain layout: one channel, pixel after pixel.
static void max_pool_plain(const float *x, float *y, uint8_t *which, const quaver_window *w, bool rectify) {
  for (ptrdiff_t oy = 0; oy < w->height_out; oy++)
    for (ptrdiff_t ox = 0; ox < w->width_out; ox++) {
      float best = -__builtin_inff();
      int position = QUAVER_NO_POSITION;
      for (ptrdiff_t ky = 0; ky < w->kernel; ky++) {
        const ptrdiff_t iy = oy * w->stride - w->padding + ky;
        if (iy < 0 || iy >= w->height) continue;
        for (ptrdiff_t kx = 0; kx < w->kernel; kx++) {
          const ptrdiff_t ix = ox * w->stride - w->padding + kx;
          if (ix < 0 || ix >= w->width) continue;
          const float v = x[iy * w->width + ix];
          if (v > best || v != v || position == QUAVER_NO_POSITION)
            if (best == best) best = v, position = (int)(ky * w->kernel + kx);
        }
      }
      if (rectify && best <= 0.0f) best = 0.0f, position = QUAVER_NO_POSITION;
      y[oy * w->width_out + ox] = best;
      if (which) which[oy * w->width_out + ox] = (uint8_t)position;
    }
}

static void max_pool_gradient_plain(const float *dy, const uint8_t *which, float *dx, const quaver_window *w) {
  __builtin_memset(dx, 0, (size_t)(w->height * w->width) * sizeof(float));
  for (ptrdiff_t oy = 0; oy < w->height_out; oy++)
    for (ptrdiff_t ox = 0; ox < w->width_out; ox++) {
      const int position = which[oy * w->width_out + ox];
      if (position == QUAVER_NO_POSITION) continue;
      const ptrdiff_t iy = oy * w->stride - w->padding + position / w->kernel;
      const ptrdiff_t ix = ox * w->stride - w->padding + position % w->kernel;
      dx[iy * w->width + ix] += dy[oy * w->width_out + ox];
    }
}

KERNEL void quaver_max_pool(const float *x, float *y, uint8_t *which, const quaver_window *window, ptrdiff_t lanes,
                            bool rectify) {
  if (lanes == 16) max_pool_16(x, y, which, window, rectify);
  else if (lanes == 8) max_pool_8(x, y, which, window, rectify);
  else max_pool_plain(x, y, which, window, rectify);
}

KERNEL void quaver_max_pool_gradient(const float *dy, const uint8_t *which, float *dx, const quaver_window *window,
                                     ptrdiff_t lanes) {
  if (lanes == 16) max_pool_gradient_16(dy, which, dx, window);
  else if (lanes == 8) max_pool_gradient_8(dy, which, dx, window);
  else max_pool_gradient_plain(dy, which, dx, window);
}

typedef struct {
  ptrdiff_t from, to;
} span;

INLINE span covered(ptrdiff_t i, ptrdiff_t in, ptrdiff_t out) {
  return (span){i * in / out, ((i + 1) * in + out - 1) / out};
}

void quaver_average_pool(const float *x, float *y, ptrdiff_t first, ptrdiff_t last, const quaver_window *s) {
  for (ptrdiff_t c = first; c < last; c++)
    for (ptrdiff_t oy = 0; oy < s->height_out; oy++)
      for (ptrdiff_t ox = 0; ox < s->width_out; ox++) {
        const span v = covered(oy, s->height, s->height_out), h = covered(ox, s->width, s->width_out);
        float sum = 0.0f;
        for (ptrdiff_t iy = v.from; iy < v.to; iy++)
          for (ptrdiff_t ix = h.from; ix < h.to; ix++) sum += x[(c * s->height + iy) * s->width + ix];
        y[(c * s->height_out + oy) * s->width_out + ox] = sum / (float)((v.to - v.from) * (h.to - h.from));
      }
}

void quaver_average_pool_gradient(const float *dy, float *dx, ptrdiff_t first, ptrdiff_t last,
                                  const quaver_window *s) {
  const ptrdiff_t size = s->height * s->width;
  __builtin_memset(dx + first * size, 0, (size_t)((last - first) * size) * sizeof(float));
  for (ptrdiff_t c = first; c < last; c++)
    for (ptrdiff_t oy = 0; oy < s->height_out; oy++)
      for (ptrdiff_t ox = 0; ox < s->width_out; ox++) {
        const span v = covered(oy, s->height, s->height_out), h = covered(ox, s->width, s->width_out);
        const float share = dy[(c * s->height_out + oy) * s->width_out + ox] /
                            (float)((v.to - v.from) * (h.to - h.from));
        for (ptrdiff_t iy = v.from; iy < v.to; iy++)
          for (ptrdiff_t ix = h.from; ix < h.to; ix++) dx[(c * s->height + iy) * s->width + ix] += share;
      }
}
