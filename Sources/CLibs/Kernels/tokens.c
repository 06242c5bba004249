#include "tokens.h"

#include "elementwise.h"
#include "vector_math.h"

KERNEL void quaver_tokens(const float *map, ptrdiff_t pixels, ptrdiff_t channels, ptrdiff_t lanes, float *tokens) {
  if (lanes == 1) {
    quaver_transpose(map, channels, pixels, 0, pixels, tokens);
    return;
  }
  for (ptrdiff_t first = 0; first < channels; first += lanes, map += pixels * lanes) {
    const ptrdiff_t used = channels - first < lanes ? channels - first : lanes;
    if (used == 16) {
      for (ptrdiff_t p = 0; p < pixels; p++) *(f16 *)(tokens + p * channels + first) = *(const f16 *)(map + p * 16);
    } else {
      for (ptrdiff_t p = 0; p < pixels; p++)
        for (ptrdiff_t l = 0; l < used; l++) tokens[p * channels + first + l] = map[p * lanes + l];
    }
  }
}

KERNEL void quaver_untokens(const float *tokens, ptrdiff_t pixels, ptrdiff_t channels, ptrdiff_t lanes, float *map) {
  if (lanes == 1) {
    quaver_transpose(tokens, pixels, channels, 0, channels, map);
    return;
  }
  for (ptrdiff_t first = 0; first < channels; first += lanes, map += pixels * lanes) {
    const ptrdiff_t used = channels - first < lanes ? channels - first : lanes;
    if (used == 16) {
      for (ptrdiff_t p = 0; p < pixels; p++) *(f16 *)(map + p * 16) = *(const f16 *)(tokens + p * channels + first);
    } else {
      for (ptrdiff_t p = 0; p < pixels; p++)
        for (ptrdiff_t l = 0; l < lanes; l++) map[p * lanes + l] = l < used ? tokens[p * channels + first + l] : 0.0f;
    }
  }
}
