// The network as its weights were published: dlib's face recognition ResNet, in
// the words of dlib's dnn_face_recognition_ex.cpp with our convolution. go-face
// has the same type with dlib's.
#ifndef VIGIE_NETWORK_H
#define VIGIE_NETWORK_H

#include <dlib/dnn.h>

#include "convolution.h"

namespace vigie {

using namespace dlib;

template <template <int, template <typename> class, int, typename> class block, int N,
	template <typename> class BN, typename SUBNET>
using residual = add_prev1<block<N, BN, 1, tag1<SUBNET>>>;

template <template <int, template <typename> class, int, typename> class block, int N,
	template <typename> class BN, typename SUBNET>
using residual_down = add_prev2<avg_pool<2, 2, 2, 2, skip1<tag2<block<N, BN, 2, tag1<SUBNET>>>>>>;

template <int N, template <typename> class BN, int stride, typename SUBNET>
using block = BN<convolution<N, 3, 3, 1, relu<BN<convolution<N, 3, 3, stride, SUBNET>>>>>;

template <int N, typename SUBNET> using ares = relu<residual<block, N, affine, SUBNET>>;
template <int N, typename SUBNET> using ares_down = relu<residual_down<block, N, affine, SUBNET>>;

template <typename SUBNET> using alevel0 = ares_down<256, SUBNET>;
template <typename SUBNET> using alevel1 = ares<256, ares<256, ares_down<256, SUBNET>>>;
template <typename SUBNET> using alevel2 = ares<128, ares<128, ares_down<128, SUBNET>>>;
template <typename SUBNET> using alevel3 = ares<64, ares<64, ares<64, ares_down<64, SUBNET>>>>;
template <typename SUBNET> using alevel4 = ares<32, ares<32, ares<32, SUBNET>>>;

using network = loss_metric<fc_no_bias<128, avg_pool_everything<
	alevel0<alevel1<alevel2<alevel3<alevel4<
	max_pool<3, 3, 2, 2, relu<affine<convolution<32, 7, 7, 2, input_rgb_image_sized<150>>>>>>>>>>>>>;

} // namespace vigie

#endif
