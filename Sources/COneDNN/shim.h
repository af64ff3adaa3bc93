// The door to oneDNN's C API (matrix products in f32 and bf16).
#include <oneapi/dnnl/dnnl.h>
