// The hot loops in C. Every kernel: no allocation, no threads, no error code; pointers do not
// alias unless a comment says so. Each exists per level (portable, AVX2, AVX-512); the plain
// name picks the level once (KERNELS_LEVEL overrides it).
#ifndef LAYERFOLD_KERNELS_H
#define LAYERFOLD_KERNELS_H
#include <stddef.h>
#include <stdint.h>
#include "elementwise.h"

/// Level in use: 0 portable, 1 AVX2 + FMA + F16C, 2 AVX-512.
int kernels_level(void);
#endif
