#pragma once
#include <stddef.h>
#include <stdint.h>

// Starting values of parameters. Element i depends on the stream's key and first + i alone; the stream is Core's
// RandomStream: splitmix64(key + index), top 24 bits.

/// Uniform in [−bound, bound).
void quaver_fill_uniform(float *values, ptrdiff_t first, ptrdiff_t count, uint64_t key, float bound);

/// N(0, deviation²) by inverting its distribution function; `reach` is the share of the distribution that is drawn from,
/// around 0: 1 for all, erf(c/√2) to cut it off at ±c deviations.
void quaver_fill_normal(float *values, ptrdiff_t first, ptrdiff_t count, uint64_t key, float deviation, float reach);
