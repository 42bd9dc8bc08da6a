package api

import (
	"slices"

	"vigie/api/gen"
	"vigie/watchlist"
)

// codeFaceUnlike is the warning that a photo does not look like the entry's others.
const codeFaceUnlike = "face_unlike_others"

// warnUnlike makes a warning of each of an entry's faces that looks like none of
// the others, if about is true of its place; pointer names it in the request. The
// photo may be somebody else's, or very old; it is compared by itself.
func (s *service) warnUnlike(faces []watchlist.Face, about func(place int) bool, pointer func(place int) string) (out []gen.Warning) {
	for _, i := range s.deps.Faces.Apart(faces) {
		if about(i) {
			out = append(out, gen.Warning{
				Pointer: pointer(i), Code: codeFaceUnlike,
				Detail: "this photo does not look like the entry's others: make sure that it shows the same person; it is compared by itself",
			})
		}
	}
	return out
}

// warnOfAll are the warnings about an entry whose faces a request gives.
func (s *service) warnOfAll(e *watchlist.Entry) []gen.Warning {
	return s.warnUnlike(e.Faces, func(int) bool { return true }, func(i int) string { return "/faces/" + itoa(i) })
}

// warnOfNew are the warnings about a face that is added to others.
func (s *service) warnOfNew(others []watchlist.Face, face watchlist.Face) []gen.Warning {
	faces := slices.DeleteFunc(slices.Clone(others), func(f watchlist.Face) bool { return f.ID == face.ID })
	pointer := "/photo"
	if face.Photo == "" {
		pointer = "/template"
	}
	return s.warnUnlike(append(faces, face), func(i int) bool { return i == len(faces) }, func(int) string { return pointer })
}
