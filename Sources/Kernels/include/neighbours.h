// Nearest neighbours of points that lie in order of their first coordinate, f64.
#ifndef LAYERFOLD_NEIGHBOURS_H
#define LAYERFOLD_NEIGHBOURS_H
#include <stddef.h>
#include <stdint.h>

/// Points that a search takes at most.
#define NEIGHBOURS_POINTS_MAX 8192

#define NEIGHBOURS_DECLARE(SUFFIX)                                                                  \
    void kernels_neighbours##SUFFIX(const double *_Nonnull points, const float *_Nonnull narrow,    \
        float margin, size_t stride, size_t dimensions, size_t count, size_t k,                     \
        double *_Nonnull out);                                                                      \
    void kernels_count_near##SUFFIX(const double *_Nonnull points, const float *_Nonnull narrow,    \
        float margin, size_t stride, size_t dimensions, size_t count,                               \
        const double *_Nonnull radii, int32_t *_Nonnull out);

NEIGHBOURS_DECLARE(_portable)
NEIGHBOURS_DECLARE(_avx2)
NEIGHBOURS_DECLARE(_avx512)

/// kernels_neighbours: out[i] = the distance max_a |points[a][j] - points[a][i]| from point i to its
/// k-th nearest other point j, exactly as comparing all pairs in double gives it, at every level.
/// 1 <= k <= 8, k < count <= NEIGHBOURS_POINTS_MAX.
///
/// kernels_count_near: out[i] = the points j, i among them, whose distance from point i is below
/// radii[i] or zero.
///
/// points: [dimensions, stride], the first `count` of a row are coordinates, the rest of the first
/// row is infinity, of the others any finite number; the first row ascends. stride: a multiple of
/// 16, at least count. narrow: points, each rounded to single precision. margin: at least 2^-20 of
/// the greatest coordinate's magnitude, and above 1e-36; infinity where that is above 1e37. No
/// alignment beyond a number's own.
NEIGHBOURS_DECLARE()

#endif
