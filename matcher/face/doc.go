// Package face turns a photo into a face sample: a gate that is cheap to say no,
// decoding to upright pixels at the size needed, detection, alignment and encoding
// by face/dlib, and a quality measure. Every refusal is a *watchlist.FaceError
// that says in one sentence what to do. DESIGN.md has the stages and what a
// template depends on.
//
// Photos come from strangers. Their bytes are judged by header first and decoded
// with bounded memory: JPEGs by libjpeg behind the checks of face/dlib, all else
// by Go code. A panic of a decoder is an answer, not an end.
package face
