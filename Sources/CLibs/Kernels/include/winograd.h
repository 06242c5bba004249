#pragma once
#include <stddef.h>

// Convolution by Winograd's minimal filtering (Lavin & Gray 2016): a tile of outputs reads a tile of pixels, and costs a product a
// pixel and pair of channels where a direct sum costs one a tap and output.
//
// | taps | outputs | pixels | products of the direct sum's | points           |
// |------|---------|--------|------------------------------|------------------|
// | 2×2  | 3×3     | 4×4    | 16 of 36                     | 0, ±1, ∞         |
// | 3×3  | 4×4     | 6×6    | 36 of 144                    | 0, ±5/8, ±3/2, ∞ |
// | 5×5  | 2×2     | 6×6    | 36 of 100                    | 0, ±5/8, ±3/2, ∞ |
//
// With the points of 2×2 maps are only ever added and subtracted, so that rounding is that of the direct sum; with the others, on 64
// channels of normal numbers, it is some two times that, half of what the usual points 0, ±1, ±2 make.
//
// A tile lies spread over as many matrices [tile][channel] as it has pixels, which `apart` floats separate. Tiles are counted row
// by row.

/// Pixels along a tile's axis that are read, and that are written; 0 for taps that have no transform.
ptrdiff_t quaver_tile_edge(ptrdiff_t taps);
ptrdiff_t quaver_tile_side(ptrdiff_t taps);

/// One image [blocks][height][width][lanes] in tiles, `across` in a row.
typedef struct {
  ptrdiff_t taps;
  ptrdiff_t height, width, blocks, lanes; ///< lanes: 8 or 16
  ptrdiff_t across;
  ptrdiff_t padding; ///< zeros around the map, where it is read
} quaver_tiled_map;

/// Spreads what `count` tiles read.
void quaver_tile_inputs(const float *map, const quaver_tiled_map *s, ptrdiff_t first, ptrdiff_t count, float *spread,
                        ptrdiff_t apart);

/// Gathers what they write, and adds `bias` [blocks·lanes] (NULL: none).
void quaver_tile_outputs(const float *spread, ptrdiff_t apart, const float *bias, const quaver_tiled_map *s,
                         ptrdiff_t first, ptrdiff_t count, float *map);

/// The way back of `quaver_tile_outputs`: spreads the gradient of what they write, and adds each channel's to `sums` (NULL: none).
void quaver_tile_output_gradients(const float *map, const quaver_tiled_map *s, ptrdiff_t first, ptrdiff_t count,
                                  float *spread, ptrdiff_t apart, float *sums);

typedef struct {
  ptrdiff_t taps, outputs, channels; ///< the latter multiples of 8
} quaver_tiled_weights;

/// Weights [outputs][channels][taps][taps] as matrices [channels][outputs]: their columns `first` ..< `end`, multiples of 8.
void quaver_tile_weights(const float *weights, const quaver_tiled_weights *s, ptrdiff_t first, ptrdiff_t end,
                         float *spread);

/// Of the same weights those that make dx from dy, turned by half a circle, as matrices [outputs][channels]: their rows
/// `first` ..< `end`.
void quaver_tile_turned_weights(const float *weights, const quaver_tiled_weights *s, ptrdiff_t first, ptrdiff_t end,
                                float *spread);

/// The weights' gradient from that of their matrices, in shares to be added up: of the outputs `first` ..< `end`, multiples of 8.
void quaver_tile_weight_gradients(const float *spread, ptrdiff_t shares, const quaver_tiled_weights *s, ptrdiff_t first,
                                  ptrdiff_t end, float *weights);
