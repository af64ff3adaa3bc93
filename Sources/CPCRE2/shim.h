// The door to libpcre2, 8-bit code units (UTF-8).
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

// The suffixed names are macros of macros, which Swift does not import.
static inline pcre2_code_8 *_Nullable layerfold_pcre2_compile(
    const unsigned char *_Nonnull pattern, size_t length, uint32_t options, int *_Nonnull error,
    size_t *_Nonnull offset) {
    return pcre2_compile_8(pattern, length, options, error, offset, (void *)0);
}
