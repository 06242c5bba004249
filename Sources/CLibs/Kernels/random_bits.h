#pragma once
#include "vector_math.h"

/// Uniform in [0, 1), 24 bits, as Core's RandomStream.
INLINE float uniform(uint64_t key, ptrdiff_t index) {
  return (float)(int32_t)(splitmix(key + (uint64_t)index) >> 40) * 0x1p-24f;
}
