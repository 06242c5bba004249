#include "thread_mark.h"

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

// The mask itself cannot be asked: where threads are bound, libgomp has narrowed the first one's before main.
int quaver_available_processors(void) {
  int bound = 0;
  for (int place = omp_get_num_places() - 1; place >= 0; place--) bound += omp_get_place_num_procs(place);
  const int all = omp_get_num_procs();
  return bound > 0 && bound < all ? bound : all;
}
