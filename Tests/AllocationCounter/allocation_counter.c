#define _GNU_SOURCE
#include "allocation_counter.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>

// glibc's own entry points, so that the wrappers below need no dlsym.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Thread_local bool counting;
static _Thread_local long ours, libraries, buffers;

static void note(void *caller, size_t size) {
  if (!counting) return;
  counting = false;
  Dl_info info = {0};
  const char *file = dladdr(caller, &info) && info.dli_fname ? info.dli_fname : "";
  const char *name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
  static const char *const foreign[] = {"libdnnl", "libopenblas", "libgomp", "libstdc++", "libOpenCL"};
  bool library = false;
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
    if (strncmp(name, foreign[i], strlen(foreign[i])) == 0) library = true;
  if (library) libraries++, buffers += size > 4096;
  else ours++;
  counting = true;
}

void *malloc(size_t size) {
  note(__builtin_return_address(0), size);
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  note(__builtin_return_address(0), count * size);
  return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  note(__builtin_return_address(0), size);
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  note(__builtin_return_address(0), size);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  note(__builtin_return_address(0), size);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  note(__builtin_return_address(0), size);
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : ENOMEM;
}

void quaver_count_allocations_begin(void) {
  ours = libraries = buffers = 0;
  counting = true;
}

quaver_allocations quaver_count_allocations_end(void) {
  counting = false;
  return (quaver_allocations){ours, libraries, buffers};
}
