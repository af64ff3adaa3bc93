// Codes and their scales to f32. One level: the loops are bound by what they write.
// Layouts: E4M3FN, E2M1 and E8M0 of the OCP MX formats; GGUF blocks after `gguf`, quants.py.
#include "Kernels.h"

#include <string.h>

// A product that is rounded before its sum is what the references give.
#pragma STDC FP_CONTRACT OFF

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

/// Both kinds of numbers are computed, and one chosen: no branch in a loop.
static inline float e4m3(uint8_t code) {
    float normal = float_of(((uint32_t)(code & 0x7F) << 20) + (120u << 23));
    float small = (float)(int32_t)(code & 7) * 0x1p-9f;
    uint32_t bits = bits_of((code & 0x78) == 0 ? small : normal);
    bits = (code & 0x7F) == 0x7F ? 0x7FC00000u : bits;
    return float_of(bits | (uint32_t)(code & 0x80) << 24);
}

void kernels_decode_e4m3(
    const void *codes, const float *scales, size_t group, size_t count, float *out) {
    const uint8_t *bytes = codes;
    for (size_t start = 0; start < count; start += group) {
        float scale = *scales++;
        size_t end = count - start < group ? count : start + group;
        for (size_t i = start; i < end; i++) out[i] = e4m3(bytes[i]) * scale;
    }
}

void kernels_decode_int8(
    const void *codes, const float *scales, size_t group, size_t count, float *out) {
    const int8_t *bytes = codes;
    for (size_t start = 0; start < count; start += group) {
        float scale = *scales++;
        size_t end = count - start < group ? count : start + group;
        for (size_t i = start; i < end; i++) out[i] = (float)bytes[i] * scale;
    }
}

static inline float e8m0(uint8_t code) {
    uint32_t bits = code == 0 ? 0x00400000u : (uint32_t)code << 23;
    return float_of(code == 255 ? 0x7FC00000u : bits);
}

void kernels_decode_e8m0(const void *codes, size_t count, float *out) {
    const uint8_t *bytes = codes;
    for (size_t i = 0; i < count; i++) out[i] = e8m0(bytes[i]);
}

static void unpack(const uint8_t *bytes, size_t count, unsigned bits, float *out) {
    int32_t middle = 1 << (bits - 1);
    if (bits == 8) {
        for (size_t i = 0; i < count; i++) out[i] = (float)((int32_t)bytes[i] - middle);
        return;
    }
    if (bits == 4) {
        for (size_t i = 0; i < count / 2; i++) {
            out[2 * i] = (float)((int32_t)(bytes[i] & 15) - middle);
            out[2 * i + 1] = (float)((int32_t)(bytes[i] >> 4) - middle);
        }
        if (count % 2) out[count - 1] = (float)((int32_t)(bytes[count / 2] & 15) - middle);
        return;
    }
    uint32_t mask = (1u << bits) - 1;
    for (size_t i = 0; i < count; i++) {
        size_t place = i * bits / 8;
        unsigned shift = (unsigned)(i * bits % 8);
        // Rows end on whole words: a second byte that a code does not reach may be beyond them.
        uint32_t next = shift + bits > 8 ? bytes[place + 1] : 0;
        uint32_t code = (bytes[place] | next << 8) >> shift & mask;
        out[i] = (float)((int32_t)code - middle);
    }
}

void kernels_decode_packed(const void *words, unsigned bits, const float *scales, size_t group,
    size_t count, float *out) {
    unpack(words, count, bits, out);
    for (size_t start = 0; start < count; start += group) {
        float scale = *scales++;
        size_t end = count - start < group ? count : start + group;
        for (size_t i = start; i < end; i++) out[i] *= scale;
    }
}

void kernels_narrow_f64(const void *values, size_t count, float *out) {
    const char *bytes = values;
    for (size_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, bytes + 8 * i, 8);
        out[i] = (float)value;
    }
}

/// 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.
static inline float e2m1(uint32_t code) {
    uint32_t normal = ((code & 7) << 22) + (126u << 23);
    uint32_t small = (code & 1) ? 0x3F000000u : 0;
    return float_of(((code & 6) == 0 ? small : normal) | (code & 8) << 28);
}

/// Rows of a tile, whose values are written beside one another.
enum { TILE = 16 };

void kernels_decode_mxfp4(const void *blocks, const void *scales, size_t rows, size_t row_blocks,
    size_t first, size_t count, float *out) {
    const uint8_t *bytes = blocks, *exponents = scales;
    for (size_t block = 0; block < count; block++, out += 32 * rows) {
        for (size_t start = 0; start < rows; start += TILE) {
            size_t tile = rows - start < TILE ? rows - start : TILE;
            float values[32][TILE];
            for (size_t row = 0; row < tile; row++) {
                size_t place = (start + row) * row_blocks + first + block;
                const uint8_t *codes = bytes + 16 * place;
                float scale = e8m0(exponents[place]);
                for (size_t i = 0; i < 16; i++) {
                    values[2 * i][row] = e2m1(codes[i] & 15) * scale;
                    values[2 * i + 1][row] = e2m1(codes[i] >> 4) * scale;
                }
            }
            for (size_t i = 0; i < 32; i++) {
                memcpy(out + i * rows + start, values[i], tile * sizeof(float));
            }
        }
    }
}

// MARK: GGUF

/// An f16 at any place.
static inline float half_at(const uint8_t *place) {
    uint32_t code = (uint32_t)place[0] | (uint32_t)place[1] << 8;
    uint32_t sign = (code & 0x8000u) << 16;
    uint32_t magnitude = code & 0x7FFFu;
    if (magnitude >= 0x7C00u) return float_of(sign | 0x7F800000u | (magnitude & 0x3FFu) << 13);
    if (magnitude >= 0x0400u) return float_of(sign | ((magnitude << 13) + (112u << 23)));
    return float_of(sign | bits_of((float)(int32_t)magnitude * 0x1p-24f));
}

void kernels_decode_q8_0(const void *blocks, size_t count, float *out) {
    const uint8_t *block = blocks;
    for (size_t n = 0; n < count; n++, block += 34, out += 32) {
        float scale = half_at(block);
        const int8_t *codes = (const int8_t *)(block + 2);
        for (size_t i = 0; i < 32; i++) out[i] = (float)codes[i] * scale;
    }
}

void kernels_decode_q4_0(const void *blocks, size_t count, float *out) {
    const uint8_t *block = blocks;
    for (size_t n = 0; n < count; n++, block += 18, out += 32) {
        float scale = half_at(block);
        const uint8_t *codes = block + 2;
        for (size_t i = 0; i < 16; i++) {
            out[i] = scale * (float)((int32_t)(codes[i] & 15) - 8);
            out[16 + i] = scale * (float)((int32_t)(codes[i] >> 4) - 8);
        }
    }
}

void kernels_decode_q4_1(const void *blocks, size_t count, float *out) {
    const uint8_t *block = blocks;
    for (size_t n = 0; n < count; n++, block += 20, out += 32) {
        float scale = half_at(block), least = half_at(block + 2);
        const uint8_t *codes = block + 4;
        for (size_t i = 0; i < 16; i++) {
            out[i] = scale * (float)(int32_t)(codes[i] & 15) + least;
            out[16 + i] = scale * (float)(int32_t)(codes[i] >> 4) + least;
        }
    }
}

void kernels_decode_q5_0(const void *blocks, size_t count, float *out) {
    const uint8_t *block = blocks;
    for (size_t n = 0; n < count; n++, block += 22, out += 32) {
        float scale = half_at(block);
        uint32_t high = (uint32_t)block[2] | (uint32_t)block[3] << 8 | (uint32_t)block[4] << 16
            | (uint32_t)block[5] << 24;
        const uint8_t *codes = block + 6;
        for (uint32_t i = 0; i < 16; i++) {
            uint32_t first = (codes[i] & 15u) | (high >> i & 1) << 4;
            uint32_t second = (uint32_t)codes[i] >> 4 | (high >> (16 + i) & 1) << 4;
            out[i] = scale * (float)((int32_t)first - 16);
            out[16 + i] = scale * (float)((int32_t)second - 16);
        }
    }
}

/// Eight runs of 32 with scales and least values of six bits each, packed into 12 bytes.
void kernels_decode_q4_k(const void *blocks, size_t count, float *out) {
    const uint8_t *block = blocks;
    for (size_t n = 0; n < count; n++, block += 144) {
        float scale = half_at(block), least = half_at(block + 2);
        const uint8_t *packed = block + 4;
        float scales[8], offsets[8];
        for (size_t i = 0; i < 4; i++) {
            uint32_t low = packed[i], middle = packed[4 + i], high = packed[8 + i];
            scales[i] = scale * (float)(int32_t)(low & 63);
            offsets[i] = least * (float)(int32_t)(middle & 63);
            scales[4 + i] = scale * (float)(int32_t)((high & 15) | (low >> 2 & 48));
            offsets[4 + i] = least * (float)(int32_t)(high >> 4 | (middle >> 2 & 48));
        }
        const uint8_t *codes = block + 16;
        for (size_t run = 0; run < 8; run += 2, codes += 32, out += 64) {
            for (size_t i = 0; i < 32; i++) {
                out[i] = scales[run] * (float)(int32_t)(codes[i] & 15) - offsets[run];
            }
            for (size_t i = 0; i < 32; i++) {
                out[32 + i] = scales[run + 1] * (float)(int32_t)(codes[i] >> 4) - offsets[run + 1];
            }
        }
    }
}

/// Sixteen runs of 16 with a scale each; of a code four bits here, two there.
void kernels_decode_q6_k(const void *blocks, size_t count, float *out) {
    const uint8_t *block = blocks;
    for (size_t n = 0; n < count; n++, block += 210) {
        float scale = half_at(block + 208);
        const uint8_t *low = block, *high = block + 128;
        const int8_t *scales = (const int8_t *)(block + 192);
        for (size_t half = 0; half < 2; half++, low += 64, high += 32, scales += 8, out += 128) {
            for (size_t run = 0; run < 8; run++) {
                // Runs of 16: four quarters of 32 values, two runs each.
                size_t quarter = run / 2, place = 16 * (run & 1);
                const uint8_t *lows = low + 32 * (quarter & 1) + place;
                const uint8_t *highs = high + place;
                uint32_t lowShift = 4 * (uint32_t)(quarter / 2), highShift = 2 * (uint32_t)quarter;
                float each = scale * (float)(int32_t)scales[run];
                for (size_t i = 0; i < 16; i++) {
                    uint32_t code = ((uint32_t)lows[i] >> lowShift & 15)
                        | ((uint32_t)highs[i] >> highShift & 3) << 4;
                    out[16 * run + i] = each * (float)((int32_t)code - 32);
                }
            }
        }
    }
}
