// Codes and their scales to f32: what other programs store in the place of floats.
#ifndef LAYERFOLD_DECODING_H
#define LAYERFOLD_DECODING_H
#include <stddef.h>
#include <stdint.h>

/// out[i] = value of codes[i] * scales[i / group]. `codes` may have any alignment.
void kernels_decode_e4m3(const void *_Nonnull codes, const float *_Nonnull scales, size_t group,
    size_t count, float *_Nonnull out);
void kernels_decode_int8(const void *_Nonnull codes, const float *_Nonnull scales, size_t group,
    size_t count, float *_Nonnull out);

/// out[i] = 2^(codes[i] - 127); NaN for 255 (E8M0).
void kernels_decode_e8m0(const void *_Nonnull codes, size_t count, float *_Nonnull out);

/// Each double rounded to the nearest float.
void kernels_narrow_f64(const void *_Nonnull values, size_t count, float *_Nonnull out);

/// One row of codes of 2 to 8 bits, plus 2^(bits - 1), lowest bits first: out[i] = code * scale of
/// its group.
void kernels_decode_packed(const void *_Nonnull words, unsigned bits, const float *_Nonnull scales,
    size_t group, size_t count, float *_Nonnull out);

/// Of a matrix of E2M1 [rows, 32 * row_blocks], 16 bytes and an E8M0 scale for 32 values, the lower
/// half of a byte first: columns of `count` blocks from `first` on as rows, [32 * count, rows].
void kernels_decode_mxfp4(const void *_Nonnull blocks, const void *_Nonnull scales, size_t rows,
    size_t row_blocks, size_t first, size_t count, float *_Nonnull out);

/// Blocks of GGUF: 32 values each, of Q4_K and Q6_K 256. In f32 in the order of `gguf`, quants.py.
void kernels_decode_q8_0(const void *_Nonnull blocks, size_t count, float *_Nonnull out);
void kernels_decode_q4_0(const void *_Nonnull blocks, size_t count, float *_Nonnull out);
void kernels_decode_q4_1(const void *_Nonnull blocks, size_t count, float *_Nonnull out);
void kernels_decode_q5_0(const void *_Nonnull blocks, size_t count, float *_Nonnull out);
void kernels_decode_q4_k(const void *_Nonnull blocks, size_t count, float *_Nonnull out);
void kernels_decode_q6_k(const void *_Nonnull blocks, size_t count, float *_Nonnull out);

#endif
