#pragma once
#include <stddef.h>

// A convolution of k×k as one of 3×3 on a map folded: its taps are cut into parts of 3×3, and each part reads a copy of the map,
// moved to where its taps lie. The copies are channels of one map, the parts' rows outermost.

typedef struct {
  ptrdiff_t height, width; ///< of the map
  ptrdiff_t rows, columns; ///< of the folded map
  ptrdiff_t lanes;         ///< channels side by side
} quaver_fold_shape;

/// One block of channels [height][width][lanes] as [rows][columns][lanes]: pixel (q, p) is the map's (q + down, p + right), and
/// zero outside.
void quaver_fold_map(const float *map, const quaver_fold_shape *shape, ptrdiff_t down, ptrdiff_t right, float *folded);

/// The way back, for a gradient: a block of channels [height][width][lanes] as the sum of its parts·parts copies, which lie `apart`
/// floats from one another. Pixel (y, x) lies in the copy of part (a, b) at (y + margin − 3a, x + margin − 3b).
void quaver_unfold_map(const float *folded, ptrdiff_t apart, ptrdiff_t parts, ptrdiff_t margin,
                       const quaver_fold_shape *shape, float *map);

typedef struct {
  ptrdiff_t outputs, channels, kernel, parts; ///< of the weights; parts along an axis
} quaver_fold_taps;

/// Weights [outputs][channels][kernel][kernel] as [outputs][parts][parts][channels][3][3], zeros where no tap lies.
void quaver_fold_weights(const float *weights, const quaver_fold_taps *taps, float *folded);

/// The way back, for a gradient.
void quaver_unfold_weights(const float *folded, const quaver_fold_taps *taps, float *weights);
