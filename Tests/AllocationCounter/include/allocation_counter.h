#pragma once
#include <stdbool.h>

typedef struct {
  /// By our code and Swift's run-time.
  long ours;
  /// By oneDNN, OpenBLAS, libgomp and the C++ run-time that serves them.
  long libraries;
  /// Those of the libraries that are larger than a page: no lists of arguments, but room to compute in.
  long buffers;
} quaver_allocations;

/// Counts what the calling thread allocates between `begin` and `end`.
void quaver_count_allocations_begin(void);
quaver_allocations quaver_count_allocations_end(void);
