#include "product.h"

#include <stdlib.h>

#include "convolution.h"
#include "library.h"

struct quaver_product {
  dnnl_primitive_t primitive;
  dnnl_memory_t a, b, c, scratch;
  struct library_copy copied_a, copied_b;
  size_t scratch_bytes;
  char kernel[64];
};

// A stride of 0: nothing lies between two rows. One matrix has no axis for their number: the library has more kernels for two axes.
static bool matrices(dnnl_memory_desc_t *out, ptrdiff_t count, ptrdiff_t rows, ptrdiff_t columns, bool turned,
                     ptrdiff_t stride, dnnl_data_type_t type) {
  if (!stride) stride = turned ? rows : columns;
  const ptrdiff_t floats = stride * (turned ? columns : rows);
  const dnnl_dims_t dims = {count, rows, columns}, strides = {floats, turned ? 1 : stride, turned ? stride : 1};
  const int skip = count == 1;
  return dnnl_memory_desc_init_by_strides(out, 3 - skip, dims + skip, type, strides + skip) == dnnl_success;
}

static dnnl_primitive_attr_t product_attributes(bool adds) {
  dnnl_primitive_attr_t attr = library_attributes();
  dnnl_post_ops_t ops = NULL;
  if (!attr || !adds) return attr;
  const bool ok = dnnl_post_ops_create(&ops) == dnnl_success && dnnl_post_ops_append_sum(ops, 1) == dnnl_success &&
                  dnnl_primitive_attr_set_post_ops(attr, ops) == dnnl_success;
  if (ops) dnnl_post_ops_destroy(ops);
  if (ok) return attr;
  dnnl_primitive_attr_destroy(attr);
  return NULL;
}

// As the caller has them, and as the primitive is asked to take them.
typedef struct {
  dnnl_memory_desc_t given_a, given_b, a, b, c;
} operands;

static bool describe(operands *o, const quaver_product_shape *s) {
  const dnnl_data_type_t type = s->bf16 ? dnnl_bf16 : dnnl_f32;
  const dnnl_dims_t dims = {s->count, s->depth, s->columns};
  const int skip = s->count == 1;
  // Rounding A copies it anyhow, so that it can be turned in the same pass: the kernel is the faster for it.
  return matrices(&o->given_a, s->count, s->rows, s->depth, s->turned_a, s->stride_a, dnnl_f32) &&
         matrices(&o->given_b, s->count, s->depth, s->columns, s->turned_b, 0, dnnl_f32) &&
         matrices(&o->a, s->count, s->rows, s->depth, s->turned_a && !s->bf16, s->bf16 ? 0 : s->stride_a, type) &&
         (s->packs
              ? dnnl_memory_desc_init_by_tag(&o->b, 3 - skip, dims + skip, type, dnnl_format_tag_any) == dnnl_success
              : matrices(&o->b, s->count, s->depth, s->columns, s->turned_b, 0, type)) &&
         matrices(&o->c, s->count, s->rows, s->columns, false, s->stride_c, dnnl_f32);
}

static bool finish(quaver_product *p, dnnl_primitive_desc_t pd, const operands *o) {
  const dnnl_memory_desc_t *b = dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
  const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
  library_kernel(pd, p->kernel, sizeof p->kernel);
  p->scratch_bytes = dnnl_memory_desc_get_size(scratch);
  if (!library_copy_init(&p->copied_a, &o->given_a, &o->a, &p->scratch_bytes) ||
      !library_copy_init(&p->copied_b, &o->given_b, b, &p->scratch_bytes))
    return false;
  p->a = library_memory(&o->a), p->b = library_memory(b), p->c = library_memory(&o->c);
  p->scratch = library_memory(scratch);
  return p->a && p->b && p->c && p->scratch && dnnl_primitive_create(&p->primitive, pd) == dnnl_success;
}

quaver_product *quaver_product_create(const quaver_product_shape *s) {
  operands o;
  dnnl_matmul_desc_t op;
  if (!library_ready() || !describe(&o, s) || dnnl_matmul_desc_init(&op, &o.a, &o.b, NULL, &o.c) != dnnl_success)
    return NULL;
  dnnl_primitive_attr_t attr = product_attributes(s->adds);
  dnnl_primitive_desc_t pd = NULL;
  quaver_product *p = NULL;
  if (attr && dnnl_primitive_desc_create(&pd, &op, attr, library_engine, NULL) == dnnl_success) {
    p = calloc(1, sizeof *p);
    if (p && !finish(p, pd, &o)) {
      quaver_product_free(p);
      p = NULL;
    }
  }
  if (pd) dnnl_primitive_desc_destroy(pd);
  if (attr) dnnl_primitive_attr_destroy(attr);
  return p;
}

void quaver_product_free(quaver_product *p) {
  if (!p) return;
  if (p->primitive) dnnl_primitive_destroy(p->primitive);
  dnnl_memory_t all[] = {p->a, p->b, p->c, p->scratch};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i]) dnnl_memory_destroy(all[i]);
  reorder_clear(&p->copied_a.reorder);
  reorder_clear(&p->copied_b.reorder);
  free(p);
}

size_t quaver_product_scratch_bytes(const quaver_product *p) { return p->scratch_bytes; }
const char *quaver_product_kernel(const quaver_product *p) { return p->kernel; }

bool quaver_product_run(quaver_product *p, const float *a, const float *b, float *c, void *scratch) {
  void *left = library_copy_run(&p->copied_a, a, scratch), *right = library_copy_run(&p->copied_b, b, scratch);
  if (!left || !right) return false;
  dnnl_memory_set_data_handle(p->a, left);
  dnnl_memory_set_data_handle(p->b, right);
  dnnl_memory_set_data_handle(p->c, c);
  dnnl_memory_set_data_handle(p->scratch, scratch);
  const dnnl_exec_arg_t args[] = {
      {DNNL_ARG_SRC, p->a}, {DNNL_ARG_WEIGHTS, p->b}, {DNNL_ARG_DST, p->c}, {DNNL_ARG_SCRATCHPAD, p->scratch}};
  return dnnl_primitive_execute(p->primitive, library_stream, 4, args) == dnnl_success;
}
