#pragma once
#include <stdbool.h>
#include <stddef.h>

// One step of an LSTM for rows first..<last of a batch, after the matrix products. Rows of `gates` hold i, f, g, o,
// `hidden` values each, and lie `stride` floats apart.

/// In: gates without bias. Out: gates = σ(i), σ(f), tanh(g), σ(o); c = f·c_before + i·g; h = o·tanh(c).
/// `c_before` may be NULL (zeros).
void quaver_lstm_forward(float *gates, const float *bias, const float *c_before, float *c, float *h, ptrdiff_t hidden,
                         ptrdiff_t stride, ptrdiff_t first, ptrdiff_t last);

/// In: the forward's gates, c_before and c; dh = dh_out + dh_next (NULL: zeros); dc = gradient reaching c from the next
/// step. Out: gates = gradients of the gates before their activations; dc = gradient of c_before.
void quaver_lstm_backward(float *gates, const float *c_before, const float *c, const float *dh_out,
                          const float *dh_next, float *dc, ptrdiff_t hidden, ptrdiff_t stride, ptrdiff_t first,
                          ptrdiff_t last);

/// C [rows, columns] = A [rows, depth] · B [depth, columns] (+ C when adding), on the calling thread: the products
/// between two steps, where all threads together would wait for each other more than they compute. Rows of A and C lie
/// `stride_a` and `stride_c` floats apart.
void quaver_row_product(const float *a, ptrdiff_t stride_a, const float *b, float *c, ptrdiff_t stride_c,
                        ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, bool adding);
