#include "image_gradient.h"

#include <stdbool.h>

#include "vector_math.h"

#define LANES 16
#define F f16
#define NAME(x) x##_16
#define EVEN_LANES(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD_LANES(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#include "image_gradient_lanes.h"
#undef LANES
#undef F
#undef NAME
#undef EVEN_LANES
#undef ODD_LANES
#define LANES 8
#define F f8
#define NAME(x) x##_8
#define EVEN_LANES(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD_LANES(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#include "image_gradient_lanes.h"

void quaver_image_weights(const float *weights, const quaver_image_convolution *s, float *arranged) {
  const ptrdiff_t taps = s->kernel * s->kernel;
  for (ptrdiff_t b = 0; b < s->blocks; b++)
    for (ptrdiff_t tap = 0; tap < taps; tap++)
      for (ptrdiff_t c = 0; c < 3; c++)
        for (ptrdiff_t lane = 0; lane < s->lanes; lane++)
          *arranged++ = weights[((b * s->lanes + lane) * 3 + c) * taps + tap];
}

KERNEL void quaver_image_gradient_row(const float *result, const float *arranged, const quaver_image_convolution *s,
                                      ptrdiff_t y, float *image) {
  if (s->lanes == 16) image_gradient_row_16(result, arranged, s, y, image);
  else image_gradient_row_8(result, arranged, s, y, image);
}
