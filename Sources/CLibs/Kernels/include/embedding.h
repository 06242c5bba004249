#pragma once

/// Distances and forces of t-SNE. The order of every sum is fixed, so results repeat to the bit on one processor.

/// Squared Euclidean distance of two vectors of `count` floats, summed in double precision.
double quaver_squared_distance(const float *a, const float *b, long count);

/// Repulsion of the bodies (x, y, mass) on the point (px, py): with q = 1 / (1 + d²), `force` receives Σ mass q² (p - body)
/// and the result is Σ mass q. `bodies` must be a multiple of 16; fill up with mass 0.
float quaver_repulsion(
    const float *x, const float *y, const float *mass, long bodies, float px, float py, float force[2]);

/// Attraction of the point (px, py) to its `count` neighbours, rows of `x` and `y`: `force` receives Σ p q (p - neighbour).
void quaver_attraction(
    const float *x, const float *y, const int *neighbours, const float *p, long count, float px, float py,
    float force[2]);

/// Σ 1 / (1 + d²) between (px, py) and all `count` points, in double precision, itself included if it is one of them.
double quaver_kernel_sum(const double *x, const double *y, long count, double px, double py);

/// squares[i] = squared distance of (px, py) to the i-th of `count` points.
void quaver_plane_distances(const float *x, const float *y, long count, float px, float py, float *squares);

/// How many of `count` values are below `limit`.
long quaver_count_below(const float *values, long count, float limit);
