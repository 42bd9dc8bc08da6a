// Package face turns a photo into a face sample: a gate that is cheap to say no,
// decoding to upright pixels at a working size, detection and encoding by
// face/dlib, and a quality measure. Every refusal is a *watchlist.FaceError that
// says in one sentence what to do.
//
// Photos come from strangers. Their bytes are judged by header first, decoded by
// Go code alone with bounded memory, and encoded anew before C++ sees them; a
// panic of a decoder is an answer, not an end.
package face
