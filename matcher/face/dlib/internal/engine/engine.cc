//go:build cgo && !nodlib

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <dlib/image_processing.h>

#include "detector.h"
#include "engine.h"
#include "landmarks.h"
#include "network.h"

namespace {

using dlib::rgb_pixel;
using image = dlib::matrix<rgb_pixel>;

static_assert(sizeof(rgb_pixel) == 3, "pixels are packed triples");

// padding is that of the encoder's training, and go-face's default.
constexpr double padding = 0.25;

// The landmarks in a chip without padding, as get_face_chip_details has them.
constexpr double model_x[VIGIE_POINTS] = {
	0.8595674595992, 0.6460604764104, 0.1205750620789, 0.3340850613712, 0.4901123135679};
constexpr double model_y[VIGIE_POINTS] = {
	0.2134981538014, 0.2289674387677, 0.2137274526848, 0.2290642403242, 0.6277975316475};

void fill(image &m, const uint8_t *rgb, long width, long height) {
	m.set_size(height, width);
	std::memcpy(static_cast<void *>(&m(0, 0)), rgb, size_t(3) * size_t(width) * size_t(height));
}

// guarded runs f and turns whatever it throws into a text.
template <typename F> int guarded(vigie_error *err, F f) {
	try {
		f();
		return 0;
	} catch (const std::bad_alloc &) {
		std::snprintf(err->text, sizeof err->text, "out of memory");
	} catch (const std::exception &e) {
		std::snprintf(err->text, sizeof err->text, "%s", e.what());
	} catch (...) {
		std::snprintf(err->text, sizeof err->text, "unknown exception");
	}
	return 1;
}

// faces is the detector of all workers: its calls change nothing.
const vigie::detector &faces() {
	static const vigie::detector all;
	return all;
}

dlib::rectangle from(const vigie_box &b) { return dlib::rectangle(b.left, b.top, b.right, b.bottom); }

vigie_box to(const dlib::rectangle &r) { return {r.left(), r.top(), r.right(), r.bottom()}; }

} // namespace

struct vigie_worker {
	std::shared_ptr<const vigie::landmarks> landmarks; // its calls change nothing
	vigie::network net;
	image picture;
	image chip;
	std::vector<vigie::hit> hits;
};

int vigie_worker_open(const char *dir, vigie_worker **out, vigie_error *err) {
	return guarded(err, [&] {
		auto w = std::make_unique<vigie_worker>();
		const std::string at(dir);
		faces();
		w->landmarks = std::make_shared<const vigie::landmarks>(at + "/shape_predictor_5_face_landmarks.dat");
		if (w->landmarks->points() != VIGIE_POINTS)
			throw dlib::error("the landmark model does not give 5 points");
		dlib::deserialize(at + "/dlib_face_recognition_resnet_model_v1.dat") >> w->net;
		*out = w.release();
	});
}

int vigie_worker_another(const vigie_worker *first, vigie_worker **out, vigie_error *err) {
	return guarded(err, [&] { *out = new vigie_worker(*first); });
}

void vigie_worker_close(vigie_worker *w) { delete w; }

int vigie_scan(vigie_worker *w, const uint8_t *rgb, long width, long height,
	long first, long end, int *count, vigie_error *err) {
	return guarded(err, [&] {
		w->hits.clear();
		fill(w->picture, rgb, width, height);
		faces().scan(w->picture, (unsigned long)first, (unsigned long)end, w->hits);
		*count = int(w->hits.size());
	});
}

void vigie_hits(const vigie_worker *w, vigie_detection *out) {
	for (const auto &h : w->hits)
		*out++ = {to(h.box), h.score, long(h.view)};
}

int vigie_choose(const vigie_detection *hits, int n, vigie_detection *found, int room,
	int *count, vigie_error *err) {
	return guarded(err, [&] {
		std::vector<vigie::hit> all;
		for (int i = 0; i < n; i++)
			all.push_back({hits[i].score, from(hits[i].box), (unsigned long)hits[i].view});
		const auto chosen = faces().choose(all);
		*count = int(chosen.size());
		for (int i = 0; i < std::min(room, *count); i++)
			found[i] = {to(chosen[size_t(i)].rect), chosen[size_t(i)].detection_confidence, long(chosen[size_t(i)].weight_index)};
	});
}

namespace {

// around gives the box and six others: shifted by 4 % of its width to each side,
// and scaled by 0.94 and 1.06.
std::vector<dlib::rectangle> around(const dlib::rectangle &box) {
	const long shift = std::lround(0.04 * double(box.width()));
	const auto scaled = [&](double by) {
		return dlib::centered_rect(dlib::center(box), (unsigned long)std::lround(by * double(box.width())),
			(unsigned long)std::lround(by * double(box.height())));
	};
	return {
		box,
		dlib::translate_rect(box, -shift, 0), dlib::translate_rect(box, shift, 0),
		dlib::translate_rect(box, 0, -shift), dlib::translate_rect(box, 0, shift),
		scaled(0.94), scaled(1.06),
	};
}

// steady gives the chip of the mean of the landmarks in seven boxes. Landmarks
// move with the box; their mean moves less.
dlib::chip_details steady(const vigie_worker &w, const dlib::rectangle &box) {
	const auto runs = (*w.landmarks)(w.picture, around(box));
	std::vector<dlib::dpoint> from, to;
	for (size_t i = 0; i < VIGIE_POINTS; i++) {
		long x = 0, y = 0; // sums of whole pixels: exact
		for (const auto &r : runs) {
			x += r[i].x();
			y += r[i].y();
		}
		from.push_back(VIGIE_CHIP * ((padding + dlib::dpoint(model_x[i], model_y[i])) / (2 * padding + 1)));
		to.push_back(dlib::dpoint(double(x) / double(runs.size()), double(y) / double(runs.size())));
	}
	return dlib::chip_details(from, to, dlib::chip_dims(VIGIE_CHIP, VIGIE_CHIP));
}

// cut writes the chip of the worker's picture.
void cut(vigie_worker &w, const dlib::chip_details &where, uint8_t *to) {
	dlib::extract_image_chip(w.picture, where, w.chip);
	std::memcpy(to, static_cast<const void *>(&w.chip(0, 0)), 3 * VIGIE_CHIP * VIGIE_CHIP);
}

} // namespace

int vigie_align(vigie_worker *w, const uint8_t *rgb, long width, long height, vigie_box box,
	long *points, uint8_t *chip, vigie_error *err) {
	return guarded(err, [&] {
		fill(w->picture, rgb, width, height);
		const auto found = (*w->landmarks)(w->picture, {from(box)}).front();
		for (size_t i = 0; i < VIGIE_POINTS; i++) {
			points[2 * i] = found[i].x();
			points[2 * i + 1] = found[i].y();
		}
		const dlib::full_object_detection shape(from(box), found);
		cut(*w, dlib::get_face_chip_details(shape, VIGIE_CHIP, padding), chip);
	});
}

int vigie_steady(vigie_worker *w, const uint8_t *rgb, long width, long height, vigie_box box,
	uint8_t *chip, vigie_error *err) {
	return guarded(err, [&] {
		fill(w->picture, rgb, width, height);
		cut(*w, steady(*w, from(box)), chip);
	});
}

int vigie_embed(vigie_worker *w, const uint8_t *chip, float *out, vigie_error *err) {
	return guarded(err, [&] {
		fill(w->chip, chip, VIGIE_CHIP, VIGIE_CHIP);
		const dlib::matrix<float, 0, 1> &d = w->net(w->chip);
		if (d.size() != VIGIE_TEMPLATE)
			throw dlib::error("the encoder does not give 128 values");
		std::memcpy(out, &d(0), VIGIE_TEMPLATE * sizeof(float));
	});
}
