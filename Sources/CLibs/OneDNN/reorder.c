#include <stdlib.h>

#include "convolution.h"
#include "library.h"

void reorder_clear(quaver_reorder *r) {
  if (r->primitive) dnnl_primitive_destroy(r->primitive);
  if (r->from) dnnl_memory_destroy(r->from);
  if (r->to) dnnl_memory_destroy(r->to);
  if (r->scratch) dnnl_memory_destroy(r->scratch);
}

bool reorder_init(quaver_reorder *r, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  dnnl_primitive_attr_t attr = library_attributes();
  dnnl_primitive_desc_t pd = NULL;
  bool ok = attr && dnnl_reorder_primitive_desc_create(&pd, from, library_engine, to, library_engine, attr) == dnnl_success;
  if (attr) dnnl_primitive_attr_destroy(attr);
  if (!ok) return false;
  const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
  r->scratch_bytes = dnnl_memory_desc_get_size(scratch);
  r->from = library_memory(from), r->to = library_memory(to), r->scratch = library_memory(scratch);
  ok = r->from && r->to && r->scratch && dnnl_primitive_create(&r->primitive, pd) == dnnl_success;
  dnnl_primitive_desc_destroy(pd);
  return ok;
}

bool quaver_reorder_run(quaver_reorder *r, const float *from, float *to, void *scratch) {
  dnnl_memory_set_data_handle(r->from, (void *)from);
  dnnl_memory_set_data_handle(r->to, to);
  dnnl_memory_set_data_handle(r->scratch, scratch);
  const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, r->from}, {DNNL_ARG_TO, r->to}, {DNNL_ARG_SCRATCHPAD, r->scratch}};
  return dnnl_primitive_execute(r->primitive, library_stream, 3, args) == dnnl_success;
}

void quaver_reorder_free(quaver_reorder *r) {
  if (!r) return;
  reorder_clear(r);
  free(r);
}

size_t quaver_reorder_scratch_bytes(const quaver_reorder *r) { return r->scratch_bytes; }

static size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

// The reorder's own scratch lies behind its copy: what comes before belongs to the primitive and to earlier copies.
bool library_copy_init(struct library_copy *c, const dnnl_memory_desc_t *given, const dnnl_memory_desc_t *wanted,
                       size_t *scratch) {
  c->needed = !dnnl_memory_desc_equal(given, wanted);
  if (!c->needed) return true;
  if (!reorder_init(&c->reorder, given, wanted)) return false;
  c->at = rounded(*scratch);
  c->own = c->at + rounded(dnnl_memory_desc_get_size(wanted));
  *scratch = c->own + c->reorder.scratch_bytes;
  return true;
}

void *library_copy_run(struct library_copy *c, const float *given, void *scratch) {
  if (!c->needed) return (void *)given;
  void *copy = (char *)scratch + c->at;
  return quaver_reorder_run(&c->reorder, given, copy, (char *)scratch + c->own) ? copy : NULL;
}
