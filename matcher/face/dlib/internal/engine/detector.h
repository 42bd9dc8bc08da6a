// dlib's frontal face detector, divided so that two workers can share a picture.
//
// dlib looks for faces in a pyramid of ever smaller pictures, with five filters
// in each, and then drops the boxes that overlap a surer one. Here the levels of
// the pyramid may be searched apart; the calls that do the work are dlib's own.
#ifndef VIGIE_DETECTOR_H
#define VIGIE_DETECTOR_H

#include <algorithm>
#include <utility>
#include <vector>

#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>

namespace vigie {

// hit is one place where a filter answers, before overlaps are dropped.
struct hit {
	double score;
	dlib::rectangle box;
	unsigned long view;
};

// detector is not changed by use.
class detector {
	using scanner = dlib::frontal_face_detector::image_scanner_type;
	using pyramid = scanner::pyramid_type;

public:
	detector() : faces(dlib::get_frontal_face_detector()) {
		const auto &s = faces.get_scanner();
		for (unsigned long i = 0; i < faces.num_detectors(); i++) {
			banks.push_back(s.build_fhog_filterbank(faces.get_w(i)));
			thresholds.push_back(faces.get_w(i)(s.get_num_dimensions()));
		}
	}

	// scan adds the hits of the levels from first up to, not including, end to
	// out. Level 0 is the picture itself.
	template <typename image_type>
	void scan(const image_type &picture, unsigned long first, unsigned long end, std::vector<hit> &out) const {
		end = std::min(end, levels(picture));
		dlib::array2d<dlib::rgb_pixel> small, smaller;
		for (unsigned long level = 0; level < end; level++) {
			if (level == 0) {
				if (first == 0)
					scan_level(picture, level, out);
				continue;
			}
			if (level == 1)
				pyramid()(picture, small);
			else {
				pyramid()(small, smaller);
				swap(small, smaller);
			}
			if (level >= first)
				scan_level(small, level, out);
		}
	}

	// choose gives the faces that hits stand for, the surest first. Hits of lower
	// levels come first: where scores are equal the order decides, as in dlib.
	std::vector<dlib::rect_detection> choose(const std::vector<hit> &hits) const {
		std::vector<dlib::rect_detection> all, out;
		for (unsigned long view = 0; view < banks.size(); view++) {
			std::vector<std::pair<double, dlib::rectangle>> of;
			for (const auto &h : hits)
				if (h.view == view)
					of.emplace_back(h.score, h.box);
			std::sort(of.rbegin(), of.rend(), dlib::impl::compare_pair_rect);
			for (const auto &o : of) {
				dlib::rect_detection d;
				d.detection_confidence = o.first - thresholds[view];
				d.weight_index = view;
				d.rect = o.second;
				all.push_back(d);
			}
		}
		std::sort(all.rbegin(), all.rend());
		const auto overlaps = faces.get_overlap_tester();
		for (const auto &d : all)
			if (std::none_of(out.begin(), out.end(), [&](const auto &o) { return overlaps(o.rect, d.rect); }))
				out.push_back(d);
		return out;
	}

private:
	// levels is how many levels dlib searches.
	template <typename image_type> unsigned long levels(const image_type &picture) const {
		const auto &s = faces.get_scanner();
		dlib::rectangle rect = dlib::get_rect(picture);
		unsigned long n = 0;
		do {
			rect = pyramid().rect_down(rect);
			n++;
		} while (rect.width() >= s.get_min_pyramid_layer_width() && rect.height() >= s.get_min_pyramid_layer_height() &&
			n < s.get_max_pyramid_levels());
		return n;
	}

	// scan_level puts all filters over one level while its features are at hand.
	template <typename image_type> void scan_level(const image_type &picture, unsigned long level, std::vector<hit> &out) const {
		const auto &s = faces.get_scanner();
		const auto &features = s.get_feature_extractor();
		const int cell = int(s.get_cell_size()), high = int(s.get_fhog_window_height()), wide = int(s.get_fhog_window_width());
		const long border = 2 * long(s.get_padding());
		dlib::array<dlib::array2d<float>> planes;
		features(picture, planes, cell, high, wide);
		if (planes.size() == 0)
			return; // too small for a single cell
		dlib::array2d<float> answer;
		for (unsigned long view = 0; view < banks.size(); view++) {
			const dlib::rectangle area = dlib::impl::apply_filters_to_fhog(banks[view], planes, answer);
			for (long r = area.top(); r <= area.bottom(); r++)
				for (long c = area.left(); c <= area.right(); c++) {
					if (!(answer[r][c] >= thresholds[view]))
						continue;
					const auto found = features.feats_to_image(dlib::centered_rect(dlib::point(c, r), (unsigned long)(wide - border), (unsigned long)(high - border)), cell, high, wide);
					out.push_back({answer[r][c], pyramid().rect_up(found, level), view});
				}
		}
	}

	const dlib::frontal_face_detector faces;
	std::vector<scanner::fhog_filterbank> banks;
	std::vector<double> thresholds;
};

} // namespace vigie

#endif
