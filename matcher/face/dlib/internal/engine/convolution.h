// dlib's convolution with its arithmetic unchanged and its copying faster.
//
// dlib's CPU convolution lays every window of the picture side by side in one
// matrix, and multiplies it by the filters with BLAS. In Debian's library the
// laying takes a third of the time of a forward pass, since it looks at the
// edges for every value. Here the picture is first given its zero margin, so that
// windows are plain copies. The matrix is the same, float for float, and the same
// BLAS call multiplies it: the answer is dlib's to the last bit.
#ifndef VIGIE_CONVOLUTION_H
#define VIGIE_CONVOLUTION_H

#include <algorithm>
#include <cstring>
#include <memory>

#include <dlib/dnn.h>

namespace vigie {

// convolution_ reads the same files as dlib's con_ and only forwards otherwise.
template <long outputs, long rows, long cols, int stride, int pad>
class convolution_ : public dlib::con_<outputs, rows, cols, stride, stride, pad, pad> {
public:
	template <typename SUBNET> void forward(const SUBNET &sub, dlib::resizable_tensor &out) {
		const dlib::tensor &in = sub.get_output();
		const long depth = in.k() * rows * cols;
		const long nr = (in.nr() + 2 * pad - rows) / stride + 1, nc = (in.nc() + 2 * pad - cols) / stride + 1;
		const dlib::tensor &params = this->get_layer_params();
		const bool biased = !this->bias_is_disabled();
		if (long(params.size()) != outputs * (depth + (biased ? 1 : 0)) || nr <= 0 || nc <= 0)
			throw dlib::error("a convolution whose filters do not fit the picture");
		const auto filters = dlib::mat(params.host(), outputs, depth);
		const float *biases = params.host() + outputs * depth;
		out.set_size(in.num_samples(), outputs, nr, nc);
		dlib::matrix<float> windows;
		windows.set_size(nr * nc, depth);
		for (long n = 0; n < in.num_samples(); n++) {
			lay(in, n, nr, nc, &windows(0, 0));
			out.set_sample(n, filters * dlib::trans(windows));
			float *at = out.host() + n * outputs * nr * nc;
			for (long o = 0; biased && o < outputs; o++)
				for (const float *end = at + nr * nc; at < end; at++)
					*at += biases[o];
		}
	}

private:
	// lay writes a row for every window of sample n: channel by channel, each
	// row by row.
	static void lay(const dlib::tensor &in, long n, long nr, long nc, float *to) {
		const long wide = in.nc() + 2 * pad, high = in.nr() + 2 * pad;
		const std::unique_ptr<float[]> room(pad > 0 ? new float[size_t(in.k() * high * wide)] : nullptr);
		const float *from = in.host() + n * in.k() * in.nr() * in.nc();
		if (pad > 0) {
			widen(from, in.k(), in.nr(), in.nc(), room.get());
			from = room.get();
		}
		for (long r = 0; r < nr; r++)
			for (long c = 0; c < nc; c++) {
				const float *corner = from + r * stride * wide + c * stride;
				for (long k = 0; k < in.k(); k++, corner += high * wide)
					for (long y = 0; y < rows; y++, to += cols)
						std::memcpy(to, corner + y * wide, cols * sizeof(float));
			}
	}

	// widen copies k planes with a margin of zeros round each.
	static void widen(const float *from, long k, long nr, long nc, float *to) {
		const long wide = nc + 2 * pad;
		for (long i = 0; i < k; i++) {
			to = std::fill_n(to, pad * wide + pad, 0.0f);
			for (long r = 0; r < nr; r++, from += nc) {
				to = std::copy_n(from, nc, to);
				to = std::fill_n(to, r + 1 < nr ? 2 * pad : pad + pad * wide, 0.0f);
			}
		}
	}
};

// convolution is con with dlib's default of padding.
template <long outputs, long rows, long cols, int stride, typename SUBNET>
using convolution = dlib::add_layer<convolution_<outputs, rows, cols, stride, stride == 1 ? rows / 2 : 0>, SUBNET>;

} // namespace vigie

#endif
