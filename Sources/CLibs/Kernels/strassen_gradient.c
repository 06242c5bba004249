#include "product_tiles.h"
#include "strassen.h"
#include "strassen_sums.h"

enum { MATRICES = 7 };

// dY (the left factor, whose sums are kept as dY's, and turned when they are multiplied) or X (the right one). Of the factor that is
// shared, one panel's sums are there at a time; of the other all. A panel is filled by whole tiles.
typedef struct {
  ptrdiff_t group, rows;  // rows: of a piece's sums
  ptrdiff_t width, block; // columns of the factor, and of a block of it
  ptrdiff_t panel;        // columns of a panel
  ptrdiff_t columns;      // of a block, whose sums are there
  ptrdiff_t apart;        // of the sums
} factor;

typedef struct {
  factor left, right;
  bool shares_left;
  ptrdiff_t height;        // of a tile
  ptrdiff_t first, panels; // the share's
  ptrdiff_t apart;         // of products, which lie tile by tile, so that a tile can fetch those of the next ones
} sizes;

static factor factor_of(const quaver_strassen *s, ptrdiff_t width, ptrdiff_t piece, bool of_64) {
  factor f = {.group = (s->rows + 1) / 2, .width = width, .block = width / 2};
  f.rows = piece * f.group;
  f.panel = panel_of(f.block, of_64);
  f.columns = f.block;
  return f;
}

static sizes sizes_of(const quaver_strassen *s, ptrdiff_t piece, ptrdiff_t share, ptrdiff_t shares) {
  sizes z = {.left = factor_of(s, s->columns, piece, false)};
  // Tiles of 6×64 or 8×48, which 24 of 32 registers hold: dY's panels must be filled by the one height or the other.
  z.height = z.left.panel == 48 ? 6 : 8;
  z.right = factor_of(s, s->depth, piece, z.height == 6);
  z.shares_left = z.left.block >= z.right.block;
  factor *shared = z.shares_left ? &z.left : &z.right;
  const ptrdiff_t panels = shared->block / shared->panel;
  z.first = panels * share / shares;
  z.panels = panels * (share + 1) / shares - z.first;
  shared->columns = shared->panel;
  z.left.apart = spaced(z.left.rows * z.left.columns);
  z.right.apart = spaced(z.right.rows * z.right.columns);
  z.apart = spaced(z.left.columns * z.right.columns);
  return z;
}

ptrdiff_t quaver_strassen_shares(const quaver_strassen *s) { return sizes_of(s, 1, 0, 1).panels; }

ptrdiff_t quaver_strassen_share_floats(const quaver_strassen *s, ptrdiff_t shares, ptrdiff_t piece) {
  const sizes z = sizes_of(s, piece, 0, 1);
  const ptrdiff_t panels = (z.panels + shares - 1) / shares;
  return MATRICES * (z.left.apart + z.right.apart + panels * z.apart);
}

// The sums of one image's rows, from a block's `column` on; a block's rows that are no more are zero.
INLINE void spread(const float *map, ptrdiff_t map_rows, const factor *f, const bool left, ptrdiff_t column,
                   ptrdiff_t first_row, float *sums) {
  for (ptrdiff_t r = 0; r < f->group; r++) {
    const float *above = map + r * f->width + column, *below = above + f->group * f->width;
    const bool is_below = f->group + r < map_rows;
    for (ptrdiff_t j = 0; j < f->columns; j += 16) {
      const vec16 zero = {0}, x11 = LOAD(above + j), x12 = LOAD(above + f->block + j);
      const vec16 x21 = is_below ? LOAD(below + j) : zero, x22 = is_below ? LOAD(below + f->block + j) : zero;
      const vec16 x[4] = {x11, left ? x21 : x12, left ? x12 : x21, x22};
      float *to = sums + j / f->panel * f->panel * f->rows + (first_row + r) * f->panel + j % f->panel;
      store_sums(x, 1, left, to, f->apart);
    }
  }
}

// Those of the images `first` ..< `end`.
INLINE void spread_images(const float *maps, const quaver_strassen *s, const factor *f, const bool left,
                          ptrdiff_t column, ptrdiff_t first, ptrdiff_t end, float *sums) {
  for (ptrdiff_t n = first; n < end; n++)
    spread(maps + n * s->rows * f->width, s->rows, f, left, column, (n - first) * f->group, sums);
}

// One panel of X's sums against dY's.
INLINE void panel_products(const float *left, const float *right, const sizes *z, ptrdiff_t rows, float *products,
                           const int height, const int vectors, const bool adding) {
  const ptrdiff_t a_wide = z->left.panel, wide = z->right.panel;
  for (ptrdiff_t c = 0; c < z->left.columns; c += z->height) {
    const float *a = left + c / a_wide * a_wide * z->left.rows + c % a_wide;
    float *tile = products + c * wide, *next = tile + z->height * wide;
    for (ptrdiff_t r = 0; r < z->height; r += height)
      for (ptrdiff_t j = 0; j < wide; j += 16 * vectors)
        product_tile(a + r, a_wide, right + j, wide, tile + r * wide + j, wide, rows, height, vectors, true, adding,
                     next);
  }
}

INLINE void multiply(const float *left, const float *right, const sizes *z, ptrdiff_t rows, float *products,
                     const bool adding, const level set) {
  for (ptrdiff_t m = 0; m < MATRICES; m++)
    for (ptrdiff_t k = 0; k < z->right.columns; k += z->right.panel) {
      const float *a = left + m * z->left.apart, *b = right + m * z->right.apart + k * z->right.rows;
      float *c = products + m * z->apart + k * z->left.columns;
      if (set == SSE2) panel_products(a, b, z, rows, c, 2, 1, adding);
      else if (set == AVX2 && z->height == 6) panel_products(a, b, z, rows, c, 6, 1, adding);
      else if (set == AVX2) panel_products(a, b, z, rows, c, 4, 1, adding);
      else if (z->height == 6 && z->right.panel == 64) panel_products(a, b, z, rows, c, 6, 4, adding);
      else if (z->height == 6 && z->right.panel == 48) panel_products(a, b, z, rows, c, 6, 3, adding);
      else if (z->height == 6 && z->right.panel == 32) panel_products(a, b, z, rows, c, 6, 2, adding);
      else if (z->height == 6) panel_products(a, b, z, rows, c, 6, 1, adding);
      else if (z->right.panel == 48) panel_products(a, b, z, rows, c, 8, 3, adding);
      else if (z->right.panel == 32) panel_products(a, b, z, rows, c, 8, 2, adding);
      else panel_products(a, b, z, rows, c, 8, 1, adding);
    }
}

// The blocks of dW that a panel's products make.
INLINE void gather(const float *products, const sizes *z, ptrdiff_t first_row, ptrdiff_t first_column,
                   float *gradient) {
  const ptrdiff_t wide = z->right.panel;
  for (ptrdiff_t n = 0; n < z->left.columns; n++)
    for (ptrdiff_t k = 0; k < z->right.columns; k += 16) {
      vec16 y[4];
      load_blocks(products + (k / wide * z->left.columns + n) * wide + k % wide, z->apart, 1, y);
      float *to = gradient + (first_row + n) * z->right.width + first_column + k;
      float *below = to + z->left.block * z->right.width;
      STORE(to, y[0]);
      STORE(to + z->right.block, y[1]);
      STORE(below, y[2]);
      STORE(below + z->right.block, y[3]);
    }
}

INLINE void run(const float *x, const float *dy, const quaver_strassen *s, ptrdiff_t images, ptrdiff_t piece,
                const sizes *z, float *room, float *gradient, const level set) {
  float *left = room, *right = left + MATRICES * z->left.apart, *products = right + MATRICES * z->right.apart;
  const ptrdiff_t step = z->shares_left ? z->left.panel : z->right.panel;
  for (ptrdiff_t first = 0; first < images; first += piece) {
    const ptrdiff_t end = first + piece < images ? first + piece : images, rows = (end - first) * z->left.group;
    if (z->shares_left) spread_images(x, s, &z->right, false, 0, first, end, right);
    else spread_images(dy, s, &z->left, true, 0, first, end, left);
    for (ptrdiff_t p = 0; p < z->panels; p++) {
      const ptrdiff_t column = (z->first + p) * step;
      if (z->shares_left) spread_images(dy, s, &z->left, true, column, first, end, left);
      else spread_images(x, s, &z->right, false, column, first, end, right);
      float *c = products + p * MATRICES * z->apart;
      if (first > 0) multiply(left, right, z, rows, c, true, set);
      else multiply(left, right, z, rows, c, false, set);
    }
  }
  for (ptrdiff_t p = 0; p < z->panels; p++) {
    const ptrdiff_t column = (z->first + p) * step;
    gather(products + p * MATRICES * z->apart, z, z->shares_left ? column : 0, z->shares_left ? 0 : column, gradient);
  }
}

#define VERSION(name, target, set)                                                                                     \
  target static void run_##name(const float *x, const float *dy, const quaver_strassen *s, ptrdiff_t images,            \
                               ptrdiff_t piece, const sizes *z, float *room, float *gradient) {                        \
    run(x, dy, s, images, piece, z, room, gradient, set);                                                              \
  }

VERSION(v4, QUAVER_WIDE __attribute__((target("arch=x86-64-v4"))), AVX512)
VERSION(v3, __attribute__((target("arch=x86-64-v3"))), AVX2)
VERSION(v1, , SSE2)

void quaver_strassen_gradient(const float *x, const float *dy, const quaver_strassen *s, ptrdiff_t images,
                              ptrdiff_t piece, ptrdiff_t share, ptrdiff_t shares, float *room, float *gradient) {
  const sizes z = sizes_of(s, piece, share, shares);
  if (__builtin_cpu_supports("x86-64-v4")) run_v4(x, dy, s, images, piece, &z, room, gradient);
  else if (__builtin_cpu_supports("x86-64-v3")) run_v3(x, dy, s, images, piece, &z, room, gradient);
  else run_v1(x, dy, s, images, piece, &z, room, gradient);
}
