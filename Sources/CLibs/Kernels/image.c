#include "clones.h"
#include "spectral.h"

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

static inline void clear(float *row, int32_t from, int32_t to) {
  for (int32_t c = from; c < to; c++) row[c] = 0;
}

QUAVER_CLONES void quaver_augment(
    const uint8_t *index, const float *table, const int32_t *first, const float *weight, int32_t filled,
    const int32_t *time, const int32_t *band, float *out) {
  for (int channel = 0; channel < 3; channel++)
    for (int r = 0; r < side; r++) {
      float *row = out + (channel * side + r) * side;
      if (r >= band[0] && r < band[1]) {
        clear(row, 0, side);
        continue;
      }
      float colour[side + 1];
      for (int c = 0; c < side; c++) colour[c] = table[channel * 256 + index[r * side + c]];
      colour[side] = colour[side - 1];
      for (int32_t c = 0; c < filled; c++) {
        const float *x = colour + first[c];
        row[c] = x[0] + weight[c] * (x[1] - x[0]);
      }
      clear(row, filled, side);
      clear(row, time[0], time[1]);
      clear(row, time[2], time[3]);
    }
}
