#pragma once
// The sums of blocks that Strassen's products multiply, and what these are added up to; sixteen columns at a time.
#include <stdbool.h>

#include "clones.h"
#include "vector_math.h"

#define LOAD(p) (*(const vec16 *)(p))
#define STORE(p, v) (*(vec16 *)(p) = (v))

// Of the instruction set, by which tiles differ as in row_product.c.
typedef enum { SSE2, AVX2, AVX512 } level;

INLINE ptrdiff_t strassen_matrices(ptrdiff_t levels) { return levels == 1 ? 7 : 49; }

// Columns that are multiplied at a time: whole tiles of the widest kind that fills a block.
INLINE ptrdiff_t panel_of(ptrdiff_t block, bool of_64) {
  return of_64 && block % 64 == 0 ? 64 : block % 48 == 0 ? 48 : block % 32 == 0 ? 32 : 16;
}

// Matrices lie an odd number of cache lines apart, or the many streams of a sum would meet in one set of a cache.
INLINE ptrdiff_t spaced(ptrdiff_t floats) { return ((floats + 15) / 16 | 1) * 16; }

// Blocks lie row by row: 11, 12, 21, 22.
INLINE void left_sums(const vec16 *x, vec16 *sums) {
  sums[0] = x[0] + x[3];
  sums[1] = x[2] + x[3];
  sums[2] = x[0];
  sums[3] = x[3];
  sums[4] = x[0] + x[1];
  sums[5] = x[2] - x[0];
  sums[6] = x[1] - x[3];
}

INLINE void right_sums(const vec16 *x, vec16 *sums) {
  sums[0] = x[0] + x[3];
  sums[1] = x[0];
  sums[2] = x[1] - x[3];
  sums[3] = x[2] - x[0];
  sums[4] = x[3];
  sums[5] = x[0] + x[1];
  sums[6] = x[2] + x[3];
}

INLINE void result_blocks(const vec16 *m, vec16 *y) {
  y[0] = m[0] + m[3] - m[4] + m[6];
  y[1] = m[2] + m[4];
  y[2] = m[1] + m[3];
  y[3] = m[0] - m[1] + m[2] + m[5];
}

// x: 2×2 blocks, or 4×4 of them row by row; the sums go `apart` floats from one to the next.
INLINE void store_sums(const vec16 *x, const int levels, const bool left, float *to, ptrdiff_t apart) {
  vec16 inner[4][7], outer[7];
  if (levels == 1) {
    if (left) left_sums(x, outer);
    else right_sums(x, outer);
    for (int m = 0; m < 7; m++) STORE(to + m * apart, outer[m]);
    return;
  }
  for (int q = 0; q < 4; q++) {
    const int corner = q / 2 * 4 + q % 2;
    const vec16 blocks[4] = {x[corner], x[corner + 2], x[corner + 8], x[corner + 10]};
    if (left) left_sums(blocks, inner[q]);
    else right_sums(blocks, inner[q]);
  }
  for (int m = 0; m < 7; m++) {
    const vec16 blocks[4] = {inner[0][m], inner[1][m], inner[2][m], inner[3][m]};
    if (left) left_sums(blocks, outer);
    else right_sums(blocks, outer);
    for (int n = 0; n < 7; n++) STORE(to + (7 * m + n) * apart, outer[n]);
  }
}

// The way back: from the products to the blocks of the result.
INLINE void load_blocks(const float *from, ptrdiff_t apart, const int levels, vec16 *y) {
  vec16 products[7], outer[7][4];
  if (levels == 1) {
    for (int m = 0; m < 7; m++) products[m] = LOAD(from + m * apart);
    result_blocks(products, y);
    return;
  }
  for (int m = 0; m < 7; m++) {
    for (int n = 0; n < 7; n++) products[n] = LOAD(from + (7 * m + n) * apart);
    result_blocks(products, outer[m]);
  }
  for (int q = 0; q < 4; q++) {
    vec16 blocks[4];
    for (int m = 0; m < 7; m++) products[m] = outer[m][q];
    result_blocks(products, blocks);
    const int corner = q / 2 * 4 + q % 2;
    for (int p = 0; p < 4; p++) y[corner + p / 2 * 8 + p % 2 * 2] = blocks[p];
  }
}
