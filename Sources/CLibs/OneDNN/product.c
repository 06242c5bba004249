#include "product.h"

#include <stdlib.h>

#include "convolution.h"
#include "library.h"

struct quaver_product {
  dnnl_primitive_t primitive;
  dnnl_memory_t a, b, c, scratch;
  /// Where the packed B begins in the scratch, after the primitive's own.
  size_t packed_at, scratch_bytes;
  bool packs;
  struct quaver_reorder reorder;
  char kernel[64];
};

static bool matrix(dnnl_memory_desc_t *out, ptrdiff_t rows, ptrdiff_t columns, bool turned) {
  const dnnl_dims_t dims = {rows, columns};
  const dnnl_dims_t strides = {turned ? 1 : columns, turned ? rows : 1};
  return dnnl_memory_desc_init_by_strides(out, 2, dims, dnnl_f32, strides) == dnnl_success;
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

static size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

static bool finish(quaver_product *p, dnnl_primitive_desc_t pd, const dnnl_memory_desc_t *a,
                   const dnnl_memory_desc_t *plain, const dnnl_memory_desc_t *c) {
  const dnnl_memory_desc_t *b = dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
  const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
  library_kernel(pd, p->kernel, sizeof p->kernel);
  p->packs = !dnnl_memory_desc_equal(b, plain);
  if (p->packs && !reorder_init(&p->reorder, plain, b)) return false;
  size_t own = dnnl_memory_desc_get_size(scratch);
  if (p->reorder.scratch_bytes > own) own = p->reorder.scratch_bytes;
  p->packed_at = rounded(own);
  p->scratch_bytes = p->packs ? p->packed_at + dnnl_memory_desc_get_size(b) : own;
  p->a = library_memory(a), p->b = library_memory(b), p->c = library_memory(c), p->scratch = library_memory(scratch);
  return p->a && p->b && p->c && p->scratch && dnnl_primitive_create(&p->primitive, pd) == dnnl_success;
}

quaver_product *quaver_product_create(const quaver_product_shape *s) {
  dnnl_memory_desc_t a, b, c, any;
  const dnnl_dims_t dims = {s->depth, s->columns};
  dnnl_matmul_desc_t op;
  if (!library_ready() || !matrix(&a, s->rows, s->depth, s->turned_a) ||
      !matrix(&b, s->depth, s->columns, s->turned_b) || !matrix(&c, s->rows, s->columns, false) ||
      dnnl_memory_desc_init_by_tag(&any, 2, dims, dnnl_f32, dnnl_format_tag_any) != dnnl_success ||
      dnnl_matmul_desc_init(&op, &a, s->packs ? &any : &b, NULL, &c) != dnnl_success)
    return NULL;
  dnnl_primitive_attr_t attr = product_attributes(s->adds);
  dnnl_primitive_desc_t pd = NULL;
  quaver_product *p = NULL;
  if (attr && dnnl_primitive_desc_create(&pd, &op, attr, library_engine, NULL) == dnnl_success) {
    p = calloc(1, sizeof *p);
    if (p && !finish(p, pd, &a, &b, &c)) {
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
  reorder_clear(&p->reorder);
  free(p);
}

size_t quaver_product_scratch_bytes(const quaver_product *p) { return p->scratch_bytes; }
const char *quaver_product_kernel(const quaver_product *p) { return p->kernel; }

bool quaver_product_run(quaver_product *p, const float *a, const float *b, float *c, void *scratch) {
  float *packed = (float *)((char *)scratch + p->packed_at);
  if (p->packs && !quaver_reorder_run(&p->reorder, b, packed, scratch)) return false;
  dnnl_memory_set_data_handle(p->a, (void *)a);
  dnnl_memory_set_data_handle(p->b, p->packs ? packed : (void *)b);
  dnnl_memory_set_data_handle(p->c, c);
  dnnl_memory_set_data_handle(p->scratch, scratch);
  const dnnl_exec_arg_t args[] = {
      {DNNL_ARG_SRC, p->a}, {DNNL_ARG_WEIGHTS, p->b}, {DNNL_ARG_DST, p->c}, {DNNL_ARG_SCRATCHPAD, p->scratch}};
  return dnnl_primitive_execute(p->primitive, library_stream, 4, args) == dnnl_success;
}
