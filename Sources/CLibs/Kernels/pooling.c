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

// Columns of the input that a strip of the plain layout spans.
#define STRIP 256

// The greatest of each column of a strip and where it is, by rows that follow each other; a column outside of the image
// is -inf and has no position, so that anything in the image goes before it.
INLINE void column_maxima(const float *x, float *best, int *position, ptrdiff_t oy, ptrdiff_t left, ptrdiff_t count,
                          const quaver_window *w) {
  const ptrdiff_t top = oy * w->stride - w->padding;
  const ptrdiff_t ky0 = top < 0 ? -top : 0, ky1 = top + w->kernel > w->height ? w->height - top : w->kernel;
  const ptrdiff_t from = left < 0 ? -left : 0, to = left + count > w->width ? w->width - left : count;
  for (ptrdiff_t i = 0; i < count; i++) best[i] = -__builtin_inff(), position[i] = QUAVER_NO_POSITION;
  for (ptrdiff_t ky = ky0; ky < ky1; ky++) {
    const float *row = x + (top + ky) * w->width + left;
    for (ptrdiff_t i = from; i < to; i++) {
      const bool take = (row[i] > best[i]) | (row[i] != row[i]) | (ky == ky0);
      best[i] = take ? row[i] : best[i];
      position[i] = take ? (int)(ky * w->kernel) : position[i];
    }
  }
}

// The plain layout: one channel, pixel after pixel. A strip's maxima are taken down the columns, then along them at every
// column, and only then every stride-th is kept: a vector of neighbours at a time costs less than one output after another.
// Of equal values the first row by row wins, as in the other layouts.
INLINE void max_pool_plain(const float *x, float *y, uint8_t *which, const quaver_window *w, bool rectify) {
  float column[STRIP], best[STRIP];
  int row[STRIP], top[STRIP], position[STRIP];
  const ptrdiff_t outputs = (STRIP - w->kernel) / w->stride + 1;
  for (ptrdiff_t oy = 0; oy < w->height_out; oy++)
    for (ptrdiff_t ox = 0; ox < w->width_out; ox += outputs) {
      const ptrdiff_t count = w->width_out - ox < outputs ? w->width_out - ox : outputs;
      const ptrdiff_t span = (count - 1) * w->stride + 1;
      column_maxima(x, column, row, oy, ox * w->stride - w->padding, span + w->kernel - 1, w);
      for (ptrdiff_t i = 0; i < span; i++) best[i] = column[i], position[i] = top[i] = row[i];
      for (int kx = 1; kx < w->kernel; kx++)
        for (ptrdiff_t i = 0; i < span; i++) {
          const float v = column[i + kx];
          const int candidate = row[i + kx];
          const bool take = (v > best[i]) | (v != v) | ((v == best[i]) & (candidate < top[i]));
          best[i] = take ? v : best[i];
          top[i] = take ? candidate : top[i];
          position[i] = take ? candidate + kx : position[i];
        }
      const ptrdiff_t to = oy * w->width_out + ox;
      for (ptrdiff_t o = 0; o < count; o++) {
        const bool off = rectify && best[o * w->stride] <= 0.0f;
        y[to + o] = off ? 0.0f : best[o * w->stride];
        if (which) which[to + o] = (uint8_t)(off ? QUAVER_NO_POSITION : position[o * w->stride]);
      }
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
