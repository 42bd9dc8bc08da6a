//go:build cgo && !nodlib

package dlib

/*
#cgo LDFLAGS: -ldl
#define _GNU_SOURCE
#include <dlfcn.h>

// OpenBLAS reads its environment when it is loaded, which is before main, so
// the thread count is set through its own call. It is looked up at run time:
// another BLAS may stand behind libblas.so.3.
static int vigie_blas_single(void) {
	void (*set)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
	int (*get)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "openblas_get_num_threads");
	if (!set || !get)
		return 0;
	set(1);
	return get();
}
*/
import "C"

// singleBLASThread holds OpenBLAS at one thread and gives the thread count
// afterwards; 0 when BLAS is not OpenBLAS.
func singleBLASThread() int { return int(C.vigie_blas_single()) }
