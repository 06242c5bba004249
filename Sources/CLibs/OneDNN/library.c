#include "library.h"

#include <cpuid.h>
#include <stdio.h>

#include "convolution.h"

#if DNNL_VERSION_MAJOR != 2
#error "quaver is written against the operation descriptors of oneDNN 2.x; port this folder to build with another"
#endif

dnnl_engine_t library_engine;
dnnl_stream_t library_stream;

bool library_ready(void) {
  if (library_stream) return true;
  if (dnnl_engine_create(&library_engine, dnnl_cpu, 0) != dnnl_success) return false;
  return dnnl_stream_create(&library_stream, library_engine, dnnl_stream_default_flags) == dnnl_success;
}

dnnl_primitive_attr_t library_attributes(void) {
  dnnl_primitive_attr_t attr = NULL;
  if (dnnl_primitive_attr_create(&attr) != dnnl_success) return NULL;
  dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  return attr;
}

dnnl_memory_t library_memory(const dnnl_memory_desc_t *desc) {
  dnnl_memory_t out = NULL;
  return dnnl_memory_create(&out, desc, library_engine, DNNL_MEMORY_NONE) == dnnl_success ? out : NULL;
}

void library_kernel(dnnl_primitive_desc_t pd, char *out, size_t size) {
  const char *name = "";
  dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
  snprintf(out, size, "%s", name);
}

const char *quaver_dnn_version(void) {
  static char text[32];
  const dnnl_version_t *v = dnnl_version();
  snprintf(text, sizeof text, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
  return text;
}

// The levels are sets of bits, each within the better ones.
bool quaver_dnn_has_bf16(void) {
  const int isa = dnnl_get_effective_cpu_isa();
  return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

bool quaver_dnn_halves_vectors(void) {
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx) || ebx != signature_AMD_ebx) return false;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return false;
  return (eax >> 8 & 15) + (eax >> 20 & 255) == 0x19 && quaver_dnn_has_bf16();
}
