#include "convolution.h"

#include <stdlib.h>
#include <string.h>

#include "library.h"

static dnnl_format_tag_t tag(quaver_layout layout) {
  switch (layout) {
  case QUAVER_LAYOUT_PLAIN: return dnnl_nchw;
  case QUAVER_LAYOUT_BLOCK8: return dnnl_nChw8c;
  case QUAVER_LAYOUT_BLOCK16: return dnnl_nChw16c;
  case QUAVER_LAYOUT_ANY: return dnnl_format_tag_any;
  }
  return dnnl_format_tag_any;
}

static bool map(dnnl_memory_desc_t *out, const int32_t dims[4], dnnl_data_type_t type, quaver_layout layout) {
  dnnl_dims_t d = {dims[0], dims[1], dims[2], dims[3]};
  return dnnl_memory_desc_init_by_tag(out, 4, d, type, tag(layout)) == dnnl_success;
}

// The layout that a descriptor has, or ANY when it is none that the engine knows.
static quaver_layout classify(const dnnl_memory_desc_t *desc) {
  static const quaver_layout known[] = {QUAVER_LAYOUT_PLAIN, QUAVER_LAYOUT_BLOCK8, QUAVER_LAYOUT_BLOCK16};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    dnnl_memory_desc_t candidate;
    if (dnnl_memory_desc_init_by_tag(&candidate, desc->ndims, desc->dims, desc->data_type, tag(known[i])) == dnnl_success &&
        dnnl_memory_desc_equal(&candidate, desc))
      return known[i];
  }
  return QUAVER_LAYOUT_ANY;
}

quaver_reorder *quaver_reorder_create(int32_t n, int32_t c, int32_t h, int32_t w, quaver_layout from,
                                      quaver_layout to) {
  dnnl_memory_desc_t a, b;
  const int32_t dims[4] = {n, c, h, w};
  if (!library_ready() || !map(&a, dims, dnnl_f32, from) || !map(&b, dims, dnnl_f32, to)) return NULL;
  quaver_reorder *r = calloc(1, sizeof *r);
  if (r && reorder_init(r, &a, &b)) return r;
  quaver_reorder_free(r);
  return NULL;
}

struct quaver_convolution {
  quaver_pass pass;
  dnnl_primitive_t primitive;
  dnnl_memory_t source, weights, bias, destination, scratch;
  quaver_layout source_layout, destination_layout;
  size_t weight_bytes, scratch_bytes;
  bool plain_weights;
  quaver_reorder reorder;
  /// What the pass reads of the maps, rounded.
  struct library_copy rounded_source, rounded_destination;
  char kernel[64];
};

typedef struct {
  dnnl_memory_desc_t source, weights, bias, destination, plain;
  dnnl_dims_t strides, padding_low, padding_high;
} descriptors;

// The pass that the maps, weights and types are for; `reads` is the type of all that it reads.
static bool describe(descriptors *d, const quaver_convolution_shape *s, quaver_pass pass, dnnl_data_type_t reads,
                     quaver_layout source, quaver_layout destination) {
  const int32_t in[4] = {s->batch, s->channels_in, s->height_in, s->width_in};
  const int32_t out[4] = {s->batch, s->channels_out, s->height_out, s->width_out};
  const bool grouped = s->groups > 1;
  const int32_t o = s->channels_out / s->groups, i = s->channels_in / s->groups;
  const dnnl_dims_t dense = {o, i, s->kernel_height, s->kernel_width};
  const dnnl_dims_t groups = {s->groups, o, i, s->kernel_height, s->kernel_width};
  const int rank = grouped ? 5 : 4;
  const dnnl_dims_t bias = {s->channels_out};
  memcpy(d->strides, (dnnl_dims_t){s->stride_height, s->stride_width}, sizeof(dnnl_dims_t));
  memcpy(d->padding_low, (dnnl_dims_t){s->padding_height, s->padding_width}, sizeof(dnnl_dims_t));
  // The far side takes what the floor in the output's size leaves over (negative: columns that no window reads).
  const int64_t below = (int64_t)(s->height_out - 1) * s->stride_height + s->kernel_height - s->height_in -
                        s->padding_height;
  const int64_t right = (int64_t)(s->width_out - 1) * s->stride_width + s->kernel_width - s->width_in -
                        s->padding_width;
  memcpy(d->padding_high, (dnnl_dims_t){below, right}, sizeof(dnnl_dims_t));
  return map(&d->source, in, pass == QUAVER_BACKWARD_DATA ? dnnl_f32 : reads, source) &&
         map(&d->destination, out, pass == QUAVER_FORWARD ? dnnl_f32 : reads, destination) &&
         dnnl_memory_desc_init_by_tag(&d->weights, rank, grouped ? groups : dense,
                                      pass == QUAVER_BACKWARD_WEIGHTS ? dnnl_f32 : reads,
                                      dnnl_format_tag_any) == dnnl_success &&
         dnnl_memory_desc_init_by_tag(&d->plain, rank, grouped ? groups : dense, dnnl_f32,
                                      grouped ? dnnl_goihw : dnnl_oihw) == dnnl_success &&
         dnnl_memory_desc_init_by_tag(&d->bias, 1, bias, dnnl_f32, dnnl_a) == dnnl_success;
}

static bool operation(dnnl_convolution_desc_t *op, const descriptors *d, quaver_pass pass, quaver_algorithm kind, bool bias) {
  const dnnl_alg_kind_t algorithm = kind == QUAVER_WINOGRAD ? dnnl_convolution_winograd : dnnl_convolution_direct;
  const dnnl_memory_desc_t *b = bias ? &d->bias : NULL;
  switch (pass) {
  case QUAVER_FORWARD:
    return dnnl_convolution_forward_desc_init(op, dnnl_forward_training, algorithm, &d->source, &d->weights, b,
                                              &d->destination, d->strides, d->padding_low,
                                              d->padding_high) == dnnl_success;
  case QUAVER_BACKWARD_DATA:
    return dnnl_convolution_backward_data_desc_init(op, algorithm, &d->source, &d->weights, &d->destination,
                                                    d->strides, d->padding_low, d->padding_high) == dnnl_success;
  case QUAVER_BACKWARD_WEIGHTS:
    return dnnl_convolution_backward_weights_desc_init(op, algorithm, &d->source, &d->weights, b, &d->destination,
                                                       d->strides, d->padding_low, d->padding_high) == dnnl_success;
  }
  return false;
}

// Callers hold maps in float32; what the pass reads in another type is copied into that.
static bool round_maps(quaver_convolution *c, const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *destination) {
  dnnl_memory_desc_t given_source = *source, given_destination = *destination;
  given_source.data_type = given_destination.data_type = dnnl_f32;
  return library_copy_init(&c->rounded_source, &given_source, source, &c->scratch_bytes) &&
         library_copy_init(&c->rounded_destination, &given_destination, destination, &c->scratch_bytes);
}

static bool finish(quaver_convolution *c, dnnl_primitive_desc_t pd, const descriptors *d, bool bias) {
  static const dnnl_query_t source[] = {dnnl_query_src_md, dnnl_query_diff_src_md, dnnl_query_src_md};
  static const dnnl_query_t weights[] = {dnnl_query_weights_md, dnnl_query_weights_md, dnnl_query_diff_weights_md};
  static const dnnl_query_t destination[] = {dnnl_query_dst_md, dnnl_query_diff_dst_md, dnnl_query_diff_dst_md};
  const dnnl_memory_desc_t *s = dnnl_primitive_desc_query_md(pd, source[c->pass], 0);
  const dnnl_memory_desc_t *w = dnnl_primitive_desc_query_md(pd, weights[c->pass], 0);
  const dnnl_memory_desc_t *t = dnnl_primitive_desc_query_md(pd, destination[c->pass], 0);
  const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
  library_kernel(pd, c->kernel, sizeof c->kernel);
  c->source_layout = classify(s), c->destination_layout = classify(t);
  if (c->source_layout == QUAVER_LAYOUT_ANY || c->destination_layout == QUAVER_LAYOUT_ANY) return false;
  c->weight_bytes = dnnl_memory_desc_get_size(w);
  c->scratch_bytes = dnnl_memory_desc_get_size(scratch);
  c->plain_weights = dnnl_memory_desc_equal(w, &d->plain);
  c->source = library_memory(s), c->weights = library_memory(w), c->destination = library_memory(t), c->scratch = library_memory(scratch);
  c->bias = bias ? library_memory(&d->bias) : NULL;
  if (!c->source || !c->weights || !c->destination || !c->scratch) return false;
  const bool outward = c->pass == QUAVER_BACKWARD_WEIGHTS;
  if (!c->plain_weights && !reorder_init(&c->reorder, outward ? w : &d->plain, outward ? &d->plain : w)) return false;
  if (c->reorder.scratch_bytes > c->scratch_bytes) c->scratch_bytes = c->reorder.scratch_bytes;
  return round_maps(c, s, t) && dnnl_primitive_create(&c->primitive, pd) == dnnl_success;
}

quaver_convolution *quaver_convolution_create(const quaver_convolution_shape *shape, quaver_pass pass,
                                              quaver_algorithm algorithm, bool bias, quaver_layout source,
                                              quaver_layout destination) {
  descriptors d, hinted;
  dnnl_convolution_desc_t op, forward;
  const dnnl_data_type_t reads = algorithm == QUAVER_BF16 ? dnnl_bf16 : dnnl_f32;
  if (!library_ready() || !describe(&d, shape, pass, reads, source, destination)) return NULL;
  if (!operation(&op, &d, pass, algorithm, bias && pass != QUAVER_BACKWARD_DATA)) return NULL;
  dnnl_primitive_attr_t attr = library_attributes();
  if (!attr) return NULL;
  // Backward primitives want the descriptor of a forward one as a hint.
  dnnl_primitive_desc_t hint = NULL, pd = NULL;
  bool ok = true;
  if (pass != QUAVER_FORWARD)
    ok = describe(&hinted, shape, QUAVER_FORWARD, reads, source, destination) &&
         operation(&forward, &hinted, QUAVER_FORWARD, algorithm, bias) &&
         dnnl_primitive_desc_create(&hint, &forward, NULL, library_engine, NULL) == dnnl_success;
  ok = ok && dnnl_primitive_desc_create(&pd, &op, attr, library_engine, hint) == dnnl_success;
  quaver_convolution *c = ok ? calloc(1, sizeof *c) : NULL;
  if (c) {
    c->pass = pass;
    if (!finish(c, pd, &d, bias && pass != QUAVER_BACKWARD_DATA)) {
      quaver_convolution_free(c);
      c = NULL;
    }
  }
  if (pd) dnnl_primitive_desc_destroy(pd);
  if (hint) dnnl_primitive_desc_destroy(hint);
  dnnl_primitive_attr_destroy(attr);
  return c;
}

void quaver_convolution_free(quaver_convolution *c) {
  if (!c) return;
  if (c->primitive) dnnl_primitive_destroy(c->primitive);
  dnnl_memory_t all[] = {c->source, c->weights, c->bias, c->destination, c->scratch};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i]) dnnl_memory_destroy(all[i]);
  reorder_clear(&c->reorder);
  reorder_clear(&c->rounded_source.reorder);
  reorder_clear(&c->rounded_destination.reorder);
  free(c);
}

quaver_layout quaver_convolution_source(const quaver_convolution *c) { return c->source_layout; }
quaver_layout quaver_convolution_destination(const quaver_convolution *c) { return c->destination_layout; }
size_t quaver_convolution_weight_bytes(const quaver_convolution *c) { return c->weight_bytes; }
bool quaver_convolution_plain_weights(const quaver_convolution *c) { return c->plain_weights; }
bool quaver_convolution_same_weights(const quaver_convolution *a, const quaver_convolution *b) {
  const dnnl_memory_desc_t *first, *second;
  return dnnl_memory_get_memory_desc(a->weights, &first) == dnnl_success &&
         dnnl_memory_get_memory_desc(b->weights, &second) == dnnl_success && dnnl_memory_desc_equal(first, second);
}

size_t quaver_convolution_scratch_bytes(const quaver_convolution *c) { return c->scratch_bytes; }
const char *quaver_convolution_kernel(const quaver_convolution *c) { return c->kernel; }

bool quaver_convolution_pack(quaver_convolution *c, const float *plain, float *packed, void *scratch) {
  return quaver_reorder_run(&c->reorder, plain, packed, scratch);
}

bool quaver_convolution_unpack(quaver_convolution *c, const float *packed, float *plain, void *scratch) {
  return quaver_reorder_run(&c->reorder, packed, plain, scratch);
}

bool quaver_convolution_run(quaver_convolution *c, float *source, float *weights, float *bias, float *destination,
                            void *scratch) {
  static const int source_arg[] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_SRC, DNNL_ARG_SRC};
  static const int weights_arg[] = {DNNL_ARG_WEIGHTS, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_WEIGHTS};
  static const int bias_arg[] = {DNNL_ARG_BIAS, DNNL_ARG_BIAS, DNNL_ARG_DIFF_BIAS};
  static const int destination_arg[] = {DNNL_ARG_DST, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_DST};
  void *from = library_copy_run(&c->rounded_source, source, scratch);
  void *to = library_copy_run(&c->rounded_destination, destination, scratch);
  if (!from || !to) return false;
  dnnl_memory_set_data_handle(c->source, from);
  dnnl_memory_set_data_handle(c->weights, weights);
  dnnl_memory_set_data_handle(c->destination, to);
  dnnl_memory_set_data_handle(c->scratch, scratch);
  dnnl_exec_arg_t args[5] = {{source_arg[c->pass], c->source},
                             {weights_arg[c->pass], c->weights},
                             {destination_arg[c->pass], c->destination},
                             {DNNL_ARG_SCRATCHPAD, c->scratch}};
  int count = 4;
  if (c->bias) {
    dnnl_memory_set_data_handle(c->bias, bias);
    args[count++] = (dnnl_exec_arg_t){bias_arg[c->pass], c->bias};
  }
  return dnnl_primitive_execute(c->primitive, library_stream, count, args) == dnnl_success;
}
