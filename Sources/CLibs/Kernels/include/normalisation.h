#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Batch normalisation of one slab, a matrix [pixels][lanes]: the pixels of one image and one channel block (lanes 1, 8 or
// 16), or the tokens of one sample with all their channels. Per-channel arrays have `lanes` entries.

/// What follows the normalisation: nothing, or u·min(max(u + 3, 0), 6)/6 (Howard and others 2019).
typedef enum { QUAVER_IDENTITY = 0, QUAVER_HARD_SWISH = 1 } quaver_activation;

/// y = f(scale·x + offset).
typedef struct {
  const float *scale, *offset;
  /// For the gradient alone: dx = scale·du + by_x·x + constant, where du is the gradient of f's input.
  const float *mean, *by_x, *constant;
  quaver_activation activation;
} quaver_norm;

/// sums[l] = Σ(x − shift), sums[lanes + l] = Σ(x − shift)². Rows of floats are folded into doubles.
void quaver_norm_moments(const float *x, ptrdiff_t pixels, ptrdiff_t lanes, const float *shift, double *sums);

/// y = f(scale·x + offset); y may be x.
void quaver_norm_apply(const float *x, float *y, ptrdiff_t pixels, ptrdiff_t lanes, const quaver_norm *norm);

/// sums[l] = Σ du, sums[lanes + l] = Σ du·(x − mean).
void quaver_norm_gradient_sums(const float *dy, const float *x, ptrdiff_t pixels, ptrdiff_t lanes,
                               const quaver_norm *norm, double *sums);

/// dx = scale·du + by_x·x + constant; dx may be dy or x.
void quaver_norm_gradient(const float *dy, const float *x, float *dx, ptrdiff_t pixels, ptrdiff_t lanes,
                          const quaver_norm *norm);

// Batch norm, ELU and 2×2 max-pool with stride 2 in one pass, lanes 8 or 16. All three are monotone in x for one
// channel, so the pool may pick its winner on x itself: the largest where scale ≥ 0, the smallest where scale < 0. Only
// a quarter of the values is then normalised and exponentiated.

/// First half of a training step: moments of the slab as quaver_norm_moments gives them, each window's winner of x and
/// its position 0 … 3. `sign` holds +1 or −1 a lane: the sign of the channel's scale.
void quaver_norm_pool_select(const float *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t lanes, const float *sign,
                             const float *shift, double *sums, float *winner, uint8_t *which);

/// y = ELU(scale·winner + offset); y may be winner.
void quaver_norm_elu(const float *winner, float *y, ptrdiff_t pixels, ptrdiff_t lanes, const float *scale,
                     const float *offset);

/// Known statistics: both halves at once; winner and which may be NULL.
void quaver_norm_pool_apply(const float *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t lanes, const float *scale,
                            const float *offset, float *y, float *winner, uint8_t *which);

/// dy becomes dy·ELU′(scale·winner + offset); sums as quaver_norm_gradient_sums over the winners.
void quaver_norm_pool_gradient_sums(float *dy, const float *winner, ptrdiff_t pixels, ptrdiff_t lanes,
                                    const float *scale, const float *offset, const float *mean, double *sums);

/// dx = by_dy·(dy at its window's winner, else 0) + by_x·x + constant; dx may be x.
void quaver_norm_pool_gradient(const float *dy, const uint8_t *which, const float *x, float *dx, ptrdiff_t height,
                               ptrdiff_t width, ptrdiff_t lanes, const float *by_dy, const float *by_x,
                               const float *constant);

/// Known statistics: dx = by_dy·dy at each window's winner, 0 elsewhere; x is not needed.
void quaver_norm_pool_scatter(const float *dy, const uint8_t *which, float *dx, ptrdiff_t height, ptrdiff_t width,
                              ptrdiff_t lanes, const float *by_dy);
