// The door to OpenBLAS (BLAS level 1 to 3) and LAPACKE (factorisations, eigenvalues).
#include <cblas.h>
#include <lapacke.h>
