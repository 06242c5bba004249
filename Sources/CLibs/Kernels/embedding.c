#include "embedding.h"
#include "clones.h"

// A sum over lanes is not the same sum as one in order; these loops may be reordered, to the same order each time.
#define REORDER _Pragma("clang fp reassociate(on)")

QUAVER_CLONES double quaver_squared_distance(const float *a, const float *b, long count) {
  REORDER
  double sum = 0;
  for (long i = 0; i < count; i++) {
    const double d = (double)a[i] - (double)b[i];
    sum += d * d;
  }
  return sum;
}

QUAVER_CLONES float quaver_repulsion(
    const float *x, const float *y, const float *mass, long bodies, float px, float py, float force[2]) {
  vec16 sum_x = {0}, sum_y = {0}, sum_q = {0};
  for (long i = 0; i < bodies; i += 16) {
    const vec16 dx = px - *(const vec16 *)(x + i);
    const vec16 dy = py - *(const vec16 *)(y + i);
    const vec16 q = 1.0f / (1.0f + dx * dx + dy * dy);
    const vec16 mass_q = *(const vec16 *)(mass + i) * q;
    const vec16 mass_q2 = mass_q * q;
    sum_q += mass_q;
    sum_x += mass_q2 * dx;
    sum_y += mass_q2 * dy;
  }
  float fx = 0, fy = 0, q = 0;
  for (int lane = 0; lane < 16; lane++) {
    fx += sum_x[lane];
    fy += sum_y[lane];
    q += sum_q[lane];
  }
  force[0] = fx;
  force[1] = fy;
  return q;
}

QUAVER_CLONES void quaver_attraction(
    const float *x, const float *y, const int *neighbours, const float *p, long count, float px, float py,
    float force[2]) {
  REORDER
  float fx = 0, fy = 0;
  for (long i = 0; i < count; i++) {
    const float dx = px - x[neighbours[i]];
    const float dy = py - y[neighbours[i]];
    const float pq = p[i] / (1.0f + dx * dx + dy * dy);
    fx += pq * dx;
    fy += pq * dy;
  }
  force[0] = fx;
  force[1] = fy;
}

QUAVER_CLONES double quaver_kernel_sum(const double *x, const double *y, long count, double px, double py) {
  REORDER
  double sum = 0;
  for (long i = 0; i < count; i++) {
    const double dx = px - x[i], dy = py - y[i];
    sum += 1 / (1 + dx * dx + dy * dy);
  }
  return sum;
}

QUAVER_CLONES void quaver_plane_distances(
    const float *x, const float *y, long count, float px, float py, float *squares) {
  for (long i = 0; i < count; i++) {
    const float dx = px - x[i], dy = py - y[i];
    squares[i] = dx * dx + dy * dy;
  }
}

QUAVER_CLONES long quaver_count_below(const float *values, long count, float limit) {
  int below = 0;
  for (long i = 0; i < count; i++) below += values[i] < limit;
  return below;
}
