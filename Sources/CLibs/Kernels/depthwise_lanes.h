// Included once for sixteen channels side by side and once for a single one. Pointers are at the first channel.

typedef struct {
  ptrdiff_t low, high;
} NAME(span);

// Taps 0 … 2 of a window from `start` on that lie inside 0..<side.
INLINE NAME(span) NAME(taps)(ptrdiff_t start, ptrdiff_t side) {
  return (NAME(span)){start < 0 ? -start : 0, start + 3 > side ? side - start : 3};
}

INLINE F NAME(window)(const quaver_depthwise *d, const float *x, const F w[9], ptrdiff_t row, ptrdiff_t column) {
  const NAME(span) v = NAME(taps)(row, d->side), h = NAME(taps)(column, d->side);
  F sum = 0.0f;
  if (v.low == 0 && v.high == 3 && h.low == 0 && h.high == 3) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 3; i++)
#pragma clang loop unroll(full)
      for (int j = 0; j < 3; j++) sum += w[3 * i + j] * LOAD(x + ((row + i) * d->side + column + j) * d->channels);
    return sum;
  }
  for (ptrdiff_t i = v.low; i < v.high; i++)
    for (ptrdiff_t j = h.low; j < h.high; j++)
      sum += w[3 * i + j] * LOAD(x + ((row + i) * d->side + column + j) * d->channels);
  return sum;
}

INLINE void NAME(forward)(const quaver_depthwise *d, const float *x, const float *weights, const float *scale,
                          const float *offset, float *y) {
  F w[9];
  for (int k = 0; k < 9; k++) w[k] = scale ? LOAD(weights + k * d->channels) * LOAD(scale) : LOAD(weights + k * d->channels);
  const F constant = offset ? LOAD(offset) : 0.0f;
  for (ptrdiff_t r = 0; r < d->side_out; r++)
    for (ptrdiff_t c = 0; c < d->side_out; c++)
      STORE(y + (r * d->side_out + c) * d->channels,
            NAME(window)(d, x, w, r * d->stride - 1, c * d->stride - 1) + constant);
}

// Gathers: input pixel (r, c) is tap i of output row (r + 1 − i)/stride where that is whole.
INLINE void NAME(input_gradient)(const quaver_depthwise *d, const float *dy, const float *weights, float *dx,
                                 const bool adding, const ptrdiff_t stride) {
  F w[9];
  for (int k = 0; k < 9; k++) w[k] = LOAD(weights + k * d->channels);
  for (ptrdiff_t r = 0; r < d->side; r++)
    for (ptrdiff_t c = 0; c < d->side; c++) {
      F sum = 0.0f;
      for (ptrdiff_t i = (r + 1) % stride; i < 3 && i <= r + 1; i += stride) {
        const ptrdiff_t row = (r + 1 - i) / stride;
        if (row >= d->side_out) continue;
        for (ptrdiff_t j = (c + 1) % stride; j < 3 && j <= c + 1; j += stride) {
          const ptrdiff_t column = (c + 1 - j) / stride;
          if (column < d->side_out) sum += w[3 * i + j] * LOAD(dy + (row * d->side_out + column) * d->channels);
        }
      }
      float *out = dx + (r * d->side + c) * d->channels;
      STORE(out, adding ? LOAD(out) + sum : sum);
    }
}

INLINE void NAME(weight_gradient)(const quaver_depthwise *d, const float *dy, const float *x, float *dweights) {
  F sums[9];
  for (int k = 0; k < 9; k++) sums[k] = 0.0f;
  for (ptrdiff_t r = 0; r < d->side_out; r++) {
    const ptrdiff_t row = r * d->stride - 1;
    const NAME(span) v = NAME(taps)(row, d->side);
    for (ptrdiff_t c = 0; c < d->side_out; c++) {
      const ptrdiff_t column = c * d->stride - 1;
      const NAME(span) h = NAME(taps)(column, d->side);
      const F g = LOAD(dy + (r * d->side_out + c) * d->channels);
      const float *at = x + (row * d->side + column) * d->channels;
      if (v.low == 0 && v.high == 3 && h.low == 0 && h.high == 3) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 3; i++)
#pragma clang loop unroll(full)
          for (int j = 0; j < 3; j++) sums[3 * i + j] += g * LOAD(at + (i * d->side + j) * d->channels);
      } else {
        for (int i = 0; i < 3; i++)
          for (int j = 0; j < 3; j++)
            if (v.low <= i && i < v.high && h.low <= j && j < h.high)
              sums[3 * i + j] += g * LOAD(at + (i * d->side + j) * d->channels);
      }
    }
  }
  for (int k = 0; k < 9; k++) STORE(dweights + k * d->channels, sums[k]);
}
