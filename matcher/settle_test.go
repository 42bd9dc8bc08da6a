package matcher

import (
	"slices"
	"strings"
	"testing"

	"vigie/watchlist"
)

func date(y, m, d int) watchlist.PartialDate {
	return watchlist.PartialDate{Year: y, Month: m, Day: d}
}

func TestWhatWouldSettleIt(t *testing.T) {
	born := func(p watchlist.Probe, d watchlist.PartialDate) watchlist.Probe {
		p.Birth = watchlist.Birth{From: d}
		return p
	}
	known := func(e *watchlist.Entry) {
		e.Births = []watchlist.Birth{{From: date(1984, 0, 0)}, {From: date(1984, 5, 3)}}
		e.Documents = []watchlist.Document{{Number: "A01234567"}}
	}
	for _, c := range []struct {
		name  string
		face  float64 // of the entry; -1: it has no photo
		entry func(*watchlist.Entry)
		probe watchlist.Probe
		want  string
	}{
		{"a name against all that is known", 0.9, known, withName(probe()), "photo_of_traveller document_of_traveller birth_of_traveller"},
		{"year alone", 0.9, known, born(withName(probe()), date(1984, 0, 0)), "photo_of_traveller document_of_traveller birth_of_traveller"},
		{"full date", 0.9, known, born(withName(probe()), date(1984, 5, 3)), "photo_of_traveller document_of_traveller"},
		{"the entry knows the year alone", -1, func(e *watchlist.Entry) { e.Births = []watchlist.Birth{{From: date(1984, 0, 0)}} }, born(withName(probe()), date(1984, 5, 3)), "photo_of_listed birth_of_listed"},
		{"a face alone", 0.9, known, withFace(probe()), "document_of_traveller birth_of_traveller name_of_traveller"},
		{"everything, and it fits", 0.9, known, born(withDocument(withName(withFace(probe()))), date(1984, 5, 3)), ""},
		{"a face that tells little", 0.35, known, born(withDocument(withName(withFace(probe()))), date(1984, 5, 3)), "better_photo"},
		{"another's document", 0.1, known, born(withDocument(withName(withFace(probe()))), date(1984, 5, 3)), "holder_of_document"},
	} {
		w := newWorld()
		e := w.add(1, c.face)
		for i := range e.Faces {
			e.Faces[i].Template = watchlist.EncodeTemplate(sample(0).Template)
		}
		c.entry(e)
		w.named = []watchlist.EntryID{e.ID}
		w.documents = []watchlist.DocumentMatch{{Entry: e.ID, Exact: true}}
		w.nameScore["Name 1"], w.nameLLR["Name 1"] = 1, 2
		lead := mustMatch(t, w, c.probe)
		if len(lead.Candidates) != 1 {
			t.Fatalf("%s: %d candidates", c.name, len(lead.Candidates))
		}
		var got []string
		for _, s := range lead.Candidates[0].Settles {
			got = append(got, s.Code)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}

func TestSides(t *testing.T) {
	const face, name, birth, sex = watchlist.EvidenceFace, watchlist.EvidenceName, watchlist.EvidenceBirth, watchlist.EvidenceSex
	for _, c := range []struct {
		name                  string
		evidence              []watchlist.Evidence
		carried, contradicted []watchlist.EvidenceKind
	}{
		{"nothing", nil, nil, nil},
		{"both", []watchlist.Evidence{line(face, 4), line(birth, -2), line(name, 1), line(sex, 0.1)}, []watchlist.EvidenceKind{face, name}, []watchlist.EvidenceKind{birth}},
		{"little", []watchlist.Evidence{line(name, 0.8), line(sex, 0.1)}, []watchlist.EvidenceKind{name}, nil},
		{"against alone", []watchlist.Evidence{line(face, -2), line(name, 0)}, nil, []watchlist.EvidenceKind{face}},
	} {
		carried, contradicted := sides(c.evidence)
		if !slices.Equal(carried, c.carried) || !slices.Equal(contradicted, c.contradicted) {
			t.Errorf("%s: carried by %v, contradicted by %v", c.name, carried, contradicted)
		}
	}
}

func TestAdjustments(t *testing.T) {
	const face, name, birth, nationality, document = watchlist.EvidenceFace, watchlist.EvidenceName, watchlist.EvidenceBirth, watchlist.EvidenceNationality, watchlist.EvidenceDocument
	stolen := line(document, 5)
	stolen.Params = map[string]string{"status": "stolen"}
	for _, c := range []struct {
		name     string
		evidence []watchlist.Evidence
		want     string
		most     float64 // the log odds
	}{
		{"face alone", []watchlist.Evidence{line(face, 9)}, "", 3},
		{"common name", []watchlist.Evidence{line(name, 1.8)}, "", -4.2},
		{"name and nationality", []watchlist.Evidence{line(name, 2), line(nationality, 0.4)}, CodeNationalityFollowsName, -3.81},
		{"another name, same nationality", []watchlist.Evidence{line(name, -1), line(nationality, 0.4)}, CodePapersMayBeAnothers, -6.48},
		{"the face, and another's papers", []watchlist.Evidence{line(face, 4), line(birth, -2), line(name, -2), line(document, -0.2)}, CodePapersMayBeAnothers, -2.99},
		{"same document, name and birth", []watchlist.Evidence{line(document, 5), line(name, 2), line(birth, 3)}, CodePapersMayBeBorrowed, borrowedOdds + unsaid},
		{"a stolen document", []watchlist.Evidence{stolen, line(name, 2), line(birth, 3)}, CodePapersMayBeBorrowed, lostOdds + unsaid},
		{"a stolen document and the face", []watchlist.Evidence{stolen, line(name, 2), line(birth, 3), line(face, 2)}, CodePapersMayBeBorrowed, lostOdds + unsaid + 2},
	} {
		f := SumFuser{}.Fuse(c.evidence, Admission{Name: true}, -6)
		var got []string
		for _, a := range f.Adjustments {
			got = append(got, a.Code)
		}
		if s := strings.Join(got, " "); s != c.want || f.LogOdds > c.most+1e-9 || f.LogOdds < c.most-0.06 {
			t.Errorf("%s: %q, log odds %.3f; want %q, %.3f", c.name, s, f.LogOdds, c.want, c.most)
		}
	}
}
