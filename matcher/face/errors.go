package face

import (
	"fmt"

	"vigie/watchlist"
)

// refuse makes a typed outcome; cause may be nil and must hold no pixels.
func refuse(code string, cause error, format string, args ...any) *watchlist.FaceError {
	return &watchlist.FaceError{Code: code, Detail: fmt.Sprintf(format, args...), Err: cause}
}

func errNoFace() error {
	return refuse(watchlist.FaceNone, nil, "No face was found: take the photo again from the front, with even light, the face filling a third of the picture.")
}

func errMultiple(boxes []watchlist.Box) error {
	e := refuse(watchlist.FaceMultiple, nil, "The photo shows %d faces: pick one by its box, or crop the photo to one person.", len(boxes))
	e.Boxes = boxes
	return e
}

func errBoxUnknown(boxes []watchlist.Box) error {
	e := refuse(watchlist.FaceBoxUnknown, nil, "No face of the photo lies in the box given: send one of the boxes of the earlier answer, for the same photo.")
	e.Boxes = boxes
	return e
}

// errQuality says what to do about a refusal for quality, with its value and
// limit where the reader can tell what they mean.
func errQuality(f fault) error {
	m := f.measure
	var e *watchlist.FaceError
	switch f.refusal {
	case watchlist.FaceTooSmall:
		e = refuse(f.refusal, nil, "The eyes are %.1f px apart and need %.0f: come closer, or send the photo at its full resolution.", m.Value, m.Limit)
	case watchlist.FaceTurnedAway:
		e = refuse(f.refusal, nil, "The face is turned away by about %.0f degrees, more than %.0f: look straight at the lens.", m.Value, m.Limit)
	case watchlist.FaceOverexposed:
		e = refuse(f.refusal, nil, "%.0f %% of the face is white without detail, more than %.0f %%: use less light, or no flash.", 100*m.Value, 100*m.Limit)
	default:
		e = refuse(f.refusal, nil, "The photo is too blurred (sharpness %.2f, at least %.2f is needed): hold the camera still and focus.", m.Value, m.Limit)
	}
	e.Measure = &m
	return e
}

func errCorrupt(cause error) error {
	return refuse(watchlist.FaceCorrupt, cause, "The image file is damaged or incomplete: send it again, or take the photo again.")
}

func errUnsupported(what string) error {
	return refuse(watchlist.FaceUnsupported, nil, "%s: send a still JPEG, PNG or WebP photo.", what)
}

func errRare(cause error) error {
	return refuse(watchlist.FaceUnsupported, cause, "The photo uses a rare variant of its format: send a still JPEG, PNG or WebP photo.")
}

func errOverloaded(cause error) error {
	return refuse(watchlist.FaceEngineOverload, cause, "All face workers are busy: try again in a few seconds.")
}

func errAbsent(cause error) error {
	return refuse(watchlist.FaceEngineAbsent, cause, "This node has no face engine: send the photo to a node that has one, or search by name or document.")
}
