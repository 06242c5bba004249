#include "fold.h"

#include <string.h>

#include "vector_math.h"

void quaver_fold_map(const float *map, const quaver_fold_shape *s, ptrdiff_t down, ptrdiff_t right, float *folded) {
  const size_t pixel = (size_t)s->lanes * sizeof(float);
  const ptrdiff_t first = right < 0 ? -right : 0;
  const ptrdiff_t end = s->width - right < s->columns ? s->width - right : s->columns;
  for (ptrdiff_t q = 0; q < s->rows; q++, folded += s->columns * s->lanes) {
    const ptrdiff_t y = q + down;
    if (y < 0 || y >= s->height || first >= end) {
      memset(folded, 0, (size_t)s->columns * pixel);
      continue;
    }
    memset(folded, 0, (size_t)first * pixel);
    memcpy(folded + first * s->lanes, map + (y * s->width + first + right) * s->lanes, (size_t)(end - first) * pixel);
    memset(folded + end * s->lanes, 0, (size_t)(s->columns - end) * pixel);
  }
}

KERNEL void quaver_unfold_map(const float *folded, ptrdiff_t apart, ptrdiff_t parts, ptrdiff_t margin,
                              const quaver_fold_shape *s, float *map) {
  for (ptrdiff_t y = 0; y < s->height; y++, map += s->width * s->lanes) {
    memset(map, 0, (size_t)(s->width * s->lanes) * sizeof(float));
    for (ptrdiff_t part = 0; part < parts * parts; part++) {
      const ptrdiff_t q = y + margin - 3 * (part / parts), right = margin - 3 * (part % parts);
      if (q < 0 || q >= s->rows) continue;
      const ptrdiff_t first = right < 0 ? -right : 0;
      const ptrdiff_t end = s->columns - right < s->width ? s->columns - right : s->width;
      const float *from = folded + part * apart + (q * s->columns + right) * s->lanes;
      for (ptrdiff_t i = first * s->lanes; i < end * s->lanes; i++) map[i] += from[i];
    }
  }
}

void quaver_fold_weights(const float *weights, const quaver_fold_taps *t, float *folded) {
  for (ptrdiff_t o = 0; o < t->outputs; o++)
    for (ptrdiff_t part = 0; part < t->parts * t->parts; part++)
      for (ptrdiff_t c = 0; c < t->channels; c++) {
        const float *window = weights + (o * t->channels + c) * t->kernel * t->kernel;
        for (ptrdiff_t i = 0; i < 9; i++) {
          const ptrdiff_t y = part / t->parts * 3 + i / 3, x = part % t->parts * 3 + i % 3;
          *folded++ = y < t->kernel && x < t->kernel ? window[y * t->kernel + x] : 0.0f;
        }
      }
}

void quaver_unfold_weights(const float *folded, const quaver_fold_taps *t, float *weights) {
  for (ptrdiff_t o = 0; o < t->outputs; o++)
    for (ptrdiff_t part = 0; part < t->parts * t->parts; part++)
      for (ptrdiff_t c = 0; c < t->channels; c++) {
        float *window = weights + (o * t->channels + c) * t->kernel * t->kernel;
        for (ptrdiff_t i = 0; i < 9; i++, folded++) {
          const ptrdiff_t y = part / t->parts * 3 + i / 3, x = part % t->parts * 3 + i % 3;
          if (y < t->kernel && x < t->kernel) window[y * t->kernel + x] = *folded;
        }
      }
}
