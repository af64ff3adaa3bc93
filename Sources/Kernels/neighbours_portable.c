#include "Kernels.h"
#define NAME(x) x##_portable
#include "neighbours.inc"
