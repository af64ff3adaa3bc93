#ifndef LAYERFOLD_KERNELS_H
#define LAYERFOLD_KERNELS_H
#include <stddef.h>
#include <stdint.h>
/// Kernel level chosen at run time: 0 portable, 1 AVX2, 2 AVX-512.
int kernels_level(void);
#endif
