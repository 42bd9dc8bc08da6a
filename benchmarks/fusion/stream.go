package fusion

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"vigie/benchmarks/fitnames"
	"vigie/matcher/score"
	"vigie/watchlist"
)

// What is known, missing and wrong, in shares of entries or travellers: assumptions
// about a border post, set before anything was measured.
const (
	// Of entries.
	entryFullBirth = 0.50
	entryYear      = 0.35 // the rest have no birth
	entryDocument  = 0.40
	// Of travellers.
	photoTaken = 0.80
	// Of mated travellers: who shows the papers of an unlisted person, or a false
	// name in papers of their own.
	borrowedPapers  = 0.08
	falseName       = 0.05
	birthSwapped    = 0.03
	birthDefault    = 0.05
	birthNear       = 0.10
	birthInvented   = 0.05
	sameDocument    = 0.50 // of those whose document the list has; the others renewed it
	documentMisread = 0.05
	otherPassport   = 0.20
	sexMistaken     = 0.01
	// Of non-mated travellers: who carries a listed person's papers.
	carriesListed = 0.0005
	// The share of travellers whose name is read from a machine-readable zone, which
	// cuts it at that length.
	fromMRZ = 0.30
	nameCut = 31
)

var countries = []struct {
	code  watchlist.Country
	share float64
}{{"SEN", 0.40}, {"GMB", 0.12}, {"MLI", 0.14}, {"GIN", 0.14}, {"MRT", 0.10}, {"GNB", 0.10}}

// self is what is true of a made-up person.
type self struct {
	name        fitnames.Written
	birth       watchlist.PartialDate
	sex         watchlist.Sex
	nationality watchlist.Country
	document    watchlist.Document
	face        int // of the identities, -1 for none
}

// traveller is one search.
type traveller struct {
	probe watchlist.Probe
	mate  watchlist.EntryID // "" for one who is not on the list
	who   int               // the person, for resampling
}

// stream draws list and travellers.
type stream struct {
	r      *rand.Rand
	region *fitnames.Region
	files  []score.CohortFile
	people []identity
	model  string
}

func newStream(o Options, r *rand.Rand) (*stream, error) {
	region, files, err := fitnames.ReadRegion(o.Names)
	if err != nil {
		return nil, err
	}
	s := &stream{r: r, region: region, files: files, people: identities(o.Faces), model: o.Calibration.Model()}
	if len(s.people) < 4 {
		return nil, errors.New("fusion: fewer than four people with a usable photo")
	}
	return s, nil
}

func (s *stream) person(face int) self {
	p := self{name: s.region.Person(s.r), face: face, sex: watchlist.SexMale}
	if s.r.Float64() < 0.25 {
		p.sex = watchlist.SexFemale
	}
	p.birth = watchlist.PartialDate{Year: 1955 + s.r.IntN(30) + s.r.IntN(22), Month: 1 + s.r.IntN(12), Day: 1 + s.r.IntN(28)}
	if s.r.Float64() < 0.06 {
		p.birth.Month, p.birth.Day = 1, 1 // a register's default
	}
	p.nationality = s.country()
	p.document = s.document(p.nationality)
	return p
}

func (s *stream) country() watchlist.Country {
	x := s.r.Float64()
	for _, c := range countries {
		if x -= c.share; x < 0 {
			return c.code
		}
	}
	return countries[0].code
}

func (s *stream) document(issuer watchlist.Country) watchlist.Document {
	return watchlist.Document{Type: "passport", Number: fmt.Sprintf("A%08d", s.r.IntN(100_000_000)), Issuer: issuer}
}

// entry writes the list's entry on a person, with what the authority knew.
func (s *stream) entry(n int, p self) *watchlist.Entry {
	e := &watchlist.Entry{
		ID: watchlist.NewEntryID("SEN", fmt.Sprintf("01920000-0000-7000-8000-%012d", n)), Status: watchlist.StatusActive, ExpiresAt: 1 << 50,
		Names: []watchlist.Name{{Kind: watchlist.NamePrimary, Full: p.name.Recorded()}}, Sex: p.sex, Nationalities: []watchlist.Country{p.nationality},
	}
	switch x := s.r.Float64(); {
	case x < entryFullBirth:
		e.Births = []watchlist.Birth{{From: p.birth}}
	case x < entryFullBirth+entryYear:
		e.Births = []watchlist.Birth{{From: watchlist.PartialDate{Year: p.birth.Year}}}
	}
	if s.r.Float64() < entryDocument {
		e.Documents = []watchlist.Document{p.document}
	}
	if p.face >= 0 {
		e.Faces = []watchlist.Face{{ID: "photo", Model: s.model, Template: watchlist.EncodeTemplate(s.people[p.face].references[0])}}
	}
	return e
}

// papers is a probe by what a person's papers say, read and written as at a post.
func (s *stream) papers(p self) watchlist.Probe {
	name := s.region.Rewrite(s.r, p.name)
	if letters := []rune(name); s.r.Float64() < fromMRZ && len(letters) > nameCut {
		name = string(letters[:nameCut])
	}
	return watchlist.Probe{
		Names: []watchlist.Name{{Full: name}}, Birth: watchlist.Birth{From: p.birth}, Sex: p.sex, Nationality: p.nationality,
		Documents: []watchlist.Document{p.document}, Purpose: watchlist.PurposeTest, Reason: "benchmark", Limit: 50,
	}
}

// mated is a search for a listed person, with what is wrong of it.
func (s *stream) mated(p self) watchlist.Probe {
	q := p
	q.document = s.document(p.nationality)
	if s.r.Float64() < sameDocument {
		q.document = p.document
		if s.r.Float64() < documentMisread {
			b := []byte(q.document.Number)
			b[1+s.r.IntN(8)] = byte('0' + s.r.IntN(10))
			q.document.Number = string(b)
		}
	}
	switch x := s.r.Float64(); {
	case x < birthSwapped && q.birth.Day <= 12:
		q.birth.Day, q.birth.Month = q.birth.Month, q.birth.Day
	case x < birthSwapped+birthDefault:
		q.birth.Day, q.birth.Month = 1, 1
	case x < birthSwapped+birthDefault+birthNear:
		q.birth.Year += s.r.IntN(5) - 2
	case x < birthSwapped+birthDefault+birthNear+birthInvented:
		q.birth = s.person(-1).birth
	}
	if s.r.Float64() < otherPassport {
		q.nationality = s.country()
		q.document = s.document(q.nationality)
	}
	if s.r.Float64() < sexMistaken {
		q.sex = watchlist.SexFemale
	}
	switch x := s.r.Float64(); {
	case x < borrowedPapers:
		q = s.person(-1)
	case x < borrowedPapers+falseName:
		q.name, q.document = s.region.Person(s.r), s.document(q.nationality)
	}
	return s.photographed(s.papers(q), p, 1)
}

// stranger is a search for somebody who is not on the list.
func (s *stream) stranger(face int, listed []self) watchlist.Probe {
	p := s.person(face)
	q := p
	if s.r.Float64() < carriesListed {
		q = listed[s.r.IntN(len(listed))]
	}
	return s.photographed(s.papers(q), p, 0)
}

// photographed adds a photo of the person present, the take-th of theirs where they
// have so many, or none.
func (s *stream) photographed(probe watchlist.Probe, p self, take int) watchlist.Probe {
	if p.face < 0 || s.r.Float64() >= photoTaken {
		return probe
	}
	photos := s.people[p.face].probes
	probe.Templates = []watchlist.FaceSample{{Template: photos[min(take, len(photos)-1)], Model: s.model}}
	return probe
}

// round is one list with its travellers.
type round struct {
	entries    []*watchlist.Entry
	travellers []traveller
}

// draw makes a round: half of the people with two photos are listed and come back
// with another photo, the others are strangers; people without a photo fill the list.
func (s *stream) draw(size int) round {
	var two, one []int
	for i, p := range s.people {
		if len(p.probes) > 1 {
			two = append(two, i)
		} else {
			one = append(one, i)
		}
	}
	s.r.Shuffle(len(two), func(i, j int) { two[i], two[j] = two[j], two[i] })
	s.r.Shuffle(len(one), func(i, j int) { one[i], one[j] = one[j], one[i] })
	back, away := two[:len(two)/2], two[len(two)/2:]
	filler, strangers := one[:len(one)/3], one[len(one)/3:]
	var out round
	var listed []self
	enlist := func(face int) {
		p := s.person(face)
		listed = append(listed, p)
		out.entries = append(out.entries, s.entry(len(listed), p))
	}
	for _, f := range append(slices.Clone(back), filler...) {
		enlist(f)
	}
	for len(listed) < size {
		enlist(-1)
	}
	for i, f := range back {
		out.travellers = append(out.travellers, traveller{s.mated(listed[i]), out.entries[i].ID, f})
	}
	for _, f := range append(slices.Clone(away), strangers...) {
		out.travellers = append(out.travellers, traveller{probe: s.stranger(f, listed), who: f})
	}
	return out
}
