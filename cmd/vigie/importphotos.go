package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/importer"
	"vigie/matcher/face"
	"vigie/watchlist"
)

// shrinkTo are the long sides, in pixels, that photos are brought to when a line
// does not fit a request. A node keeps 1280 pixels of a photo anyway.
var shrinkTo = []int{2400, 1280}

// photo is the n-th photo of a line, from 1.
type photo struct {
	n     int
	bytes []byte
}

// pack reads a line's photos. Photos that together do not fit a request are
// shrunk; one that can't be is refused here.
func (s *sender) pack(ctx context.Context, rec *importer.Record) (parcel, error) {
	pc := parcel{rec: rec}
	for i, name := range rec.Photos {
		b, err := s.im.readPhoto(name)
		if err != nil {
			return pc, err
		}
		pc.photos, pc.size = append(pc.photos, photo{i + 1, b}), pc.size+len(b)
	}
	share := chunkPhotos / max(1, len(pc.photos))
	for _, long := range shrinkTo {
		if pc.size <= chunkPhotos {
			return pc, nil
		}
		if err := s.shrink(ctx, &pc, long, share); err != nil {
			return pc, err
		}
	}
	return pc, nil
}

// shrink brings the photos of a parcel that have more than share bytes to long
// pixels, and drops those that are no photos.
func (s *sender) shrink(ctx context.Context, pc *parcel, long, share int) error {
	var kept []photo
	pc.size = 0
	for _, ph := range pc.photos {
		if len(ph.bytes) > share {
			small, err := face.Shrink(ctx, ph.bytes, long)
			var fe *watchlist.FaceError
			switch {
			case errors.As(err, &fe):
				problem := client.FieldProblem{Code: fe.Code, Detail: fe.Detail}
				if err := s.refusePhoto(pc.rec.Line, ph.n, fe.Code, []client.FieldProblem{problem}); err != nil {
					return err
				}
				continue
			case ctx.Err() != nil:
				return errors.New("interrupted")
			case err != nil:
				return err
			}
			ph.bytes = small
		}
		kept, pc.size = append(kept, ph), pc.size+len(ph.bytes)
	}
	pc.photos = kept
	return nil
}

// dropPhotos takes the photos out of a parcel that a rejection is about, and
// reports them.
func (s *sender) dropPhotos(pc parcel, r client.ImportResult) (less parcel, dropped bool, err error) {
	less = pc
	less.photos = nil
	for i, ph := range pc.photos {
		about := slices.DeleteFunc(slices.Clone(r.Errors), func(e client.FieldProblem) bool {
			at, isFace := facePointer(e.Pointer)
			return !isFace || at != i
		})
		if len(about) == 0 {
			less.photos = append(less.photos, ph)
			continue
		}
		dropped = true
		less.size -= len(ph.bytes)
		if err := s.refusePhoto(pc.rec.Line, ph.n, r.Code, about); err != nil {
			return less, dropped, err
		}
	}
	return less, dropped, nil
}

// facePointer gives the i of a pointer /faces/i or below.
func facePointer(ptr string) (i int, ok bool) {
	rest, ok := strings.CutPrefix(ptr, "/faces/")
	if !ok {
		return 0, false
	}
	first, _, _ := strings.Cut(rest, "/")
	i, err := strconv.Atoi(first)
	return i, err == nil
}

// refusePhoto reports and notes a photo that is left out; the entry stays.
func (s *sender) refusePhoto(line, n int, code string, errs []client.FieldProblem) error {
	s.refuse(line, fmt.Sprintf("photo %d", n), code, errs)
	return s.journal.Record(importer.Step{Line: line, Photo: n, Refused: code})
}

// retryPhotos looks after the photos of a written line that an earlier run could
// not place. An entry that nobody touched since is sent again as a whole; to any
// other the photos are added, so that nobody's work is lost.
func (s *sender) retryPhotos(ctx context.Context, rec *importer.Record, step importer.Step) (again bool, err error) {
	var open []int
	for i := range rec.Photos {
		if _, done := s.journal.Done(rec.Line, i+1); !done {
			open = append(open, i+1)
		}
	}
	if len(open) == 0 {
		return false, nil
	}
	e, err := answer[client.Entry](s.c.GetEntry(ctx, string(step.Entry), &client.GetEntryParams{}))
	if err != nil {
		return false, err
	}
	switch {
	case e.Status == "withdrawn":
		return false, nil
	case uint64(e.Revision) == step.Revision:
		return true, nil
	}
	for _, n := range open {
		if err := s.addPhoto(ctx, rec, n, step.Entry); err != nil {
			return false, err
		}
	}
	return false, nil
}

// addPhoto adds one photo to an entry.
func (s *sender) addPhoto(ctx context.Context, rec *importer.Record, n int, entry watchlist.EntryID) error {
	b, err := s.im.readPhoto(rec.Photos[n-1])
	if err != nil {
		return err
	}
	var f *client.FaceWritten
	err = retry(ctx, func() (err error) {
		f, err = sendFace(ctx, s.c, string(entry), b, s.journal.Key(rec.Line, n))
		return err
	})
	var pe *problemError
	switch {
	case err == nil:
		s.tell(func(r *importReport) { r.Photos++ })
		s.warn(rec.Line, "photos", f.Warnings)
		return s.journal.Record(importer.Step{Line: rec.Line, Photo: n, Entry: entry})
	case errors.As(err, &pe) && pe.Status < 500 && pe.Status != 401 && pe.Status != 403 && pe.Status != 429:
		return s.refusePhoto(rec.Line, n, pe.Code, pe.Errors)
	}
	return err
}

func (im *importRun) readPhoto(name string) ([]byte, error) {
	f, err := im.photos.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read a photo: %w", err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxPhoto+1))
}
