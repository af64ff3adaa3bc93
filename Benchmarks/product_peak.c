// The peak of matrix products on this machine: oneDNN, [M x K] by a weight stored as [N, K].
// cc -O2 product_peak.c -ldnnl -o product_peak; prints one line per case: type, weights, GFLOP/s.
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

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
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

static double rate(dnnl_data_type_t type, int reordered, int64_t m, int64_t k, int64_t n) {
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
    double best = 0;
    for (int turn = 0; turn < 12; turn++) {
        double start = now();
        CHECK(dnnl_primitive_execute(product, stream, 3, arguments));
        CHECK(dnnl_stream_wait(stream));
        double found = 2e-9 * m * k * n / (now() - start);
        if (turn > 1 && found > best) best = found;
    }
    return best;
}

int main(void) {
    const int64_t m = 2048, k = 4096, n = 4096;
    printf("bf16 stored %.1f\n", rate(dnnl_bf16, 0, m, k, n));
    printf("bf16 reordered %.1f\n", rate(dnnl_bf16, 1, m, k, n));
    printf("f32 stored %.1f\n", rate(dnnl_f32, 0, m, k, n));
    return 0;
}
