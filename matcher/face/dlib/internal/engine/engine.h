// The C side of the face engine: dlib behind plain C calls. Nothing throws
// across them; each gives 0, or 1 with a text in err.
#ifndef VIGIE_ENGINE_H
#define VIGIE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { VIGIE_POINTS = 5, VIGIE_CHIP = 150, VIGIE_TEMPLATE = 128 };

typedef struct {
	char text[256];
} vigie_error;

// right and bottom are the last column and row inside, as in dlib.
typedef struct {
	long left, top, right, bottom;
} vigie_box;

typedef struct {
	vigie_box box;
	double score;
	long view;
} vigie_detection;

typedef struct vigie_worker vigie_worker;

// vigie_worker_open loads the landmark and encoder models of dir.
// vigie_worker_another makes a second worker that shares the landmark model of
// the first and copies its encoder. Each worker serves one call at a time.
int vigie_worker_open(const char *dir, vigie_worker **out, vigie_error *err);
int vigie_worker_another(const vigie_worker *first, vigie_worker **out, vigie_error *err);
void vigie_worker_close(vigie_worker *w);

// rgb holds width*height triples. found gets at most room detections, the
// surest first; count how many there are.
int vigie_detect(vigie_worker *w, const uint8_t *rgb, long width, long height,
	vigie_detection *found, int room, int *count, vigie_error *err);

// points gets x, y of VIGIE_POINTS landmarks, chip VIGIE_CHIP^2 RGB triples, and
// steady_chip as many, cut by landmarks averaged over seven boxes.
int vigie_align(vigie_worker *w, const uint8_t *rgb, long width, long height, vigie_box box,
	long *points, uint8_t *chip, uint8_t *steady_chip, vigie_error *err);

int vigie_embed(vigie_worker *w, const uint8_t *chip, float *out, vigie_error *err);

#ifdef __cplusplus
}
#endif
#endif
