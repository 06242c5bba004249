#pragma once
#include <stddef.h>

// x·Φ(x), Φ the normal distribution's (Hendrycks and Gimpel 2016), within 1.5e-7·|x|. NaN goes through.

/// y = x·Φ(x); y may be x.
void quaver_gelu(const float *x, float *y, ptrdiff_t count);
/// dx = dy·(Φ(x) + x·φ(x)); dx may be dy or x.
void quaver_gelu_gradient(const float *dy, const float *x, float *dx, ptrdiff_t count);
