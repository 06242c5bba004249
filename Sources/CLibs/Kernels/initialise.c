#include "initialise.h"

#include "random_bits.h"
#include "vector_math.h"

// Natural logarithm for normal x > 0, within 2 ulp (polynomial of Cephes' logf).
INLINE float log_vector(float x) {
  const uint32_t bits = float_bits(x);
  float m = bits_float((bits & 0x7FFFFFu) | 0x3F000000u), e = (float)((int32_t)(bits >> 23) - 126);
  const int small = m < 0.707106781f;
  e = small ? e - 1.0f : e;
  m = small ? m + m - 1.0f : m - 1.0f;
  const float z = m * m;
  float p = 7.0376836292e-2f * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  return m + (p * m * z - 2.12194440e-4f * e - 0.5f * z) + 0.693359375f * e;
}

// Inverse error function for |x| < 1 (Giles 2010, “Approximating the erfinv function”, single precision).
INLINE float erfinv_vector(float x) {
  const float w = -log_vector((1.0f - x) * (1.0f + x));
  const float a = w - 2.5f, b = __builtin_sqrtf(w) - 3.0f;
  float p = 2.81022636e-08f * a + 3.43273939e-07f;
  p = p * a - 3.5233877e-06f;
  p = p * a - 4.39150654e-06f;
  p = p * a + 0.00021858087f;
  p = p * a - 0.00125372503f;
  p = p * a - 0.00417768164f;
  p = p * a + 0.246640727f;
  p = p * a + 1.50140941f;
  float q = -0.000200214257f * b + 0.000100950558f;
  q = q * b + 0.00134934322f;
  q = q * b - 0.00367342844f;
  q = q * b + 0.00573950773f;
  q = q * b - 0.0076224613f;
  q = q * b + 0.00943887047f;
  q = q * b + 1.00167406f;
  q = q * b + 2.83297682f;
  return (w < 5.0f ? p : q) * x;
}

KERNEL void quaver_fill_uniform(float *values, ptrdiff_t first, ptrdiff_t count, uint64_t key, float bound) {
  for (ptrdiff_t i = 0; i < count; i++)
    values[i] = bound * ((float)random24(key, first + i) * 0x1p-23f - 1.0f);
}

KERNEL void quaver_fill_normal(float *values, ptrdiff_t first, ptrdiff_t count, uint64_t key, float deviation,
                               float reach) {
  const float factor = deviation * 1.41421356f;
  for (ptrdiff_t i = 0; i < count; i++) {
    // Odd multiples of 2^-24 between −1 and 1: symmetric, and never ±1.
    const float x = (float)(2 * random24(key, first + i) - 0xFFFFFF) * 0x1p-24f;
    values[i] = factor * erfinv_vector(reach * x);
  }
}
