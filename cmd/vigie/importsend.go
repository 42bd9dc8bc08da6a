package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/importer"
	"vigie/watchlist"
)

const (
	// chunkLines is how many lines go into one request.
	chunkLines = 50
	// chunkPhotos is how many bytes of photos go into one request. A node takes
	// 8 MiB, and base64 makes four bytes of three; the rest is for the lines.
	chunkPhotos = 4 << 20
	// inFlight is how many requests are on their way at once: a node computes faces
	// on all cores, and waits for the others' disks meanwhile.
	inFlight = 4
)

// sender writes records to a node and notes what is done in the journal.
type sender struct {
	im      *importRun
	c       *client.Client
	journal *importer.Journal
	origin  string
	bar     *progressbar.ProgressBar

	mu sync.Mutex // guards im.report while requests are on their way
}

// tell changes the report.
func (s *sender) tell(change func(*importReport)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.im.report)
}

// write sends the records with their photos, in requests that fit a node's limits.
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
	return s.sendAll(ctx, good)
}

// parcel is one line on its way: the record and the photos that go along.
type parcel struct {
	rec    *importer.Record
	photos []photo
	size   int // bytes of the photos
}

// sendAll sends the lines that are not done yet, a few requests at once.
func (s *sender) sendAll(ctx context.Context, good []*importer.Record) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	err := s.fill(ctx, good, func(open []parcel) {
		g.Go(func() error {
			err := s.send(ctx, open)
			_ = s.bar.Add(len(open))
			return err
		})
	})
	// What a request failed with comes first: it is why the rest was interrupted.
	if failed := g.Wait(); failed != nil {
		return failed
	}
	return err
}

// fill fills requests and gives them to send. It ends when ctx does.
func (s *sender) fill(ctx context.Context, good []*importer.Record, send func([]parcel)) error {
	var open []parcel
	size := 0
	flush := func() {
		if len(open) > 0 {
			send(open)
		}
		open, size = nil, 0
	}
	for _, rec := range good {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		step, done := s.journal.Done(rec.Line, 0)
		if done {
			s.tell(func(r *importReport) { r.Skipped++ })
			again, err := s.retryPhotos(ctx, rec, step)
			if err != nil {
				return err
			}
			if !again {
				_ = s.bar.Add(1)
				continue
			}
		}
		pc, err := s.pack(ctx, rec)
		if err != nil {
			return err
		}
		if len(open) == chunkLines || size+pc.size > chunkPhotos {
			flush()
		}
		open, size = append(open, pc), size+pc.size
	}
	flush()
	return nil
}

// send writes parcels until each is written or refused. A line of which the
// node refuses a photo goes again without that photo: the entry counts.
//
// Each entry has an id that follows from batch and line: a line that was written
// although its answer got lost is found "unchanged", and never makes a second
// entry. (An idempotency key for the request would be wrong here: what is left of
// a chunk differs from run to run.) Photos go along with their line and not after
// it, since an undo leaves entries alone that were changed after the batch.
func (s *sender) send(ctx context.Context, open []parcel) error {
	for len(open) > 0 {
		req := client.ImportRequest{Label: s.im.label()}
		for _, pc := range open {
			line := client.ImportLine{Line: pc.rec.Line, Id: s.entryID(pc.rec.Line), Entry: entryInput(&pc.rec.Entry)}
			for _, ph := range pc.photos {
				line.Entry.Faces = append(line.Entry.Faces, client.FaceInput{Photo: client.PhotoInput{Image: ph.bytes}})
			}
			req.Lines = append(req.Lines, line)
		}
		var report *client.ImportReport
		err := retry(ctx, func() (err error) {
			report, err = answer[client.ImportReport](s.c.ImportEntries(ctx, string(s.journal.Batch()), &client.ImportEntriesParams{}, req))
			return err
		})
		if err != nil {
			return err
		}
		if open, err = s.record(open, report); err != nil {
			return err
		}
	}
	return nil
}

// record notes what became of each line and gives those to send again.
func (s *sender) record(sent []parcel, report *client.ImportReport) (again []parcel, err error) {
	results := map[int]client.ImportResult{}
	for _, r := range report.Results {
		results[r.Line] = r
	}
	for _, pc := range sent {
		r, ok := results[pc.rec.Line]
		switch {
		case !ok:
			return nil, fmt.Errorf("the node's report lacks line %d", pc.rec.Line)
		case r.Outcome == "rejected":
			less, dropped, err := s.dropPhotos(pc, r)
			if err != nil {
				return nil, err
			}
			if dropped && !(photoOnly(pc.rec) && len(less.photos) == 0) {
				again = append(again, less)
				continue
			}
			if !dropped {
				s.refuse(pc.rec.Line, "", r.Code, r.Errors)
			}
			err = s.journal.Record(importer.Step{Line: pc.rec.Line, Entry: watchlist.EntryID(r.Id), Refused: r.Code})
			if err != nil {
				return nil, err
			}
		default:
			if err := s.written(pc, r); err != nil {
				return nil, err
			}
		}
	}
	return again, nil
}

// written notes a line that is on the list, and its photos.
func (s *sender) written(pc parcel, r client.ImportResult) error {
	id := watchlist.EntryID(r.Id)
	if id == "" {
		id = watchlist.EntryID(s.entryID(pc.rec.Line))
	}
	if _, earlier := s.journal.Done(pc.rec.Line, 0); !earlier {
		s.tell(func(r *importReport) { r.Written++ })
	}
	s.warn(pc.rec.Line, "", r.Warnings)
	steps := []importer.Step{{Line: pc.rec.Line, Entry: id, Revision: uint64(r.Revision)}}
	for _, ph := range pc.photos {
		if _, earlier := s.journal.Done(pc.rec.Line, ph.n); !earlier {
			s.tell(func(r *importReport) { r.Photos++ })
			steps = append(steps, importer.Step{Line: pc.rec.Line, Photo: ph.n, Entry: id})
		}
	}
	for _, step := range steps {
		if err := s.journal.Record(step); err != nil {
			return err
		}
	}
	return nil
}

// photoOnly tells that nothing but photos identifies the person.
func photoOnly(r *importer.Record) bool {
	return len(r.Entry.Names) == 0 && len(r.Entry.Documents) == 0
}

// warn notes what a node said about a line or a photo that it has written.
func (s *sender) warn(line int, field string, warnings []client.Warning) {
	for _, x := range warnings {
		where := field
		if where == "" {
			where = x.Pointer
		}
		s.tell(func(r *importReport) {
			r.Warnings = append(r.Warnings, importer.Problem{Line: line, Field: where, Detail: x.Detail})
		})
	}
}

func (s *sender) refuse(line int, field, code string, errs []client.FieldProblem) {
	var problems []importer.Problem
	if len(errs) == 0 {
		problems = append(problems, importer.Problem{Line: line, Field: field, Detail: "refused by the node: " + code})
	}
	for _, e := range errs {
		where := field
		if where == "" {
			where = e.Pointer
		}
		problems = append(problems, importer.Problem{Line: line, Field: where, Detail: fmt.Sprintf("refused by the node: %s %s", e.Code, e.Detail)})
	}
	s.tell(func(r *importReport) { r.Problems = append(r.Problems, problems...) })
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
