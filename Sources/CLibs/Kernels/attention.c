#include "attention.h"

#include <math.h>
#include <string.h>

#include "product_tiles.h"

// Queries at a time: a multiple of every tile's rows; their scores stay in the second-level cache.
#define BLOCK 72

INLINE ptrdiff_t padded(ptrdiff_t n) { return (n + 15) / 16 * 16; }

ptrdiff_t quaver_attention_padded_keys(const quaver_attention *a) { return padded(a->keys); }

ptrdiff_t quaver_attention_forward_scratch(const quaver_attention *a) {
  const ptrdiff_t s = padded(a->keys), dv = padded(a->value_width), dk = padded(a->key_width);
  return a->key_width * s + a->keys * dv + BLOCK * (dk + s + dv);
}

ptrdiff_t quaver_attention_backward_scratch(const quaver_attention *a) {
  const ptrdiff_t s = padded(a->keys), dv = padded(a->value_width), dk = padded(a->key_width);
  return (a->key_width + a->value_width) * s + a->keys * (2 * dk + dv) + BLOCK * (2 * s + 2 * dk + dv);
}

// y [columns, padded rows] = xᵀ.
INLINE void turn(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, float *y) {
  const ptrdiff_t width = padded(rows);
  for (ptrdiff_t r0 = 0; r0 < width; r0 += 16) {
    ptrdiff_t c = 0;
    for (; c + 16 <= columns; c += 16) {
      f16 block[16];
      for (int r = 0; r < 16; r++) block[r] = r0 + r < rows ? *(const f16 *)(x + (r0 + r) * stride + c) : (f16)0.0f;
      transpose_16(block);
      for (int r = 0; r < 16; r++) *(f16 *)(y + (c + r) * width + r0) = block[r];
    }
    for (; c < columns; c++)
      for (ptrdiff_t r = r0; r < r0 + 16; r++) y[c * width + r] = r < rows ? x[r * stride + c] : 0.0f;
  }
}

// y [rows, padded columns] = factor·x.
INLINE void gather(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, float factor, float *y) {
  const ptrdiff_t width = padded(columns);
  for (ptrdiff_t r = 0; r < rows; r++) {
    for (ptrdiff_t c = 0; c < columns; c++) y[r * width + c] = factor * x[r * stride + c];
    for (ptrdiff_t c = columns; c < width; c++) y[r * width + c] = 0.0f;
  }
}

// y [rows, columns] = factor·x, rows of x padded.
INLINE void scatter(const float *x, ptrdiff_t rows, ptrdiff_t columns, float factor, float *y, ptrdiff_t stride) {
  const ptrdiff_t width = padded(columns);
  for (ptrdiff_t r = 0; r < rows; r++)
    for (ptrdiff_t c = 0; c < columns; c++) y[r * stride + c] = factor * x[r * width + c];
}

// Scores are powers of two, which costs less than those of e.
#define LOG2_E 1.44269504f
#define LOG_2 0.693147181f

INLINE float highest(f16 x) {
  float m = x[0];
  for (int l = 1; l < 16; l++) m = x[l] > m ? x[l] : m;
  return m;
}

// Adds the bias, and takes the padding out of every maximum and sum.
INLINE void prepare(float *row, const float *bias, ptrdiff_t keys, ptrdiff_t width) {
  if (bias)
    for (ptrdiff_t j = 0; j < width; j += 16) *(f16 *)(row + j) += *(const f16 *)(bias + j);
  for (ptrdiff_t j = keys; j < width; j++) row[j] = -INFINITY;
}

// The row becomes 2^(row − maximum); the maximum and the inverse sum go to `softmax`.
INLINE void exponentiate(float *row, ptrdiff_t width, float softmax[2]) {
  f16 peak = *(const f16 *)row;
  for (ptrdiff_t j = 16; j < width; j += 16) {
    const f16 x = *(const f16 *)(row + j);
    peak = x > peak ? x : peak;
  }
  const float maximum = highest(peak);
  f16 sum = 0.0f;
  for (ptrdiff_t j = 0; j < width; j += 16) {
    const f16 e = exp2_16(*(const f16 *)(row + j) - maximum);
    *(f16 *)(row + j) = e;
    sum += e;
  }
  softmax[0] = maximum;
  softmax[1] = 1.0f / lane_sum(&sum);
}

INLINE void forward(const quaver_attention *a, const float *q, const float *k, const float *v, const float *bias,
                    float *out, float *softmax, float *scratch, const int rows, const int vectors) {
  const ptrdiff_t keys = a->keys, s = padded(keys), dk = padded(a->key_width), dv = padded(a->value_width);
  float *turned = scratch, *values = turned + a->key_width * s, *block = values + keys * dv;
  float *scores = block + BLOCK * dk, *result = scores + BLOCK * s;
  turn(k, a->k_stride, keys, a->key_width, turned);
  gather(v, a->v_stride, keys, a->value_width, 1.0f, values);
  for (ptrdiff_t t = 0; t < a->queries; t += BLOCK) {
    const ptrdiff_t n = t + BLOCK < a->queries ? BLOCK : a->queries - t;
    gather(q + t * a->q_stride, a->q_stride, n, a->key_width, a->scale * LOG2_E, block);
    product(block, dk, turned, s, scores, s, n, s, a->key_width, rows, vectors, false, false);
    float facts[BLOCK][2];
    for (ptrdiff_t r = 0; r < n; r++) {
      prepare(scores + r * s, bias ? bias + (t + r) * s : NULL, keys, s);
      exponentiate(scores + r * s, s, facts[r]);
    }
    product(scores, s, values, dv, result, dv, n, dv, keys, rows, vectors, false, false);
    for (ptrdiff_t r = 0; r < n; r++)
      scatter(result + r * dv, 1, a->value_width, facts[r][1], out + (t + r) * a->out_stride, 0);
    if (softmax) memcpy(softmax + 2 * t, facts, sizeof(float) * 2 * (size_t)n);
  }
}

// Scores become probabilities, and dp the scores' gradient p·(dp − Σ p·dp).
INLINE void differentiate(float *p, float *dp, ptrdiff_t width, const float softmax[2]) {
  const float maximum = softmax[0], inverse = softmax[1];
  f16 sum = 0.0f;
  for (ptrdiff_t j = 0; j < width; j += 16) {
    const f16 e = exp2_16(*(const f16 *)(p + j) - maximum) * inverse;
    *(f16 *)(p + j) = e;
    sum += e * *(const f16 *)(dp + j);
  }
  const float mean = lane_sum(&sum);
  for (ptrdiff_t j = 0; j < width; j += 16) *(f16 *)(dp + j) = *(const f16 *)(p + j) * (*(const f16 *)(dp + j) - mean);
}

INLINE void backward(const quaver_attention *a, const float *q, const float *k, const float *v, const float *bias,
                     const float *softmax, const float *dout, float *dq, float *dk_out, float *dv_out, float *dbias,
                     float *scratch, const int rows, const int vectors) {
  const ptrdiff_t keys = a->keys, s = padded(keys), dk = padded(a->key_width), dv = padded(a->value_width);
  float *turned_keys = scratch, *turned_values = turned_keys + a->key_width * s;
  float *straight = turned_values + a->value_width * s, *key_sum = straight + keys * dk, *value_sum = key_sum + keys * dk;
  float *block = value_sum + keys * dv, *above = block + BLOCK * dk, *p = above + BLOCK * dv, *dp = p + BLOCK * s;
  float *result = dp + BLOCK * s;
  turn(k, a->k_stride, keys, a->key_width, turned_keys);
  turn(v, a->v_stride, keys, a->value_width, turned_values);
  gather(k, a->k_stride, keys, a->key_width, 1.0f, straight);
  memset(key_sum, 0, sizeof(float) * (size_t)(keys * (dk + dv)));
  for (ptrdiff_t t = 0; t < a->queries; t += BLOCK) {
    const ptrdiff_t n = t + BLOCK < a->queries ? BLOCK : a->queries - t;
    gather(q + t * a->q_stride, a->q_stride, n, a->key_width, a->scale * LOG2_E, block);
    gather(dout + t * a->out_stride, a->out_stride, n, a->value_width, 1.0f, above);
    product(block, dk, turned_keys, s, p, s, n, s, a->key_width, rows, vectors, false, false);
    product(above, dv, turned_values, s, dp, s, n, s, a->value_width, rows, vectors, false, false);
    for (ptrdiff_t r = 0; r < n; r++) {
      prepare(p + r * s, bias ? bias + (t + r) * s : NULL, keys, s);
      differentiate(p + r * s, dp + r * s, s, softmax + 2 * (t + r));
    }
    if (dbias)
      for (ptrdiff_t j = 0; j < n * s; j += 16) *(f16 *)(dbias + t * s + j) += *(const f16 *)(dp + j);
    if (dv_out) product(p, s, above, dv, value_sum, dv, keys, dv, n, rows, vectors, true, true);
    if (dk_out) product(dp, s, block, dk, key_sum, dk, keys, dk, n, rows, vectors, true, true);
    if (!dq) continue;
    product(dp, s, straight, dk, result, dk, n, dk, keys, rows, vectors, false, false);
    scatter(result, n, a->key_width, a->scale, dq + t * a->q_stride, a->q_stride);
  }
  if (dk_out) scatter(key_sum, keys, a->key_width, LOG_2, dk_out, a->k_stride);
  if (dv_out) scatter(value_sum, keys, a->value_width, 1.0f, dv_out, a->v_stride);
}

// The tile differs by level (32 registers of 16 floats, 16 of 8, 16 of 4), so the versions are written out.
#define VERSION(name, level, rows, vectors)                                                                            \
  level static void forward_##name(const quaver_attention *a, const float *q, const float *k, const float *v,         \
                                   const float *bias, float *out, float *softmax, float *scratch) {                   \
    forward(a, q, k, v, bias, out, softmax, scratch, rows, vectors);                                                  \
  }                                                                                                                    \
  level static void backward_##name(const quaver_attention *a, const float *q, const float *k, const float *v,        \
                                    const float *bias, const float *softmax, const float *dout, float *dq, float *dk, \
                                    float *dv, float *dbias, float *scratch) {                                        \
    backward(a, q, k, v, bias, softmax, dout, dq, dk, dv, dbias, scratch, rows, vectors);                             \
  }

VERSION(v4, QUAVER_WIDE __attribute__((target("arch=x86-64-v4"))), 6, 4)
VERSION(v3, __attribute__((target("arch=x86-64-v3"))), 6, 1)
VERSION(v1, , 2, 1)

void quaver_attention_forward(const quaver_attention *a, const float *q, const float *k, const float *v,
                              const float *bias, float *out, float *softmax, float *scratch) {
  if (__builtin_cpu_supports("x86-64-v4")) forward_v4(a, q, k, v, bias, out, softmax, scratch);
  else if (__builtin_cpu_supports("x86-64-v3")) forward_v3(a, q, k, v, bias, out, softmax, scratch);
  else forward_v1(a, q, k, v, bias, out, softmax, scratch);
}

void quaver_attention_backward(const quaver_attention *a, const float *q, const float *k, const float *v,
                               const float *bias, const float *softmax, const float *dout, float *dq, float *dk,
                               float *dv, float *dbias, float *scratch) {
  if (__builtin_cpu_supports("x86-64-v4")) backward_v4(a, q, k, v, bias, softmax, dout, dq, dk, dv, dbias, scratch);
  else if (__builtin_cpu_supports("x86-64-v3")) backward_v3(a, q, k, v, bias, softmax, dout, dq, dk, dv, dbias, scratch);
  else backward_v1(a, q, k, v, bias, softmax, dout, dq, dk, dv, dbias, scratch);
}

void quaver_attention_bias(const float *biases, const int32_t *table, ptrdiff_t queries, ptrdiff_t keys, float *out) {
  const ptrdiff_t width = padded(keys);
  for (ptrdiff_t t = 0; t < queries; t++) {
    for (ptrdiff_t s = 0; s < keys; s++) out[t * width + s] = LOG2_E * biases[table[t * keys + s]];
    for (ptrdiff_t s = keys; s < width; s++) out[t * width + s] = 0.0f;
  }
}

void quaver_attention_bias_gradient(const float *d, const int32_t *table, ptrdiff_t queries, ptrdiff_t keys,
                                    float *biases) {
  const ptrdiff_t width = padded(keys);
  for (ptrdiff_t t = 0; t < queries; t++)
    for (ptrdiff_t s = 0; s < keys; s++) biases[table[t * keys + s]] += d[t * width + s];
}
