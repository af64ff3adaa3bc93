// Element-wise kernels of a decoder layer, f32.
#ifndef LAYERFOLD_ELEMENTWISE_H
#define LAYERFOLD_ELEMENTWISE_H
#include <stddef.h>

#define ELEMENTWISE_DECLARE(LEVEL)                                                                  \
    void kernels_rms_norm_##LEVEL(const float *_Nonnull x, const float *_Nullable gain,             \
        float gain_offset, float epsilon, size_t count, float *_Nonnull out);                       \
    void kernels_silu_multiply_##LEVEL(                                                             \
        const float *_Nonnull gate, const float *_Nonnull up, size_t count, float *_Nonnull out);   \
    void kernels_gelu_multiply_##LEVEL(                                                             \
        const float *_Nonnull gate, const float *_Nonnull up, size_t count, float *_Nonnull out);   \
    void kernels_layer_norm_##LEVEL(const float *_Nonnull x, const float *_Nonnull gain,            \
        const float *_Nullable bias, float epsilon, size_t count, float *_Nonnull out);             \
    void kernels_activate_##LEVEL(float *_Nonnull x, size_t count, int kind);                       \
    void kernels_clamped_swish_##LEVEL(                                                             \
        const float *_Nonnull gate, const float *_Nonnull up, size_t count, float *_Nonnull out);   \
    void kernels_multiply_##LEVEL(float *_Nonnull x, const float *_Nonnull y, size_t count);        \
    void kernels_rotate_##LEVEL(float *_Nonnull x, const float *_Nonnull cosine,                    \
        const float *_Nonnull sine, size_t half);                                                   \
    void kernels_rotate_pairs_##LEVEL(float *_Nonnull x, const float *_Nonnull cosine,              \
        const float *_Nonnull sine, size_t half);                                                   \
    void kernels_softmax_##LEVEL(float *_Nonnull x, size_t count, const float *_Nullable sink);     \
    void kernels_soft_cap_##LEVEL(float *_Nonnull x, size_t count, float cap);                      \
    void kernels_add_##LEVEL(float *_Nonnull x, const float *_Nonnull y, size_t count);             \
    double kernels_log_sum_exp_##LEVEL(const float *_Nonnull x, size_t count);                      \
    void kernels_selective_scan_##LEVEL(float *_Nonnull signal, size_t signal_stride,               \
        const float *_Nonnull delta, size_t delta_stride, const float *_Nonnull gate,               \
        size_t gate_stride, const float *_Nonnull inputs, size_t inputs_stride,                     \
        const float *_Nonnull outputs, size_t outputs_stride, const float *_Nonnull decay_log,      \
        float skip, size_t states, size_t tokens, float *_Nullable kept);

ELEMENTWISE_DECLARE(portable)
ELEMENTWISE_DECLARE(avx2)
ELEMENTWISE_DECLARE(avx512)

/// out[i] = x[i] / sqrt(mean(x^2) + epsilon) * (gain[i] + gain_offset); gain NULL means 1.
/// The mean is summed in 16 lanes, then across lanes. `out` may be `x`.
void kernels_rms_norm(const float *_Nonnull x, const float *_Nullable gain, float gain_offset,
    float epsilon, size_t count, float *_Nonnull out);
/// out[i] = gate[i] * sigmoid(gate[i]) * up[i]. `out` may be `gate` or `up`.
void kernels_silu_multiply(
    const float *_Nonnull gate, const float *_Nonnull up, size_t count, float *_Nonnull out);
/// out[i] = gelu_tanh(gate[i]) * up[i] (the tanh form, 0.044715). `out` may be `gate` or `up`.
void kernels_gelu_multiply(
    const float *_Nonnull gate, const float *_Nonnull up, size_t count, float *_Nonnull out);
/// out[i] = (x[i] - mean x) / sqrt(variance x + epsilon) * gain[i] (+ bias[i]); `out` may be `x`.
void kernels_layer_norm(const float *_Nonnull x, const float *_Nonnull gain,
    const float *_Nullable bias, float epsilon, size_t count, float *_Nonnull out);
/// x[i] = f(x[i]), in place. Kinds: 0 silu, 1 gelu_tanh, 2 gelu (by erf), 3 relu, 4 relu squared,
/// 5 sigmoid.
void kernels_activate(float *_Nonnull x, size_t count, int kind);
/// With g = min(gate, 7) and u = up between -7 and 7: out = (u + 1) g sigmoid(1.702 g).
/// `out` may be `gate` or `up`.
void kernels_clamped_swish(
    const float *_Nonnull gate, const float *_Nonnull up, size_t count, float *_Nonnull out);
/// x[i] *= y[i].
void kernels_multiply(float *_Nonnull x, const float *_Nonnull y, size_t count);
/// Half-split rotation of one head in place: x [2 * half], cosine and sine [half].
void kernels_rotate(
    float *_Nonnull x, const float *_Nonnull cosine, const float *_Nonnull sine, size_t half);
/// Rotation of neighbours (2i, 2i + 1) of one head in place: x [2 * half], cosine and sine [half].
void kernels_rotate_pairs(
    float *_Nonnull x, const float *_Nonnull cosine, const float *_Nonnull sine, size_t half);
/// x = exp(x - max) / sum, in place; count > 0. Where there is a sink, it is one more entry of
/// maximum and sum, whose share nobody gets.
void kernels_softmax(float *_Nonnull x, size_t count, const float *_Nullable sink);
/// x[i] = cap * tanh(x[i] / cap), in place.
void kernels_soft_cap(float *_Nonnull x, size_t count, float cap);
/// x[i] += y[i].
void kernels_add(float *_Nonnull x, const float *_Nonnull y, size_t count);
/// log(sum exp x), the sum in double; count > 0.
double kernels_log_sum_exp(const float *_Nonnull x, size_t count);
/// One channel of a selective state space over `tokens` steps, in place on `signal`:
/// d = softplus(delta); s[n] = exp(-d exp(decay_log[n])) s[n] + d u B[n];
/// u = (sum_n s[n] C[n] + skip u) * silu(gate). States start as `kept` [states] has
/// them, which they are then left in, or at zero where it is NULL; states <= 256.
/// Strides are distances between tokens, in floats; B and C rows hold `states` floats.
void kernels_selective_scan(float *_Nonnull signal, size_t signal_stride,
    const float *_Nonnull delta, size_t delta_stride, const float *_Nonnull gate,
    size_t gate_stride, const float *_Nonnull inputs, size_t inputs_stride,
    const float *_Nonnull outputs, size_t outputs_stride, const float *_Nonnull decay_log,
    float skip, size_t states, size_t tokens, float *_Nullable kept);
#endif
