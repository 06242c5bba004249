#pragma once
#include "vector_math.h"

/// The random numbers of Core's RandomStream.
INLINE uint64_t splitmix(uint64_t x) {
  uint64_t z = x + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// 24 bits.
INLINE int32_t random24(uint64_t key, ptrdiff_t index) { return (int32_t)(splitmix(key + (uint64_t)index) >> 40); }

/// Uniform in [0, 1), 24 bits.
INLINE float uniform(uint64_t key, ptrdiff_t index) { return (float)random24(key, index) * 0x1p-24f; }
