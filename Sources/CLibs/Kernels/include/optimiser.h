#pragma once
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
