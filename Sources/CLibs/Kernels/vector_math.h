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

// 2^x for x ≤ 0, within 2 ulp down to 2^−126, which what is less becomes (polynomial of Cephes' exp2f). NaN stays NaN.
INLINE f16 exp2_16(f16 x) {
  x = x < -126.0f ? (f16)-126.0f : x;
  const f16 shifted = x + 12582912.0f, r = x - (shifted - 12582912.0f);
  u16 bits;
  __builtin_memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 23) + (127u << 23);
  f16 power;
  __builtin_memcpy(&power, &bits, sizeof power);
  f16 p = 1.535336188e-4f * r + 1.339887440e-3f;
  p = p * r + 9.618437357e-3f;
  p = p * r + 5.550332471e-2f;
  p = p * r + 2.402264791e-1f;
  p = p * r + 6.931472029e-1f;
  return (p * r + 1.0f) * power;
}

// Of 16 rows of 16 floats, each pair whose numbers differ in one bit exchanges the elements whose places differ in it.
#define EXCHANGE(rows, bit, low, high)                                                       \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++) {                          \
    if (i & bit) continue;                                                                   \
    const f16 a = rows[i], b = rows[i + bit];                                                \
    rows[i] = low;                                                                           \
    rows[i + bit] = high;                                                                    \
  }

INLINE void transpose_16(f16 rows[16]) {
#define SHUFFLE(...) __builtin_shufflevector(a, b, __VA_ARGS__)
  EXCHANGE(rows, 8, SHUFFLE(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
           SHUFFLE(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
  EXCHANGE(rows, 4, SHUFFLE(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
           SHUFFLE(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  EXCHANGE(rows, 2, SHUFFLE(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
           SHUFFLE(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  EXCHANGE(rows, 1, SHUFFLE(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
           SHUFFLE(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#undef SHUFFLE
}
#undef EXCHANGE

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
