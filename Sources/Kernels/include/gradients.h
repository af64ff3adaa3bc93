// Kernels that derivatives and long sums are made of, f32.
#ifndef LAYERFOLD_GRADIENTS_H
#define LAYERFOLD_GRADIENTS_H
#include <stddef.h>

#define GRADIENTS_DECLARE(LEVEL)                                                                   \
    void kernels_rms_norm_slopes_##LEVEL(const float *_Nonnull x, const float *_Nonnull slopes,    \
        const float *_Nonnull gain, float gain_offset, float epsilon, size_t count,                \
        float *_Nonnull into, float *_Nonnull factor);                                             \
    void kernels_layer_norm_slopes_##LEVEL(const float *_Nonnull x, const float *_Nonnull slopes,  \
        const float *_Nonnull gain, float epsilon, size_t count, float *_Nonnull into);            \
    void kernels_curve_slopes_##LEVEL(float *_Nonnull x, size_t count, int kind);                  \
    void kernels_clamped_swish_slopes_##LEVEL(float *_Nonnull gate, float *_Nonnull up,            \
        const float *_Nonnull slopes, size_t count);                                               \
    void kernels_soft_cap_slopes_##LEVEL(float *_Nonnull slopes, const float *_Nonnull capped,     \
        float cap, size_t count);                                                                  \
    void kernels_silu_slopes_##LEVEL(float *_Nonnull gate, float *_Nonnull up,                     \
        const float *_Nonnull slopes, size_t count);                                               \
    void kernels_gelu_slopes_##LEVEL(float *_Nonnull gate, float *_Nonnull up,                     \
        const float *_Nonnull slopes, size_t count);                                               \
    void kernels_softmax_slopes_##LEVEL(float *_Nonnull chances, const float *_Nonnull slopes,     \
        size_t count);                                                                             \
    double kernels_divergence_slopes_##LEVEL(float *_Nonnull found, double found_sum,              \
        const float *_Nonnull wanted, double wanted_sum, size_t count);                            \
    void kernels_add_scaled_rows_##LEVEL(double *_Nonnull sums, const float *_Nonnull x,           \
        size_t x_stride, const float *_Nullable y, size_t y_stride,                                \
        const float *_Nullable factors, size_t rows, size_t count);                                \
    void kernels_adam_##LEVEL(float *_Nonnull values, const float *_Nonnull slopes,                \
        float *_Nonnull mean, float *_Nonnull square, size_t count, float rate,                    \
        float decay_mean, float decay_square, float known_mean, float known_square,                \
        float epsilon);                                                                            \
    void kernels_scale_##LEVEL(float *_Nonnull x, size_t count, float factor);                     \
    void kernels_multiply_gain_##LEVEL(float *_Nonnull x, const float *_Nonnull gain,              \
        float gain_offset, size_t count);                                                          \
    double kernels_dot_##LEVEL(const float *_Nonnull x, const float *_Nonnull y, size_t count);    \
    void kernels_add_to_doubles_##LEVEL(double *_Nonnull sums, const float *_Nonnull x,            \
        size_t count);

GRADIENTS_DECLARE(portable)
GRADIENTS_DECLARE(avx2)
GRADIENTS_DECLARE(avx512)

/// For y = n (gain + gain_offset), n = r x, r = 1 / sqrt(mean(x^2) + epsilon): adds to `into`
/// r (d - n mean(d n)), d = slopes (gain + gain_offset), and gives r. Sums run in 16 lanes.
void kernels_rms_norm_slopes(const float *_Nonnull x, const float *_Nonnull slopes,
    const float *_Nonnull gain, float gain_offset, float epsilon, size_t count,
    float *_Nonnull into, float *_Nonnull factor);
/// For y = n gain (+ bias), n = r (x - mean x), r = 1 / sqrt(variance x + epsilon): adds to `into`
/// r (d - mean d - n mean(d n)), d = slopes gain.
void kernels_layer_norm_slopes(const float *_Nonnull x, const float *_Nonnull slopes,
    const float *_Nonnull gain, float epsilon, size_t count, float *_Nonnull into);
/// x[i] = f'(x[i]), in place; kinds are those of kernels_activate. At a kink the slope is 0.
void kernels_curve_slopes(float *_Nonnull x, size_t count, int kind);
/// As kernels_silu_slopes for the clamped swish; what is held at a limit has slope 0.
void kernels_clamped_swish_slopes(float *_Nonnull gate, float *_Nonnull up,
    const float *_Nonnull slopes, size_t count);
/// slopes[i] *= 1 - (capped[i] / cap)^2: back through capped = cap * tanh(x / cap).
void kernels_soft_cap_slopes(float *_Nonnull slopes, const float *_Nonnull capped, float cap,
    size_t count);
/// For z = silu(gate) * up and slopes = dL/dz: gate becomes dL/dgate, up becomes dL/dup.
void kernels_silu_slopes(float *_Nonnull gate, float *_Nonnull up, const float *_Nonnull slopes,
    size_t count);
/// As kernels_silu_slopes for gelu_tanh.
void kernels_gelu_slopes(float *_Nonnull gate, float *_Nonnull up, const float *_Nonnull slopes,
    size_t count);
/// p = p (s - sum(p s)): from chances and dL/dp to dL/dscores, in place.
void kernels_softmax_slopes(float *_Nonnull chances, const float *_Nonnull slopes, size_t count);
/// sum q (log q - log p) of the logits `wanted` (q) and `found` (p), given their log sums of
/// exponentials; found becomes p - q.
double kernels_divergence_slopes(float *_Nonnull found, double found_sum,
    const float *_Nonnull wanted, double wanted_sum, size_t count);
/// sums[i] += x[r][i] (y[r][i] factors[r]) over all rows; without the latter where y is NULL.
void kernels_add_scaled_rows(double *_Nonnull sums, const float *_Nonnull x, size_t x_stride,
    const float *_Nullable y, size_t y_stride, const float *_Nullable factors, size_t rows,
    size_t count);
/// A step of Adam (arXiv 1412.6980, algorithm 1); known_* are 1 - decay^step.
void kernels_adam(float *_Nonnull values, const float *_Nonnull slopes, float *_Nonnull mean,
    float *_Nonnull square, size_t count, float rate, float decay_mean, float decay_square,
    float known_mean, float known_square, float epsilon);
/// x[i] *= factor.
void kernels_scale(float *_Nonnull x, size_t count, float factor);
/// x[i] *= gain[i] + gain_offset.
void kernels_multiply_gain(float *_Nonnull x, const float *_Nonnull gain, float gain_offset,
    size_t count);
/// sum x[i] y[i]: 256 products at a time in float lanes, their sums in double.
double kernels_dot(const float *_Nonnull x, const float *_Nonnull y, size_t count);
/// sums[i] += x[i].
void kernels_add_to_doubles(double *_Nonnull sums, const float *_Nonnull x, size_t count);
#endif
