#pragma once
#include <stdbool.h>
#include <stddef.h>

/// The constants of one step of Adam.
typedef struct {
  float beta1, beta2, epsilon;
  /// Learning rate over 1 − β1^t.
  float step_size;
  /// 1 / sqrt(1 − β2^t).
  float inverse_root;
  /// Added to the gradient as weight_decay·p (L2-coupled).
  float weight_decay;
} quaver_adam_step;

/// One pass over p, g, m, v (Kingma and Ba 2015, as torch.optim.Adam).
void quaver_adam(float *p, const float *g, float *m, float *v, ptrdiff_t count, const quaver_adam_step *step);

/// Σ x², kept in double.
double quaver_sum_of_squares(const float *x, ptrdiff_t count);
/// y = factor·x (+ y unless `fresh`).
void quaver_add_scaled(const float *x, float factor, float *y, ptrdiff_t count, bool fresh);
