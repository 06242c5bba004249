#pragma once
#include <stdbool.h>
#include <stddef.h>

// C = A·B by Strassen's products (1969): of matrices in 2×2 blocks, seven products of blocks (sums of A's by sums of B's) replace
// eight, at one level or two: 87.5 or 76.6 % of the direct sum's.
//
// A row of A is added to those at its place in the other blocks, one or three, and so are columns of B: rounding grows with their norms,
// not with the row's own (on normal numbers to two and three times the direct sum's), zeros among them become zero but for that,
// and an infinity may become NaN there. Rows are blocked within an image, so that at one number of levels no image's result
// depends on another's, nor on how many are computed at once.

typedef struct {
  ptrdiff_t levels;         ///< 1 or 2
  ptrdiff_t rows;           ///< of A, of one image
  ptrdiff_t depth, columns; ///< multiples of 16 · 2^levels
  bool streams;             ///< C goes to memory past the caches, where it is aligned to lines and not added to
} quaver_strassen;

/// Whether this processor runs the version for AVX-512.
bool quaver_strassen_is_wide(void);

/// Floats of B's sums, and of a thread's room for the products of `images`.
ptrdiff_t quaver_strassen_factor_floats(const quaver_strassen *s);
ptrdiff_t quaver_strassen_room_floats(const quaver_strassen *s, ptrdiff_t images);

/// Columns of B that `quaver_strassen_factor` counts by.
ptrdiff_t quaver_strassen_steps(const quaver_strassen *s);

/// The sums of B [depth][columns], when `turned` stored [columns][depth]: the steps `first` ..< `end`.
void quaver_strassen_factor(const float *b, bool turned, const quaver_strassen *s, ptrdiff_t first, ptrdiff_t end,
                            float *factor);

/// C [images][rows][columns] = A [images][rows][depth] · B + bias [columns] (NULL: none), added to C when `adding`; on the calling
/// thread.
void quaver_strassen_run(const float *a, const float *factor, const float *bias, const quaver_strassen *s,
                         ptrdiff_t images, bool adding, float *c, float *room);

// The weights' gradient dW [columns][depth] = dYᵀ·X of X [images][rows][depth] and dY [images][rows][columns] by one level, in
// shares of dW's rows or, where it has more of them, columns: a thread makes the sums of `piece` images at a time and adds their
// products up.

/// The most shares that there can be.
ptrdiff_t quaver_strassen_shares(const quaver_strassen *s);

/// Floats of a thread's room for one of `shares`.
ptrdiff_t quaver_strassen_share_floats(const quaver_strassen *s, ptrdiff_t shares, ptrdiff_t piece);

/// One share, on the calling thread.
void quaver_strassen_gradient(const float *x, const float *dy, const quaver_strassen *s, ptrdiff_t images,
                              ptrdiff_t piece, ptrdiff_t share, ptrdiff_t shares, float *room, float *gradient);
