// Picks the level of each kernel of recurrence.inc; the level is read once by kernels_level().
#include "Kernels.h"

#define PICK(NAME, ...)                                                                             \
    switch (kernels_level()) {                                                                      \
    case 2: NAME##_avx512(__VA_ARGS__); break;                                                      \
    case 1: NAME##_avx2(__VA_ARGS__); break;                                                        \
    default: NAME##_portable(__VA_ARGS__);                                                          \
    }

void kernels_convolve(const float *x, size_t x_stride, const float *past, size_t past_stride,
    const float *taps, size_t taps_stride, const float *bias, size_t width, size_t channels,
    size_t tokens, float *out, size_t out_stride) {
    PICK(kernels_convolve, x, x_stride, past, past_stride, taps, taps_stride, bias, width,
        channels, tokens, out, out_stride)
}
void kernels_state_space(float *signal, size_t signal_stride, const float *steps,
    size_t steps_stride, float step_bias, float step_min, float step_max, const float *inputs,
    size_t inputs_stride, const float *outputs, size_t outputs_stride, float decay_log, float skip,
    size_t width, size_t states, size_t tokens, float *state) {
    PICK(kernels_state_space, signal, signal_stride, steps, steps_stride, step_bias, step_min,
        step_max, inputs, inputs_stride, outputs, outputs_stride, decay_log, skip, width, states,
        tokens, state)
}
void kernels_delta_rule(const float *query, size_t query_stride, const float *key,
    size_t key_stride, float *value, size_t value_stride, const float *decays,
    size_t decays_stride, const float *strengths, size_t strengths_stride, float decay_bias,
    float decay_log, size_t key_width, size_t value_width, size_t tokens, float *state) {
    PICK(kernels_delta_rule, query, query_stride, key, key_stride, value, value_stride, decays,
        decays_stride, strengths, strengths_stride, decay_bias, decay_log, key_width, value_width,
        tokens, state)
}
