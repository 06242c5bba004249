#include "clones.h"
#include "spectral.h"

QUAVER_CLONES void quaver_transpose_strided(const float *src, long lds, long rows, long columns, float *dst, long ldd) {
  // Square blocks keep the strided side within the first-level cache.
  for (long r0 = 0; r0 < rows; r0 += 16)
    for (long c0 = 0; c0 < columns; c0 += 16) {
      const long r1 = r0 + 16 < rows ? r0 + 16 : rows, c1 = c0 + 16 < columns ? c0 + 16 : columns;
      for (long c = c0; c < c1; c++)
        for (long r = r0; r < r1; r++) dst[c * ldd + r] = src[r * lds + c];
    }
}

/// 10·log10(x) for normal x > 0: x = 2^e·m with m in [√½, √2), ln m = 2·artanh((m − 1)/(m + 1)) by its series.
static inline __attribute__((always_inline)) float decibel(float x) {
  int32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  const int32_t e = (bits - 0x3F3504F3) >> 23;
  bits -= e << 23;
  float m;
  __builtin_memcpy(&m, &bits, 4);
  const float t = (m - 1) / (m + 1), u = t * t;
  const float ln = t * (2 + u * (2.0f / 3 + u * (2.0f / 5 + u * (2.0f / 7 + u * (2.0f / 9)))));
  return 3.0102999566f * (float)e + 4.3429448190f * ln;
}

QUAVER_CLONES float quaver_decibels(const float *power, float *decibels, long n) {
  vec16 largest = (vec16){0} - 3.4e38f;
  float last = -3.4e38f;
  long i = 0;
  for (; i + 16 <= n; i += 16) {
    float block[16];
    for (int j = 0; j < 16; j++) block[j] = decibel(power[i + j] > 1e-10f ? power[i + j] : 1e-10f);
    __builtin_memcpy(decibels + i, block, sizeof block);
    largest = __builtin_elementwise_max(largest, *(const vec16 *)block);
  }
  for (; i < n; i++) {
    decibels[i] = decibel(power[i] > 1e-10f ? power[i] : 1e-10f);
    last = decibels[i] > last ? decibels[i] : last;
  }
  for (int j = 0; j < 16; j++) last = largest[j] > last ? largest[j] : last;
  return last;
}

QUAVER_CLONES void quaver_raise(float *x, long n, float floor) {
  for (long i = 0; i < n; i++) x[i] = x[i] > floor ? x[i] : floor;
}

QUAVER_CLONES void quaver_extremes(const float *x, long n, float *smallest, float *largest) {
  vec16 low = (vec16){0} + x[0], high = low;
  long i = 0;
  for (; i + 16 <= n; i += 16) {
    const vec16 block = *(const vec16 *)(x + i);
    low = __builtin_elementwise_min(low, block);
    high = __builtin_elementwise_max(high, block);
  }
  float a = x[0], b = x[0];
  for (; i < n; i++) {
    a = x[i] < a ? x[i] : a;
    b = x[i] > b ? x[i] : b;
  }
  for (int j = 0; j < 16; j++) {
    a = low[j] < a ? low[j] : a;
    b = high[j] > b ? high[j] : b;
  }
  *smallest = a;
  *largest = b;
}

QUAVER_CLONES void quaver_fold(
    const float *x, long frames, long hop, const float *window, float *even, float *odd) {
  for (long f = 0; f < frames; f++) {
    const float *centre = x + f * hop;
    float *e = even + f * 128, *o = odd + f * 128;
    for (int i = 0; i < 64; i++) {
      const float w = window[2 * i], after = centre[2 * i], before = centre[-2 * i];
      e[i] = w * (after + before);
      o[i] = w * (after - before);
    }
    for (int i = 0; i < 64; i++) {
      const float w = window[2 * i + 1], after = centre[2 * i + 1], before = centre[-2 * i - 1];
      e[64 + i] = w * (after + before);
      o[64 + i] = w * (after - before);
    }
  }
}

QUAVER_CLONES void quaver_unfold_power(
    const float *ce, const float *co, const float *se, const float *so, long frames, long n, float *power) {
  for (long f = 0; f < frames; f++) {
    float *p = power + f * 2 * n;
    for (long k = 0; k < n; k++) {
      const long i = f * n + k;
      const float re = ce[i] + co[i], im = se[i] + so[i];
      p[k] = re * re + im * im;
    }
    for (long k = 0; k < n; k++) {
      const long i = f * n + k;
      const float re = ce[i] - co[i], im = se[i] - so[i];
      p[2 * n - 1 - k] = re * re + im * im;
    }
  }
}

QUAVER_CLONES void quaver_power(const float *z, long n, float *dst, long stride) {
  for (long i = 0; i < n; i++) dst[i * stride] = z[2 * i] * z[2 * i] + z[2 * i + 1] * z[2 * i + 1];
}

QUAVER_CLONES void quaver_bands(
    const float *power, const int32_t *first, const int32_t *offset, const float *weights, long bands, float *out,
    long ldo) {
  for (long b = 0; b < bands; b++) {
    const float *p = power + 16L * first[b];
    vec16 sum = (vec16){0};
    for (int32_t i = offset[b]; i < offset[b + 1]; i++, p += 16) sum += weights[i] * *(const vec16 *)p;
    *(vec16 *)(out + b * ldo) = sum;
  }
}

QUAVER_CLONES void quaver_slide(double *restrict z, const double *restrict turn, long n, long frames, float *delta) {
  for (long f = 0; f < frames; f++) {
    float *restrict re = delta + f * 2 * n, *restrict im = re + n;
    for (long j = 0; j < n; j++) {
      const double a = z[j] + (double)re[j], b = z[n + j] + (double)im[j];
      re[j] = (float)z[j];
      im[j] = (float)z[n + j];
      z[j] = a * turn[j] - b * turn[n + j];
      z[n + j] = a * turn[n + j] + b * turn[j];
    }
  }
}

QUAVER_CLONES void quaver_split_power(const float *z, long frames, long n, float *power) {
  for (long f = 0; f < frames; f++)
    for (long b = 0; b < n; b++) {
      const float re = z[f * 2 * n + b], im = z[f * 2 * n + n + b];
      power[f * n + b] = re * re + im * im;
    }
}
