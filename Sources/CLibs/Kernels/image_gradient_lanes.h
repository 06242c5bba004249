// Included once for 8 and once for 16 lanes.

// Sums of neighbouring lanes: those of `a`, then those of `b`.
INLINE F NAME(pair_sums)(F a, F b) { return EVEN_LANES(a, b) + ODD_LANES(a, b); }

// Lane i: the sum of all lanes of sums[i].
INLINE F NAME(lane_sums)(F sums[LANES]) {
  for (int count = LANES; count > 1; count /= 2)
    for (int i = 0; i < count / 2; i++) sums[i] = NAME(pair_sums)(sums[2 * i], sums[2 * i + 1]);
  return sums[0];
}

// What four pixels from `x` on receive, lane by lane; `inside`: all that they read is.
INLINE void NAME(four_pixels)(const float *result, const float *weights, const quaver_image_convolution *s, ptrdiff_t y,
                              ptrdiff_t x, bool inside, F sums[3][LANES], ptrdiff_t at) {
  F acc[3][4];
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 4; i++) acc[c][i] = (F)0.0f;
  for (ptrdiff_t b = 0; b < s->blocks; b++)
    for (ptrdiff_t u = 0; u < s->kernel; u++, weights += s->kernel * 3 * LANES) {
      const ptrdiff_t row = y + s->padding - u;
      if (row < 0 || row >= s->rows) continue;
      const float *from = result + (b * s->rows + row) * s->columns * LANES;
      for (ptrdiff_t v = 0; v < s->kernel; v++) {
        const ptrdiff_t column = x + s->padding - v;
        F d[4];
        for (int i = 0; i < 4; i++)
          d[i] = inside || (column + i >= 0 && column + i < s->columns) ? *(const F *)(from + (column + i) * LANES)
                                                                        : (F)0.0f;
        for (int c = 0; c < 3; c++) {
          const F w = *(const F *)(weights + (v * 3 + c) * LANES);
          for (int i = 0; i < 4; i++) acc[c][i] += d[i] * w;
        }
      }
    }
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 4; i++) sums[c][at + i] = acc[c][i];
}

INLINE void NAME(image_gradient_row)(const float *result, const float *weights, const quaver_image_convolution *s,
                                     ptrdiff_t y, float *image) {
  for (ptrdiff_t x = 0; x < s->width; x += LANES) {
    F sums[3][LANES];
    for (ptrdiff_t at = 0; at < LANES; at += 4) {
      const ptrdiff_t first = x + at + s->padding - s->kernel + 1, last = x + at + 3 + s->padding;
      if (first >= 0 && last < s->columns) NAME(four_pixels)(result, weights, s, y, x + at, true, sums, at);
      else NAME(four_pixels)(result, weights, s, y, x + at, false, sums, at);
    }
    for (ptrdiff_t c = 0; c < 3; c++) {
      const F all = NAME(lane_sums)(sums[c]);
      float *to = image + (c * s->height + y) * s->width + x;
      const ptrdiff_t count = s->width - x;
      if (count >= LANES) *(F *)to = all;
      else __builtin_memcpy(to, &all, (size_t)count * sizeof(float));
    }
  }
}
