#pragma once
// Shared by the kernels: vectors of 8 or 16 floats that every clone lowers to its own registers, and elementary
// functions on them. Each kernel is compiled for AVX-512, AVX2 and baseline x86-64; the loader picks.
#include <stddef.h>
#include <stdint.h>

#define KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
/// Before an element-by-element loop whose output may be one of its inputs: the compiler would run it one by one then, since
/// for all it knows the two overlap by a few elements.
#define ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")
#define INLINE static inline __attribute__((always_inline))

typedef float f16 __attribute__((ext_vector_type(16), aligned(4)));
typedef int32_t i16 __attribute__((ext_vector_type(16), aligned(4)));
typedef uint32_t u16 __attribute__((ext_vector_type(16), aligned(4)));
typedef uint8_t b16 __attribute__((ext_vector_type(16), aligned(1)));
typedef double d16 __attribute__((ext_vector_type(16), aligned(8)));
typedef float f8 __attribute__((ext_vector_type(8), aligned(4)));
typedef int32_t i8 __attribute__((ext_vector_type(8), aligned(4)));
typedef uint32_t u8 __attribute__((ext_vector_type(8), aligned(4)));
typedef uint8_t b8 __attribute__((ext_vector_type(8), aligned(1)));
typedef double d8 __attribute__((ext_vector_type(8), aligned(8)));

// Through a pointer: a vector argument would differ by clone.
INLINE float lane_sum(const f16 *x) {
  const f8 a = x->lo + x->hi;
  const __typeof__(a.lo) b = a.lo + a.hi;
  return (b.x + b.z) + (b.y + b.w);
}

INLINE float bits_float(uint32_t u) {
  float f;
  __builtin_memcpy(&f, &u, 4);
  return f;
}

INLINE uint32_t float_bits(float f) {
  uint32_t u;
  __builtin_memcpy(&u, &f, 4);
  return u;
}

// exp(x) − 1 = scale·q + (scale − 1) with `scale` a power of two and `q` = exp(r) − 1 for |r| ≤ ln 2 / 2 (polynomial of Cephes'
// expf), for one float or a vector of them; U has its bits as unsigned integers. x is taken to −87 … 88. NaN stays NaN. The
// rounded exponent n is read from the mantissa of x·log2 e + 1.5·2^23.
#define EXPONENTIAL(name, F, U)                                         \
  INLINE F name(F x, F *scale) {                                        \
    x = x < -87.0f ? (F)-87.0f : x;                                     \
    x = x > 88.0f ? (F)88.0f : x;                                       \
    const F shifted = x * 1.44269504f + 12582912.0f, n = shifted - 12582912.0f; \
    U bits;                                                             \
    __builtin_memcpy(&bits, &shifted, sizeof bits);                     \
    bits = (bits << 23) + (127u << 23);                                 \
    __builtin_memcpy(scale, &bits, sizeof bits);                        \
    const F r = (x - n * 0.693359375f) + n * 2.12194440e-4f;            \
    F p = 1.9875691500e-4f * r + 1.3981999507e-3f;                      \
    p = p * r + 8.3334519073e-3f;                                       \
    p = p * r + 4.1665795894e-2f;                                       \
    p = p * r + 1.6666665459e-1f;                                       \
    p = p * r + 5.0000001201e-1f;                                       \
    return p * r * r + r;                                               \
  }
EXPONENTIAL(exponential_1, float, uint32_t)
EXPONENTIAL(exponential_8, f8, u8)
EXPONENTIAL(exponential_16, f16, u16)

// exp(x) − 1, within 2 ulp for x ≤ 88; no cancellation near 0.
INLINE float expm1_vector(float x) {
  float scale;
  const float q = exponential_1(x, &scale);
  return scale * q + (scale - 1.0f);
}

INLINE float exp_vector(float x) { return expm1_vector(x) + 1.0f; }

INLINE float sigmoid_vector(float x) { return 1.0f / (2.0f + expm1_vector(-x)); }

// tanh x = e/(e + 2) with e = exp(2x) − 1, accurate near 0 because e is.
INLINE float tanh_vector(float x) {
  x = x < -15.0f ? -15.0f : x;
  x = x > 15.0f ? 15.0f : x;
  const float e = expm1_vector(2.0f * x);
  return e / (e + 2.0f);
}

INLINE float hard_swish(float x) {
  float gate = x + 3.0f;
  gate = gate < 0.0f ? 0.0f : gate;
  gate = gate > 6.0f ? 6.0f : gate;
  return x * gate * (1.0f / 6.0f);
}

INLINE float hard_swish_slope(float x) {
  const float slope = x <= -3.0f ? 0.0f : x * (1.0f / 3.0f) + 0.5f;
  return x >= 3.0f ? 1.0f : slope;
}
