// dlib's landmark model with its trees side by side in memory.
//
// dlib keeps every leaf of its 5,000 trees in a block of its own, so that one run
// waits for memory most of its time, and seven runs wait seven times. Here the
// trees lie in the order in which they are visited, and all boxes go through a
// tree before the next one is fetched. The arithmetic is dlib's, value for value
// and in its order: the landmarks are the same.
#ifndef VIGIE_LANDMARKS_H
#define VIGIE_LANDMARKS_H

#include <cstdint>
#include <string>
#include <vector>

#include <dlib/image_processing.h>

namespace vigie {

// landmarks finds a fixed number of points of a face in a box. It is not changed
// by use.
class landmarks {
public:
	explicit landmarks(const std::string &file) {
		int version = 0;
		std::vector<std::vector<dlib::impl::regression_tree>> forests;
		dlib::deserialize(file) >> version >> initial >> forests >> anchors >> deltas;
		if (version != 1 || forests.size() != anchors.size() || forests.size() != deltas.size() || initial.size() % 2 != 0)
			throw dlib::error("the landmark model has an unknown form");
		for (size_t i = 0; i < forests.size(); i++)
			levels.push_back(flatten(forests[i], deltas[i].size()));
	}

	size_t points() const { return size_t(initial.size()) / 2; }

	// operator() gives the points for each box of the picture, in dlib's whole
	// pixels.
	template <typename image_type>
	std::vector<std::vector<dlib::point>> operator()(const image_type &picture, const std::vector<dlib::rectangle> &boxes) const {
		std::vector<dlib::matrix<float, 0, 1>> shapes(boxes.size(), initial);
		std::vector<std::vector<float>> values(boxes.size());
		for (size_t i = 0; i < levels.size(); i++) {
			for (size_t b = 0; b < boxes.size(); b++)
				dlib::impl::extract_feature_pixel_values(picture, boxes[b], shapes[b], initial, anchors[i], deltas[i], values[b]);
			add(levels[i], values, shapes);
		}
		std::vector<std::vector<dlib::point>> out(boxes.size());
		for (size_t b = 0; b < boxes.size(); b++) {
			const auto to_picture = dlib::impl::unnormalizing_tform(boxes[b]);
			for (size_t i = 0; i < points(); i++)
				out[b].push_back(to_picture(dlib::impl::location(shapes[b], i)));
		}
		return out;
	}

private:
	struct split {
		uint32_t first, second; // which two pixels are compared
		float threshold;
	};
	// level holds trees of one size: splits and leaves of a tree together, the
	// leaves with as many values as a shape.
	struct level {
		size_t trees, splits;
		std::vector<split> split_of;
		std::vector<float> leaf_of;
	};

	level flatten(const std::vector<dlib::impl::regression_tree> &forest, size_t pixels) const {
		level l{forest.size(), forest.empty() ? 0 : forest[0].splits.size(), {}, {}};
		for (const auto &tree : forest) {
			if (tree.splits.size() != l.splits || tree.leaf_values.size() != l.splits + 1)
				throw dlib::error("the landmark model has trees of several sizes");
			for (const auto &s : tree.splits) {
				if (s.idx1 >= pixels || s.idx2 >= pixels)
					throw dlib::error("the landmark model compares pixels that it does not have");
				l.split_of.push_back({uint32_t(s.idx1), uint32_t(s.idx2), s.thresh});
			}
			for (const auto &leaf : tree.leaf_values) {
				if (leaf.size() != initial.size())
					throw dlib::error("the landmark model has leaves of several sizes");
				l.leaf_of.insert(l.leaf_of.end(), leaf.begin(), leaf.end());
			}
		}
		return l;
	}

	// add runs every shape's pixels through all trees of a level.
	static void add(const level &l, const std::vector<std::vector<float>> &values, std::vector<dlib::matrix<float, 0, 1>> &shapes) {
		const split *splits = l.split_of.data();
		const float *leaves = l.leaf_of.data();
		for (size_t t = 0; t < l.trees; t++) {
			for (size_t b = 0; b < shapes.size(); b++) {
				const float *v = values[b].data();
				size_t i = 0;
				while (i < l.splits)
					i = 2 * i + (v[splits[i].first] - v[splits[i].second] > splits[i].threshold ? 1 : 2);
				const long n = shapes[b].size();
				const float *leaf = leaves + (i - l.splits) * size_t(n);
				for (long k = 0; k < n; k++)
					shapes[b](k) += leaf[k];
			}
			splits += l.splits;
			leaves += (l.splits + 1) * size_t(shapes.empty() ? 0 : shapes[0].size());
		}
	}

	dlib::matrix<float, 0, 1> initial;
	std::vector<level> levels;
	std::vector<std::vector<unsigned long>> anchors;
	std::vector<std::vector<dlib::vector<float, 2>>> deltas;
};

} // namespace vigie

#endif
