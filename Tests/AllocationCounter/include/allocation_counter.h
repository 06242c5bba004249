#pragma once
#include <stdbool.h>

/// Counts what the calling thread allocates between `begin` and `end`, by who calls the allocator: the libraries
/// (oneDNN, OpenBLAS, libgomp and the C++ run-time that serves them) or anyone else: our code and Swift's run-time.
void quaver_count_allocations_begin(void);
void quaver_count_allocations_end(long *ours, long *libraries);
