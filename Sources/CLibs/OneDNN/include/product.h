#pragma once
// Matrix products of one shape, with the library's scratch in the caller's hands.
#include <stdbool.h>
#include <stddef.h>

typedef struct {
  /// Products, whose matrices follow one another without gaps.
  ptrdiff_t count;
  ptrdiff_t rows, columns, depth;
  /// A is stored [depth, rows]; B is stored [columns, depth].
  bool turned_a, turned_b;
  /// Floats from one row of A, as it is stored, to the next, and of C; 0 where nothing lies between.
  ptrdiff_t stride_a, stride_c;
  /// B is copied into the kernel's own order at each run: pays where B is read often.
  bool packs;
  /// C += A·B instead of C = A·B.
  bool adds;
  /// A and B are rounded to bf16 first; sums stay in float32.
  bool bf16;
} quaver_product_shape;

typedef struct quaver_product quaver_product;

/// C [count, rows, columns] = A [count, rows, depth] · B [count, depth, columns] in float32, row-major; NULL where the library
/// refuses it.
quaver_product *quaver_product_create(const quaver_product_shape *shape);
void quaver_product_free(quaver_product *product);
/// Scratch that every run needs, 64-byte aligned.
size_t quaver_product_scratch_bytes(const quaver_product *product);
/// The library's name of the kernel that runs.
const char *quaver_product_kernel(const quaver_product *product);
bool quaver_product_run(quaver_product *product, const float *a, const float *b, float *c, void *scratch);
