// Conversions between f32 and the two 16-bit float formats of checkpoints.
//
// Every kernel converts n elements at a level (see Kernels.h) of at most
// kernels_level_supported(): a higher one is an illegal instruction. 16-bit data may have any
// alignment (safetensors headers of older files are not padded), f32 data must be aligned as a
// float. The two areas must not overlap. n may be 0. Each element depends on its own input only,
// and every level gives the same bits.
//
// Widening is exact; bf16 keeps every pattern, f16 makes signalling NaNs quiet (as the hardware
// does). Narrowing rounds to nearest, ties to even, through f16's subnormals, and overflows to
// infinity; a NaN becomes a quiet NaN with its sign and leading payload bits.
#ifndef LAYERFOLD_CONVERT_H
#define LAYERFOLD_CONVERT_H
#include <stddef.h>

void convert_bf16_to_f32(
    int level, const void *_Nonnull source, float *_Nonnull destination, size_t n);
void convert_f16_to_f32(
    int level, const void *_Nonnull source, float *_Nonnull destination, size_t n);
void convert_f32_to_bf16(
    int level, const float *_Nonnull source, void *_Nonnull destination, size_t n);
void convert_f32_to_f16(
    int level, const float *_Nonnull source, void *_Nonnull destination, size_t n);

#endif
