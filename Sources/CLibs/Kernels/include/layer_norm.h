#pragma once
#include <stdbool.h>
#include <stddef.h>

// Layer normalisation (Ba, Kiros, Hinton 2016) of each of `rows` rows of `width`, by the biased variance.

/// y = (x − mean)/√(variance + epsilon)·weight + bias; y may be x.
///
/// - facts: [rows, 2], each row's mean and inverse deviation, for the gradient; may be NULL.
void quaver_layer_norm(const float *x, ptrdiff_t rows, ptrdiff_t width, const float *weight, const float *bias,
                       float epsilon, float *y, float *facts);

/// dx (+)= the gradient; dx may be NULL or, when not adding, dy.
///
/// - sums: [2, width]; the gradients of weight and bias are added; may be NULL.
void quaver_layer_norm_gradient(const float *dy, const float *x, const float *facts, ptrdiff_t rows, ptrdiff_t width,
                                const float *weight, float *dx, bool adding, double *sums);
