#include "Kernels.h"
#define NAME(x) x##_portable
#include "elementwise.inc"
#include "gradients.inc"
#include "rounding.inc"
#include "recurrence.inc"
