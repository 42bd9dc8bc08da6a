//go:build cgo && !nodlib

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include "engine.h"
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

} // namespace

struct vigie_worker {
	dlib::frontal_face_detector detector;
	std::shared_ptr<const dlib::shape_predictor> predictor; // its calls change nothing
	vigie::network net;
	image picture;
	image chip;
};

int vigie_worker_open(const char *dir, vigie_worker **out, vigie_error *err) {
	return guarded(err, [&] {
		auto w = std::make_unique<vigie_worker>();
		const std::string at(dir);
		w->detector = dlib::get_frontal_face_detector();
		auto predictor = std::make_shared<dlib::shape_predictor>();
		dlib::deserialize(at + "/shape_predictor_5_face_landmarks.dat") >> *predictor;
		if (predictor->num_parts() != VIGIE_POINTS)
			throw dlib::error("the landmark model does not give 5 points");
		w->predictor = predictor;
		dlib::deserialize(at + "/dlib_face_recognition_resnet_model_v1.dat") >> w->net;
		*out = w.release();
	});
}

int vigie_worker_another(const vigie_worker *first, vigie_worker **out, vigie_error *err) {
	return guarded(err, [&] { *out = new vigie_worker(*first); });
}

void vigie_worker_close(vigie_worker *w) { delete w; }

int vigie_detect(vigie_worker *w, const uint8_t *rgb, long width, long height,
	vigie_detection *found, int room, int *count, vigie_error *err) {
	return guarded(err, [&] {
		fill(w->picture, rgb, width, height);
		std::vector<dlib::rect_detection> hits;
		w->detector(w->picture, hits);
		*count = int(hits.size());
		const int n = std::min(room, int(hits.size()));
		for (int i = 0; i < n; i++) {
			const auto &r = hits[i].rect;
			found[i].box = {r.left(), r.top(), r.right(), r.bottom()};
			found[i].score = hits[i].detection_confidence;
			found[i].view = long(hits[i].weight_index);
		}
	});
}

namespace {

// steady gives the chip of the mean of the landmarks that the predictor finds in
// seven boxes: the one given (their shape is known), that one shifted by 4 % of
// its width to each side, and scaled by 0.94 and 1.06. Landmarks move with the
// box; their mean moves less.
dlib::chip_details steady(const vigie_worker &w, const dlib::rectangle &box, const dlib::full_object_detection &shape) {
	const long shift = std::lround(0.04 * double(box.width()));
	const auto scaled = [&](double by) {
		return dlib::centered_rect(dlib::center(box), (unsigned long)std::lround(by * double(box.width())),
			(unsigned long)std::lround(by * double(box.height())));
	};
	const dlib::rectangle others[] = {
		dlib::translate_rect(box, -shift, 0), dlib::translate_rect(box, shift, 0),
		dlib::translate_rect(box, 0, -shift), dlib::translate_rect(box, 0, shift),
		scaled(0.94), scaled(1.06),
	};
	long x[VIGIE_POINTS], y[VIGIE_POINTS]; // sums of whole pixels: exact
	for (int i = 0; i < VIGIE_POINTS; i++) {
		x[i] = shape.part(i).x();
		y[i] = shape.part(i).y();
	}
	for (const auto &b : others) {
		const auto s = (*w.predictor)(w.picture, b);
		for (int i = 0; i < VIGIE_POINTS; i++) {
			x[i] += s.part(i).x();
			y[i] += s.part(i).y();
		}
	}
	const double runs = 1 + std::size(others);
	std::vector<dlib::dpoint> from, to;
	for (int i = 0; i < VIGIE_POINTS; i++) {
		from.push_back(VIGIE_CHIP * ((padding + dlib::dpoint(model_x[i], model_y[i])) / (2 * padding + 1)));
		to.push_back(dlib::dpoint(double(x[i]) / runs, double(y[i]) / runs));
	}
	return dlib::chip_details(from, to, dlib::chip_dims(VIGIE_CHIP, VIGIE_CHIP));
}

void copy_chip(const image &from, uint8_t *to) {
	std::memcpy(to, static_cast<const void *>(&from(0, 0)), 3 * VIGIE_CHIP * VIGIE_CHIP);
}

} // namespace

int vigie_align(vigie_worker *w, const uint8_t *rgb, long width, long height, vigie_box box,
	long *points, uint8_t *chip, uint8_t *steady_chip, vigie_error *err) {
	return guarded(err, [&] {
		fill(w->picture, rgb, width, height);
		const dlib::rectangle at(box.left, box.top, box.right, box.bottom);
		const auto shape = (*w->predictor)(w->picture, at);
		dlib::extract_image_chip(w->picture, dlib::get_face_chip_details(shape, VIGIE_CHIP, padding), w->chip);
		for (int i = 0; i < VIGIE_POINTS; i++) {
			points[2 * i] = shape.part(i).x();
			points[2 * i + 1] = shape.part(i).y();
		}
		copy_chip(w->chip, chip);
		dlib::extract_image_chip(w->picture, steady(*w, at, shape), w->chip);
		copy_chip(w->chip, steady_chip);
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
