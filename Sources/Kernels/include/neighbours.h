// Nearest neighbours of points that lie in order of their first coordinate, f64.
#ifndef LAYERFOLD_NEIGHBOURS_H
#define LAYERFOLD_NEIGHBOURS_H
#include <stddef.h>
#include <stdint.h>

#define NEIGHBOURS_DECLARE(LEVEL)                                                                   \
    void kernels_neighbours_##LEVEL(const double *_Nonnull points, size_t stride,                   \
        size_t dimensions, size_t count, size_t k, double *_Nonnull out);                           \
    void kernels_count_near_##LEVEL(const double *_Nonnull points, size_t stride,                   \
        size_t dimensions, size_t count, const double *_Nonnull radii, int32_t *_Nonnull out);

NEIGHBOURS_DECLARE(portable)
NEIGHBOURS_DECLARE(avx2)
NEIGHBOURS_DECLARE(avx512)

/// out[i] = the distance max_a |points[a][j] - points[a][i]| from point i to its k-th nearest other
/// point j, exactly as comparing all pairs in double gives it, at every level.
///
/// points: [dimensions, stride], the first `count` of a row are coordinates, the rest of the first
/// row is infinity, of the others any finite number; the first row ascends. stride: a multiple of
/// 8, at least count. 1 <= k <= 8, k < count. No alignment beyond a double's.
void kernels_neighbours(const double *_Nonnull points, size_t stride, size_t dimensions,
    size_t count, size_t k, double *_Nonnull out);
/// out[i] = the points j, i among them, whose distance from point i (as above) is below radii[i]
/// or zero. Points and stride as above.
void kernels_count_near(const double *_Nonnull points, size_t stride, size_t dimensions,
    size_t count, const double *_Nonnull radii, int32_t *_Nonnull out);

#endif
