// The files beside this one, as bytes of the program: no folder of data has to be installed or
// found, and the daemon's sandbox does not have to show one.

#include "built_in_texts.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char calibration[] = {
#embed "calibration.jsonl"
};

static const unsigned char heldout[] = {
#embed "heldout.txt"
};

static const unsigned char calibration_prompts[] = {
#embed "calibration-prompts.jsonl"
};

static const unsigned char calibration_openings[] = {
#embed "calibration-openings.jsonl"
};

static const unsigned char generation_prompts[] = {
#embed "generation-prompts.jsonl"
};

const unsigned char *built_in_calibration(size_t *byte_count) {
    *byte_count = sizeof calibration;
    return calibration;
}

const unsigned char *built_in_heldout(size_t *byte_count) {
    *byte_count = sizeof heldout;
    return heldout;
}

const unsigned char *built_in_calibration_prompts(size_t *byte_count) {
    *byte_count = sizeof calibration_prompts;
    return calibration_prompts;
}

const unsigned char *built_in_calibration_openings(size_t *byte_count) {
    *byte_count = sizeof calibration_openings;
    return calibration_openings;
}

const unsigned char *built_in_generation_prompts(size_t *byte_count) {
    *byte_count = sizeof generation_prompts;
    return generation_prompts;
}
