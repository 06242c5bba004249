// Included once for 8 and once for 16 lanes. Sums run in floats over at most CHUNK pixels and then in doubles.
#ifndef CHUNK
#define CHUNK 256
#define STRIPS 16
#define ROWS 8
#endif
#define LOAD(p) (*(const F *)(p))
#define STORE(p, v) (*(F *)(p) = (v))

INLINE F NAME(expm1)(F x) {
  F scale;
  const F q = NAME(exponential)(x, &scale);
  return scale * q + (scale - 1.0f);
}

INLINE F NAME(elu)(F z) { return z > 0.0f ? z : NAME(expm1)(z); }

// Of rows of several strips a few are taken at a time: a strip alone would read one cache line of each row, which processors fetch
// late. The sums, which lie in the first-level cache meanwhile, are added up in the same order.
INLINE ptrdiff_t NAME(rows_at_a_time)(ptrdiff_t strips) { return strips > 1 ? ROWS : CHUNK; }

INLINE void NAME(fold)(const F *sums, ptrdiff_t strips, bool adding, double *to) {
  for (ptrdiff_t j = 0; j < strips; j++) {
    D *total = (D *)(to + j * LANES);
    const D sum = __builtin_convertvector(sums[j], D);
    *total = adding ? *total + sum : sum;
  }
}

// At most STRIPS strips of a slab of `rows` rows that lie `stride` floats apart.
INLINE void NAME(moments)(const float *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t strips, const float *shift,
                          double *sum, double *squares) {
  const ptrdiff_t step = NAME(rows_at_a_time)(strips);
  for (ptrdiff_t start = 0; start == 0 || start < rows; start += CHUNK) {
    const ptrdiff_t end = start + CHUNK < rows ? start + CHUNK : rows;
    F a[STRIPS], b[STRIPS];
    for (ptrdiff_t j = 0; j < strips; j++) a[j] = b[j] = 0.0f;
    for (ptrdiff_t first = start; first < end; first += step) {
      const ptrdiff_t last = first + step < end ? first + step : end;
      for (ptrdiff_t j = 0; j < strips; j++) {
        const F s = LOAD(shift + j * LANES);
        F sums = a[j], of_squares = b[j];
        for (ptrdiff_t i = first; i < last; i++) {
          const F v = LOAD(x + i * stride + j * LANES) - s;
          sums += v;
          of_squares += v * v;
        }
        a[j] = sums, b[j] = of_squares;
      }
    }
    NAME(fold)(a, strips, start > 0, sum);
    NAME(fold)(b, strips, start > 0, squares);
  }
}

// The activation that follows, and its derivative by its input.
INLINE F NAME(activate)(F u, quaver_activation activation) {
  if (activation == QUAVER_IDENTITY) return u;
  F gate = u + 3.0f;
  gate = gate < 0.0f ? (F)0.0f : gate;
  gate = gate > 6.0f ? (F)6.0f : gate;
  return u * gate * (1.0f / 6.0f);
}

INLINE F NAME(activation_slope)(F u, quaver_activation activation) {
  if (activation == QUAVER_IDENTITY) return (F)1.0f;
  F slope = u * (1.0f / 3.0f) + 0.5f;
  slope = u <= -3.0f ? (F)0.0f : slope;
  return u >= 3.0f ? (F)1.0f : slope;
}

INLINE void NAME(apply)(const float *x, float *y, ptrdiff_t rows, ptrdiff_t stride, const float *scale,
                        const float *offset, quaver_activation activation) {
  const F s = LOAD(scale), o = LOAD(offset);
  for (ptrdiff_t i = 0; i < rows; i++)
    STORE(y + i * stride, NAME(activate)(s * LOAD(x + i * stride) + o, activation));
}

INLINE void NAME(gradient_sums)(const float *dy, const float *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t strips,
                                const float *scale, const float *offset, const float *mean,
                                quaver_activation activation, double *sum, double *products) {
  const ptrdiff_t step = NAME(rows_at_a_time)(strips);
  for (ptrdiff_t start = 0; start == 0 || start < rows; start += CHUNK) {
    const ptrdiff_t end = start + CHUNK < rows ? start + CHUNK : rows;
    F a[STRIPS], b[STRIPS];
    for (ptrdiff_t j = 0; j < strips; j++) a[j] = b[j] = 0.0f;
    for (ptrdiff_t first = start; first < end; first += step) {
      const ptrdiff_t last = first + step < end ? first + step : end;
      for (ptrdiff_t j = 0; j < strips; j++) {
        const ptrdiff_t c = j * LANES;
        const F m = LOAD(mean + c), s = LOAD(scale + c), o = LOAD(offset + c);
        F sums = a[j], of_products = b[j];
        for (ptrdiff_t i = first; i < last; i++) {
          const F v = LOAD(x + i * stride + c);
          const F d = LOAD(dy + i * stride + c) * NAME(activation_slope)(s * v + o, activation);
          sums += d;
          of_products += d * (v - m);
        }
        a[j] = sums, b[j] = of_products;
      }
    }
    NAME(fold)(a, strips, start > 0, sum);
    NAME(fold)(b, strips, start > 0, products);
  }
}

INLINE void NAME(gradient)(const float *dy, const float *x, float *dx, ptrdiff_t rows, ptrdiff_t stride,
                           const float *scale, const float *offset, const float *by_x, const float *constant,
                           quaver_activation activation) {
  const F s = LOAD(scale), o = LOAD(offset), b = LOAD(by_x), c = LOAD(constant);
  for (ptrdiff_t i = 0; i < rows; i++) {
    const ptrdiff_t at = i * stride;
    const F v = LOAD(x + at), d = LOAD(dy + at) * NAME(activation_slope)(s * v + o, activation);
    STORE(dx + at, s * d + (b * v + c));
  }
}

// The winner of four values of sign·x; the first of equals wins, NaN wins over numbers.
INLINE void NAME(select)(const float *top, const float *bottom, F sign, F *best, I *position) {
  F v = LOAD(top) * sign;
  I p = 0, take;
  F candidate = LOAD(top + LANES) * sign;
  take = (candidate > v) | (candidate != candidate);
  v = take ? candidate : v, p = take ? (I)1 : p;
  candidate = LOAD(bottom) * sign;
  take = (candidate > v) | (candidate != candidate);
  v = take ? candidate : v, p = take ? (I)2 : p;
  candidate = LOAD(bottom + LANES) * sign;
  take = (candidate > v) | (candidate != candidate);
  *best = (take ? candidate : v) * sign, *position = take ? (I)3 : p;
}

INLINE void NAME(pool_select)(const float *x, ptrdiff_t height, ptrdiff_t width, const float *sign,
                              const float *shift, double *sums, float *winner, uint8_t *which) {
  const ptrdiff_t columns = width / 2, row = width * LANES;
  const F direction = LOAD(sign), s = LOAD(shift);
  D sum = 0.0, squares = 0.0;
  for (ptrdiff_t y = 0; y < height; y += 2) {
    const float *top = x + y * row, *bottom = top + row;
    F a = 0.0f, b = 0.0f, c = 0.0f, d = 0.0f;
    const ptrdiff_t pairs = y + 1 < height ? columns : 0;
    for (ptrdiff_t i = 0; i < pairs; i++) {
      const float *t = top + 2 * i * LANES, *u = bottom + 2 * i * LANES;
      const F v0 = LOAD(t) - s, v1 = LOAD(t + LANES) - s, v2 = LOAD(u) - s, v3 = LOAD(u + LANES) - s;
      a += v0 + v1;
      c += v2 + v3;
      b += v0 * v0 + v1 * v1;
      d += v2 * v2 + v3 * v3;
      F best;
      I position;
      NAME(select)(t, u, direction, &best, &position);
      const ptrdiff_t at = (y / 2 * columns + i) * LANES;
      STORE(winner + at, best);
      *(B *)(which + at) = __builtin_convertvector(position, B);
    }
    // What the floor leaves out of the pool still counts in the moments.
    for (ptrdiff_t i = 2 * pairs; i < width; i++) {
      const F v = LOAD(top + i * LANES) - s;
      a += v;
      b += v * v;
      if (y + 1 < height) {
        const F w = LOAD(bottom + i * LANES) - s;
        c += w;
        d += w * w;
      }
    }
    sum += __builtin_convertvector(a + c, D);
    squares += __builtin_convertvector(b + d, D);
  }
  *(D *)sums = sum;
  *(D *)(sums + LANES) = squares;
}

INLINE void NAME(norm_elu)(const float *winner, float *y, ptrdiff_t pixels, const float *scale, const float *offset) {
  const F s = LOAD(scale), o = LOAD(offset);
  for (ptrdiff_t i = 0; i < pixels; i++) STORE(y + i * LANES, NAME(elu)(s * LOAD(winner + i * LANES) + o));
}

INLINE void NAME(pool_apply)(const float *x, ptrdiff_t height, ptrdiff_t width, const float *scale,
                             const float *offset, float *y, float *winner, uint8_t *which) {
  const ptrdiff_t columns = width / 2, rows = height / 2, row = width * LANES;
  const F s = LOAD(scale), o = LOAD(offset), direction = s < 0.0f ? (F)-1.0f : (F)1.0f;
  for (ptrdiff_t r = 0; r < rows; r++)
    for (ptrdiff_t i = 0; i < columns; i++) {
      const float *t = x + 2 * r * row + 2 * i * LANES;
      F best;
      I position;
      NAME(select)(t, t + row, direction, &best, &position);
      const ptrdiff_t at = (r * columns + i) * LANES;
      STORE(y + at, NAME(elu)(s * best + o));
      if (winner) STORE(winner + at, best);
      if (which) *(B *)(which + at) = __builtin_convertvector(position, B);
    }
}

INLINE void NAME(pool_gradient_sums)(float *dy, const float *winner, ptrdiff_t pixels, const float *scale,
                                     const float *offset, const float *mean, double *sums) {
  const F s = LOAD(scale), o = LOAD(offset), m = LOAD(mean);
  D sum = 0.0, products = 0.0;
  for (ptrdiff_t start = 0; start < pixels; start += CHUNK) {
    const ptrdiff_t end = start + CHUNK < pixels ? start + CHUNK : pixels;
    F a = 0.0f, b = 0.0f;
    for (ptrdiff_t i = start; i < end; i++) {
      const F e = LOAD(winner + i * LANES), z = s * e + o, d = LOAD(dy + i * LANES);
      const F g = z > 0.0f ? d : d * (NAME(expm1)(z) + 1.0f);
      STORE(dy + i * LANES, g);
      a += g;
      b += g * (e - m);
    }
    sum += __builtin_convertvector(a, D);
    products += __builtin_convertvector(b, D);
  }
  *(D *)sums = sum;
  *(D *)(sums + LANES) = products;
}

INLINE void NAME(pool_gradient)(const float *dy, const uint8_t *which, const float *x, float *dx, ptrdiff_t height,
                                ptrdiff_t width, const float *by_dy, const float *by_x, const float *constant) {
  const ptrdiff_t columns = width / 2, row = width * LANES;
  const F d = LOAD(by_dy), s = LOAD(by_x), c = LOAD(constant);
  for (ptrdiff_t y = 0; y < height; y += 2) {
    const bool paired = y + 1 < height;
    const ptrdiff_t pairs = paired ? columns : 0;
    const float *in = x + y * row;
    float *out = dx + y * row;
    for (ptrdiff_t i = 0; i < pairs; i++) {
      const ptrdiff_t at = (y / 2 * columns + i) * LANES, p = 2 * i * LANES;
      const F g = d * LOAD(dy + at);
      const I w = __builtin_convertvector(*(const B *)(which + at), I);
      STORE(out + p, s * LOAD(in + p) + c + (w == 0 ? g : (F)0.0f));
      STORE(out + p + LANES, s * LOAD(in + p + LANES) + c + (w == 1 ? g : (F)0.0f));
      STORE(out + p + row, s * LOAD(in + p + row) + c + (w == 2 ? g : (F)0.0f));
      STORE(out + p + row + LANES, s * LOAD(in + p + row + LANES) + c + (w == 3 ? g : (F)0.0f));
    }
    for (ptrdiff_t i = 2 * pairs; i < width; i++) {
      STORE(out + i * LANES, s * LOAD(in + i * LANES) + c);
      if (paired) STORE(out + row + i * LANES, s * LOAD(in + row + i * LANES) + c);
    }
  }
}

INLINE void NAME(pool_scatter)(const float *dy, const uint8_t *which, float *dx, ptrdiff_t height, ptrdiff_t width,
                               const float *by_dy) {
  const ptrdiff_t columns = width / 2, row = width * LANES;
  const F d = LOAD(by_dy), zero = 0.0f;
  for (ptrdiff_t y = 0; y < height; y += 2) {
    const bool paired = y + 1 < height;
    const ptrdiff_t pairs = paired ? columns : 0;
    float *out = dx + y * row;
    for (ptrdiff_t i = 0; i < pairs; i++) {
      const ptrdiff_t at = (y / 2 * columns + i) * LANES, p = 2 * i * LANES;
      const F g = d * LOAD(dy + at);
      const I w = __builtin_convertvector(*(const B *)(which + at), I);
      STORE(out + p, w == 0 ? g : zero);
      STORE(out + p + LANES, w == 1 ? g : zero);
      STORE(out + p + row, w == 2 ? g : zero);
      STORE(out + p + row + LANES, w == 3 ? g : zero);
    }
    for (ptrdiff_t i = 2 * pairs; i < width; i++) {
      STORE(out + i * LANES, zero);
      if (paired) STORE(out + row + i * LANES, zero);
    }
  }
}
