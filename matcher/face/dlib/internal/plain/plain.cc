//go:build cgo && !nodlib

#include <cmath>
#include <cstring>
#include <vector>

#include <dlib/image_processing.h>

#include "plain.h"

struct vigie_plain {
	dlib::shape_predictor predictor;
};

int vigie_plain_open(const char *file, vigie_plain **out) {
	try {
		auto p = new vigie_plain;
		dlib::deserialize(file) >> p->predictor;
		*out = p;
		return 0;
	} catch (...) {
		return 1;
	}
}

void vigie_plain_close(vigie_plain *p) { delete p; }

int vigie_plain_steady(const vigie_plain *p, const uint8_t *rgb, long width, long height,
	const long *box, uint8_t *chip) {
	try {
		dlib::matrix<dlib::rgb_pixel> picture(height, width), cut;
		std::memcpy(static_cast<void *>(&picture(0, 0)), rgb, size_t(3) * size_t(width) * size_t(height));
		const dlib::rectangle at(box[0], box[1], box[2], box[3]);
		const long shift = std::lround(0.04 * double(at.width()));
		std::vector<dlib::rectangle> boxes = {at,
			dlib::translate_rect(at, shift, 0), dlib::translate_rect(at, -shift, 0),
			dlib::translate_rect(at, 0, shift), dlib::translate_rect(at, 0, -shift)};
		for (const double by : {0.94, 1.06})
			boxes.push_back(dlib::centered_rect(dlib::center(at), (unsigned long)std::lround(by * double(at.width())),
				(unsigned long)std::lround(by * double(at.height()))));
		// The upright places of the five points, and where they were found.
		const double x[] = {0.8595674595992, 0.6460604764104, 0.1205750620789, 0.3340850613712, 0.4901123135679};
		const double y[] = {0.2134981538014, 0.2289674387677, 0.2137274526848, 0.2290642403242, 0.6277975316475};
		std::vector<dlib::dpoint> from, sums(5, dlib::dpoint(0, 0));
		for (const auto &b : boxes) {
			const auto shape = p->predictor(picture, b);
			for (unsigned long i = 0; i < 5; i++)
				sums[i] += shape.part(i);
		}
		for (unsigned long i = 0; i < 5; i++) {
			from.push_back(150 * ((0.25 + dlib::dpoint(x[i], y[i])) / 1.5));
			sums[i] = dlib::dpoint(sums[i].x() / 7, sums[i].y() / 7);
		}
		dlib::extract_image_chip(picture, dlib::chip_details(from, sums, dlib::chip_dims(150, 150)), cut);
		std::memcpy(chip, static_cast<const void *>(&cut(0, 0)), 3 * 150 * 150);
		return 0;
	} catch (...) {
		return 1;
	}
}
