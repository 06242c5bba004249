#pragma once
/// Whole 512-bit registers where the processor has them (clang prefers halves); without meaning elsewhere.
#define QUAVER_WIDE __attribute__((min_vector_width(512)))

/// Compiled once a level of the x86-64 psABI; the loader picks the best that the processor has.
#define QUAVER_CLONES QUAVER_WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

/// Sixteen floats, one AVX-512 register, two of AVX2 or four of SSE2.
typedef float vec16 __attribute__((vector_size(64), aligned(4)));
