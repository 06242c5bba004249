// Included once for 8 and once for 16 lanes. What depends on the taps is constant wherever this is inlined.

// The matrices of Cook and Toom: `x` ↦ Bᵀx of a tile's pixels, `m` ↦ Aᵀm of its products and its transpose, `w` ↦ Gw of the taps and
// its transpose, along one axis. With the points ±p the even and the odd powers are summed once for both.

INLINE void NAME(input_transform)(int taps, const F x[EDGE], F v[EDGE]) {
  if (taps == 2) {
    v[0] = x[0] - x[2];
    v[1] = x[1] + x[2];
    v[2] = x[2] - x[1];
    v[3] = x[3] - x[1];
    return;
  }
  const F even = x[4] - BB * x[2], odd = P * (x[3] - BB * x[1]);
  const F even_2 = x[4] - AA * x[2], odd_2 = Q * (x[3] - AA * x[1]);
  v[0] = x[4] - (AA + BB) * x[2] + AA * BB * x[0];
  v[1] = even + odd;
  v[2] = even - odd;
  v[3] = even_2 + odd_2;
  v[4] = even_2 - odd_2;
  v[5] = x[5] - (AA + BB) * x[3] + AA * BB * x[1];
}

INLINE void NAME(output_transform)(int taps, const F m[EDGE], F y[SIDE]) {
  const F sum = m[1] + m[2], difference = m[1] - m[2];
  if (taps == 2) {
    y[0] = m[0] + sum;
    y[1] = difference;
    y[2] = m[3] + sum;
    return;
  }
  const F sum_2 = m[3] + m[4], difference_2 = m[3] - m[4];
  y[0] = m[0] + sum + sum_2;
  y[1] = P * difference + Q * difference_2;
  if (taps == 5) {
    y[1] += m[5];
    return;
  }
  y[2] = AA * sum + BB * sum_2;
  y[3] = P * AA * difference + Q * BB * difference_2 + m[5];
}

INLINE void NAME(gradient_transform)(int taps, const F y[SIDE], F m[EDGE]) {
  m[0] = y[0];
  if (taps == 2) {
    const F sum = y[0] + y[2];
    m[1] = sum + y[1];
    m[2] = sum - y[1];
    m[3] = y[2];
    return;
  }
  F even = y[0], odd = P * y[1], even_2 = y[0], odd_2 = Q * y[1];
  if (taps == 3) {
    even += AA * y[2], odd += P * AA * y[3];
    even_2 += BB * y[2], odd_2 += Q * BB * y[3];
  }
  m[1] = even + odd;
  m[2] = even - odd;
  m[3] = even_2 + odd_2;
  m[4] = even_2 - odd_2;
  m[5] = taps == 3 ? y[3] : y[1];
}

INLINE void NAME(tap_transform)(int taps, const F w[5], F u[EDGE]) {
  u[0] = w[0] * (taps == 2 ? 1.0f : 1.0f / (AA * BB));
  if (taps == 2) {
    u[1] = 0.5f * (w[0] + w[1]);
    u[2] = 0.5f * (w[0] - w[1]);
    u[3] = w[1];
    return;
  }
  F even = w[0] + AA * w[2], odd = w[1], even_2 = w[0] + BB * w[2], odd_2 = w[1];
  if (taps == 5) {
    even += AA * AA * w[4], odd += AA * w[3];
    even_2 += BB * BB * w[4], odd_2 += BB * w[3];
  }
  u[1] = G1 * (even + P * odd);
  u[2] = G1 * (even - P * odd);
  u[3] = G2 * (even_2 + Q * odd_2);
  u[4] = G2 * (even_2 - Q * odd_2);
  u[5] = w[taps - 1];
}

INLINE void NAME(tap_gradient)(int taps, const F u[EDGE], F w[5]) {
  const F sum = u[1] + u[2], difference = u[1] - u[2];
  if (taps == 2) {
    w[0] = u[0] + 0.5f * sum;
    w[1] = u[3] + 0.5f * difference;
    return;
  }
  const F even = G1 * sum, even_2 = G2 * (u[3] + u[4]);
  const F odd = G1 * P * difference, odd_2 = G2 * Q * (u[3] - u[4]);
  w[0] = u[0] * (1.0f / (AA * BB)) + even + even_2;
  w[1] = odd + odd_2;
  w[2] = AA * even + BB * even_2;
  if (taps == 5) {
    w[3] = AA * odd + BB * odd_2;
    w[4] = AA * AA * even + BB * BB * even_2;
  }
  w[taps - 1] += u[5];
}

// `size`×`size` pixels from (top, left) on, zeros outside of the map.
INLINE void NAME(load_tile)(const float *map, const quaver_tiled_map *s, ptrdiff_t top, ptrdiff_t left, int size,
                            F tile[EDGE][EDGE]) {
  const float *from = map + (top * s->width + left) * LANES;
  if (top >= 0 && left >= 0 && top + size <= s->height && left + size <= s->width) {
    for (int i = 0; i < size; i++)
      for (int j = 0; j < size; j++) tile[i][j] = *(const F *)(from + (i * s->width + j) * LANES);
    return;
  }
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      const ptrdiff_t y = top + i, x = left + j;
      const bool inside = y >= 0 && y < s->height && x >= 0 && x < s->width;
      tile[i][j] = inside ? *(const F *)(from + (i * s->width + j) * LANES) : (F)0.0f;
    }
}

INLINE void NAME(tile_inputs)(int taps, const float *map, const quaver_tiled_map *s, ptrdiff_t first, ptrdiff_t count,
                              float *spread, ptrdiff_t apart) {
  const int edge = EDGE_OF(taps), side = SIDE_OF(taps);
  for (ptrdiff_t b = 0; b < s->blocks; b++, map += s->height * s->width * LANES)
    for (ptrdiff_t t = 0; t < count; t++) {
      const ptrdiff_t row = (first + t) / s->across, column = (first + t) % s->across;
      F x[EDGE][EDGE], turned[EDGE][EDGE], v[EDGE];
      NAME(load_tile)(map, s, side * row - s->padding, side * column - s->padding, edge, x);
      for (int i = 0; i < edge; i++) {
        NAME(input_transform)(taps, x[i], v);
        for (int j = 0; j < edge; j++) turned[j][i] = v[j];
      }
      float *to = spread + (t * s->blocks + b) * LANES;
      for (int j = 0; j < edge; j++) {
        NAME(input_transform)(taps, turned[j], v);
        for (int i = 0; i < edge; i++) *(F *)(to + (i * edge + j) * apart) = v[i];
      }
    }
}

INLINE void NAME(tile_outputs)(int taps, const float *spread, ptrdiff_t apart, const float *bias,
                               const quaver_tiled_map *s, ptrdiff_t first, ptrdiff_t count, float *map) {
  const int edge = EDGE_OF(taps), side = SIDE_OF(taps);
  for (ptrdiff_t b = 0; b < s->blocks; b++, map += s->height * s->width * LANES) {
    const F offset = bias ? *(const F *)(bias + b * LANES) : (F)0.0f;
    for (ptrdiff_t t = 0; t < count; t++) {
      const float *from = spread + (t * s->blocks + b) * LANES;
      F turned[SIDE][EDGE];
      for (int j = 0; j < edge; j++) {
        F m[EDGE], y[SIDE];
        for (int i = 0; i < edge; i++) m[i] = *(const F *)(from + (i * edge + j) * apart);
        NAME(output_transform)(taps, m, y);
        for (int i = 0; i < side; i++) turned[i][j] = y[i];
      }
      const ptrdiff_t top = (first + t) / s->across * side, left = (first + t) % s->across * side;
      for (int i = 0; i < side && top + i < s->height; i++) {
        F y[SIDE];
        NAME(output_transform)(taps, turned[i], y);
        for (int j = 0; j < side && left + j < s->width; j++)
          *(F *)(map + ((top + i) * s->width + left + j) * LANES) = y[j] + offset;
      }
    }
  }
}

INLINE void NAME(tile_output_gradients)(int taps, const float *map, const quaver_tiled_map *s, ptrdiff_t first,
                                        ptrdiff_t count, float *spread, ptrdiff_t apart, float *sums) {
  const int edge = EDGE_OF(taps), side = SIDE_OF(taps);
  for (ptrdiff_t b = 0; b < s->blocks; b++, map += s->height * s->width * LANES) {
    F sum = (F)0.0f;
    for (ptrdiff_t t = 0; t < count; t++) {
      F x[EDGE][EDGE], turned[EDGE][EDGE], m[EDGE];
      NAME(load_tile)(map, s, (first + t) / s->across * side, (first + t) % s->across * side, side, x);
      for (int i = 0; i < side; i++) {
        for (int j = 0; j < side; j++) sum += x[i][j];
        NAME(gradient_transform)(taps, x[i], m);
        for (int j = 0; j < edge; j++) turned[j][i] = m[j];
      }
      float *to = spread + (t * s->blocks + b) * LANES;
      for (int j = 0; j < edge; j++) {
        NAME(gradient_transform)(taps, turned[j], m);
        for (int i = 0; i < edge; i++) *(F *)(to + (i * edge + j) * apart) = m[i];
      }
    }
    if (sums) *(F *)(sums + b * LANES) += sum;
  }
}
