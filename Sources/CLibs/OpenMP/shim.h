#pragma once
// libgomp's ABI entry points, declared here because Swift's clang ships no omp.h. Calling GOMP_parallel directly
// puts our own loops on the very pool that oneDNN and OpenBLAS (openmp flavour) use, so nothing oversubscribes.
void GOMP_parallel(void (*body)(void *), void *context, unsigned threads, unsigned flags);
void GOMP_barrier(void);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
void omp_set_num_threads(int);
int omp_in_parallel(void);
void omp_set_dynamic(int);
