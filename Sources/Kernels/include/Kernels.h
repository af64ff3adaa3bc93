// The hot loops in C. Every kernel: no allocation, no threads, no error code; pointers do not
// alias unless a comment says so. Each exists per level (portable, AVX2, AVX-512); the plain
// name picks the level once (KERNELS_LEVEL overrides it).
#ifndef LAYERFOLD_KERNELS_H
#define LAYERFOLD_KERNELS_H
#include <stddef.h>
#include <stdint.h>
#include "allocator.h"
#include "convert.h"
#include "decoding.h"
#include "elementwise.h"
#include "gradients.h"
#include "neighbours.h"
#include "recurrence.h"
#include "rounding.h"

/// Kernel level chosen at run time: 0 portable, 1 AVX2 (with FMA and F16C), 2 AVX-512 (F, BW, DQ,
/// VL). The environment variable KERNELS_LEVEL (0, 1 or 2) lowers it; both are read once.
int kernels_level(void);
/// The highest level that this machine and its kernel can run.
int kernels_level_supported(void);
#endif
