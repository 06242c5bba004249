#pragma once
// What the files of this folder share.
#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stddef.h>

// One engine and one stream serve the process. Primitives are made on the engine's one thread; those of a plan's lanes run on
// the pool's threads at the same time, each with memory objects of its own (a CPU stream has no state).
extern dnnl_engine_t library_engine;
extern dnnl_stream_t library_stream;
bool library_ready(void);

/// Attributes of a primitive whose scratch is the caller's.
dnnl_primitive_attr_t library_attributes(void);
/// A memory object whose pointer is set before each execution.
dnnl_memory_t library_memory(const dnnl_memory_desc_t *desc);
/// The library's name of the kernel that a primitive runs.
void library_kernel(dnnl_primitive_desc_t pd, char *out, size_t size);

struct quaver_reorder {
  dnnl_primitive_t primitive;
  dnnl_memory_t from, to, scratch;
  size_t scratch_bytes;
};

bool reorder_init(struct quaver_reorder *r, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to);
void reorder_clear(struct quaver_reorder *r);

/// An operand that a primitive wants in another order or type than the caller has it in; its copy lies in the scratch.
struct library_copy {
  struct quaver_reorder reorder;
  /// Where the copy begins in the scratch, and the reorder's own.
  size_t at, own;
  bool needed;
};

/// Makes room for the copy behind `*scratch` bytes and grows them, also to what the reorder itself needs.
bool library_copy_init(struct library_copy *c, const dnnl_memory_desc_t *given, const dnnl_memory_desc_t *wanted,
                       size_t *scratch);
/// Fills the copy and returns it; the operand itself where none is needed, NULL where that failed.
void *library_copy_run(struct library_copy *c, const float *given, void *scratch);
