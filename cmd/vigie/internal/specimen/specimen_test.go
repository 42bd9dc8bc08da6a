package specimen

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func TestEntriesAreValidMarkedAndTheSame(t *testing.T) {
	list := Entries(200, now)
	if len(list) != 200 {
		t.Fatalf("%d entries", len(list))
	}
	if d := cmp.Diff(list, Entries(200, now)); d != "" {
		t.Error("two runs differ:", d)
	}
	if d := cmp.Diff(list[:50], Entries(50, now)); d != "" {
		t.Error("a shorter list is not a prefix:", d)
	}
	names := map[string]bool{}
	for i, e := range list {
		e.ID, e.Origin = "SEN-00000000-0000-7000-8000-000000000000", watchlist.Origin{Country: "SEN", Authority: "x"}
		if err := e.Validate(); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		if !e.Specimen || !e.Matchable(now.UnixMilli()) {
			t.Errorf("entry %d: specimen %v, status %s", i, e.Specimen, e.Status)
		}
		for _, d := range e.Documents {
			if d.Issuer != "UTO" {
				t.Errorf("entry %d has a document of a real state", i)
			}
		}
		if names[e.Names[0].Full] {
			t.Errorf("entry %d: the name occurs twice", i)
		}
		names[e.Names[0].Full] = true
	}
}

func TestMRZ(t *testing.T) {
	for i, l := range MRZ() {
		if len(l) != 44 {
			t.Errorf("line %d has %d characters", i, len(l))
		}
	}
	if want := "P<UTOKOUROUMA<SYLLA<<AISSATOU<<<<<<<<<<<<<<<"; MRZ()[0] != want {
		t.Errorf("got  %s\nwant %s", MRZ()[0], want)
	}
	// Doc 9303 part 4, appendix B: the check digits of the specimen passport.
	for in, digit := range map[string]string{"L898902C3": "6", "740812": "2", "120415": "9", "ZE184226B<<<<<": "1", "L898902C3674081221204159ZE184226B<<<<<1": "0"} {
		if got := check(in); got != digit {
			t.Errorf("check(%s) = %s, want %s", in, got, digit)
		}
	}
}

func TestProbeChangesThePhoto(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 200, 300))
	for i := range m.Pix {
		m.Pix[i] = uint8(i % 251)
	}
	m.SetGray(0, 0, color.Gray{255})
	var in bytes.Buffer
	if err := jpeg.Encode(&in, m, nil); err != nil {
		t.Fatal(err)
	}
	out, err := Probe(in.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(out))
	if err != nil || c.Width != 159 || c.Height != 239 {
		t.Errorf("%dx%d %v", c.Width, c.Height, err)
	}
	if _, err := Probe([]byte("no image")); err == nil {
		t.Error("accepted text")
	}
}
