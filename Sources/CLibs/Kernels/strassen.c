#include "strassen.h"

#include <stdint.h>

#include "product_tiles.h"
#include "strassen_sums.h"

// Sizes of what one product of blocks multiplies.
typedef struct {
  ptrdiff_t matrices;
  ptrdiff_t group;  // rows of an image in a block
  ptrdiff_t depth;  // of a block
  ptrdiff_t across; // columns of a block
  ptrdiff_t panel;  // of these, those that are multiplied at a time
  ptrdiff_t left_apart, right_apart, result_apart;
} sizes;

static sizes sizes_of(const quaver_strassen *s, ptrdiff_t images) {
  const ptrdiff_t parts = 1 << s->levels;
  sizes z = {.matrices = strassen_matrices(s->levels), .group = (s->rows + parts - 1) / parts};
  z.depth = s->depth / parts;
  z.across = s->columns / parts;
  z.panel = panel_of(z.across, true);
  z.left_apart = spaced(images * z.group * z.depth);
  z.right_apart = spaced(z.depth * z.panel);
  z.result_apart = spaced(images * z.group * z.panel);
  return z;
}

bool quaver_strassen_is_wide(void) { return __builtin_cpu_supports("x86-64-v4"); }

ptrdiff_t quaver_strassen_factor_floats(const quaver_strassen *s) {
  const sizes z = sizes_of(s, 1);
  return z.across / z.panel * z.matrices * z.right_apart;
}

ptrdiff_t quaver_strassen_room_floats(const quaver_strassen *s, ptrdiff_t images) {
  const sizes z = sizes_of(s, images);
  return z.matrices * (z.left_apart + z.result_apart);
}

ptrdiff_t quaver_strassen_steps(const quaver_strassen *s) { return s->columns / 16 >> s->levels; }

// The sums of one image's rows; a block's rows that are no more are zero.
INLINE void spread(const float *a, const quaver_strassen *s, const sizes *z, const int levels, float *left) {
  const int parts = 1 << levels;
  for (ptrdiff_t r = 0; r < z->group; r++)
    for (ptrdiff_t j = 0; j < z->depth; j += 16) {
      vec16 x[16];
      for (int i = 0; i < parts; i++) {
        const ptrdiff_t row = i * z->group + r;
        const float *from = a + row * s->depth + j;
        for (int l = 0; l < parts; l++) x[i * parts + l] = row < s->rows ? LOAD(from + l * z->depth) : (vec16){0};
      }
      store_sums(x, levels, true, left + r * z->depth + j, z->left_apart);
    }
}

typedef enum { WRITES, ADDS, STREAMS } manner;

typedef float line __attribute__((vector_size(64), aligned(64)));

// One image's rows of the result, `z->panel` columns of each block from `column` on.
INLINE void gather(const float *result, const float *bias, const quaver_strassen *s, const sizes *z, const int levels,
                   ptrdiff_t column, const manner how, float *c) {
  const int parts = 1 << levels;
  for (ptrdiff_t r = 0; r < z->group; r++)
    for (ptrdiff_t j = 0; j < z->panel; j += 16) {
      vec16 y[16];
      load_blocks(result + r * z->panel + j, z->result_apart, levels, y);
      for (int l = 0; l < parts; l++) {
        const ptrdiff_t place = l * z->across + column + j;
        const vec16 added = bias ? LOAD(bias + place) : (vec16){0};
        for (int i = 0; i < parts; i++) {
          const ptrdiff_t row = i * z->group + r;
          if (row >= s->rows) continue;
          float *to = c + row * s->columns + place;
          const vec16 value = y[i * parts + l] + added;
          if (how == ADDS) STORE(to, LOAD(to) + value);
          else if (how == WRITES) STORE(to, value);
          else __builtin_nontemporal_store(value, (line *)to);
        }
      }
    }
}

INLINE void multiply(const float *left, const float *right, const sizes *z, ptrdiff_t rows, float *result,
                     const int height, const int vectors) {
  const ptrdiff_t k = z->depth, n = z->panel;
  for (ptrdiff_t m = 0; m < z->matrices; m++) {
    const float *a = left + m * z->left_apart, *b = right + m * z->right_apart;
    float *c = result + m * z->result_apart;
    product_ahead next = {b + z->right_apart, a + z->left_apart, k * n, rows * k, 16 * k, 0};
    for (ptrdiff_t j = 0; j < n; j += 16 * vectors)
      product_columns(a, k, b + j, n, c + j, n, rows, k, height, vectors, false, false, &next);
  }
}

INLINE void run(const float *a, const float *factor, const float *bias, const quaver_strassen *s, ptrdiff_t images,
                manner how, float *c, float *room, const int levels, const level set) {
  const sizes z = sizes_of(s, images);
  float *left = room, *result = room + z.matrices * z.left_apart;
  const ptrdiff_t rows = images * z.group;
  for (ptrdiff_t n = 0; n < images; n++)
    spread(a + n * s->rows * s->depth, s, &z, levels, left + n * z.group * z.depth);
  for (ptrdiff_t column = 0; column < z.across; column += z.panel) {
    if (set == SSE2) multiply(left, factor, &z, rows, result, 2, 1);
    else if (set == AVX2) multiply(left, factor, &z, rows, result, 6, 1);
    else if (z.panel == 64) multiply(left, factor, &z, rows, result, 6, 4);
    else if (z.panel == 48) multiply(left, factor, &z, rows, result, 8, 3);
    else if (z.panel == 32) multiply(left, factor, &z, rows, result, 8, 2);
    else multiply(left, factor, &z, rows, result, 8, 1);
    for (ptrdiff_t n = 0; n < images; n++) {
      const float *from = result + n * z.group * z.panel;
      float *to = c + n * s->rows * s->columns;
      switch (how) {
      case WRITES: gather(from, bias, s, &z, levels, column, WRITES, to); break;
      case ADDS: gather(from, bias, s, &z, levels, column, ADDS, to); break;
      case STREAMS: gather(from, bias, s, &z, levels, column, STREAMS, to); break;
      }
    }
    factor += z.matrices * z.right_apart;
  }
  // Other threads read what was streamed.
  if (how == STREAMS) __builtin_ia32_sfence();
}

#define VERSION(name, target, set)                                                                                     \
  target static void run_##name(const float *a, const float *factor, const float *bias, const quaver_strassen *s,       \
                               ptrdiff_t images, manner how, float *c, float *room) {                                  \
    if (s->levels == 1) run(a, factor, bias, s, images, how, c, room, 1, set);                                         \
    else run(a, factor, bias, s, images, how, c, room, 2, set);                                                        \
  }

VERSION(v4, QUAVER_WIDE __attribute__((target("arch=x86-64-v4"))), AVX512)
VERSION(v3, __attribute__((target("arch=x86-64-v3"))), AVX2)
VERSION(v1, , SSE2)

void quaver_strassen_run(const float *a, const float *factor, const float *bias, const quaver_strassen *s,
                         ptrdiff_t images, bool adding, float *c, float *room) {
  const manner how = adding ? ADDS : s->streams && (uintptr_t)c % 64 == 0 ? STREAMS : WRITES;
  if (__builtin_cpu_supports("x86-64-v4")) run_v4(a, factor, bias, s, images, how, c, room);
  else if (__builtin_cpu_supports("x86-64-v3")) run_v3(a, factor, bias, s, images, how, c, room);
  else run_v1(a, factor, bias, s, images, how, c, room);
}

// 16×16 floats of B stored [columns][depth], as [depth][columns].
INLINE void turned_block(const float *b, ptrdiff_t stride, f16 block[16]) {
  for (int c = 0; c < 16; c++) block[c] = *(const f16 *)(b + c * stride);
  transpose_16(block);
}

INLINE void factor_columns(const float *b, bool turned, const quaver_strassen *s, const sizes *z, const int levels,
                           ptrdiff_t column, float *factor) {
  const int parts = 1 << levels;
  f16 blocks[16][16];
  float *to = factor + column / z->panel * z->matrices * z->right_apart + column % z->panel;
  for (ptrdiff_t k = 0; k < z->depth; k += 16) {
    if (turned)
      for (int i = 0; i < parts; i++)
        for (int l = 0; l < parts; l++)
          turned_block(b + (l * z->across + column) * s->depth + i * z->depth + k, s->depth, blocks[i * parts + l]);
    for (ptrdiff_t r = 0; r < 16; r++) {
      vec16 x[16];
      for (int i = 0; i < parts; i++)
        for (int l = 0; l < parts; l++)
          x[i * parts + l] = turned ? LOAD(&blocks[i * parts + l][r])
                                    : LOAD(b + (i * z->depth + k + r) * s->columns + l * z->across + column);
      store_sums(x, levels, false, to + (k + r) * z->panel, z->right_apart);
    }
  }
}

QUAVER_CLONES
void quaver_strassen_factor(const float *b, bool turned, const quaver_strassen *s, ptrdiff_t first, ptrdiff_t end,
                            float *factor) {
  const sizes z = sizes_of(s, 1);
  for (ptrdiff_t step = first; step < end; step++)
    if (s->levels == 1) factor_columns(b, turned, s, &z, 1, 16 * step, factor);
    else factor_columns(b, turned, s, &z, 2, 16 * step, factor);
}
