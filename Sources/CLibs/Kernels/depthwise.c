#include "depthwise.h"

#include "vector_math.h"

#define LOAD(p) (*(const F *)(p))
#define STORE(p, v) (*(F *)(p) = (v))

#define F f16
#define NAME(x) x##_16
#include "depthwise_lanes.h"
#undef F
#undef NAME
#define F float
#define NAME(x) x##_1
#include "depthwise_lanes.h"

KERNEL void quaver_depthwise_forward(const quaver_depthwise *d, const float *x, const float *weights,
                                     const float *scale, const float *offset, float *y) {
  ptrdiff_t c = 0;
  for (; c + 16 <= d->channels; c += 16)
    forward_16(d, x + c, weights + c, scale ? scale + c : NULL, offset ? offset + c : NULL, y + c);
  for (; c < d->channels; c++)
    forward_1(d, x + c, weights + c, scale ? scale + c : NULL, offset ? offset + c : NULL, y + c);
}

KERNEL void quaver_depthwise_input_gradient(const quaver_depthwise *d, const float *dy, const float *weights,
                                            float *dx, bool adding) {
  ptrdiff_t c = 0;
  for (; c + 16 <= d->channels; c += 16) {
    if (d->stride == 1) input_gradient_16(d, dy + c, weights + c, dx + c, adding, 1);
    else if (d->stride == 2) input_gradient_16(d, dy + c, weights + c, dx + c, adding, 2);
    else input_gradient_16(d, dy + c, weights + c, dx + c, adding, d->stride);
  }
  for (; c < d->channels; c++) input_gradient_1(d, dy + c, weights + c, dx + c, adding, d->stride);
}

KERNEL void quaver_depthwise_weight_gradient(const quaver_depthwise *d, const float *dy, const float *x,
                                             float *dweights) {
  ptrdiff_t c = 0;
  for (; c + 16 <= d->channels; c += 16) weight_gradient_16(d, dy + c, x + c, dweights + c);
  for (; c < d->channels; c++) weight_gradient_1(d, dy + c, x + c, dweights + c);
}
