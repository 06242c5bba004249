#include "clones.h"
#include "kernels.h"

enum { frames = 229, side = 224 };

QUAVER_CLONES void quaver_index_image(
    const float *db, float lo, float scale, const int32_t *first, const float *taps, uint8_t *index) {
  for (int r = 0; r < side; r++) {
    // Two zeros past the end let every column take three taps.
    float row[frames + 2] = {0};
    for (int c = 0; c < frames; c++) {
      float x = (db[r * frames + c] - lo) * scale;
      x = x > 0 ? x : 0;
      row[c] = x < 1 ? x : 1;
    }
    int32_t level[side];
    for (int c = 0; c < side; c++) {
      const float *x = row + first[c];
      const float y = taps[c] * x[0] + taps[side + c] * x[1] + taps[2 * side + c] * x[2];
      level[c] = (int32_t)(256 * y);
    }
    for (int c = 0; c < side; c++) index[r * side + c] = (uint8_t)(level[c] < 255 ? level[c] : 255);
  }
}

QUAVER_CLONES void quaver_colour(const uint8_t *restrict index, long n, const float *restrict table, float *restrict out) {
  for (int channel = 0; channel < 3; channel++)
    for (long i = 0; i < n; i++) out[channel * n + i] = table[channel * 256 + index[i]];
}
