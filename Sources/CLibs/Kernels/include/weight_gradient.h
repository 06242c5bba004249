#pragma once
#include <stdbool.h>
#include <stddef.h>

// The gradient of a linear layer's weights, dW [columns][depth] = dYᵀ·X of X [rows][depth] and dY [rows][columns], as a sum over
// rows in their order. In shares of dW's rows or, where it has more of them, columns.

typedef struct {
  ptrdiff_t rows;           ///< at least 1
  ptrdiff_t depth, columns; ///< multiples of 16
} quaver_weight_sizes;

/// Whether this processor's instruction set (AVX2 and no more) is one that it has been found faster on than the library.
bool quaver_weight_pays(void);

/// The most shares that there can be.
ptrdiff_t quaver_weight_shares(const quaver_weight_sizes *s);

/// Floats of a thread's room for one of `shares`.
ptrdiff_t quaver_weight_room_floats(const quaver_weight_sizes *s, ptrdiff_t shares);

/// One share, on the calling thread.
void quaver_weight_gradient(const float *x, const float *dy, const quaver_weight_sizes *s, ptrdiff_t share,
                            ptrdiff_t shares, float *room, float *gradient);
