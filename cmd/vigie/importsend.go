package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/schollz/progressbar/v3"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/importer"
	"vigie/watchlist"
)

// chunkLines is how many lines go into one request.
const chunkLines = 50

// sender writes records to a node and notes what is done in the journal.
type sender struct {
	im      *importRun
	c       *client.Client
	journal *importer.Journal
	origin  string
	bar     *progressbar.ProgressBar
}

// write sends the records in chunks, then their photos one by one.
func (im *importRun) write(ctx context.Context, good []*importer.Record) (err error) {
	c, err := im.p.dial()
	if err != nil {
		return err
	}
	// The cluster's origin is part of the entries' ids; asking for it also finds
	// out whether the node can be reached before anything is begun.
	st, err := answer[client.ClusterStatus](c.GetCluster(ctx))
	if err != nil {
		return err
	}
	j, err := im.openJournal()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	im.report.Batch = j.Batch()
	s := &sender{im: im, c: c, journal: j, origin: st.Origin.Country, bar: im.p.progress(len(good), "import")}
	defer func() { _ = s.bar.Finish() }()
	for _, chunk := range chunks(good) {
		if err := s.sendChunk(ctx, chunk); err != nil {
			return err
		}
		for _, rec := range chunk {
			if err := s.sendPhotos(ctx, rec); err != nil {
				return err
			}
			_ = s.bar.Add(1)
		}
	}
	return nil
}

// chunks cuts the records into requests. A record that photos alone identify
// goes on its own, since its photos must go along.
func chunks(good []*importer.Record) [][]*importer.Record {
	var out [][]*importer.Record
	var open []*importer.Record
	flush := func() {
		if len(open) > 0 {
			out, open = append(out, open), nil
		}
	}
	for _, r := range good {
		if photoOnly(r) {
			flush()
			out = append(out, []*importer.Record{r})
			continue
		}
		if open = append(open, r); len(open) == chunkLines {
			flush()
		}
	}
	flush()
	return out
}

// photoOnly tells that nothing but photos identifies the person.
func photoOnly(r *importer.Record) bool {
	return len(r.Entry.Names) == 0 && len(r.Entry.Documents) == 0
}

// sendChunk writes the entries of a chunk that are not done yet. Each has an id
// that follows from batch and line: a line that was written although its answer
// got lost is found "unchanged", and never makes a second entry. (An
// idempotency key for the request would be wrong here: what is left of a chunk
// differs from run to run.)
func (s *sender) sendChunk(ctx context.Context, chunk []*importer.Record) error {
	req := client.ImportRequest{Label: s.im.label()}
	var todo []*importer.Record
	for _, r := range chunk {
		if _, done := s.journal.Done(r.Line, 0); done {
			s.im.report.Skipped++
			continue
		}
		todo = append(todo, r)
		line := client.ImportLine{Line: r.Line, Id: s.entryID(r.Line), Entry: entryInput(&r.Entry)}
		if photoOnly(r) {
			for _, name := range r.Photos {
				b, err := s.im.readPhoto(name)
				if err != nil {
					return err
				}
				line.Entry.Faces = append(line.Entry.Faces, client.FaceInput{Photo: client.PhotoInput{Image: b}})
			}
		}
		req.Lines = append(req.Lines, line)
	}
	if len(todo) == 0 {
		return nil
	}
	var report *client.ImportReport
	err := retry(ctx, func() (err error) {
		report, err = answer[client.ImportReport](s.c.ImportEntries(ctx, string(s.journal.Batch()), &client.ImportEntriesParams{}, req))
		return err
	})
	if err != nil {
		return err
	}
	return s.record(todo, report)
}

// record notes what became of each line.
func (s *sender) record(chunk []*importer.Record, report *client.ImportReport) error {
	results := map[int]client.ImportResult{}
	for _, r := range report.Results {
		results[r.Line] = r
	}
	for _, rec := range chunk {
		r, ok := results[rec.Line]
		step := importer.Step{Line: rec.Line, Entry: watchlist.EntryID(r.Id), Revision: uint64(r.Revision)}
		switch {
		case !ok:
			return fmt.Errorf("the node's report lacks line %d", rec.Line)
		case r.Outcome == "rejected":
			step.Refused = r.Code
			s.refuse(rec.Line, "", r.Code, r.Errors)
		default:
			if step.Entry == "" {
				step.Entry = watchlist.EntryID(s.entryID(rec.Line))
			}
			s.im.report.Written++
		}
		if err := s.journal.Record(step); err != nil {
			return err
		}
	}
	return nil
}

func (s *sender) refuse(line int, field, code string, errs []client.FieldProblem) {
	if len(errs) == 0 {
		s.im.report.Problems = append(s.im.report.Problems, importer.Problem{Line: line, Field: field, Detail: "refused by the node: " + code})
	}
	for _, e := range errs {
		s.im.report.Problems = append(s.im.report.Problems, importer.Problem{Line: line, Field: e.Pointer, Detail: fmt.Sprintf("refused by the node: %s %s", e.Code, e.Detail)})
	}
}

// sendPhotos adds the photos of a written entry. A photo that the node refuses
// is reported and left out; the entry stays.
func (s *sender) sendPhotos(ctx context.Context, rec *importer.Record) error {
	entry, written := s.journal.Done(rec.Line, 0)
	if !written || photoOnly(rec) {
		return nil
	}
	for i, name := range rec.Photos {
		if _, done := s.journal.Done(rec.Line, i+1); done {
			continue
		}
		b, err := s.im.readPhoto(name)
		if err != nil {
			return err
		}
		step := importer.Step{Line: rec.Line, Photo: i + 1, Entry: entry.Entry}
		err = retry(ctx, func() error {
			_, err := sendFace(ctx, s.c, string(entry.Entry), b, s.journal.Key(rec.Line, i+1))
			return err
		})
		var pe *problemError
		switch {
		case err == nil:
			s.im.report.Photos++
		case errors.As(err, &pe) && pe.Status < 500 && pe.Status != 401 && pe.Status != 403 && pe.Status != 429:
			step.Refused = pe.Code
			s.refuse(rec.Line, fmt.Sprintf("photo %d", i+1), pe.Code, pe.Errors)
		default:
			return err
		}
		if err := s.journal.Record(step); err != nil {
			return err
		}
	}
	return nil
}

// entryID gives the id of a line's entry: a version 7 UUID of which the time is
// the batch's day and the rest follows from batch and line, so that a line has
// the same entry in every run.
func (s *sender) entryID(line int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "vigie entry/%s/%d", s.journal.Batch(), line))
	var u uuid.UUID
	copy(u[:], sum[:])
	var ms uint64
	if batch := string(s.journal.Batch()); len(batch) > 15 {
		if t, err := time.Parse("20060102", batch[7:15]); err == nil {
			ms = uint64(t.UnixMilli())
		}
	}
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], ms<<16)
	copy(u[:6], stamp[:6])
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return string(watchlist.NewEntryID(watchlist.Country(s.origin), u.String()))
}

func (im *importRun) label() string {
	if im.flags.label != "" {
		return im.flags.label
	}
	return filepath.Base(im.path)
}

func (im *importRun) readPhoto(name string) ([]byte, error) {
	f, err := im.photos.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read a photo: %w", err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxPhoto+1))
}

// entryInput turns an entry of the domain into the API's form.
func entryInput(e *watchlist.Entry) client.EntryInput {
	in := client.EntryInput{
		Category: client.Category(e.Category), Action: client.Action(e.Action), Status: client.EntryInputStatus(e.Status), Sex: client.Sex(e.Sex),
		Facts: e.Facts, Assessments: e.Assessments, LegalBasis: e.LegalBasis, Offence: e.Offence, CaseReference: e.CaseReference,
		Issued: time.UnixMilli(e.Issued).UTC(), ReviewBy: time.UnixMilli(e.ReviewBy).UTC(), ExpiresAt: time.UnixMilli(e.ExpiresAt).UTC(),
		Caveats: e.Caveats, Specimen: e.Specimen,
	}
	for _, n := range e.Names {
		in.Names = append(in.Names, client.Name{Kind: client.NameKind(n.Kind), Script: client.Script(n.Script), Full: n.Full, Surname: n.Surname, Given: n.Given})
	}
	for _, b := range e.Births {
		in.Births = append(in.Births, client.Birth{Date: b.From.String(), To: b.To.String(), Place: b.Place})
	}
	for _, d := range e.Documents {
		in.Documents = append(in.Documents, client.Document{
			Type: client.DocumentType(d.Type), Number: d.Number, Issuer: string(d.Issuer), Expiry: d.Expiry.String(), Status: client.DocumentStatus(d.Status),
		})
	}
	for _, c := range e.Nationalities {
		in.Nationalities = append(in.Nationalities, string(c))
	}
	for _, c := range e.ReleasableTo {
		in.ReleasableTo = append(in.ReleasableTo, string(c))
	}
	return in
}

// retry calls f again while the node asks to come back later, for up to 30 s:
// no leader, overload, or an outcome that isn't known (the request carries a key
// or ids, so that it can't take effect twice).
func retry(ctx context.Context, f func() error) error {
	wait := 100 * time.Millisecond
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := f()
		var pe *problemError
		if err == nil || !errors.As(err, &pe) || pe.Status != 503 && pe.Status != 429 || pe.Code == "face_engine_absent" || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("interrupted")
		case <-time.After(wait):
			wait = min(2*wait, 2*time.Second)
		}
	}
}

// progress shows a bar on standard error when that is a terminal, else nothing.
func (p *program) progress(n int, what string) *progressbar.ProgressBar {
	if p.json || !terminal(p.err) {
		return progressbar.DefaultSilent(int64(n), what)
	}
	return progressbar.NewOptions(n, progressbar.OptionSetWriter(p.err), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
}
