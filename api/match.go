package api

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"vigie/api/gen"
	"vigie/watchlist"
)

const defaultLimit = 10

// Match answers a probe with a lead. The probe lives in this call alone: nothing
// of it is logged, counted or audited but which kinds of evidence it held.
func (s *service) Match(ctx context.Context, req gen.MatchRequestObject) (gen.MatchResponseObject, error) {
	c := callOf(ctx)
	in := req.JSONBody
	if req.MultipartBody != nil {
		var err error
		if in, err = s.matchForm(req.MultipartBody); err != nil {
			return nil, err
		}
	}
	c.event.Purpose, c.event.Reason = watchlist.Purpose(in.Purpose), in.Reason
	p, zone, err := s.probe(in)
	if err != nil {
		return nil, err
	}
	c.event.Evidence = evidenceKinds(p)
	if in.MinIndex > 0 {
		if err := s.reach(ctx, uint64(in.MinIndex)); err != nil {
			return nil, err
		}
	}
	var lead *watchlist.Lead
	if err := s.inSlot(ctx, func() (err error) { lead, err = s.deps.Matcher.Match(ctx, *p); return err }); err != nil {
		return nil, matchError(err, in)
	}
	if lead.Query == "" {
		id, err := s.opt.NewID()
		if err != nil {
			return nil, err
		}
		lead.Query = watchlist.QueryID(id)
	}
	s.audited(c, lead)
	s.metrics.lead(lead)
	out := leadOut(lead, in.Explain, s.opt.Now())
	if zone != nil {
		out.Mrz = *zone
	}
	return gen.Match200JSONResponse(out), nil
}

// busy is what a search is told that found no slot, or no place in the gallery's
// queue.
const busy = "More searches are waiting than this node takes. Nothing was searched: send it again in a moment."

// inSlot waits for one of the slots and runs a search in it, whatever its number
// of photos. A search that can't have its turn is counted and told so.
func (s *service) inSlot(ctx context.Context, search func() error) error {
	sctx, cancel := context.WithTimeout(ctx, s.opt.MatchPatience)
	defer cancel()
	if err := s.matches.Acquire(sctx, 1); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.metrics.refused.WithLabelValues(queueSlots).Inc()
		return &apiError{code: "overloaded", detail: busy}
	}
	defer s.matches.Release(1)
	err := search()
	if errors.Is(err, watchlist.ErrOverloaded) {
		s.metrics.refused.WithLabelValues(queueGallery).Inc()
		return &apiError{code: "overloaded", detail: busy}
	}
	return err
}

// audited says in the audit event what the lead saw and showed.
func (s *service) audited(c *call, l *watchlist.Lead) {
	c.stamp(l.Stamp)
	c.event.Query, c.event.Models, c.event.Threshold = l.Query, l.Models, finite(l.OperatingPoint.Threshold)
	c.secondThreshold(l.SecondPoint)
	for _, x := range l.Candidates {
		c.event.Entries = append(c.event.Entries, x.Entry.ID)
	}
	for _, x := range l.Documents {
		c.event.Reports = append(c.event.Reports, x.Report.ID)
	}
	for _, x := range l.Cues {
		if x.Entry != "" && !slices.Contains(c.event.Entries, x.Entry) {
			c.event.Entries = append(c.event.Entries, x.Entry)
		}
	}
}

// probe converts a request; zone is what its MRZ lines say.
func (s *service) probe(in *gen.MatchRequest) (*watchlist.Probe, *gen.MrzResult, error) {
	p := &watchlist.Probe{
		Names: optional(in.Names, probeName), Sex: watchlist.Sex(in.Sex), Nationality: watchlist.Country(in.Nationality),
		Purpose: watchlist.Purpose(in.Purpose), Reason: in.Reason, Limit: in.Limit, Explain: in.Explain,
	}
	if p.Limit == 0 {
		p.Limit = defaultLimit
	}
	var errs watchlist.ValidationError
	p.Birth = birthIn(in.Birth.Date, in.Birth.To, "", "/birth", &errs)
	countryIn(in.Nationality, "/nationality", &errs)
	for i, d := range in.Documents {
		countryIn(d.Issuer, "/documents/"+itoa(i)+"/issuer", &errs)
		p.Documents = append(p.Documents, probeDocument(d))
	}
	if len(errs) > 0 {
		return nil, nil, errs
	}
	var err error
	if p.Photos, p.Templates, err = s.samples(in.Photos, in.Templates); err != nil {
		return nil, nil, err
	}
	zone, err := s.readZone(&in.Mrz, p)
	return p, zone, err
}

// samples converts the faces of a probe.
func (s *service) samples(photos []gen.PhotoInput, templates []gen.TemplateInput) ([]watchlist.Photo, []watchlist.FaceSample, error) {
	var (
		pictures []watchlist.Photo
		samples  []watchlist.FaceSample
	)
	for i, t := range templates {
		sample, err := s.template(t, "/templates/"+itoa(i))
		if err != nil {
			return nil, nil, err
		}
		samples = append(samples, sample)
	}
	for i, ph := range photos {
		if int64(len(ph.Image)) > s.opt.MaxPhotoBytes {
			return nil, nil, failField(watchlist.FaceImageTooLarge, "/photos/"+itoa(i)+"/image", "too_long", "at most "+strconv.FormatInt(s.opt.MaxPhotoBytes, 10)+" bytes")
		}
		pictures = append(pictures, watchlist.Photo{Bytes: ph.Image, Face: boxIn(ph.Face), Source: watchlist.PhotoSource(ph.Source)})
	}
	return pictures, samples, nil
}

func probeName(n gen.ProbeName) watchlist.Name {
	return watchlist.Name{
		Kind: watchlist.NamePrimary, Script: watchlist.Script(n.Script),
		Full: strings.TrimSpace(n.Full), Surname: strings.TrimSpace(n.Surname), Given: strings.TrimSpace(n.Given),
	}
}

func probeDocument(d gen.ProbeDocument) watchlist.Document {
	out := watchlist.Document{Type: string(d.Type), Number: strings.TrimSpace(d.Number), Issuer: watchlist.Country(d.Issuer)}
	def(&out.Type, "other")
	return out
}

func evidenceKinds(p *watchlist.Probe) []watchlist.EvidenceKind {
	var out []watchlist.EvidenceKind
	for _, k := range []struct {
		kind watchlist.EvidenceKind
		has  bool
	}{
		{watchlist.EvidenceFace, len(p.Photos)+len(p.Templates) > 0},
		{watchlist.EvidenceName, len(p.Names) > 0},
		{watchlist.EvidenceBirth, !p.Birth.From.IsZero()},
		{watchlist.EvidenceSex, p.Sex != watchlist.SexUnknown},
		{watchlist.EvidenceNationality, p.Nationality != ""},
		{watchlist.EvidenceDocument, len(p.Documents) > 0},
	} {
		if k.has {
			out = append(out, k.kind)
		}
	}
	return out
}

// pointed is an error that knows which part of the probe it is about.
type pointed interface{ JSONPointer() string }

// matchError points the matcher's errors into the request as it was sent: a
// name or document that came from MRZ lines is not in its lists.
func matchError(err error, in *gen.MatchRequest) error {
	var face *watchlist.FaceError
	if errors.As(err, &face) {
		return faceError(err, len(in.Photos), len(in.Templates))
	}
	var list watchlist.ValidationError
	if !errors.As(err, &list) {
		return err
	}
	moved := make(watchlist.ValidationError, len(list))
	for i, f := range list {
		f.Pointer = fromZone(f.Pointer, "/names/", len(in.Names))
		f.Pointer = fromZone(f.Pointer, "/documents/", len(in.Documents))
		moved[i] = f
	}
	return moved
}

// faceError points a face error at the photo that it is about, of so many photos
// and templates.
func faceError(err error, photos, templates int) error {
	var where pointed
	switch {
	case errors.As(err, &where):
		return at(err, where.JSONPointer())
	case photos == 1 && templates == 0:
		return at(err, "/photos/0")
	}
	return err
}

func fromZone(pointer, prefix string, sent int) string {
	rest, ok := strings.CutPrefix(pointer, prefix)
	if !ok {
		return pointer
	}
	number, _, _ := strings.Cut(rest, "/")
	if n, err := strconv.Atoi(number); err == nil && n >= sent {
		return "/mrz/lines"
	}
	return pointer
}
