#include "winograd.h"

#include <stdbool.h>

#include "vector_math.h"

#define EDGE 6
#define SIDE 4
#define EDGE_OF(taps) ((taps) == 2 ? 4 : 6)
#define SIDE_OF(taps) (EDGE_OF(taps) - (taps) + 1)

// The points ±P and ±Q of the tiles of six, their squares, and 1/Π(p − p') of the points p'.
#define P 0.625f
#define Q 1.5f
#define AA (P * P)
#define BB (Q * Q)
#define G1 (1.0f / (2.0f * AA * (AA - BB)))
#define G2 (1.0f / (2.0f * BB * (BB - AA)))

#define LANES 16
#define F f16
#define NAME(x) x##_16
#include "winograd_lanes.h"
#undef LANES
#undef F
#undef NAME
#define LANES 8
#define F f8
#define NAME(x) x##_8
#include "winograd_lanes.h"

ptrdiff_t quaver_tile_edge(ptrdiff_t taps) { return taps == 2 || taps == 3 || taps == 5 ? EDGE_OF(taps) : 0; }
ptrdiff_t quaver_tile_side(ptrdiff_t taps) { return quaver_tile_edge(taps) ? SIDE_OF(taps) : 0; }

// Calls `function` with the taps as a constant.
#define BY_TAPS(function, ...)                       \
  do {                                               \
    if (s->taps == 2) function(2, __VA_ARGS__);      \
    else if (s->taps == 3) function(3, __VA_ARGS__); \
    else function(5, __VA_ARGS__);                   \
  } while (0)

// With the lanes too.
#define BY_FORM(function, ...)                             \
  do {                                                     \
    if (s->lanes == 16) BY_TAPS(function##_16, __VA_ARGS__); \
    else BY_TAPS(function##_8, __VA_ARGS__);               \
  } while (0)

KERNEL void quaver_tile_inputs(const float *map, const quaver_tiled_map *s, ptrdiff_t first, ptrdiff_t count,
                               float *spread, ptrdiff_t apart) {
  BY_FORM(tile_inputs, map, s, first, count, spread, apart);
}

KERNEL void quaver_tile_outputs(const float *spread, ptrdiff_t apart, const float *bias, const quaver_tiled_map *s,
                                ptrdiff_t first, ptrdiff_t count, float *map) {
  BY_FORM(tile_outputs, spread, apart, bias, s, first, count, map);
}

KERNEL void quaver_tile_output_gradients(const float *map, const quaver_tiled_map *s, ptrdiff_t first, ptrdiff_t count,
                                         float *spread, ptrdiff_t apart, float *sums) {
  BY_FORM(tile_output_gradients, map, s, first, count, spread, apart, sums);
}

// Eight pairs of channels at a time: the taps of each lie `apart` floats from those of the one before.
INLINE void tile_taps(int taps, const float *weights, ptrdiff_t apart, bool turned, float *spread, ptrdiff_t matrix) {
  const int edge = EDGE_OF(taps), all = taps * taps;
  f8 w[5][5], left[EDGE][5], u[EDGE], column[5];
  for (int k = 0; k < all; k++) {
    const float *from = weights + (turned ? all - 1 - k : k);
    for (int lane = 0; lane < 8; lane++) w[k % taps][k / taps][lane] = from[lane * apart];
  }
  for (int j = 0; j < taps; j++) {
    tap_transform_8(taps, w[j], u);
    for (int i = 0; i < edge; i++) left[i][j] = u[i];
  }
  for (int i = 0; i < edge; i++) {
    for (int j = 0; j < taps; j++) column[j] = left[i][j];
    tap_transform_8(taps, column, u);
    for (int j = 0; j < edge; j++) *(f8 *)(spread + (i * edge + j) * matrix) = u[j];
  }
}

INLINE void tile_weights(int taps, const float *weights, const quaver_tiled_weights *s, ptrdiff_t first, ptrdiff_t end,
                         float *spread) {
  const ptrdiff_t pair = taps * taps;
  for (ptrdiff_t o = first; o < end; o += 8)
    for (ptrdiff_t c = 0; c < s->channels; c++)
      tile_taps(taps, weights + (o * s->channels + c) * pair, s->channels * pair, false, spread + c * s->outputs + o,
                s->channels * s->outputs);
}

INLINE void tile_turned_weights(int taps, const float *weights, const quaver_tiled_weights *s, ptrdiff_t first,
                                ptrdiff_t end, float *spread) {
  const ptrdiff_t pair = taps * taps;
  for (ptrdiff_t o = first; o < end; o++)
    for (ptrdiff_t c = 0; c < s->channels; c += 8)
      tile_taps(taps, weights + (o * s->channels + c) * pair, pair, true, spread + o * s->channels + c,
                s->channels * s->outputs);
}

INLINE void tile_weight_gradients(int taps, const float *spread, ptrdiff_t shares, const quaver_tiled_weights *s,
                                  ptrdiff_t first, ptrdiff_t end, float *weights) {
  const int edge = EDGE_OF(taps);
  const ptrdiff_t pair = taps * taps, matrix = s->channels * s->outputs;
  for (ptrdiff_t o = first; o < end; o += 8)
    for (ptrdiff_t c = 0; c < s->channels; c++) {
      f8 left[EDGE][5], w[5], column[EDGE];
      for (int i = 0; i < edge; i++) {
        f8 u[EDGE];
        for (int j = 0; j < edge; j++) {
          const float *from = spread + (i * edge + j) * matrix + c * s->outputs + o;
          u[j] = *(const f8 *)from;
          for (ptrdiff_t share = 1; share < shares; share++) u[j] += *(const f8 *)(from + share * edge * edge * matrix);
        }
        tap_gradient_8(taps, u, w);
        for (int j = 0; j < taps; j++) left[i][j] = w[j];
      }
      for (int j = 0; j < taps; j++) {
        for (int i = 0; i < edge; i++) column[i] = left[i][j];
        tap_gradient_8(taps, column, w);
        for (int i = 0; i < taps; i++)
          for (int lane = 0; lane < 8; lane++)
            weights[((o + lane) * s->channels + c) * pair + i * taps + j] = w[i][lane];
      }
    }
}

KERNEL void quaver_tile_weights(const float *weights, const quaver_tiled_weights *s, ptrdiff_t first, ptrdiff_t end,
                                float *spread) {
  BY_TAPS(tile_weights, weights, s, first, end, spread);
}

KERNEL void quaver_tile_turned_weights(const float *weights, const quaver_tiled_weights *s, ptrdiff_t first,
                                       ptrdiff_t end, float *spread) {
  BY_TAPS(tile_turned_weights, weights, s, first, end, spread);
}

KERNEL void quaver_tile_weight_gradients(const float *spread, ptrdiff_t shares, const quaver_tiled_weights *s,
                                         ptrdiff_t first, ptrdiff_t end, float *weights) {
  BY_TAPS(tile_weight_gradients, spread, shares, s, first, end, weights);
}
