#pragma once
#include <stdint.h>

/// For the pixels first ≤ i < last of planes rgb[3][n]: the entry of table[3][256] nearest by Euclidean distance, the lowest
/// of equals, and that distance. A pixel that holds NaN gets entry 0 and NaN.
void quaver_nearest_colours(
    const float *rgb, long n, long first, long last, const float *table, uint8_t *level, float *distance);
