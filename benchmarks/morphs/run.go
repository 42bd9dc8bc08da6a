package morphs

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vigie/models"
)

// Report is what a run found. Nothing in it is about one person.
type Report struct {
	Model       string `json:"model"`
	Calibration string `json:"calibration"`
	Persons     int    `json:"persons"`
	Refused     int    `json:"persons_refused"`
	// Morphs is the number of pairs of persons morphed; Undetected says how many
	// of the morphs the face engine refused.
	Morphs     int `json:"morphs"`
	Undetected int `json:"morphs_refused"`
	// Listed is the cue that needs a gallery: the document matches a listed person
	// whom the live photo does not match.
	Listed Listed `json:"listed"`
	// Both is the share of morphs that match the live photos of both their
	// contributors at the threshold of a false match rate (MMPMR).
	Both map[string]float64 `json:"mmpmr"`
	// Groups holds the set's groups, and "all".
	Groups map[string]Group `json:"groups"`
	// Aged holds bona fide documents years older than the live photo, by group of
	// the folder of labelled photos.
	Aged map[string]Aged `json:"aged,omitempty"`
}

// Group is a part of the consented set.
type Group struct {
	Persons  int              `json:"persons"`
	Attacks  int              `json:"attacks"`
	BonaFide [3]float64       `json:"bona_fide_quantiles"` // at 5, 50 and 95 %
	Morph    [3]float64       `json:"morph_quantiles"`
	At       map[string]Rates `json:"at_bpcer"` // limits from all groups' bona fide documents
	Product  Rates            `json:"product"`  // at the product's limit
	bonaFide []float64
	attacks  []float64
}

// Aged is what happens to documents that are bona fide but not of today.
type Aged struct {
	Pairs     int                `json:"pairs"`
	Quantiles [3]float64         `json:"quantiles"`
	BPCER     map[string]float64 `json:"bpcer_at"` // at the limits of the consented set
	Product   float64            `json:"bpcer_product"`
}

// shares are the bona fide documents that may be called doubtful.
var shares = map[string]float64{"1%": 0.01, "10%": 0.10}

// Options say what to measure.
type Options struct {
	// Portraits is the folder of the consented set.
	Portraits string
	// Aged is a folder of labelled photos, DIR/<group>/<person>/<photo>; "" leaves
	// it out.
	Aged string
	// LLR is the log10 likelihood ratio below which the product says that a document
	// does not look like its bearer (matcher.DocumentUnlike).
	LLR float64
	// Progress is told what is done; it may be nil.
	Progress func(string)
}

type run struct {
	encoder Encoder
	finder  Landmarks
	cal     *models.Calibration
	o       Options
	report  Report
}

// Run makes the morphs and measures. A photo that the face engine refuses is
// counted, not an error.
func Run(ctx context.Context, encoder Encoder, finder Landmarks, cal *models.Calibration, o Options) (*Report, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	r := &run{encoder: encoder, finder: finder, cal: cal, o: o}
	r.report = Report{Model: cal.Model(), Calibration: cal.Version(), Groups: map[string]Group{}, Both: map[string]float64{}}
	o.Progress("reading the portraits")
	list, err := r.readPortraits(ctx, o.Portraits)
	if err != nil {
		return nil, fmt.Errorf("morphs: %w", err)
	}
	r.report.Persons = len(list)
	all := Group{}
	groups := map[string]*Group{"all": &all}
	for _, p := range list {
		if groups[p.group] == nil {
			groups[p.group] = &Group{}
		}
		for _, g := range []*Group{&all, groups[p.group]} {
			g.Persons++
			g.bonaFide = append(g.bonaFide, cosine(p.document, p.live))
		}
	}
	if err := r.attack(ctx, list, groups); err != nil {
		return nil, fmt.Errorf("morphs: %w", err)
	}
	for name, g := range groups {
		g.Attacks, g.BonaFide, g.Morph, g.At = len(g.attacks), quantiles(g.bonaFide), quantiles(g.attacks), map[string]Rates{}
		for key, share := range shares {
			g.At[key] = at(limitAt(all.bonaFide, share), g.bonaFide, g.attacks)
		}
		g.Product = at(r.limit(), g.bonaFide, g.attacks)
		r.report.Groups[name] = *g
	}
	if o.Aged != "" {
		if err := r.aged(ctx, all); err != nil {
			return nil, fmt.Errorf("morphs: %w", err)
		}
	}
	return &r.report, nil
}

// limit is the least score whose likelihood ratio is not below the product's.
func (r *run) limit() float64 {
	low, high := -1.0, 1.0
	for range 60 {
		if mid := (low + high) / 2; r.cal.LLR(mid) < r.o.LLR {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// attack makes a morph of every pair and holds it against both live photos.
func (r *run) attack(ctx context.Context, list []portrait, groups map[string]*Group) error {
	both := map[string]int{}
	pairs := partners(list)
	for n, pair := range pairs {
		if n%20 == 0 {
			r.o.Progress(fmt.Sprintf("%d of %d morphs", n, len(pairs)))
		}
		a, b := list[pair[0]], list[pair[1]]
		m, err := blend(a.pixels, b.pixels, a.points, b.points, 0.5)
		if err != nil {
			return err
		}
		file, err := toJPEG(m)
		if err != nil {
			return err
		}
		t, err := r.template(ctx, file)
		if err != nil {
			return err
		}
		r.report.Morphs++
		if t == nil {
			r.report.Undetected++
			continue
		}
		first, second := cosine(t, a.live), cosine(t, b.live)
		r.listed(list, t, pair[0], true)
		r.listed(list, t, pair[1], true)
		for _, g := range []*Group{groups["all"], groups[a.group]} {
			g.attacks = append(g.attacks, first, second)
		}
		for key, fmr := range map[string]float64{"1e-3": 1e-3, "1e-4": 1e-4} {
			n := 0
			if min(first, second) >= r.cal.ThresholdAtFMR(fmr) {
				n = 1
			}
			both[key] += n
		}
	}
	for i, p := range list {
		r.listed(list, p.document, i, false)
	}
	for key, n := range both {
		r.report.Both[key] = float64(n) / float64(max(1, r.report.Morphs-r.report.Undetected))
	}
	return nil
}

// Listed counts travellers whose document matches a listed person whom they do
// not match themselves, at the threshold of FPIR 1 % in a gallery of a thousand.
// Everyone of the set but the traveller is listed, with the live photo.
type Listed struct {
	Threshold float64 `json:"threshold"`
	BonaFide  int     `json:"bona_fide"`
	Flagged   int     `json:"bona_fide_flagged"`
	Attacks   int     `json:"attacks"`
	Noticed   int     `json:"attacks_flagged"`
}

// listed judges the document that the traveller carries.
func (r *run) listed(list []portrait, document []float32, traveller int, attack bool) {
	l := &r.report.Listed
	_, l.Threshold = r.cal.OperatingPoint(0.01, 1000)
	flagged := 0
	for i, p := range list {
		if i != traveller && cosine(document, p.live) >= l.Threshold && cosine(list[traveller].live, p.live) < l.Threshold {
			flagged = 1
		}
	}
	if attack {
		l.Attacks++
		l.Noticed += flagged
	} else {
		l.BonaFide++
		l.Flagged += flagged
	}
}

// aged compares the photos of one person taken at different times, the first of
// each person against the others.
func (r *run) aged(ctx context.Context, all Group) error {
	r.report.Aged = map[string]Aged{}
	groups, err := os.ReadDir(r.o.Aged)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if !g.IsDir() {
			continue
		}
		r.o.Progress("photos of " + g.Name())
		scores, err := r.agedGroup(ctx, filepath.Join(r.o.Aged, g.Name()))
		if err != nil {
			return err
		}
		a := Aged{Pairs: len(scores), Quantiles: quantiles(scores), BPCER: map[string]float64{}, Product: below(scores, r.limit())}
		for key, share := range shares {
			a.BPCER[key] = below(scores, limitAt(all.bonaFide, share))
		}
		r.report.Aged[g.Name()] = a
	}
	return nil
}

func (r *run) agedGroup(ctx context.Context, dir string) (scores []float64, err error) {
	persons, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, person := range persons {
		photos, err := os.ReadDir(filepath.Join(dir, person.Name()))
		if err != nil {
			return nil, err
		}
		photos = slices.DeleteFunc(photos, func(e fs.DirEntry) bool { return !strings.HasSuffix(strings.ToLower(e.Name()), ".jpg") })
		var first []float32
		for _, photo := range photos {
			if len(photos) < 2 {
				break
			}
			b, err := os.ReadFile(filepath.Join(dir, person.Name(), photo.Name()))
			if err != nil {
				return nil, err
			}
			t, err := r.template(ctx, b)
			switch {
			case err != nil:
				return nil, err
			case t == nil:
			case first == nil:
				first = t
			default:
				scores = append(scores, cosine(first, t))
			}
		}
	}
	return scores, nil
}
