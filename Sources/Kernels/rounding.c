// Picks the level of each kernel of rounding.inc; the level is read once by kernels_level().
#include "Kernels.h"

#define PICK(NAME, ...)                                                                             \
    switch (kernels_level()) {                                                                      \
    case 2: NAME##_avx512(__VA_ARGS__); break;                                                      \
    case 1: NAME##_avx2(__VA_ARGS__); break;                                                        \
    default: NAME##_portable(__VA_ARGS__);                                                          \
    }

void kernels_group_peaks(const float *x, size_t count, size_t group, float *peaks) {
    PICK(kernels_group_peaks, x, count, group, peaks)
}
void kernels_raise_to_magnitudes(float *peaks, const float *x, size_t count) {
    PICK(kernels_raise_to_magnitudes, peaks, x, count)
}
void kernels_add_magnitudes(double *sums, const float *x, size_t count) {
    PICK(kernels_add_magnitudes, sums, x, count)
}
void kernels_divide(const float *x, const float *y, size_t count, float *out) {
    PICK(kernels_divide, x, y, count, out)
}
void kernels_round_to_scales(const float *x, const float *scales, size_t count, size_t group,
    float low, float high, float *codes) {
    PICK(kernels_round_to_scales, x, scales, count, group, low, high, codes)
}
void kernels_scale_groups(const float *codes, const float *scales, size_t count, size_t group,
    float *out) {
    PICK(kernels_scale_groups, codes, scales, count, group, out)
}
void kernels_round_with_feedback(float *weights, float *errors, size_t stride, const float *scales,
    size_t scales_stride, const int32_t *groups, const float *factor, size_t factor_stride,
    float low, float high, size_t columns, size_t outputs) {
    PICK(kernels_round_with_feedback, weights, errors, stride, scales, scales_stride, groups,
        factor, factor_stride, low, high, columns, outputs)
}
