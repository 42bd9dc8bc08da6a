package face

import (
	"math"
	"slices"
	"strings"

	"vigie/watchlist"
)

// reference is what probes are compared with: one photo of an entry, or the mean
// of several that agree. It becomes a row.
type reference struct {
	// label tells the row's photos, and lowMark in front that all of them are of
	// low quality: see labelOf.
	label string
	x     []float32
	// photos are the places of the photos among the entry's faces.
	photos []int
}

// references are an entry's, in the order of their first photos.
type references struct {
	list []reference
	// refused counts photos that another model made, or that the space refuses,
	// without those that another gallery compares.
	refused int
}

// referencesOf makes the references of an entry's faces.
func referencesOf(space Space, faces []watchlist.Face) (out references) {
	photos := make([][]float32, len(faces))
	for i, f := range faces {
		var ok bool
		if photos[i], ok = projectFace(space, f); !ok {
			photos[i] = nil
			if !elsewhere(space, f) {
				out.refused++
			}
		}
	}
	for _, group := range Agreeing(photos, space.Agreement()) {
		members := make([][]float32, len(group))
		for i, at := range group {
			members[i] = photos[at]
		}
		if x := Mean(members); x != nil {
			out.list = append(out.list, reference{label: labelOf(faces, group), x: x, photos: group})
			continue
		}
		for _, at := range group { // no direction: only spaces without unit norm have that
			alone := []int{at}
			out.list = append(out.list, reference{label: labelOf(faces, alone), x: photos[at], photos: alone})
		}
	}
	return out
}

// Agreeing puts projected photos of one entry into groups, each to be compared as
// one: two photos are in one group when they score limit or more with each other,
// or with a third that links them. So a photo of somebody else, or one taken
// decades apart, stands alone and spoils no mean. Groups hold rising numbers of
// photos, in the order of their first; nil photos are in none. The outcome depends
// on the order of the photos in nothing else.
func Agreeing(photos [][]float32, limit float64) [][]int {
	group := make([]int, len(photos)) // the first photo of each one's group
	for i, a := range photos {
		group[i] = i
		for k, b := range photos[:i] {
			if a == nil || b == nil || len(a) != len(b) || group[i] == group[k] || !(score(a, b) >= limit) {
				continue
			}
			keep, gone := min(group[i], group[k]), max(group[i], group[k])
			for at := range i + 1 {
				if group[at] == gone {
					group[at] = keep
				}
			}
		}
	}
	var out [][]int
	for first := range photos {
		if photos[first] == nil || group[first] != first {
			continue
		}
		var members []int
		for i := first; i < len(photos); i++ {
			if group[i] == first {
				members = append(members, i)
			}
		}
		out = append(out, members)
	}
	return out
}

// Mean is the mean of vectors of one length, scaled to unit norm: summed in
// float64 in the order given, each operation rounded and none fused, so that every
// CPU gives the same bits. A single vector comes back as it is. Mean is nil when
// there is none, or when they cancel out.
func Mean(vectors [][]float32) []float32 {
	if len(vectors) <= 1 {
		if len(vectors) == 0 {
			return nil
		}
		return vectors[0]
	}
	sum := make([]float64, len(vectors[0]))
	for _, v := range vectors {
		for i, x := range v {
			sum[i] += float64(x)
		}
	}
	norm := 0.0
	for _, x := range sum {
		norm += float64(x * x)
	}
	norm = math.Sqrt(norm)
	if !(norm > 1e-9) || math.IsInf(norm, 1) {
		return nil
	}
	out := make([]float32, len(sum))
	for i, x := range sum {
		out[i] = float32(x / norm)
	}
	return out
}

// lowMark in front of a label says that all photos of the row carry
// watchlist.FlagLowQualityReference.
const lowMark = "!"

// labelOf names the photos of a row: their ids as watchlist.FaceIDs.
func labelOf(faces []watchlist.Face, group []int) string {
	ids, low := make([]string, len(group)), lowMark
	for i, at := range group {
		ids[i] = faces[at].ID
		if !slices.Contains(faces[at].Quality.Flags, watchlist.FlagLowQualityReference) {
			low = ""
		}
	}
	return low + string(watchlist.JoinFaceIDs(ids))
}

// isLow reports whether a label is that of low-quality photos alone.
func isLow(label string) bool { return strings.HasPrefix(label, lowMark) }

// photosAt counts the photos of the row whose names begin at a place.
func photosAt(names []byte, at uint32) int {
	_, label := namesAt(names, at)
	return 1 + strings.Count(label, watchlist.FaceIDSeparator)
}

// matchOf is a match with a row of an entry. It shares the label's memory.
func matchOf(id watchlist.EntryID, label string, score float64) watchlist.FaceMatch {
	ids, low := strings.CutPrefix(label, lowMark)
	first, others, _ := strings.Cut(ids, watchlist.FaceIDSeparator)
	return watchlist.FaceMatch{Entry: id, Face: first, Others: watchlist.FaceIDs(others), LowQuality: low, Score: score}
}
