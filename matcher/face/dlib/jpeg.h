// The JPEG decoder's C side: libjpeg-turbo behind one call. Nothing of C++ lies
// between setjmp and longjmp, and no pointer outlives the call.
#ifndef VIGIE_JPEG_H
#define VIGIE_JPEG_H

#include <stddef.h>
#include <stdint.h>

enum vigie_jpeg_outcome {
	VIGIE_JPEG_OK = 0,
	VIGIE_JPEG_CORRUPT,     // damaged, incomplete, or not what its header said
	VIGIE_JPEG_UNSUPPORTED, // a rare variant
	VIGIE_JPEG_MEMORY,      // needs more memory than allowed
	VIGIE_JPEG_STOPPED,     // *stop became non-zero
	VIGIE_JPEG_MISUSE,      // the caller's numbers don't fit
};

typedef struct {
	int width, height, components; // as the caller read them from the header
	int eighths;                   // scale, 1 to 8
	int x, y, w, h;                // the window wanted, in scaled pixels
	int max_scans;
	size_t max_memory; // bytes libjpeg may allocate
} vigie_jpeg_order;

// vigie_jpeg_decode writes the window as w*h RGB triples to out. message gets
// libjpeg's code of the fault, 0 without one. out may have been written to in
// part when the outcome isn't VIGIE_JPEG_OK.
int vigie_jpeg_decode(const uint8_t *data, size_t size, vigie_jpeg_order order,
	const volatile int32_t *stop, uint8_t *out, size_t out_size, int *message);

#endif
