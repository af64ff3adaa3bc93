// The door to libzstd.
#include <zstd.h>
#include <zstd_errors.h>
