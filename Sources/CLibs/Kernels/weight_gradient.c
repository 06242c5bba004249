#include "weight_gradient.h"

#include "clones.h"
#include "vector_math.h"

#define LOAD(p) (*(const vec16 *)(p))
#define STORE(p, v) (*(vec16 *)(p) = (v))

// Rows of X and dY that are copied and multiplied at a time: more of them read and write dW less often, and fill the caches more.
enum { PIECE = 400, TALLEST = 12 };

// A share: rows of dW, of which a tile's `height` are multiplied at a time, and columns, of which 16 are.
typedef struct {
  ptrdiff_t row, rows, column, columns;
} part;

static part part_of(const quaver_weight_sizes *s, ptrdiff_t share, ptrdiff_t shares) {
  part p = {.rows = s->columns, .columns = s->depth};
  const bool of_rows = s->columns >= s->depth;
  const ptrdiff_t units = quaver_weight_shares(s), first = units * share / shares * 16;
  const ptrdiff_t width = units * (share + 1) / shares * 16 - first;
  if (of_rows) p.row = first, p.rows = width;
  else p.column = first, p.columns = width;
  return p;
}

bool quaver_weight_pays(void) {
  return __builtin_cpu_supports("x86-64-v3") && !__builtin_cpu_supports("x86-64-v4");
}

ptrdiff_t quaver_weight_shares(const quaver_weight_sizes *s) {
  return (s->columns >= s->depth ? s->columns : s->depth) / 16;
}

ptrdiff_t quaver_weight_room_floats(const quaver_weight_sizes *s, ptrdiff_t shares) {
  ptrdiff_t rows = 0;
  for (ptrdiff_t share = 0; share < shares; share++) {
    const part p = part_of(s, share, shares);
    if (p.rows > rows) rows = p.rows;
  }
  return PIECE * (16 + rows + TALLEST);
}

// dY's columns in strips of `height`, each row's after the one before.
INLINE void copy_left(const float *dy, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, const int height,
                      float *left, ptrdiff_t apart) {
  for (ptrdiff_t first = 0; first < rows; first += 8) {
    const ptrdiff_t end = first + 8 < rows ? first + 8 : rows;
    for (ptrdiff_t c = 0; c < columns; c += height) {
      const int width = columns - c < height ? (int)(columns - c) : height;
      float *to = left + c / height * apart;
      for (ptrdiff_t i = first; i < end; i++)
        if (width == height) __builtin_memcpy(to + i * height, dy + i * stride + c, height * sizeof(float));
        else for (int r = 0; r < width; r++) to[i * height + r] = dy[i * stride + c + r];
    }
  }
}

INLINE void tile(const float *left, const float *right, float *c, ptrdiff_t stride, ptrdiff_t rows, const int height,
                 const int used, const bool adding, const float *next) {
  vec16 sum[TALLEST];
#pragma clang loop unroll(full)
  for (int r = 0; r < used; r++) {
    sum[r] = adding ? LOAD(c + r * stride) : (vec16){0};
    __builtin_prefetch(next + r * stride, 1, 3);
  }
  for (ptrdiff_t i = 0; i < rows; i++) {
    const vec16 x = LOAD(right + 16 * i);
#pragma clang loop unroll(full)
    for (int r = 0; r < used; r++) sum[r] += left[height * i + r] * x;
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < used; r++) STORE(c + r * stride, sum[r]);
}

// Sixteen columns of dW: all tiles read the same strip of X, and fetch the next one's.
INLINE void strip(const float *left, ptrdiff_t apart, const float *right, const float *ahead, ptrdiff_t stride_ahead,
                  ptrdiff_t rows, ptrdiff_t columns, float *c, ptrdiff_t stride, const int height, const bool adding) {
  const ptrdiff_t tiles = (columns + height - 1) / height, each = (rows + tiles - 1) / tiles;
  for (ptrdiff_t t = 0; t < tiles; t++) {
    if (ahead)
      for (ptrdiff_t i = t * each; i < (t + 1) * each && i < rows; i++)
        __builtin_prefetch(ahead + i * stride_ahead, 0, 2);
    const float *a = left + t * apart;
    float *to = c + t * height * stride;
    const ptrdiff_t used = columns - t * height;
    // Not rows of another share: fetched to be written, they would be taken away from its thread.
    const float *next = used >= 2 * height ? to + height * stride : to;
    if (used >= height) tile(a, right, to, stride, rows, height, height, adding, next);
    else if (used == 8) tile(a, right, to, stride, rows, height, 8, adding, to);
    else if (used == 4) tile(a, right, to, stride, rows, height, 4, adding, to);
    else tile(a, right, to, stride, rows, height, 2, adding, to);
  }
}

INLINE void run(const float *x, const float *dy, const quaver_weight_sizes *s, const part *p, float *room,
                float *gradient, const int height) {
  const ptrdiff_t pieces = (s->rows + PIECE - 1) / PIECE, apart = PIECE * height;
  float *right = room, *left = room + PIECE * 16;
  for (ptrdiff_t n = 0; n < pieces; n++) {
    const ptrdiff_t first = s->rows * n / pieces, rows = s->rows * (n + 1) / pieces - first;
    copy_left(dy + first * s->columns + p->row, s->columns, rows, p->rows, height, left, apart);
    for (ptrdiff_t j = 0; j < p->columns; j += 16) {
      const float *from = x + first * s->depth + p->column + j;
      const float *ahead = j + 16 < p->columns ? from + 16 : 0;
      float *to = gradient + p->row * s->depth + p->column + j;
      for (ptrdiff_t i = 0; i < rows; i++) STORE(right + 16 * i, LOAD(from + i * s->depth));
      if (n > 0) strip(left, apart, right, ahead, s->depth, rows, p->rows, to, s->depth, height, true);
      else strip(left, apart, right, ahead, s->depth, rows, p->rows, to, s->depth, height, false);
    }
  }
}

// Rows of a tile: their sums, of 1, 2 or 4 registers each, fill the processor's pipelines and fit into its registers.
#define VERSION(name, level, height)                                                                                   \
  level static void run_##name(const float *x, const float *dy, const quaver_weight_sizes *s, const part *p,           \
                               float *room, float *gradient) {                                                         \
    run(x, dy, s, p, room, gradient, height);                                                                          \
  }

VERSION(v4, QUAVER_WIDE __attribute__((target("arch=x86-64-v4"))), 12)
VERSION(v3, __attribute__((target("arch=x86-64-v3"))), 6)
VERSION(v1, , 2)

void quaver_weight_gradient(const float *x, const float *dy, const quaver_weight_sizes *s, ptrdiff_t share,
                            ptrdiff_t shares, float *room, float *gradient) {
  const part p = part_of(s, share, shares);
  if (__builtin_cpu_supports("x86-64-v4")) run_v4(x, dy, s, &p, room, gradient);
  else if (__builtin_cpu_supports("x86-64-v3")) run_v3(x, dy, s, &p, room, gradient);
  else run_v1(x, dy, s, &p, room, gradient);
}
