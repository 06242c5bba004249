#pragma once
#include <fftw3.h>

/// Swift does not import an array of unknown length.
static inline const char *quaver_fftw_version(void) { return fftwf_version; }
