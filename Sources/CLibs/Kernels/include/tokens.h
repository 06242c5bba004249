#pragma once
#include <stddef.h>
#include <stdint.h>

// Tokens of one image: [tokens, channels], row-major.

/// A map [channel blocks][pixels][lanes], lanes 1, 8 or 16, as tokens [pixels, channels], and back (padding lanes
/// become zeros).
void quaver_tokens(const float *map, ptrdiff_t pixels, ptrdiff_t channels, ptrdiff_t lanes, float *tokens);
void quaver_untokens(const float *tokens, ptrdiff_t pixels, ptrdiff_t channels, ptrdiff_t lanes, float *map);
