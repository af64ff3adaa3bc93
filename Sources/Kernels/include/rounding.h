// Weights to whole numbers of a grid, and what is asked of activations before that, f32.
#ifndef LAYERFOLD_ROUNDING_H
#define LAYERFOLD_ROUNDING_H
#include <stddef.h>
#include <stdint.h>

/// Columns that kernels_round_with_feedback takes at most, and outputs.
#define ROUNDING_COLUMNS_MAX 128
#define ROUNDING_OUTPUTS_MAX 32

#define ROUNDING_DECLARE(SUFFIX)                                                                   \
    void kernels_group_peaks##SUFFIX(const float *_Nonnull x, size_t count, size_t group,          \
        float *_Nonnull peaks);                                                                    \
    void kernels_raise_to_magnitudes##SUFFIX(float *_Nonnull peaks, const float *_Nonnull x,       \
        size_t count);                                                                             \
    void kernels_add_magnitudes##SUFFIX(double *_Nonnull sums, const float *_Nonnull x,            \
        size_t count);                                                                             \
    void kernels_divide##SUFFIX(const float *_Nonnull x, const float *_Nonnull y, size_t count,    \
        float *_Nonnull out);                                                                      \
    void kernels_round_to_scales##SUFFIX(const float *_Nonnull x, const float *_Nonnull scales,    \
        size_t count, size_t group, float low, float high, float *_Nonnull codes);                 \
    void kernels_scale_groups##SUFFIX(const float *_Nonnull codes, const float *_Nonnull scales,   \
        size_t count, size_t group, float *_Nonnull out);                                          \
    void kernels_round_with_feedback##SUFFIX(float *_Nonnull weights, float *_Nonnull errors,      \
        size_t stride, const float *_Nonnull scales, size_t scales_stride,                         \
        const int32_t *_Nonnull groups, const float *_Nonnull factor, size_t factor_stride,        \
        float low, float high, size_t columns, size_t outputs);

ROUNDING_DECLARE(_portable)
ROUNDING_DECLARE(_avx2)
ROUNDING_DECLARE(_avx512)

/// kernels_group_peaks: peaks[g] = max |x[i]| of each run of `group` numbers.
///
/// kernels_raise_to_magnitudes: peaks[i] = max(peaks[i], |x[i]|).
///
/// kernels_add_magnitudes: sums[i] += |x[i]|.
///
/// kernels_divide: out[i] = x[i] / y[i]; `out` may be `x`.
///
/// kernels_round_to_scales: codes[i] = the whole number nearest to x[i] / scales[i / group], ties
/// to even, within low ... high, as a float. `codes` may be `x`. |low|, |high| < 2^22.
///
/// kernels_scale_groups: out[i] = codes[i] * scales[i / group]; `out` may be `codes`.
///
/// kernels_round_with_feedback: the inner loop of GPTQ (arXiv 2210.17323), over `outputs` outputs
/// side by side. For column i: q = the whole number nearest to w[i] / scale, within low ... high;
/// e[i] = (w[i] - q scale) / U[i][i]; w[k] -= e[i] U[i][k] for all k > i; w[i] becomes q.
///   weights, errors: [columns, outputs], rows `stride` floats apart.
///   scales: row groups[i] is of column i; rows `scales_stride` floats apart.
///   factor: U, [columns, columns], upper, rows `factor_stride` floats apart.
ROUNDING_DECLARE()

#endif
