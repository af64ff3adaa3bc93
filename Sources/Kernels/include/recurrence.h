// Kernels that go from token to token: convolutions, Mamba-2 and the gated delta rule, f32.
// Strides are distances between tokens, in floats.
#ifndef LAYERFOLD_RECURRENCE_H
#define LAYERFOLD_RECURRENCE_H
#include <stddef.h>

#define RECURRENCE_DECLARE(SUFFIX)                                                                  \
    void kernels_convolve##SUFFIX(const float *_Nonnull x, size_t x_stride,                         \
        const float *_Nullable past, size_t past_stride, const float *_Nonnull taps,                \
        size_t taps_stride, const float *_Nullable bias, size_t width, size_t channels,             \
        size_t tokens, float *_Nonnull out, size_t out_stride);                                     \
    void kernels_state_space##SUFFIX(float *_Nonnull signal, size_t signal_stride,                  \
        const float *_Nonnull steps, size_t steps_stride, float step_bias, float step_min,          \
        float step_max, const float *_Nonnull inputs, size_t inputs_stride,                         \
        const float *_Nonnull outputs, size_t outputs_stride, float decay_log, float skip,          \
        size_t width, size_t states, size_t tokens, float *_Nonnull state);                         \
    void kernels_delta_rule##SUFFIX(const float *_Nonnull query, size_t query_stride,               \
        const float *_Nonnull key, size_t key_stride, float *_Nonnull value, size_t value_stride,   \
        const float *_Nonnull decays, size_t decays_stride, const float *_Nonnull strengths,        \
        size_t strengths_stride, float decay_bias, float decay_log, size_t key_width,               \
        size_t value_width, size_t tokens, float *_Nonnull state);

RECURRENCE_DECLARE(_portable)
RECURRENCE_DECLARE(_avx2)
RECURRENCE_DECLARE(_avx512)

/// kernels_convolve: out[t][c] = (bias[c]) + sum_k taps[k][c] x[t - width + 1 + k][c]. Rows before
/// the first are those of `past`, [width - 1, channels], oldest first, or zero where it is NULL.
///
/// kernels_state_space: one head of Mamba-2, in place on `signal` [tokens, width]:
/// d = softplus(step + step_bias), held between step_min and step_max;
/// s[p][n] = exp(-d exp(decay_log)) s[p][n] + d u[p] B[n]; u[p] = sum_n s[p][n] C[n] + skip u[p].
/// `state` [width, states] is read and brought up to date.
///
/// kernels_delta_rule: one value head, in place on `value` [tokens, value_width <= 1024]:
/// S = exp(-exp(decay_log) softplus(decay + decay_bias)) S; m = sigmoid(strength) (v - S'k);
/// S = S + k m'; v = S'q. `state` [key_width, value_width] is read and brought up to date.
RECURRENCE_DECLARE()
#endif
