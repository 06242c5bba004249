#pragma once
#include <stdbool.h>

/// Marks the calling thread as the engine's, or as one that works for it; isolation to the engine is checked by it.
void quaver_mark_engine_thread(bool on);
bool quaver_is_engine_thread(void);

/// Kernel thread id of the caller (Linux gettid), for /proc and setpriority.
int quaver_thread_id(void);

/// Lowers the caller's scheduling priority; threads it creates later inherit it. Returns 0 on success.
int quaver_set_nice(int value);

/// Flushes denormals to zero on the calling thread (MXCSR FTZ and DAZ).
void quaver_flush_denormals(void);

/// Processors in the affinity mask that the process began with, of those to which OMP_PLACES binds its threads.
int quaver_available_processors(void);
