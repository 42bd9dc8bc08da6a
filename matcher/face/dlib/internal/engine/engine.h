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

// score is a filter's answer in a hit, and what it has above the filter's
// threshold in a face.
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

// In all calls rgb holds width*height triples.

// vigie_scan searches the levels of the picture's pyramid from first up to, not
// including, end (level 0 is the picture). The worker keeps the hits, count of
// them, until its next scan; vigie_hits copies them.
int vigie_scan(vigie_worker *w, const uint8_t *rgb, long width, long height,
	long first, long end, int *count, vigie_error *err);
void vigie_hits(const vigie_worker *w, vigie_detection *out);

// vigie_choose gives the faces that hits (those of lower levels first) stand for:
// at most room of them, the surest first; count says how many there are.
int vigie_choose(const vigie_detection *hits, int n, vigie_detection *found, int room,
	int *count, vigie_error *err);

// points gets x, y of VIGIE_POINTS landmarks, and chip VIGIE_CHIP^2 RGB triples.
int vigie_align(vigie_worker *w, const uint8_t *rgb, long width, long height, vigie_box box,
	long *points, uint8_t *chip, vigie_error *err);

// vigie_steady cuts the chip by landmarks averaged over seven boxes.
int vigie_steady(vigie_worker *w, const uint8_t *rgb, long width, long height, vigie_box box,
	uint8_t *chip, vigie_error *err);

int vigie_embed(vigie_worker *w, const uint8_t *chip, float *out, vigie_error *err);

#ifdef __cplusplus
}
#endif
#endif
