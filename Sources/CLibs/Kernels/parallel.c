#include "thread_mark.h"

// libgomp's entry points: its own header belongs to gcc.
void GOMP_parallel(void (*body)(void *), void *context, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);

typedef __attribute__((swiftcall)) void (*closure)(long thread, long threads,
                                                   __attribute__((swift_context)) void *context);

typedef struct {
  closure function;
  void *context;
  bool engine;
} loop;

static void run(void *context) {
  const loop *l = context;
  quaver_mark_engine_thread(l->engine);
  l->function(omp_get_thread_num(), omp_get_num_threads(), l->context);
}

// Runs a Swift closure (thread, threads) → () on `team` threads of libgomp's pool and waits for all. A closure that
// does not escape is a function and a context; taking it apart here is what spares an allocation at every loop, which
// both blocks and `withoutActuallyEscaping` cost. Core/Parallel.swift declares it to Swift.
__attribute__((swiftcall)) void quaver_parallel(unsigned team, void *function, void *context) {
  // Pool threads work on the engine's behalf when it is the engine that started the loop.
  loop l = {(closure)function, context, quaver_is_engine_thread()};
  GOMP_parallel(run, &l, team, 0);
}
