// libgomp's thread pool, reached through its stable ABI: oneDNN and Debian's OpenMP build of
// OpenBLAS run on the same pool, so that the cores have one owner.
extern void GOMP_parallel(
    void (*_Nonnull function)(void *_Nullable), void *_Nullable data, unsigned threads,
    unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern int omp_get_max_threads(void);
extern void omp_set_num_threads(int count);
