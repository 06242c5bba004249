#pragma once
#include <stdbool.h>
#include <stddef.h>

// Depthwise 3×3 convolution with padding 1 of one sample's square map that lies as tokens: x [side², channels] →
// y [side_out², channels], weights [9, channels].
typedef struct {
  ptrdiff_t side, side_out, stride, channels;
} quaver_depthwise;

/// y = convolution, or scale·convolution + offset where they are not NULL ([channels]).
void quaver_depthwise_forward(const quaver_depthwise *d, const float *x, const float *weights, const float *scale,
                              const float *offset, float *y);
/// dx (+)= the gradient.
void quaver_depthwise_input_gradient(const quaver_depthwise *d, const float *dy, const float *weights, float *dx,
                                     bool adding);
/// dweights [9, channels] = this sample's gradient.
void quaver_depthwise_weight_gradient(const quaver_depthwise *d, const float *dy, const float *x, float *dweights);
