// Picks the level of each kernel of gradients.inc; the level is read once by kernels_level().
#include "Kernels.h"

#define PICK(NAME, ...)                                                                             \
    switch (kernels_level()) {                                                                      \
    case 2: return NAME##_avx512(__VA_ARGS__);                                                      \
    case 1: return NAME##_avx2(__VA_ARGS__);                                                        \
    default: return NAME##_portable(__VA_ARGS__);                                                   \
    }

void kernels_rms_norm_slopes(const float *x, const float *slopes, const float *gain,
    float gain_offset, float epsilon, size_t count, float *into, float *factor) {
    PICK(kernels_rms_norm_slopes, x, slopes, gain, gain_offset, epsilon, count, into, factor)
}
void kernels_layer_norm_slopes(const float *x, const float *slopes, const float *gain,
    float epsilon, size_t count, float *into) {
    PICK(kernels_layer_norm_slopes, x, slopes, gain, epsilon, count, into)
}
void kernels_curve_slopes(float *x, size_t count, int kind) {
    PICK(kernels_curve_slopes, x, count, kind)
}
void kernels_clamped_swish_slopes(float *gate, float *up, const float *slopes, size_t count) {
    PICK(kernels_clamped_swish_slopes, gate, up, slopes, count)
}
void kernels_soft_cap_slopes(float *slopes, const float *capped, float cap, size_t count) {
    PICK(kernels_soft_cap_slopes, slopes, capped, cap, count)
}
void kernels_silu_slopes(float *gate, float *up, const float *slopes, size_t count) {
    PICK(kernels_silu_slopes, gate, up, slopes, count)
}
void kernels_gelu_slopes(float *gate, float *up, const float *slopes, size_t count) {
    PICK(kernels_gelu_slopes, gate, up, slopes, count)
}
void kernels_softmax_slopes(float *chances, const float *slopes, size_t count) {
    PICK(kernels_softmax_slopes, chances, slopes, count)
}
double kernels_divergence_slopes(float *found, double found_sum, const float *wanted,
    double wanted_sum, size_t count) {
    PICK(kernels_divergence_slopes, found, found_sum, wanted, wanted_sum, count)
}
void kernels_add_scaled_rows(double *sums, const float *x, size_t x_stride, const float *y,
    size_t y_stride, const float *factors, size_t rows, size_t count) {
    PICK(kernels_add_scaled_rows, sums, x, x_stride, y, y_stride, factors, rows, count)
}
void kernels_adam(float *values, const float *slopes, float *mean, float *square, size_t count,
    float rate, float decay_mean, float decay_square, float known_mean, float known_square,
    float epsilon) {
    PICK(kernels_adam, values, slopes, mean, square, count, rate, decay_mean, decay_square,
        known_mean, known_square, epsilon)
}
void kernels_scale(float *x, size_t count, float factor) {
    PICK(kernels_scale, x, count, factor)
}
void kernels_multiply_gain(float *x, const float *gain, float gain_offset, size_t count) {
    PICK(kernels_multiply_gain, x, gain, gain_offset, count)
}
double kernels_dot(const float *x, const float *y, size_t count) {
    PICK(kernels_dot, x, y, count)
}
void kernels_add_to_doubles(double *sums, const float *x, size_t count) {
    PICK(kernels_add_to_doubles, sums, x, count)
}
