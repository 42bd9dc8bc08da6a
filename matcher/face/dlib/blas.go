//go:build cgo && !nodlib

package dlib

/*
#cgo LDFLAGS: -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>

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

static void vigie_few_arenas(void) {
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 2);
#endif
}
*/
import "C"

// singleBLASThread holds OpenBLAS at one thread and gives the thread count
// afterwards; 0 when BLAS is not OpenBLAS.
func singleBLASThread() int { return int(C.vigie_blas_single()) }

// fewArenas bounds the heaps that malloc keeps: Go moves calls between threads,
// and every thread would otherwise fill a heap of its own. Other limits of malloc
// stay as they are: a low mapping threshold costs 8 ms of page faults a photo.
func fewArenas() { C.vigie_few_arenas() }
