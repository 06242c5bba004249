#define _GNU_SOURCE
#include "thread_mark.h"

#include <sched.h>
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
int quaver_available_processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}
