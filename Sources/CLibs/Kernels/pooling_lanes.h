// Included once for 8 and once for 16 lanes.

INLINE void NAME(max_pool)(const float *x, float *y, uint8_t *which, const quaver_window *w, bool rectify) {
  for (ptrdiff_t oy = 0; oy < w->height_out; oy++)
    for (ptrdiff_t ox = 0; ox < w->width_out; ox++) {
      const ptrdiff_t top = oy * w->stride - w->padding, left = ox * w->stride - w->padding;
      const ptrdiff_t ky0 = top < 0 ? -top : 0, kx0 = left < 0 ? -left : 0;
      const ptrdiff_t ky1 = top + w->kernel > w->height ? w->height - top : w->kernel;
      const ptrdiff_t kx1 = left + w->kernel > w->width ? w->width - left : w->kernel;
      F best = *(const F *)(x + ((top + ky0) * w->width + left + kx0) * LANES);
      I position = (I)(int)(ky0 * w->kernel + kx0);
      for (ptrdiff_t ky = ky0; ky < ky1; ky++)
        for (ptrdiff_t kx = kx0; kx < kx1; kx++) {
          const F v = *(const F *)(x + ((top + ky) * w->width + left + kx) * LANES);
          const I take = (v > best) | (v != v);
          best = take ? v : best;
          position = take ? (I)(int)(ky * w->kernel + kx) : position;
        }
      if (rectify) {
        const I off = best <= 0.0f;
        best = off ? (F)0.0f : best;
        position = off ? (I)QUAVER_NO_POSITION : position;
      }
      const ptrdiff_t at = (oy * w->width_out + ox) * LANES;
      *(F *)(y + at) = best;
      if (which) *(B *)(which + at) = __builtin_convertvector(position, B);
    }
}

INLINE void NAME(max_pool_gradient)(const float *dy, const uint8_t *which, float *dx, const quaver_window *w) {
  __builtin_memset(dx, 0, (size_t)(w->height * w->width * LANES) * sizeof(float));
  for (ptrdiff_t oy = 0; oy < w->height_out; oy++)
    for (ptrdiff_t ox = 0; ox < w->width_out; ox++) {
      const ptrdiff_t at = (oy * w->width_out + ox) * LANES;
      const ptrdiff_t top = oy * w->stride - w->padding, left = ox * w->stride - w->padding;
      const ptrdiff_t ky0 = top < 0 ? -top : 0, kx0 = left < 0 ? -left : 0;
      const ptrdiff_t ky1 = top + w->kernel > w->height ? w->height - top : w->kernel;
      const ptrdiff_t kx1 = left + w->kernel > w->width ? w->width - left : w->kernel;
      const F d = *(const F *)(dy + at);
      const I position = __builtin_convertvector(*(const B *)(which + at), I);
      for (ptrdiff_t ky = ky0; ky < ky1; ky++)
        for (ptrdiff_t kx = kx0; kx < kx1; kx++) {
          F *target = (F *)(dx + ((top + ky) * w->width + left + kx) * LANES);
          *target += position == (I)(int)(ky * w->kernel + kx) ? d : (F)0.0f;
        }
    }
}
