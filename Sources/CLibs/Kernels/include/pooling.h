#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Feature maps one slab at a time: a slab is the pixels of one image and one channel block, [height][width][lanes],
// with lanes 1 (plain layout), 8 or 16.

typedef struct {
  ptrdiff_t height, width, height_out, width_out;
  ptrdiff_t kernel, stride, padding;
} quaver_window;

/// Position given by `which` where a window lets no gradient through.
enum { QUAVER_NO_POSITION = 255 };

/// Max-pool of one slab. `which` (may be NULL) receives each maximum's position in its window, row·kernel + column; the
/// first of equals wins, NaN wins over numbers. With `rectify` the result is max(0, ·), and a maximum that is not
/// positive has no position.
void quaver_max_pool(const float *x, float *y, uint8_t *which, const quaver_window *window, ptrdiff_t lanes,
                     bool rectify);

/// Writes dx of one slab: each dy goes to its window's maximum.
void quaver_max_pool_gradient(const float *dy, const uint8_t *which, float *dx, const quaver_window *window,
                              ptrdiff_t lanes);

/// Adaptive average pool of channels first..<last in the plain layout: output i covers ⌊i·in/out⌋ ..< ⌈(i+1)·in/out⌉.
void quaver_average_pool(const float *x, float *y, ptrdiff_t first, ptrdiff_t last, const quaver_window *size);
void quaver_average_pool_gradient(const float *dy, float *dx, ptrdiff_t first, ptrdiff_t last,
                                  const quaver_window *size);
