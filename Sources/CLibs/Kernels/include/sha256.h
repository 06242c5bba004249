#pragma once
#include <stddef.h>
#include <stdint.h>

/// SHA-256 (FIPS 180-4) of `count` bytes; `digest` takes 32.
void quaver_sha256(const uint8_t *data, size_t count, uint8_t *digest);
