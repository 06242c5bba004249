#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Marks the calling thread as the engine's, or as one that works for it; isolation to the engine is checked by it.
void quaver_mark_engine_thread(bool on);
bool quaver_is_engine_thread(void);

/// Kernel thread id of the caller (Linux gettid), for /proc and setpriority.
int quaver_thread_id(void);

/// Lowers the caller's scheduling priority; threads it creates later inherit it. Returns 0 on success.
int quaver_set_nice(int value);

/// Flushes denormals to zero on the calling thread (MXCSR FTZ and DAZ).
void quaver_flush_denormals(void);

/// Processors that this process may use: those to which OpenMP's settings bind threads, else the affinity mask's.
int quaver_available_processors(void);

/// A set of processors, a bit each.
typedef struct {
  uint64_t words[16];
} quaver_processors;

/// Lets the calling thread, and the programs that it starts, run on all of them. Returns where it ran before.
quaver_processors quaver_unbind_thread(void);
void quaver_bind_thread(quaver_processors processors);
