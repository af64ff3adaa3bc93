#include "Kernels.h"
#if defined(__x86_64__)
#pragma clang attribute push(                                                                       \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))), apply_to = function)
#endif
#define NAME(x) x##_avx512
#include "elementwise.inc"
#include "gradients.inc"
#include "rounding.inc"
#include "recurrence.inc"
#if defined(__x86_64__)
#pragma clang attribute pop
#endif
