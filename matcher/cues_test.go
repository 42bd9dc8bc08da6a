package matcher

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// carried is a probe of a person and a document; shift tells the samples apart
// (see sample): "live" and "doc" are added to the fakes' face scores.
func carried(w *world, live, doc float64) watchlist.Probe {
	w.extract = func(p watchlist.Photo) (watchlist.FaceSample, error) {
		if p.Source == watchlist.SourceDocument {
			return sample(doc), nil
		}
		return sample(live), nil
	}
	p := probe()
	p.Photos = []watchlist.Photo{
		{Bytes: []byte("a"), Source: watchlist.SourceLive},
		{Bytes: []byte("b"), Source: watchlist.SourceDocument},
	}
	return p
}

func TestCues(t *testing.T) {
	for _, c := range []struct {
		name            string
		together        float64 // score between live and document photo
		listed          float64 // of the listed person, without shift
		live, doc       float64 // shifts
		want            []string
		wantEntry       bool
		withoutDocument bool
	}{
		{"an honest bearer who is listed", 0.9, 0.6, 0.01, 0, nil, false, false},
		{"an honest bearer who is not listed", 0.9, 0.1, 0.01, 0, nil, false, false},
		{"somebody else's document", 0.1, 0.1, 0.01, 0, []string{CueDocumentUnlike}, false, false},
		{"a document of a listed person", 0.1, 0.3, 0.01, 0.3, []string{CueDocumentUnlike, CueDocumentListed}, true, false},
		{"a document of two faces", 0.9, 0.3, 0.01, 0.3, []string{CueDocumentListed}, true, false},
		{"a person who is listed, with another's document", -0.3, 0.3, 0.3, 0.01, []string{CueDocumentUnlike}, false, false},
		{"one picture for both", 0.9, 0.1, 0, 0, []string{CueSamePicture}, false, false},
		{"no document", 0.1, 0.3, 0.01, 0.3, nil, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			e := w.add(1, c.listed)
			w.faces["probe"] = c.together
			p := carried(w, c.live, c.doc)
			if c.withoutDocument {
				p.Photos = p.Photos[:1]
			}
			lead := mustMatch(t, w, p)
			var got []string
			for _, cue := range lead.Cues {
				got = append(got, cue.Code)
				if (cue.Entry != "") != (c.wantEntry && cue.Code == CueDocumentListed) || cue.Entry != "" && cue.Entry != e.ID {
					t.Errorf("%s is about %q", cue.Code, cue.Entry)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestCuesChangeNothingElse compares the lead of a probe with and without
// sources.
func TestCuesChangeNothingElse(t *testing.T) {
	w := newWorld()
	w.add(1, 0.3)
	w.add(2, 0.6)
	w.faces["probe"] = 0.1
	p := carried(w, 0.01, 0.3)
	with := mustMatch(t, w, p)
	for i := range p.Photos {
		p.Photos[i].Source = ""
	}
	w.extract = func(p watchlist.Photo) (watchlist.FaceSample, error) {
		if string(p.Bytes) == "b" {
			return sample(0.3), nil
		}
		return sample(0.01), nil
	}
	without := mustMatch(t, w, p)
	if len(with.Cues) == 0 || len(without.Cues) != 0 {
		t.Fatalf("cues %v and %v", with.Cues, without.Cues)
	}
	if d := cmp.Diff(without.Candidates, with.Candidates); d != "" {
		t.Error(d)
	}
}

// TestCuesRespectTheFilter: a person who may not appear in a lead appears in no
// cue.
func TestCuesRespectTheFilter(t *testing.T) {
	w := newWorld()
	w.add(1, 0.3).ExpiresAt = testNow - 1
	w.faces["probe"] = 0.9
	if lead := mustMatch(t, w, carried(w, 0.01, 0.3)); len(lead.Cues) != 0 {
		t.Errorf("cues %+v", lead.Cues)
	}
}

// TestDocumentIsNotAveragedInDoubt: a document that may be another's does not
// blur the face of the person present.
func TestDocumentIsNotAveragedInDoubt(t *testing.T) {
	for _, c := range []struct {
		together float64
		sources  bool
		searches int // of the lead; cues make one more
	}{{0.35, true, 2}, {0.35, false, 1}, {0.5, true, 1}, {0.5, false, 1}, {0.1, true, 2}, {0.1, false, 2}} {
		w := newWorld()
		w.faces["probe-1"], w.faces["probe"] = c.together, c.together
		p := carried(w, 0, 0.001)
		want := c.searches + 1
		if !c.sources {
			p.Photos[0].Source, p.Photos[1].Source = "", ""
			want--
		}
		mustMatch(t, w, p)
		if len(w.searches) != want {
			t.Errorf("%+v: %d searches", c, len(w.searches))
		}
	}
}

// TestCuesAreOfTheLeadsList: the document is searched as of the lead's index, and
// among the newest rows when the gallery forgot it meanwhile; a photo that the
// entry has lost since makes no cue.
func TestCuesAreOfTheLeadsList(t *testing.T) {
	for _, c := range []struct {
		name            string
		forgotten, lost bool
	}{{"kept", false, false}, {"forgotten", true, false}, {"photo removed", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			e := w.add(1, 0.3)
			w.faces["probe"], w.faces["probe-1"] = 0.9, 0.9
			var asked []uint64
			config := w.config()
			config.Gallery = asOfGallery{fakeGallery{w}, func(asOf uint64) error {
				asked = append(asked, asOf)
				if len(asked) == 2 && c.lost {
					e.Faces = []watchlist.Face{{ID: "another", Model: testModel}}
				}
				if len(asked) == 2 && c.forgotten {
					return &watchlist.HistoryError{AsOf: asOf, Oldest: asOf + 1, Newest: asOf + 1}
				}
				return nil
			}}
			m, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			m.compare = w.comparators()
			lead, err := m.Match(context.Background(), carried(w, 0.01, 0.3))
			if err != nil {
				t.Fatal(err)
			}
			index := lead.Stamp.AppliedIndex
			want := []uint64{index, index}
			if c.forgotten {
				want = append(want, 0)
			}
			if d := cmp.Diff(want, asked); d != "" {
				t.Errorf("searched as of: %s", d)
			}
			if (len(lead.Cues) == 1) == c.lost {
				t.Errorf("cues %+v, stamp %+v", lead.Cues, lead.Stamp)
			}
		})
	}
}
