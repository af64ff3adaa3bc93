#include "allocator.h"

#include <malloc.h>

void layerfold_return_freed_memory(void) {
    // glibc raises its threshold with each large block that is freed, up to 32 MiB: matrices then
    // come from the heap, and what one stage freed is held beside what the next one takes.
    mallopt(M_MMAP_THRESHOLD, 1 << 18);
    mallopt(M_TRIM_THRESHOLD, 1 << 18);
}
