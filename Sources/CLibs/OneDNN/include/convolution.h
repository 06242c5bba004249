#pragma once
// The engine's small interface to oneDNN. Swift sees these declarations only, so that the difference between the
// operation-descriptor API of 2.6 and the primitive-descriptor API of 3.x stays in one C file.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How a feature map [n, c, h, w] lies in memory.
typedef enum {
  QUAVER_LAYOUT_PLAIN = 0,    ///< n, c, h, w
  QUAVER_LAYOUT_BLOCK8 = 8,   ///< n, c/8, h, w, 8 (channels padded with zeros)
  QUAVER_LAYOUT_BLOCK16 = 16, ///< n, c/16, h, w, 16
  QUAVER_LAYOUT_ANY = -1,     ///< in a request: the library chooses
} quaver_layout;

typedef enum { QUAVER_FORWARD = 0, QUAVER_BACKWARD_DATA = 1, QUAVER_BACKWARD_WEIGHTS = 2 } quaver_pass;

typedef struct {
  int32_t batch, groups;
  int32_t channels_in, height_in, width_in;
  int32_t channels_out, height_out, width_out;
  int32_t kernel_height, kernel_width;
  int32_t stride_height, stride_width;
  int32_t padding_height, padding_width;
} quaver_convolution_shape;

/// How a convolution is computed. bf16: what it reads is rounded first, what it writes stays float32.
typedef enum { QUAVER_DIRECT = 0, QUAVER_WINOGRAD = 1, QUAVER_BF16 = 2 } quaver_algorithm;

typedef struct quaver_convolution quaver_convolution;

/// One convolution primitive, or NULL where the library has none for this request.
///
/// No activation is fused into it: oneDNN's ReLU turns NaN into 0 and would hide a network that has diverged.
///
/// - source, destination: layouts of the map on the input side and on the output side (for all passes).
quaver_convolution *quaver_convolution_create(const quaver_convolution_shape *shape, quaver_pass pass,
                                              quaver_algorithm algorithm, bool bias, quaver_layout source, quaver_layout destination);
void quaver_convolution_free(quaver_convolution *convolution);

/// Layouts that the primitive chose.
quaver_layout quaver_convolution_source(const quaver_convolution *convolution);
quaver_layout quaver_convolution_destination(const quaver_convolution *convolution);
/// Bytes of the weights as the primitive wants them, and whether that is the plain [o, i, h, w] order.
size_t quaver_convolution_weight_bytes(const quaver_convolution *convolution);
bool quaver_convolution_plain_weights(const quaver_convolution *convolution);
/// Whether two primitives want their weights in the same order, so that what one packed serves the other.
bool quaver_convolution_same_weights(const quaver_convolution *a, const quaver_convolution *b);
/// Scratch that every execution needs.
size_t quaver_convolution_scratch_bytes(const quaver_convolution *convolution);
/// The library's name of the kernel that runs; its slow reference implementations start with “ref”.
const char *quaver_convolution_kernel(const quaver_convolution *convolution);

/// Plain weights to the primitive's order (forward, backward data), or back (backward weights).
bool quaver_convolution_pack(quaver_convolution *convolution, const float *plain, float *packed, void *scratch);
bool quaver_convolution_unpack(quaver_convolution *convolution, const float *packed, float *plain, void *scratch);

/// Forward: reads source, weights, bias; writes destination. Backward data: reads destination, weights; writes source.
/// Backward weights: reads source, destination; writes weights and bias (its gradients). All overwrite, none adds.
bool quaver_convolution_run(quaver_convolution *convolution, float *source, float *weights, float *bias,
                            float *destination, void *scratch);

typedef struct quaver_reorder quaver_reorder;

/// Copies a map [n, c, h, w] from one layout to another; NULL where the library cannot.
quaver_reorder *quaver_reorder_create(int32_t n, int32_t c, int32_t h, int32_t w, quaver_layout from,
                                      quaver_layout to);
void quaver_reorder_free(quaver_reorder *reorder);
size_t quaver_reorder_scratch_bytes(const quaver_reorder *reorder);
bool quaver_reorder_run(quaver_reorder *reorder, const float *from, float *to, void *scratch);

/// Whether the processor multiplies bf16 by instructions of its own (and ONEDNN_MAX_CPU_ISA lets it).
bool quaver_dnn_has_bf16(void);

/// Whether it is a Zen 4 (the one AMD family of 25 with bf16), whose vectors of 512 bits go through in two halves.
bool quaver_dnn_halves_vectors(void);

/// "oneDNN 2.6.3"
const char *quaver_dnn_version(void);
