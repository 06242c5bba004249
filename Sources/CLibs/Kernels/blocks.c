#include "blocks.h"

#include <string.h>

#include "vector_math.h"

// A row of the map from places of `side` floats that lie `lanes` apart; `side` is a constant where this is inlined.
INLINE void unblock_row(const float *from, ptrdiff_t lanes, ptrdiff_t side, ptrdiff_t offset, ptrdiff_t width,
                        float *row) {
  ptrdiff_t x = 0, place = offset % side;
  from += offset / side * lanes;
  if (place > 0) {
    for (; place < side && x < width; place++, x++) row[x] = from[place];
    from += lanes;
  }
  for (; x + side <= width; x += side, from += lanes) memcpy(row + x, from, side * sizeof(float));
  for (ptrdiff_t rest = 0; x < width; rest++, x++) row[x] = from[rest];
}

// Any side: neighbours may lie in different blocks of channels.
INLINE void unblock_any(const float *blocks, const quaver_blocks *s, ptrdiff_t first, ptrdiff_t q, float *row) {
  for (ptrdiff_t x = 0; x < s->width; x++) {
    const ptrdiff_t channel = first + (x + s->offset) % s->side, column = (x + s->offset) / s->side;
    const ptrdiff_t pixel = (channel / s->lanes * s->rows + q) * s->columns + column;
    row[x] = blocks[pixel * s->lanes + channel % s->lanes];
  }
}

KERNEL void quaver_unblock(const float *blocks, const quaver_blocks *s, float *map) {
  for (ptrdiff_t c = 0; c < s->channels; c++)
    for (ptrdiff_t y = 0; y < s->height; y++) {
      const ptrdiff_t q = (y + s->offset) / s->side, u = (y + s->offset) % s->side;
      const ptrdiff_t first = (c * s->side + u) * s->side;
      float *row = map + (c * s->height + y) * s->width;
      if (s->lanes % s->side) {
        unblock_any(blocks, s, first, q, row);
        continue;
      }
      const float *from = blocks + (first / s->lanes * s->rows + q) * s->columns * s->lanes + first % s->lanes;
      switch (s->side) {
      case 2: unblock_row(from, s->lanes, 2, s->offset, s->width, row); break;
      case 4: unblock_row(from, s->lanes, 4, s->offset, s->width, row); break;
      case 16: unblock_row(from, s->lanes, 16, s->offset, s->width, row); break;
      default: unblock_row(from, s->lanes, s->side, s->offset, s->width, row);
      }
    }
}

void quaver_arrange_block_weights(const float *weights, const quaver_block_weights *s, float *arranged) {
  const ptrdiff_t k = s->kernel, window = s->before + 1;
  for (ptrdiff_t c = 0; c < s->channels; c++)
    for (ptrdiff_t place = 0; place < s->stride * s->stride; place++)
      for (ptrdiff_t o = 0; o < s->outputs; o++)
        for (ptrdiff_t i = 0; i < window; i++)
          for (ptrdiff_t j = 0; j < window; j++) {
            const ptrdiff_t y = place / s->stride + s->stride * (s->before - i);
            const ptrdiff_t x = place % s->stride + s->stride * (s->before - j);
            *arranged++ = y < 0 || y >= k || x < 0 || x >= k ? 0.0f : weights[((o * s->channels + c) * k + y) * k + x];
          }
}

void quaver_pad(const float *map, ptrdiff_t height, ptrdiff_t width, ptrdiff_t padding, float *padded) {
  const ptrdiff_t wide = width + 2 * padding;
  memset(padded, 0, (size_t)(padding * wide) * sizeof(float));
  padded += padding * wide;
  for (ptrdiff_t y = 0; y < height; y++, padded += wide) {
    memset(padded, 0, (size_t)padding * sizeof(float));
    memcpy(padded + padding, map + y * width, (size_t)width * sizeof(float));
    memset(padded + padding + width, 0, (size_t)padding * sizeof(float));
  }
  memset(padded, 0, (size_t)(padding * wide) * sizeof(float));
}
