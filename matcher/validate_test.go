package matcher

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

func TestValidationPointers(t *testing.T) {
	long := strings.Repeat("x", MaxReason+1)
	for _, c := range []struct {
		name   string
		change func(*watchlist.Probe)
		want   []string // pointer and code
	}{
		{"fine", func(*watchlist.Probe) {}, nil},
		{"no purpose", func(p *watchlist.Probe) { p.Purpose = "" }, []string{"/purpose required"}},
		{"unknown purpose", func(p *watchlist.Probe) { p.Purpose = "curiosity" }, []string{"/purpose unknown_value"}},
		{"no reason", func(p *watchlist.Probe) { p.Reason = " " }, []string{"/reason required"}},
		{"long reason", func(p *watchlist.Probe) { p.Reason = long }, []string{"/reason too_long"}},
		{"reason not UTF-8", func(p *watchlist.Probe) { p.Reason = "\xff" }, []string{"/reason invalid_utf8"}},
		{"control in reason", func(p *watchlist.Probe) { p.Reason = "a\x00" }, []string{"/reason control_character"}},
		{"nothing to search", func(p *watchlist.Probe) { p.Names = nil; p.Sex = "M" }, []string{" nothing_to_search"}},
		{"negative limit", func(p *watchlist.Probe) { p.Limit = -1 }, []string{"/limit out_of_range"}},
		{"high limit", func(p *watchlist.Probe) { p.Limit = MaxLimit + 1 }, []string{"/limit out_of_range"}},
		{"empty photo", func(p *watchlist.Probe) { p.Photos = make([]watchlist.Photo, 2); p.Photos[0].Bytes = []byte("x") }, []string{"/photos/1 required"}},
		{"impossible box", func(p *watchlist.Probe) {
			p.Photos = []watchlist.Photo{{Bytes: []byte("x"), Face: &watchlist.Box{Left: 5, Right: 5, Bottom: 9}}}
		}, []string{"/photos/0/face malformed"}},
		{"many photos", func(p *watchlist.Probe) {
			for range MaxSamples + 1 {
				p.Photos = append(p.Photos, watchlist.Photo{Bytes: []byte("x")})
			}
		}, []string{"/photos too_many"}},
		{"short template", func(p *watchlist.Probe) {
			p.Templates = []watchlist.FaceSample{sample(0), {Template: make([]float32, 3), Model: testModel}}
		}, []string{"/templates/1 template_invalid"}},
		{"template without model", func(p *watchlist.Probe) { s := sample(0); s.Model = ""; p.Templates = []watchlist.FaceSample{s} }, []string{"/templates/0/model required"}},
		{"many templates", func(p *watchlist.Probe) {
			for range MaxSamples + 1 {
				p.Templates = append(p.Templates, sample(0))
			}
		}, []string{"/templates too_many"}},
		{"empty name", func(p *watchlist.Probe) { p.Names = append(p.Names, watchlist.Name{}) }, []string{"/names/1/full required"}},
		{"name without letters", func(p *watchlist.Probe) { p.Names[0].Full = "123" }, []string{"/names/0/full no_letters"}},
		{"many names", func(p *watchlist.Probe) {
			for range MaxNames {
				p.Names = append(p.Names, p.Names[0])
			}
		}, []string{"/names too_many"}},
		{"bad birth", func(p *watchlist.Probe) { p.Birth.From = watchlist.PartialDate{Year: 1980, Month: 2, Day: 31} }, []string{"/birth/date malformed"}},
		{"bad sex", func(p *watchlist.Probe) { p.Sex = "Q" }, []string{"/sex unknown_value"}},
		{"bad nationality", func(p *watchlist.Probe) { p.Nationality = "Senegal" }, []string{"/nationality malformed"}},
		{"empty document", func(p *watchlist.Probe) { p.Documents = []watchlist.Document{{}} }, []string{"/documents/0/number required"}},
		{"many documents", func(p *watchlist.Probe) {
			for range MaxDocuments + 1 {
				p.Documents = append(p.Documents, watchlist.Document{Number: "A1"})
			}
		}, []string{"/documents too_many"}},
		{"several at once", func(p *watchlist.Probe) { p.Names[0].Full, p.Reason = "", "" }, []string{"/names/0/full required", "/reason required"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := withName(probe())
			c.change(&p)
			_, err := newWorld().matcher(t).Match(context.Background(), p)
			var errs watchlist.ValidationError
			if !errors.As(err, &errs) && err != nil {
				t.Fatalf("error %v is no ValidationError", err)
			}
			var got []string
			for _, e := range errs {
				got = append(got, e.Pointer+" "+e.Code)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("faults (-want +got):\n%s", d)
			}
		})
	}
}

func TestNewChecksItsParts(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no gallery": func(c *Config) { c.Gallery = nil },
		"no clock":   func(c *Config) { c.Clock = nil },
		"no ids":     func(c *Config) { c.NewQueryID = nil },
		"no logger":  func(c *Config) { c.Logger = nil },
		"base rate":  func(c *Config) { c.BaseRate = 0 },
		"certainty":  func(c *Config) { c.BaseRate = 1 },
		"FPIR":       func(c *Config) { c.TargetFPIR = 1 },
		"model":      func(c *Config) { c.Encoder = otherEncoder{c.Encoder} },
	} {
		c := newWorld().config()
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: New accepts it", name)
		}
	}
	if _, err := New(newWorld().config()); err != nil {
		t.Errorf("New refuses a good configuration: %v", err)
	}
}

type otherEncoder struct{ Encoder }

func (otherEncoder) Model() string { return "another/model" }
