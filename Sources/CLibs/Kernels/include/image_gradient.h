#pragma once
#include <stddef.h>

/// A convolution of an image of three channels at stride 1, whose result lies in blocks of 8 or 16 channels.
typedef struct {
  ptrdiff_t height, width;  ///< of the image
  ptrdiff_t rows, columns;  ///< of the result
  ptrdiff_t blocks, lanes;  ///< of its channels
  ptrdiff_t kernel, padding;
} quaver_image_convolution;

/// Weights [blocks·lanes][3][kernel][kernel] as [blocks][kernel][kernel][3][lanes].
void quaver_image_weights(const float *weights, const quaver_image_convolution *s, float *arranged);

/// Row `y` of the gradient of one image [3][height][width], from that of its result [blocks][rows][columns][lanes].
void quaver_image_gradient_row(const float *result, const float *arranged, const quaver_image_convolution *s,
                               ptrdiff_t y, float *image);
