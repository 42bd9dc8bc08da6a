package matcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// Gallery finds entries by face.
type Gallery interface {
	// Search returns the K nearest identities with a score of MinScore or more
	// that filter accepts (nil accepts all), best first, and whether there were
	// more. It may call filter from several goroutines. With AsOf it answers as it
	// did at that raft index, or fails with a *watchlist.HistoryError. It fails
	// with watchlist.ErrOverloaded when too many searches wait.
	Search(ctx context.Context, q watchlist.FaceQuery, filter func(watchlist.EntryID) bool) ([]watchlist.FaceMatch, bool, error)
	// Compare scores the probe against the best reference of each entry that has a
	// comparable photo, and names the photo that is nearest by itself.
	Compare(ctx context.Context, q watchlist.FaceQuery, entries []*watchlist.Entry) ([]watchlist.FaceMatch, error)
	// Size is the number of templates that a probe is compared with, those of which
	// the mean is compared among them.
	Size() int
	// Model names the encoder whose templates can be compared.
	Model() string
}

// NameIndex finds entries by name; an entry is listed once at most, the most
// similar first.
type NameIndex interface {
	Search(ctx context.Context, q watchlist.NameQuery) ([]watchlist.NameMatch, error)
}

// DocumentIndex finds entries by document number, exact ones first.
type DocumentIndex interface {
	Search(ctx context.Context, docs []watchlist.Document) ([]watchlist.DocumentMatch, error)
}

// ReportIndex finds reports of lost, stolen, revoked and forged documents, the most
// alike first.
type ReportIndex interface {
	Reports(ctx context.Context, docs []watchlist.Document) ([]watchlist.ReportMatch, error)
}

// Reports reads the reported documents of the registry. Report fails with
// watchlist.ErrNotFound when there is no such report. The result is not modified.
type Reports interface {
	Report(id watchlist.ReportID) (*watchlist.ReportedDocument, error)
}

// Entries reads the registry. Entry fails with watchlist.ErrNotFound when there
// is no such entry. It is called from several goroutines at once; the result
// is not modified.
type Entries interface {
	Entry(id watchlist.EntryID) (*watchlist.Entry, error)
}

// Encoder makes a template of the face on a photo. Outcomes that the officer
// can act on are *watchlist.FaceError.
type Encoder interface {
	Extract(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error)
	Model() string
}

// Thresholds turns rates of error into thresholds. Its methods are pure.
type Thresholds interface {
	// OperatingPoint is the false match rate per comparison, and the threshold,
	// at which a share targetFPIR of non-mated searches of a gallery of that size
	// returns a candidate.
	OperatingPoint(targetFPIR float64, gallerySize int) (fmr, threshold float64)
	// ThresholdAtFMR is the score that a share fmr of the non-mated comparisons
	// reaches.
	ThresholdAtFMR(fmr float64) float64
	// FMR is the inverse: the share of the non-mated comparisons that reach a score.
	FMR(score float64) float64
}

// Calibration says what a face score is worth. Its methods are pure.
type Calibration interface {
	Thresholds
	// Part gives the values that the calibration compares of a template of any
	// model; ok is false when there are none.
	Part(model string, template []float32) (part []float32, ok bool)
	// LLR is the log10 likelihood ratio of a score.
	LLR(score float64) float64
	Provenance
}

// Provenance names a measurement.
type Provenance interface {
	Version() string
	// Cohort says on whom it was measured.
	Cohort() string
}

// Stamper says which list this node answers from.
type Stamper interface {
	Stamp() watchlist.ListStamp
}

// Config is what a Matcher is made of. All fields are required, except those
// that say otherwise.
type Config struct {
	Gallery   Gallery
	Names     NameIndex
	Documents DocumentIndex
	Entries   Entries
	// ReportIndex and Reports go together; without them no document is looked up
	// among the reported ones.
	ReportIndex ReportIndex
	Reports     Reports
	Encoder     Encoder
	Calibration Calibration
	Strangers   Strangers
	// Second is the gallery of a second encoder, nil for none. Encoder then makes its
	// templates, which begin with those of Gallery.
	Second *Second
	// HoldSecond gives it anew for each call, when its calibration may change; it stays
	// as it is until release. nil: it is Second for good.
	HoldSecond func() (s *Second, release func(), err error)
	Stamper    Stamper
	// List reads the whole list, for Impact; it goes with Second.
	List List
	// Population is replayed against by Impact, with Replayer, which it needs; nil
	// holds nobody.
	Population Population
	Replayer   Replayer
	// Oldest gives the first raft index that Gallery can answer as of.
	Oldest func() uint64
	// Clock gives the time that expiry is measured against, Unix milliseconds.
	Clock func() int64
	// NewQueryID makes a UUIDv7, another at each call.
	NewQueryID func() watchlist.QueryID
	// BaseRate is the share of searched travellers who are on the list, above 0
	// and below 1; see SumFuser for its use.
	BaseRate float64
	// TargetFPIR is the share of searches for people who are not on the list
	// that may return a face candidate all the same, above 0 and below 1.
	TargetFPIR float64
	// Travellers is the number of searches a day at all posts that Impact assumes;
	// 0 means watchlist.DefaultTravellers.
	Travellers float64
	// NameTable is the table of spelling families that Names searches by now; nil
	// means that of the release. Scores go by the same, and Lead.Models says which.
	NameTable func() *names.Table
	// Fuser weighs evidence; nil means SumFuser.
	Fuser Fuser
	// Logger gets internal faults, never anything of a probe or an entry.
	Logger *slog.Logger
}

// Matcher answers probes. It is safe for concurrent use.
type Matcher struct {
	c       Config
	spaces  []space
	compare comparators
}

// New checks the configuration. It fails when a part is missing, a rate is out
// of range, or the encoder's templates are not those that its gallery compares.
func New(c Config) (*Matcher, error) {
	switch {
	case c.Gallery == nil, c.Names == nil, c.Documents == nil, c.Entries == nil, c.Encoder == nil,
		c.Calibration == nil, c.Strangers == nil, c.Stamper == nil, c.Oldest == nil, c.Clock == nil, c.NewQueryID == nil, c.Logger == nil:
		return nil, errors.New("matcher: a required part of the configuration is missing")
	case (c.ReportIndex == nil) != (c.Reports == nil):
		return nil, errors.New("matcher: the reported documents need their index and their registry")
	case !(c.BaseRate > 0 && c.BaseRate < 1):
		return nil, errors.New("matcher: the base rate must lie between 0 and 1")
	case !(c.TargetFPIR > 0 && c.TargetFPIR < 1):
		return nil, errors.New("matcher: the target FPIR must lie between 0 and 1")
	case c.Second != nil && c.List == nil:
		return nil, errors.New("matcher: a second encoder needs the list")
	case c.Population != nil && (c.Replayer == nil || c.Second != nil && c.Second.Replayer == nil):
		return nil, errors.New("matcher: a population needs a replayer")
	}
	spaces := spacesOf(&c)
	for _, s := range spaces {
		if s.gallery == nil || s.calibration == nil || s.strangers == nil || c.Second != nil && c.Second.Oldest == nil {
			return nil, errors.New("matcher: a part of the second encoder is missing")
		}
	}
	model, own := c.Encoder.Model(), spaces[0].gallery.Model()
	switch {
	case model != own:
		return nil, fmt.Errorf("matcher: the encoder makes templates of %q, the calibration is for %q", model, own)
	case c.Second != nil && !watchlist.ModelHasPart(own, c.Gallery.Model()):
		return nil, fmt.Errorf("matcher: templates of %q do not begin with those of %q", own, c.Gallery.Model())
	}
	if c.Travellers == 0 {
		c.Travellers = watchlist.DefaultTravellers
	}
	if c.NameTable == nil {
		c.NameTable = names.Shipped
	}
	if c.Fuser == nil {
		c.Fuser = SumFuser{}
	}
	return &Matcher{c: c, spaces: spaces, compare: standard()}, nil
}
