#include "recurrent.h"

#include "vector_math.h"

KERNEL void quaver_lstm_forward(float *restrict gates, const float *restrict bias, const float *restrict c_before,
                                float *restrict c, float *restrict h, ptrdiff_t hidden, ptrdiff_t stride,
                                ptrdiff_t first, ptrdiff_t last) {
  for (ptrdiff_t r = first; r < last; r++) {
    float *i = gates + r * stride, *f = i + hidden, *g = f + hidden, *o = g + hidden;
    const float *bi = bias, *bf = bi + hidden, *bg = bf + hidden, *bo = bg + hidden;
    const float *before = c_before ? c_before + r * hidden : NULL;
    float *now = c + r * hidden, *out = h + r * hidden;
#pragma clang loop vectorize(assume_safety)
    for (ptrdiff_t k = 0; k < hidden; k++) {
      const float vi = sigmoid_vector(i[k] + bi[k]), vf = sigmoid_vector(f[k] + bf[k]);
      const float vg = tanh_vector(g[k] + bg[k]), vo = sigmoid_vector(o[k] + bo[k]);
      const float cell = (before ? vf * before[k] : 0.0f) + vi * vg;
      i[k] = vi, f[k] = vf, g[k] = vg, o[k] = vo;
      now[k] = cell;
      out[k] = vo * tanh_vector(cell);
    }
  }
}

KERNEL void quaver_lstm_backward(float *restrict gates, const float *restrict c_before, const float *restrict c,
                                 const float *restrict dh_out, const float *restrict dh_next, float *restrict dc,
                                 ptrdiff_t hidden, ptrdiff_t stride, ptrdiff_t first, ptrdiff_t last) {
  for (ptrdiff_t r = first; r < last; r++) {
    float *i = gates + r * stride, *f = i + hidden, *g = f + hidden, *o = g + hidden;
    const float *before = c_before ? c_before + r * hidden : NULL, *now = c + r * hidden;
    const float *above = dh_out + r * hidden, *next = dh_next ? dh_next + r * hidden : NULL;
    float *cell = dc + r * hidden;
#pragma clang loop vectorize(assume_safety)
    for (ptrdiff_t k = 0; k < hidden; k++) {
      const float dh = above[k] + (next ? next[k] : 0.0f), t = tanh_vector(now[k]);
      const float d = cell[k] + dh * o[k] * (1.0f - t * t);
      const float vi = i[k], vf = f[k], vg = g[k], vo = o[k];
      i[k] = d * vg * vi * (1.0f - vi);
      f[k] = (before ? d * before[k] : 0.0f) * vf * (1.0f - vf);
      g[k] = d * vi * (1.0f - vg * vg);
      o[k] = dh * t * vo * (1.0f - vo);
      cell[k] = d * vf;
    }
  }
}
