#pragma once
#include <stddef.h>
#include <stdint.h>

// Scaled dot-product attention of one head of one sample (Vaswani et al. 2017), softmax(scale·Q·Kᵀ + bias)·V. The scores
// are made a few queries at a time and never stored whole, after Dao et al. 2022, "FlashAttention", but with all keys at
// once: at most a few hundred. NaN goes through.

/// Shapes: Q [queries, key_width], K [keys, key_width], V [keys, value_width]; rows lie `…_stride` floats apart.
typedef struct {
  ptrdiff_t queries, keys, key_width, value_width;
  float scale;
  ptrdiff_t q_stride, k_stride, v_stride, out_stride;
} quaver_attention;

/// Keys rounded up to whole registers: the row length of `bias` and of its gradient.
ptrdiff_t quaver_attention_padded_keys(const quaver_attention *a);
/// Floats of scratch.
ptrdiff_t quaver_attention_forward_scratch(const quaver_attention *a);
ptrdiff_t quaver_attention_backward_scratch(const quaver_attention *a);

/// - bias: [queries, padded keys], as `quaver_attention_bias` makes it, added to the scores; may be NULL.
/// - softmax: [queries, 2], each row's maximum in powers of two and inverse sum, for backward; may be NULL.
void quaver_attention_forward(const quaver_attention *a, const float *q, const float *k, const float *v,
                              const float *bias, float *out, float *softmax, float *scratch);

/// Overwrites dq, dk and dv, which have the strides of q, k and v; each may be NULL.
///
/// - dbias: [queries, padded keys]; the gradient of the scores (and so of `biases`, not of `bias`) is added; may be NULL.
void quaver_attention_backward(const quaver_attention *a, const float *q, const float *k, const float *v,
                               const float *bias, const float *softmax, const float *dout, float *dq, float *dk,
                               float *dv, float *dbias, float *scratch);

/// out[t, s] = log2 e · biases[table[t, s]]; rows of `out` are padded with zeros.
void quaver_attention_bias(const float *biases, const int32_t *table, ptrdiff_t queries, ptrdiff_t keys, float *out);
/// biases[table[t, s]] += d[t, s], rows of `d` padded as above.
void quaver_attention_bias_gradient(const float *d, const int32_t *table, ptrdiff_t queries, ptrdiff_t keys,
                                    float *biases);
