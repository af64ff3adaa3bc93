// Which kernels run: decided once per process, from the CPU and KERNELS_LEVEL.
#include "Kernels.h"

#include <stdatomic.h>
#include <stdlib.h>

// __builtin_cpu_supports also asks whether the operating system saves the wide registers.
int kernels_level_supported(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("f16c")) {
        return 0;
    }
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
        return 1;
    }
    return 2;
#else
    return 0;
#endif
}

// Only a level the machine has can be asked for; any other value is as if unset.
static int choose(void) {
    int supported = kernels_level_supported();
    const char *asked = getenv("KERNELS_LEVEL");
    if (asked == NULL || asked[0] < '0' || asked[0] > '2' || asked[1] != '\0') {
        return supported;
    }
    int level = asked[0] - '0';
    return level < supported ? level : supported;
}

int kernels_level(void) {
    // Threads that meet here first all compute the same value, so relaxed order is enough.
    static atomic_int chosen = -1;
    int level = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (level < 0) {
        level = choose();
        atomic_store_explicit(&chosen, level, memory_order_relaxed);
    }
    return level;
}
