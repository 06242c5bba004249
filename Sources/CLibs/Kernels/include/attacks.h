#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Loops of the attacks over one image of `count` values in [0, 1].

/// Whether all values are numbers in [0, 1].
bool quaver_within_unit(const float *x, ptrdiff_t count);

/// Σ (x − y)², summed in double; `largest` receives max |x − y|.
double quaver_distance(const float *x, const float *y, ptrdiff_t count, float *largest);

/// How many values are exactly 0.
ptrdiff_t quaver_zeros(const float *x, ptrdiff_t count);

/// x = clip(clean + ε·(2u − 1), 0, 1), u from the stream of Core's RandomStream with this key.
void quaver_random_start(const float *clean, float *x, ptrdiff_t count, uint64_t key, float epsilon);

/// x = clip(clean + clip(x + size·sgn(direction) − clean, ±ε), 0, 1); sgn is 0 for 0 and for NaN.
void quaver_sign_step(const float *clean, const float *direction, float *x, ptrdiff_t count, float size, float epsilon);

/// m = g/mean|g| + decay·m. A gradient that is all zero adds nothing.
void quaver_momentum(const float *g, float *m, ptrdiff_t count, float decay);

/// What EOT does to an image, a row of `columns` values at a time: rolls it right by `shift` (in 0..<columns),
/// multiplies it by `gain`, and sets columns mask_first..<mask_last to 0.
typedef struct {
  ptrdiff_t columns, shift, mask_first, mask_last;
  float gain;
} quaver_transform;

/// y = T·x.
void quaver_apply_transform(const float *x, float *y, ptrdiff_t count, const quaver_transform *transform);

/// dx += Tᵀ·dy.
void quaver_transpose_transform(const float *dy, float *dx, ptrdiff_t count, const quaver_transform *transform);

/// One step of APGD (Croce and Hein 2020): z = P(x + size·sgn(g)), next = P(x + a·(z − x) + (1 − a)·(x − before)), where P clips to
/// clean ± ε and to [0, 1]; `before` becomes x and x becomes next.
void quaver_apgd_step(const float *clean, const float *g, float *x, float *before, ptrdiff_t count, float size,
                      float epsilon, float a);

/// An image as planes of rows.
typedef struct {
  ptrdiff_t channels, height, width;
} quaver_image;

/// A square window of an image.
typedef struct {
  ptrdiff_t row, column, side;
} quaver_place;

// The black-box attacks write a candidate over the best image so far, in place. Random numbers come from the stream of Core's
// RandomStream with the given key.

/// Pixle: copies the pixels of a patch of `clean` to random places of `image`, row after row; where two meet, the later one
/// stays. No place lies in the last row or column, unless there is no other.
void quaver_scatter(const float *clean, float *image, const quaver_image *size, ptrdiff_t x, ptrdiff_t y, ptrdiff_t columns,
                    ptrdiff_t rows, uint64_t key);

/// Square's start: each column of each channel of clean ± ε, clipped to [0, 1].
void quaver_stripes(const float *clean, float *image, const quaver_image *size, float epsilon, uint64_t key);

/// Square in L∞: a window of image ± 2ε, one sign a channel, clipped to clean ± ε and to [0, 1].
void quaver_square(const float *clean, float *image, const quaver_image *size, quaver_place place, float epsilon,
                   uint64_t key);

/// Square's start in L2: tiles of `pattern` [tile, tile], each upright or on its side, one sign a channel, around which
/// the image has a margin; the whole is scaled to length ε, added to clean and clipped to [0, 1].
void quaver_bump_tiles(const float *clean, float *image, const quaver_image *size, const float *pattern, ptrdiff_t tile,
                       float epsilon, uint64_t key);

/// Square in L2: in each channel, the change within `to` and `from` is spent, with what is left of ε², on one `pattern`
/// [side, side] at `to` that leans towards the change that was there; the whole is scaled to length ε and clipped to [0, 1].
void quaver_bump(const float *clean, float *image, const quaver_image *size, quaver_place to, quaver_place from,
                 const float *pattern, float epsilon, uint64_t key);
