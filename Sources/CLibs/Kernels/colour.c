#include "colour.h"

#include <math.h>

#include "clones.h"

enum { lanes = 16, entries = 256 };

QUAVER_CLONES void quaver_nearest_colours(
    const float *rgb, long n, long first, long last, const float *table, uint8_t *level, float *distance) {
  for (long start = first; start < last; start += lanes) {
    const long count = last - start < lanes ? last - start : lanes;
    float red[lanes] = {0}, green[lanes] = {0}, blue[lanes] = {0}, best[lanes];
    int32_t index[lanes] = {0};
    for (long i = 0; i < count; i++) {
      red[i] = rgb[start + i];
      green[i] = rgb[n + start + i];
      blue[i] = rgb[2 * n + start + i];
    }
    for (int i = 0; i < lanes; i++) best[i] = INFINITY;
    for (int32_t e = 0; e < entries; e++) {
      const float r = table[e], g = table[entries + e], b = table[2 * entries + e];
      for (int i = 0; i < lanes; i++) {
        const float x = red[i] - r, y = green[i] - g, z = blue[i] - b;
        const float d = x * x + y * y + z * z;
        index[i] = d < best[i] ? e : index[i];
        best[i] = d < best[i] ? d : best[i];
      }
    }
    for (long i = 0; i < count; i++) {
      level[start + i] = (uint8_t)index[i];
      distance[start + i] = best[i] < INFINITY ? sqrtf(best[i]) : NAN;
    }
  }
}
