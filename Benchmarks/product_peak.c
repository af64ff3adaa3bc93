// The peak of matrix products on this machine: oneDNN, [M x K] by a weight stored as [N, K].
// cc -O2 product_peak.c -ldnnl -o product_peak; prints one line per case: type, weights, GFLOP/s,
// GFLOP per processor second (which others on the machine disturb less).
#include <oneapi/dnnl/dnnl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(call)                                                                     \
    do {                                                                                \
        dnnl_status_t status = (call);                                                  \
        if (status != dnnl_success) {                                                   \
            fprintf(stderr, "%s: status %d\n", #call, status);                          \
            exit(1);                                                                    \
        }                                                                               \
    } while (0)

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}

static void *filled(size_t count, int half) {
    void *data = aligned_alloc(64, (count * 4 + 63) / 64 * 64);
    if (!data) exit(1);
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        float value = (float)(int32_t)state / 2147483648.0f;
        uint32_t bits;
        memcpy(&bits, &value, 4);
        if (half)
            ((uint16_t *)data)[i] = bits >> 16;
        else
            ((uint32_t *)data)[i] = bits;
    }
    return data;
}

static void measure(const char *name, dnnl_data_type_t type, int reordered, int64_t m, int64_t k, int64_t n) {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    CHECK(dnnl_engine_create(&engine, dnnl_cpu, 0));
    CHECK(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    dnnl_dims_t input_size = {m, k}, input_step = {k, 1};
    dnnl_dims_t weight_size = {k, n}, weight_step = {1, k};
    dnnl_dims_t output_size = {m, n}, output_step = {n, 1};
    dnnl_memory_desc_t input, stored, weight, output;
    CHECK(dnnl_memory_desc_init_by_strides(&input, 2, input_size, type, input_step));
    CHECK(dnnl_memory_desc_init_by_strides(&stored, 2, weight_size, type, weight_step));
    CHECK(dnnl_memory_desc_init_by_tag(&weight, 2, weight_size, type, dnnl_format_tag_any));
    CHECK(dnnl_memory_desc_init_by_strides(&output, 2, output_size, dnnl_f32, output_step));
    dnnl_matmul_desc_t operation;
    CHECK(dnnl_matmul_desc_init(&operation, &input, reordered ? &weight : &stored, NULL, &output));
    dnnl_primitive_desc_t description;
    CHECK(dnnl_primitive_desc_create(&description, &operation, NULL, engine, NULL));
    dnnl_primitive_t product;
    CHECK(dnnl_primitive_create(&product, description));
    const dnnl_memory_desc_t *wanted =
        dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
    int half = type == dnnl_bf16;
    dnnl_memory_t a, b, c;
    CHECK(dnnl_memory_create(&a, &input, engine, filled(m * k, half)));
    if (reordered)  // What is in it does not matter for the time.
        CHECK(dnnl_memory_create(&b, wanted, engine, DNNL_MEMORY_ALLOCATE));
    else
        CHECK(dnnl_memory_create(&b, &stored, engine, filled(k * n, half)));
    CHECK(dnnl_memory_create(&c, &output, engine, filled(m * n, 0)));
    if (reordered) {
        void *data;
        CHECK(dnnl_memory_get_data_handle(b, &data));
        memset(data, 0, dnnl_memory_desc_get_size(wanted));
    }
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}};
    double wall = 1e9, processor = 1e9;
    for (int turn = 0; turn < 10; turn++) {
        double start = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
        CHECK(dnnl_primitive_execute(product, stream, 3, arguments));
        CHECK(dnnl_stream_wait(stream));
        used = now(CLOCK_PROCESS_CPUTIME_ID) - used;
        start = now(CLOCK_MONOTONIC) - start;
        if (turn > 0 && start < wall) wall = start;
        if (turn > 0 && used < processor) processor = used;
    }
    double work = 2e-9 * m * k * n;
    printf("%s %s %.1f %.1f\n", name, reordered ? "reordered" : "stored", work / wall,
           work / processor);
}

int main(void) {
    const int64_t m = 2048, k = 4096, n = 4096;
    measure("bf16", dnnl_bf16, 0, m, k, n);
    measure("bf16", dnnl_bf16, 1, m, k, n);
    measure("f32", dnnl_f32, 0, m, k, n);
    return 0;
}
