#pragma once
#include <stddef.h>

// A map whose pixels are gathered into square blocks: block (q, p) holds the pixels side·q − offset + u, side·p − offset + v
// as channels (c·side + u)·side + v.

typedef struct {
  ptrdiff_t channels, height, width; ///< of the plain map
  ptrdiff_t side, offset;
  ptrdiff_t rows, columns; ///< blocks
  ptrdiff_t lanes;         ///< channels of the blocks that lie side by side: 1, 8 or 16
} quaver_blocks;

/// One image of blocks [channel blocks][rows][columns][lanes] as a plain map [channels][height][width].
void quaver_unblock(const float *blocks, const quaver_blocks *shape, float *map);

typedef struct {
  ptrdiff_t outputs, channels, kernel, stride;
  ptrdiff_t before; ///< outputs along an axis that a block reads before its own
} quaver_block_weights;

/// Weights [outputs][channels][kernel][kernel] of a convolution as those [channels·stride²][outputs][before + 1][before + 1] of
/// the one that gives its input gradient by blocks of stride×stride pixels: tap t of a block's place u reads weight
/// u + stride·(before − t).
void quaver_arrange_block_weights(const float *weights, const quaver_block_weights *shape, float *arranged);

/// A plane [height][width] with `padding` zeros on all four sides.
void quaver_pad(const float *map, ptrdiff_t height, ptrdiff_t width, ptrdiff_t padding, float *padded);
