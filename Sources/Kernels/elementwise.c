// Picks the level of each element-wise kernel; the level is read once by kernels_level().
#include "Kernels.h"

#define PICK(NAME, ...)                                                                             \
    switch (kernels_level()) {                                                                      \
    case 2: NAME##_avx512(__VA_ARGS__); break;                                                      \
    case 1: NAME##_avx2(__VA_ARGS__); break;                                                        \
    default: NAME##_portable(__VA_ARGS__);                                                          \
    }

void kernels_rms_norm(const float *x, const float *gain, float gain_offset, float epsilon,
    size_t count, float *out) {
    PICK(kernels_rms_norm, x, gain, gain_offset, epsilon, count, out)
}
void kernels_silu_multiply(const float *gate, const float *up, size_t count, float *out) {
    PICK(kernels_silu_multiply, gate, up, count, out)
}
void kernels_gelu_multiply(const float *gate, const float *up, size_t count, float *out) {
    PICK(kernels_gelu_multiply, gate, up, count, out)
}
void kernels_layer_norm(const float *x, const float *gain, const float *bias, float epsilon,
    size_t count, float *out) {
    PICK(kernels_layer_norm, x, gain, bias, epsilon, count, out)
}
void kernels_activate(float *x, size_t count, int kind) { PICK(kernels_activate, x, count, kind) }
void kernels_clamped_swish(const float *gate, const float *up, size_t count, float *out) {
    PICK(kernels_clamped_swish, gate, up, count, out)
}
void kernels_multiply(float *x, const float *y, size_t count) { PICK(kernels_multiply, x, y, count) }
void kernels_rotate(float *x, const float *cosine, const float *sine, size_t half) {
    PICK(kernels_rotate, x, cosine, sine, half)
}
void kernels_rotate_pairs(float *x, const float *cosine, const float *sine, size_t half) {
    PICK(kernels_rotate_pairs, x, cosine, sine, half)
}
void kernels_softmax(float *x, size_t count, const float *sink) {
    PICK(kernels_softmax, x, count, sink)
}
void kernels_soft_cap(float *x, size_t count, float cap) { PICK(kernels_soft_cap, x, count, cap) }
void kernels_add(float *x, const float *y, size_t count) { PICK(kernels_add, x, y, count) }
double kernels_log_sum_exp(const float *x, size_t count) {
    switch (kernels_level()) {
    case 2: return kernels_log_sum_exp_avx512(x, count);
    case 1: return kernels_log_sum_exp_avx2(x, count);
    default: return kernels_log_sum_exp_portable(x, count);
    }
}
void kernels_selective_scan(float *signal, size_t signal_stride, const float *delta,
    size_t delta_stride, const float *gate, size_t gate_stride, const float *inputs,
    size_t inputs_stride, const float *outputs, size_t outputs_stride, const float *decay_log,
    float skip, size_t states, size_t tokens, float *kept) {
    PICK(kernels_selective_scan, signal, signal_stride, delta, delta_stride, gate, gate_stride,
        inputs, inputs_stride, outputs, outputs_stride, decay_log, skip, states, tokens,
        kept)
}
