#define _GNU_SOURCE
#include "thread_mark.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>

static _Thread_local bool engine_thread = false;

void quaver_mark_engine_thread(bool on) { engine_thread = on; }
bool quaver_is_engine_thread(void) { return engine_thread; }
int quaver_thread_id(void) { return (int)syscall(SYS_gettid); }
int quaver_set_nice(int value) { return setpriority(PRIO_PROCESS, (id_t)quaver_thread_id(), value); }
void quaver_flush_denormals(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }

// libgomp's: its own header belongs to gcc.
int omp_get_num_procs(void);
int omp_get_num_places(void);
int omp_get_place_num_procs(int place);
void omp_get_place_proc_ids(int place, int *ids);

// The processors to which threads are bound; false where they are not.
static bool places(cpu_set_t *set) {
  CPU_ZERO(set);
  for (int place = omp_get_num_places() - 1; place >= 0; place--) {
    const int count = omp_get_place_num_procs(place);
    int *ids = malloc(sizeof(int) * (size_t)(count > 0 ? count : 1));
    if (!ids) return false;
    omp_get_place_proc_ids(place, ids);
    for (int i = 0; i < count; i++) CPU_SET(ids[i], set);
    free(ids);
  }
  return CPU_COUNT(set) > 0;
}

// The calling thread's mask would not tell: libgomp binds the first thread before main, and others inherit that.
int quaver_available_processors(void) {
  cpu_set_t set;
  return places(&set) ? CPU_COUNT(&set) : omp_get_num_procs();
}

quaver_processors quaver_unbind_thread(void) {
  cpu_set_t before, all;
  quaver_processors result = {{0}};
  _Static_assert(sizeof before == sizeof result, "a mask of processors is of another size");
  if (sched_getaffinity(0, sizeof before, &before) != 0) return result;
  memcpy(&result, &before, sizeof result);
  if (places(&all)) sched_setaffinity(0, sizeof all, &all);
  return result;
}

void quaver_bind_thread(quaver_processors processors) {
  cpu_set_t set;
  memcpy(&set, &processors, sizeof set);
  if (CPU_COUNT(&set) > 0) sched_setaffinity(0, sizeof set, &set);
}
