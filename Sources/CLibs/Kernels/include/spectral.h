#pragma once
#include <stdint.h>

// Inner loops of the pipeline that Swift's optimiser does not vectorise. All are compiled for x86-64-v4, v3 and the
// baseline and chosen at load time; all run on the calling thread, allocate nothing and keep no state.
// Matrices are row-major; `ld…` is the distance between rows in elements.

/// C[m×n] = A[m×k]·B[k×n] in float32; n must be a multiple of 16. Rows of A may overlap (frames of a signal).
void quaver_matmul(const float *a, long lda, const float *b, long ldb, float *c, long ldc, long m, long n, long k);

/// dst[c·ldd + r] = src[r·lds + c].
void quaver_transpose_strided(const float *src, long lds, long rows, long columns, float *dst, long ldd);

/// decibels[i] = 10·log10(max(1e-10, power[i])), in place allowed, error below 1e-5 dB. Returns the largest (n ≥ 1).
float quaver_decibels(const float *power, float *decibels, long n);

/// x[i] = max(x[i], floor).
void quaver_raise(float *x, long n, float floor);

/// Smallest and largest of n ≥ 1 values.
void quaver_extremes(const float *x, long n, float *smallest, float *largest);

/// Folds frames of 255 samples around their centres, centre f at x + f·hop: for m in 0…127, with window[m],
/// even[f][m] = w·(x[+m] + x[−m]) and odd[f][m] = w·(x[+m] − x[−m]), each stored as 64 even m, then 64 odd m.
void quaver_fold(const float *x, long frames, long hop, const float *window, float *even, float *odd);

/// power[f][k] and power[f][2n−1−k] for k < n from the four half sums of a folded DFT, each [frames][n]:
/// (ce ± co)² + (se ± so)².
void quaver_unfold_power(
    const float *ce, const float *co, const float *se, const float *so, long frames, long n, float *power);

/// dst[i·stride] = |z[i]|² of n interleaved complex numbers.
void quaver_power(const float *z, long n, float *dst, long stride);

/// Sixteen frames at once: out[b·ldo + 0…15] = Σ_i weights[b's i] · power[(first[b] + i)·16 + 0…15]; band b has
/// offset[b+1] − offset[b] weights, which begin at weights + offset[b].
void quaver_bands(
    const float *power, const int32_t *first, const int32_t *offset, const float *weights, long bands, float *out,
    long ldo);

/// One step per frame of a sliding DFT in float64. z holds n real parts, then n imaginary parts, of the first frame;
/// delta[f] is what leaving and entering samples add before the turn by `turn` (2n cosines and sines). On return
/// delta[f] holds frame f itself.
void quaver_slide(double *z, const double *turn, long n, long frames, float *delta);

/// power[f][b] = z[f][b]² + z[f][n+b]² for b < n.
void quaver_split_power(const float *z, long frames, long n, float *power);

/// The index image of one slice: x = clip((db − lo)·scale, 0, 1), 229 columns → 224 by three taps a column
/// (first[c], taps[3][224]), min(255, floor(256·x)).
void quaver_index_image(
    const float *db, float lo, float scale, const int32_t *first, const float *taps, uint8_t *index);

/// out[3][n] = the table's red, green and blue (table[3][256]) of n indices.
void quaver_colour(const uint8_t *index, long n, const float *table, float *out);

/// One index image stretched along time, coloured and masked, [3][224][224]. Column c < filled is the mean of the colours
/// at first[c] and first[c] + 1 (at most 223) with weights 1 − weight[c] and weight[c]; the other columns, the columns
/// time[0] ≤ c < time[1] and time[2] ≤ c < time[3], and the rows band[0] ≤ r < band[1] are 0.
void quaver_augment(
    const uint8_t *index, const float *table, const int32_t *first, const float *weight, int32_t filled,
    const int32_t *time, const int32_t *band, float *out);
