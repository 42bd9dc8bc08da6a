package registry

import (
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// Blobs lists the blobs that a sound record refers to. before tells that they belong
// to an earlier version, which undoing a batch brings back.
func Blobs(r Record) (ids []watchlist.BlobID, before bool) {
	photos := func(e *watchlist.Entry) {
		if e == nil {
			return
		}
		for _, f := range e.Faces {
			if f.Photo != "" {
				ids = append(ids, f.Photo)
			}
		}
	}
	switch r.Bucket {
	case bucketEntries.name:
		var e watchlist.Entry
		if command.Unmarshal(r.Value, &e) == nil {
			photos(&e)
		}
	case bucketUndo.name:
		var u Undo
		if command.Unmarshal(r.Value, &u) == nil {
			photos(u.Prior)
		}
		return ids, true
	case bucketCalibrations.name:
		var d watchlist.CalibrationDecision
		if command.Unmarshal(r.Value, &d) == nil && d.File != "" {
			ids = append(ids, d.File)
		}
	}
	return ids, false
}
