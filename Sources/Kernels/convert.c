// f32 <-> bf16 and f16 in three levels: portable (the reference), AVX2 with F16C, AVX-512.
// Formats: IEEE 754 binary32 and binary16; bfloat16 is the upper half of a binary32.
#include "Kernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma,f16c")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#endif

// MARK: One element

static inline uint16_t load16(const void *source, size_t i) {
    uint16_t value;
    memcpy(&value, (const char *)source + 2 * i, 2);
    return value;
}

static inline void store16(void *destination, size_t i, uint16_t value) {
    memcpy((char *)destination + 2 * i, &value, 2);
}

static inline float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static inline uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

static inline uint16_t bf16_of(uint32_t bits) {
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) {
        // Truncating a NaN could clear its whole payload and leave infinity: set the quiet bit.
        return (uint16_t)((bits >> 16) | 0x0040u);
    }
    // Adds just under half a unit, or half where the kept part is odd: ties go to even. A carry
    // out of the largest finite value lands on infinity, which is the right rounding.
    return (uint16_t)((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

static inline uint16_t f16_of(uint32_t bits) {
    uint32_t sign = (bits >> 16) & 0x8000u;
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) {
        return (uint16_t)(sign | 0x7E00u | ((magnitude >> 13) & 0x01FFu));
    }
    if (magnitude >= 0x477FF000u) {
        // 65520, halfway between the largest finite f16 and the next step, and all above.
        return (uint16_t)(sign | 0x7C00u);
    }
    if (magnitude >= 0x38800000u) {
        // Normal in f16 (2^-14 and above): move the exponent bias from 127 to 15, round 13 bits.
        uint32_t rebased = magnitude - ((127u - 15u) << 23);
        return (uint16_t)(sign | ((rebased + 0x0FFFu + ((rebased >> 13) & 1u)) >> 13));
    }
    if (magnitude <= 0x33000000u) {
        // 2^-25, halfway to the smallest subnormal, and all below: the tie goes to zero.
        return (uint16_t)sign;
    }
    // Subnormal in f16: the result counts units of 2^-24, and the f32 has 24 bits of mantissa.
    uint32_t shift = 126u - (magnitude >> 23);
    uint32_t mantissa = (magnitude & 0x007FFFFFu) | 0x00800000u;
    uint32_t kept = mantissa >> shift;
    uint32_t rest = mantissa & ((1u << shift) - 1u);
    uint32_t half = 1u << (shift - 1u);
    return (uint16_t)(sign | (kept + (rest > half || (rest == half && (kept & 1u)))));
}

static inline uint32_t f32_of(uint16_t half) {
    uint32_t sign = ((uint32_t)half & 0x8000u) << 16;
    uint32_t exponent = ((uint32_t)half >> 10) & 0x1Fu;
    uint32_t mantissa = (uint32_t)half & 0x03FFu;
    if (exponent == 0x1Fu) {
        uint32_t quiet = mantissa != 0 ? 0x00400000u : 0u;
        return sign | 0x7F800000u | quiet | (mantissa << 13);
    }
    if (exponent != 0) {
        return sign | ((exponent + 127u - 15u) << 23) | (mantissa << 13);
    }
    // Zero and subnormals count units of 2^-24; both the count and the product are exact in f32.
    return sign | bits_of((float)mantissa * 0x1p-24f);
}

// MARK: Portable

static void bf16_to_f32_reference(const void *source, float *destination, size_t n) {
    for (size_t i = 0; i < n; i++) {
        destination[i] = float_of((uint32_t)load16(source, i) << 16);
    }
}

static void f16_to_f32_reference(const void *source, float *destination, size_t n) {
    for (size_t i = 0; i < n; i++) {
        destination[i] = float_of(f32_of(load16(source, i)));
    }
}

static void f32_to_bf16_reference(const float *source, void *destination, size_t n) {
    for (size_t i = 0; i < n; i++) {
        store16(destination, i, bf16_of(bits_of(source[i])));
    }
}

static void f32_to_f16_reference(const float *source, void *destination, size_t n) {
    for (size_t i = 0; i < n; i++) {
        store16(destination, i, f16_of(bits_of(source[i])));
    }
}

#if defined(__x86_64__)

// MARK: AVX2 with F16C: 8 elements a step, the rest by the reference

AVX2 static void bf16_to_f32_avx2(const void *source, float *destination, size_t n) {
    const char *from = source;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m128i narrow = _mm_loadu_si128((const __m128i *)(from + 2 * i));
        __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(narrow), 16);
        _mm256_storeu_si256((__m256i *)(destination + i), wide);
    }
    bf16_to_f32_reference(from + 2 * i, destination + i, n - i);
}

AVX2 static void f16_to_f32_avx2(const void *source, float *destination, size_t n) {
    const char *from = source;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m128i narrow = _mm_loadu_si128((const __m128i *)(from + 2 * i));
        _mm256_storeu_ps(destination + i, _mm256_cvtph_ps(narrow));
    }
    f16_to_f32_reference(from + 2 * i, destination + i, n - i);
}

AVX2 static void f32_to_bf16_avx2(const float *source, void *destination, size_t n) {
    char *to = destination;
    const __m256i below_half = _mm256_set1_epi32(0x7FFF);
    const __m256i one = _mm256_set1_epi32(1);
    const __m256i quiet = _mm256_set1_epi32(0x0040);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 value = _mm256_loadu_ps(source + i);
        __m256i bits = _mm256_castps_si256(value);
        __m256i upper = _mm256_srli_epi32(bits, 16);
        __m256i odd = _mm256_and_si256(upper, one);
        __m256i sum = _mm256_add_epi32(bits, _mm256_add_epi32(below_half, odd));
        __m256i rounded = _mm256_srli_epi32(sum, 16);
        __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(value, value, _CMP_UNORD_Q));
        rounded = _mm256_blendv_epi8(rounded, _mm256_or_si256(upper, quiet), nan);
        // Packing works within 128-bit lanes: the quarters come out as 0 0 1 1.
        __m256i packed = _mm256_packus_epi32(rounded, rounded);
        packed = _mm256_permute4x64_epi64(packed, 0x08);
        _mm_storeu_si128((__m128i *)(to + 2 * i), _mm256_castsi256_si128(packed));
    }
    f32_to_bf16_reference(source + i, to + 2 * i, n - i);
}

AVX2 static void f32_to_f16_avx2(const float *source, void *destination, size_t n) {
    char *to = destination;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 value = _mm256_loadu_ps(source + i);
        __m128i half = _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128((__m128i *)(to + 2 * i), half);
    }
    f32_to_f16_reference(source + i, to + 2 * i, n - i);
}

// MARK: AVX-512: 16 elements a step, the last step masked

AVX512 static inline __mmask16 lanes(size_t remaining) {
    return remaining >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << remaining) - 1u);
}

AVX512 static void bf16_to_f32_avx512(const void *source, float *destination, size_t n) {
    const char *from = source;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 mask = lanes(n - i);
        __m256i narrow = _mm256_maskz_loadu_epi16(mask, from + 2 * i);
        __m512i wide = _mm512_slli_epi32(_mm512_cvtepu16_epi32(narrow), 16);
        _mm512_mask_storeu_epi32(destination + i, mask, wide);
    }
}

AVX512 static void f16_to_f32_avx512(const void *source, float *destination, size_t n) {
    const char *from = source;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 mask = lanes(n - i);
        __m256i narrow = _mm256_maskz_loadu_epi16(mask, from + 2 * i);
        _mm512_mask_storeu_ps(destination + i, mask, _mm512_cvtph_ps(narrow));
    }
}

// In integers: the bf16 instructions of AVX-512 flush subnormals to zero.
AVX512 static void f32_to_bf16_avx512(const float *source, void *destination, size_t n) {
    char *to = destination;
    const __m512i below_half = _mm512_set1_epi32(0x7FFF);
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i quiet = _mm512_set1_epi32(0x0040);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 mask = lanes(n - i);
        __m512 value = _mm512_maskz_loadu_ps(mask, source + i);
        __m512i bits = _mm512_castps_si512(value);
        __m512i upper = _mm512_srli_epi32(bits, 16);
        __m512i odd = _mm512_and_si512(upper, one);
        __m512i sum = _mm512_add_epi32(bits, _mm512_add_epi32(below_half, odd));
        __m512i rounded = _mm512_srli_epi32(sum, 16);
        __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
        rounded = _mm512_mask_or_epi32(rounded, nan, upper, quiet);
        _mm256_mask_storeu_epi16(to + 2 * i, mask, _mm512_cvtepi32_epi16(rounded));
    }
}

AVX512 static void f32_to_f16_avx512(const float *source, void *destination, size_t n) {
    char *to = destination;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 mask = lanes(n - i);
        __m512 value = _mm512_maskz_loadu_ps(mask, source + i);
        __m256i half = _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT);
        _mm256_mask_storeu_epi16(to + 2 * i, mask, half);
    }
}

#endif

// MARK: By level

#if defined(__x86_64__)
#define AT_LEVEL(name)                                                                            \
    switch (level) {                                                                              \
    case 2: name##_avx512(source, destination, n); return;                                        \
    case 1: name##_avx2(source, destination, n); return;                                          \
    default: name##_reference(source, destination, n); return;                                    \
    }
#else
#define AT_LEVEL(name)                                                                            \
    (void)level;                                                                                  \
    name##_reference(source, destination, n);
#endif

void convert_bf16_to_f32(int level, const void *source, float *destination, size_t n) {
    AT_LEVEL(bf16_to_f32)
}

void convert_f16_to_f32(int level, const void *source, float *destination, size_t n) {
    AT_LEVEL(f16_to_f32)
}

void convert_f32_to_bf16(int level, const float *source, void *destination, size_t n) {
    AT_LEVEL(f32_to_bf16)
}

void convert_f32_to_f16(int level, const float *source, void *destination, size_t n) {
    AT_LEVEL(f32_to_f16)
}
