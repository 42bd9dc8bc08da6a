// The C side of package plain. Nothing throws across these calls; each gives 0,
// or 1 when it failed.
#ifndef VIGIE_PLAIN_H
#define VIGIE_PLAIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vigie_plain vigie_plain;

int vigie_plain_open(const char *file, vigie_plain **out);
void vigie_plain_close(vigie_plain *p);

// rgb holds width*height triples, box left, top, and the last column and row
// inside; chip gets 150*150 triples.
int vigie_plain_steady(const vigie_plain *p, const uint8_t *rgb, long width, long height,
	const long *box, uint8_t *chip);

#ifdef __cplusplus
}
#endif
#endif
