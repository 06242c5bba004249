#pragma once
#include <stddef.h>
#include <stdint.h>

// Element by element; `y` may be `x` and `dx` may be `dy`. NaN goes through every activation.

/// y = max(0, x).
void quaver_relu(const float *x, float *y, ptrdiff_t count);
/// dx = dy where y > 0, else 0.
void quaver_relu_gradient(const float *dy, const float *y, float *dx, ptrdiff_t count);
/// y = max(0, x); bit i of `mask` (count/8 bytes, count a multiple of 8) tells whether x[i] > 0.
void quaver_relu_masked(const float *x, float *y, uint8_t *mask, ptrdiff_t count);
void quaver_relu_masked_gradient(const float *dy, const uint8_t *mask, float *dx, ptrdiff_t count);
/// y = x where x > 0, else exp(x) − 1.
void quaver_elu(const float *x, float *y, ptrdiff_t count);
/// dx = dy · (1 where y > 0, else y + 1).
void quaver_elu_gradient(const float *dy, const float *y, float *dx, ptrdiff_t count);
/// y = x·min(max(x + 3, 0), 6)/6 (Howard and others 2019).
void quaver_hard_swish(const float *x, float *y, ptrdiff_t count);
/// dx = dy · (0 where x ≤ −3, 1 where x ≥ 3, else x/3 + 1/2).
void quaver_hard_swish_gradient(const float *dy, const float *x, float *dx, ptrdiff_t count);
/// z = (x + y)/2.
void quaver_average(const float *x, const float *y, float *z, ptrdiff_t count);
/// y = factor·x.
void quaver_scale(const float *x, float factor, float *y, ptrdiff_t count);
/// y += x.
void quaver_add(const float *x, float *y, ptrdiff_t count);
/// z = x + y.
void quaver_sum(const float *x, const float *y, float *z, ptrdiff_t count);
/// y[r, :] += b for `rows` rows of `columns`.
void quaver_add_row(float *y, const float *b, ptrdiff_t rows, ptrdiff_t columns);
/// out[c] = Σ_r x[r·stride + c] for columns first..<last; sums are kept in double.
void quaver_column_sums(const float *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t first, ptrdiff_t last, float *out);
/// y[c·rows + r] = x[r·stride + c]: columns first..<last of a row-major matrix, as rows of `y`.
void quaver_transpose(const float *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t first, ptrdiff_t last, float *y);
/// Inverted dropout: y[i] = x[i]·scale where the stream's uniform number at `first + i` is at least `rate`, else 0.
/// The stream is Core's RandomStream: splitmix64(key + index), top 24 bits.
void quaver_dropout(const float *x, float *y, ptrdiff_t first, ptrdiff_t count, uint64_t key, float rate, float scale);
