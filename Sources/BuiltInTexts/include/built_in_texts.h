// Texts that the program carries, so that a model can be folded and judged where none are given.
#pragma once
#include <stddef.h>

// UTF-8, not terminated.
const unsigned char *built_in_calibration(size_t *byte_count);
const unsigned char *built_in_heldout(size_t *byte_count);
const unsigned char *built_in_calibration_prompts(size_t *byte_count);
const unsigned char *built_in_calibration_openings(size_t *byte_count);
const unsigned char *built_in_generation_prompts(size_t *byte_count);
