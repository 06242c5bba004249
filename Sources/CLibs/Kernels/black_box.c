#include "attacks.h"
#include "random_bits.h"
#include "vector_math.h"

INLINE float clip(float x, float low, float high) {
  x = x > low ? x : low;
  return x < high ? x : high;
}

INLINE float sign_of(uint64_t key, ptrdiff_t index) { return splitmix(key + (uint64_t)index) >> 63 ? 1.0f : -1.0f; }

/// An integer in 0..<bound, by multiply-shift.
INLINE ptrdiff_t below(uint64_t key, ptrdiff_t index, ptrdiff_t bound) {
  return (ptrdiff_t)(((unsigned __int128)splitmix(key + (uint64_t)index) * (uint64_t)bound) >> 64);
}

void quaver_scatter(const float *clean, float *image, const quaver_image *size, ptrdiff_t x, ptrdiff_t y,
                    ptrdiff_t columns, ptrdiff_t rows, uint64_t key) {
  const ptrdiff_t width = size->width, plane = size->height * width;
  const ptrdiff_t wide = width > 1 ? width - 1 : 1, high = size->height > 1 ? size->height - 1 : 1;
  for (ptrdiff_t r = 0; r < rows; r++)
    for (ptrdiff_t c = 0; c < columns; c++) {
      const ptrdiff_t pixel = r * columns + c;
      const ptrdiff_t to = below(key, 2 * pixel, high) * width + below(key, 2 * pixel + 1, wide);
      const ptrdiff_t from = (y + r) * width + x + c;
      for (ptrdiff_t channel = 0; channel < size->channels; channel++)
        image[channel * plane + to] = clean[channel * plane + from];
    }
}

KERNEL void quaver_stripes(const float *clean, float *image, const quaver_image *size, float epsilon, uint64_t key) {
  const ptrdiff_t width = size->width, plane = size->height * width;
  for (ptrdiff_t channel = 0; channel < size->channels; channel++)
    for (ptrdiff_t r = 0; r < size->height; r++) {
      const ptrdiff_t at = channel * plane + r * width;
      for (ptrdiff_t c = 0; c < width; c++)
        image[at + c] = clip(clean[at + c] + epsilon * sign_of(key, channel * width + c), 0.0f, 1.0f);
    }
}

KERNEL void quaver_square(const float *clean, float *image, const quaver_image *size, quaver_place place, float epsilon,
                          uint64_t key) {
  const ptrdiff_t width = size->width, plane = size->height * width;
  for (ptrdiff_t channel = 0; channel < size->channels; channel++) {
    const float change = 2.0f * epsilon * sign_of(key, channel);
    for (ptrdiff_t r = place.row; r < place.row + place.side; r++) {
      const ptrdiff_t at = channel * plane + r * width + place.column;
      for (ptrdiff_t c = 0; c < place.side; c++) {
        const float x = clip(image[at + c] + change, clean[at + c] - epsilon, clean[at + c] + epsilon);
        image[at + c] = clip(x, 0.0f, 1.0f);
      }
    }
  }
}

/// Σ x².
INLINE double squares(const float *x, ptrdiff_t count) {
  d8 sum = 0.0;
  ptrdiff_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const d8 wide = __builtin_convertvector(*(const f8 *)(x + i), d8);
    sum += wide * wide;
  }
  double total = 0;
  for (int lane = 0; lane < 8; lane++) total += sum[lane];
  for (; i < count; i++) total += (double)x[i] * x[i];
  return total;
}

/// Scales the change in `image` to length ε, adds the clean image and clips.
INLINE void apply(const float *clean, float *image, ptrdiff_t count, float epsilon) {
  const double length = __builtin_sqrt(squares(image, count));
  const float scale = length > 0 ? (float)(epsilon / length) : 0.0f;
  for (ptrdiff_t i = 0; i < count; i++) image[i] = clip(clean[i] + scale * image[i], 0.0f, 1.0f);
}

INLINE float turned(const float *pattern, ptrdiff_t side, ptrdiff_t r, ptrdiff_t c, int turns) {
  return turns ? pattern[c * side + r] : pattern[r * side + c];
}

KERNEL void quaver_bump_tiles(const float *clean, float *image, const quaver_image *size, const float *pattern,
                              ptrdiff_t tile, float epsilon, uint64_t key) {
  const ptrdiff_t width = size->width, plane = size->height * width, down = size->height / tile, across = width / tile;
  const ptrdiff_t top = (size->height - down * tile) / 2, left = (width - across * tile) / 2;
  __builtin_memset(image, 0, (size_t)(size->channels * plane) * sizeof(float));
  for (ptrdiff_t t = 0; t < down * across; t++) {
    const uint64_t own = splitmix(key + (uint64_t)t);
    const int turns = (int)(splitmix(own) & 1);
    for (ptrdiff_t channel = 0; channel < size->channels; channel++) {
      const float sign = sign_of(own, channel + 1);
      float *to = image + channel * plane + (top + t / across * tile) * width + left + t % across * tile;
      for (ptrdiff_t r = 0; r < tile; r++)
        for (ptrdiff_t c = 0; c < tile; c++) to[r * width + c] = sign * turned(pattern, tile, r, c, turns);
    }
  }
  apply(clean, image, size->channels * plane, epsilon);
}

INLINE double window_squares(const float *plane, ptrdiff_t width, quaver_place place) {
  double sum = 0;
  for (ptrdiff_t r = 0; r < place.side; r++) sum += squares(plane + (place.row + r) * width + place.column, place.side);
  return sum;
}

/// Sets the cells of `from` that do not lie in `to` to 0; returns the sum of their squares.
INLINE double clear_outside(float *plane, ptrdiff_t width, quaver_place from, quaver_place to) {
  double sum = 0;
  for (ptrdiff_t r = from.row; r < from.row + from.side; r++)
    for (ptrdiff_t c = from.column; c < from.column + from.side; c++) {
      const bool inside = r >= to.row && r < to.row + to.side && c >= to.column && c < to.column + to.side;
      float *cell = plane + r * width + c;
      sum += inside ? 0.0 : (double)*cell * *cell;
      *cell = inside ? *cell : 0.0f;
    }
  return sum;
}

/// One channel of `quaver_bump`; `plane` holds the change, `spare` is the channel's share of what is left of ε².
INLINE void bump_channel(float *plane, ptrdiff_t width, quaver_place to, quaver_place from, const float *pattern,
                         float sign, int turns, double spare) {
  const double there = window_squares(plane, width, to);
  const double both = there + clear_outside(plane, width, from, to);
  const float old = there > 0 ? (float)(1 / __builtin_sqrt(there)) : 0.0f;
  double length = 0;
  for (ptrdiff_t r = 0; r < to.side; r++)
    for (ptrdiff_t c = 0; c < to.side; c++) {
      float *cell = plane + (to.row + r) * width + to.column + c;
      *cell = sign * turned(pattern, to.side, r, c, turns) + old * *cell;
      length += (double)*cell * *cell;
    }
  const float scale = length > 0 ? (float)__builtin_sqrt((spare + both) / length) : 0.0f;
  for (ptrdiff_t r = 0; r < to.side; r++)
    for (ptrdiff_t c = 0; c < to.side; c++) plane[(to.row + r) * width + to.column + c] *= scale;
}

KERNEL void quaver_bump(const float *clean, float *image, const quaver_image *size, quaver_place to, quaver_place from,
                        const float *pattern, float epsilon, uint64_t key) {
  const ptrdiff_t plane = size->height * size->width, count = size->channels * plane;
  for (ptrdiff_t i = 0; i < count; i++) image[i] -= clean[i];
  const double left = (double)epsilon * epsilon - squares(image, count);
  const double spare = left > 0 ? left / (double)size->channels : 0.0;
  const int turns = (int)(splitmix(key) & 1);
  for (ptrdiff_t channel = 0; channel < size->channels; channel++)
    bump_channel(image + channel * plane, size->width, to, from, pattern, sign_of(key, channel + 1), turns, spare);
  apply(clean, image, count, epsilon);
}
