// Picks the level of the neighbour search; the level is read once by kernels_level().
#include "Kernels.h"

void kernels_neighbours(const double *points, const float *narrow, float margin, size_t stride,
    size_t dimensions, size_t count, size_t k, double *out) {
    switch (kernels_level()) {
    case 2:
        kernels_neighbours_avx512(points, narrow, margin, stride, dimensions, count, k, out);
        break;
    case 1:
        kernels_neighbours_avx2(points, narrow, margin, stride, dimensions, count, k, out);
        break;
    default: kernels_neighbours_portable(points, narrow, margin, stride, dimensions, count, k, out);
    }
}

void kernels_count_near(const double *points, const float *narrow, float margin, size_t stride,
    size_t dimensions, size_t count, const double *radii, int32_t *out) {
    switch (kernels_level()) {
    case 2:
        kernels_count_near_avx512(
            points, narrow, margin, stride, dimensions, count, radii, out);
        break;
    case 1:
        kernels_count_near_avx2(
            points, narrow, margin, stride, dimensions, count, radii, out);
        break;
    default:
        kernels_count_near_portable(
            points, narrow, margin, stride, dimensions, count, radii, out);
    }
}
