#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Loops of the attacks over one image of `count` values in [0, 1].

/// Whether all values are numbers in [0, 1].
bool quaver_within_unit(const float *x, ptrdiff_t count);

/// Σ (x − y)², summed in double; `largest` receives max |x − y|.
double quaver_distance(const float *x, const float *y, ptrdiff_t count, float *largest);

/// How many values are exactly 0.
ptrdiff_t quaver_zeros(const float *x, ptrdiff_t count);

/// x = clip(clean + ε·(2u − 1), 0, 1), u from the stream of Core's RandomStream with this key.
void quaver_random_start(const float *clean, float *x, ptrdiff_t count, uint64_t key, float epsilon);

/// x = clip(clean + clip(x + size·sgn(direction) − clean, ±ε), 0, 1); sgn is 0 for 0 and for NaN.
void quaver_sign_step(const float *clean, const float *direction, float *x, ptrdiff_t count, float size, float epsilon);

/// m = g/mean|g| + decay·m. A gradient that is all zero adds nothing.
void quaver_momentum(const float *g, float *m, ptrdiff_t count, float decay);
