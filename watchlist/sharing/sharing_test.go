package sharing_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"vigie/watchlist"
	"vigie/watchlist/sharing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden bytes in testdata")

func policy() *sharing.Policy {
	return &sharing.Policy{
		Format: sharing.Format, Version: 7, Owner: "SEN",
		Grants: []sharing.Grant{
			{To: sharing.Recipient{Kind: sharing.Partner, Country: "MLI"}, Groups: sharing.Identity | sharing.Templates | sharing.Documents},
			{To: sharing.Recipient{Kind: sharing.Partner, Country: "GMB"}, Categories: []watchlist.Category{watchlist.CategoryTrafficker}, Groups: sharing.All, Reports: true},
			{To: sharing.Recipient{Kind: sharing.Authority, Country: "SEN", Authority: "Douanes"}, Groups: sharing.Core | sharing.Documents, Reports: true},
			{To: sharing.Recipient{Kind: sharing.Post, Country: "SEN"}, Groups: sharing.All &^ sharing.Case, Reports: true},
			{To: sharing.Recipient{Kind: sharing.Partner, Country: "GIN"}, Groups: sharing.Core},
		},
		Caveats: []sharing.CaveatRule{
			{Caveat: "armed"},
			{Caveat: "Source", Kinds: []sharing.Kind{sharing.Partner}, Withhold: sharing.Identity},
			{Caveat: "national", Kinds: []sharing.Kind{sharing.Partner}, Withhold: sharing.All},
		},
	}
}

func entry(mod func(*watchlist.Entry)) *watchlist.Entry {
	e := &watchlist.Entry{
		ID: "SEN-0192f0c1-0000-7000-8000-000000000001", Origin: watchlist.Origin{Country: "SEN", Authority: "DPAF"},
		Category: watchlist.CategorySmuggler, Status: watchlist.StatusActive, ReleasableTo: []watchlist.Country{"MLI", "GMB", "GIN"},
	}
	if mod != nil {
		mod(e)
	}
	return e
}

var (
	mali    = sharing.Recipient{Kind: sharing.Partner, Country: "MLI", Authority: "Police"}
	gambia  = sharing.Recipient{Kind: sharing.Partner, Country: "GMB"}
	guinea  = sharing.Recipient{Kind: sharing.Partner, Country: "GIN"}
	customs = sharing.Recipient{Kind: sharing.Authority, Country: "SEN", Authority: "Douanes"}
	police  = sharing.Recipient{Kind: sharing.Authority, Country: "SEN", Authority: "DPAF"}
	post    = sharing.Recipient{Kind: sharing.Post, Country: "SEN", Post: "Rosso"}
)

func TestDecide(t *testing.T) {
	for name, c := range map[string]struct {
		to   sharing.Recipient
		mod  func(*watchlist.Entry)
		want sharing.Groups
		code sharing.Code
	}{
		"granted, and the core with it": {mali, nil, sharing.Core | sharing.Identity | sharing.Templates | sharing.Documents, ""},
		"not releasable":                {mali, func(e *watchlist.Entry) { e.ReleasableTo = nil }, 0, sharing.CodeNotReleasable},
		"other category":                {gambia, nil, 0, sharing.CodeCategory},
		"the category":                  {gambia, func(e *watchlist.Entry) { e.Category = watchlist.CategoryTrafficker }, sharing.All, ""},
		"core alone is nothing":         {guinea, nil, 0, sharing.CodeNothingLeft},
		"no grant":                      {sharing.Recipient{Kind: sharing.Partner, Country: "MRT"}, func(e *watchlist.Entry) { e.ReleasableTo = []watchlist.Country{"MRT"} }, 0, sharing.CodeNoGrant},
		"suspended":                     {mali, func(e *watchlist.Entry) { e.Status = watchlist.StatusSuspended }, 0, sharing.CodeStatus},
		"known caveat":                  {mali, func(e *watchlist.Entry) { e.Caveats = []string{" ARMED "} }, sharing.Core | sharing.Identity | sharing.Templates | sharing.Documents, ""},
		"caveat withholds":              {mali, func(e *watchlist.Entry) { e.Caveats = []string{"armed", "source"} }, sharing.Core | sharing.Templates | sharing.Documents, ""},
		"caveat withholds all":          {mali, func(e *watchlist.Entry) { e.Caveats = []string{"national"} }, 0, sharing.CodeNothingLeft},
		"unknown caveat abroad":         {mali, func(e *watchlist.Entry) { e.Caveats = []string{"unheard of"} }, 0, sharing.CodeUnknownCaveat},
		"unknown caveat at a post":      {post, func(e *watchlist.Entry) { e.Caveats = []string{"unheard of"} }, sharing.All &^ sharing.Case, ""},
		"another's entry abroad":        {gambia, func(e *watchlist.Entry) { e.Origin.Country = "MLI"; e.Category = watchlist.CategoryTrafficker }, 0, sharing.CodeThirdParty},
		"another's entry at home":       {customs, func(e *watchlist.Entry) { e.Origin.Country = "MLI" }, sharing.Core | sharing.Documents, ""},
		"service":                       {customs, nil, sharing.Core | sharing.Documents, ""},
		"owner, even a draft":           {police, func(e *watchlist.Entry) { e.Status = watchlist.StatusDraft }, sharing.All, ""},
		"namesake of the owner abroad":  {sharing.Recipient{Kind: sharing.Authority, Country: "MLI", Authority: "DPAF"}, nil, 0, sharing.CodeRecipient},
		"a service without a name":      {sharing.Recipient{Kind: sharing.Authority, Country: "SEN"}, func(e *watchlist.Entry) { e.Origin.Authority = "" }, 0, sharing.CodeNoGrant},
		"the own country as partner":    {sharing.Recipient{Kind: sharing.Partner, Country: "SEN"}, func(e *watchlist.Entry) { e.ReleasableTo = []watchlist.Country{"SEN"} }, 0, sharing.CodeRecipient},
		"post":                          {post, func(e *watchlist.Entry) { e.ReleasableTo = nil }, sharing.All &^ sharing.Case, ""},
		"a kind that nobody knows":      {sharing.Recipient{Kind: "friend", Country: "MLI"}, nil, 0, sharing.CodeRecipient},
		"a partner that says: post":     {sharing.Recipient{Kind: sharing.Post, Country: "MLI", Post: "Rosso"}, nil, 0, sharing.CodeRecipient},
	} {
		v := sharing.Decide(policy(), c.to, entry(c.mod))
		if v.Groups != c.want || v.Code != c.code {
			t.Errorf("%s: %v %q, want %v %q", name, v.Groups, v.Code, c.want, c.code)
		}
		var shown sharing.Groups
		for i, l := range v.Lines {
			if l.Group != sharing.Each()[i] || l.Code == "" {
				t.Errorf("%s: line %d is %+v", name, i, l)
			}
			if l.Shown {
				shown |= l.Group
			}
		}
		if len(v.Lines) != 6 || shown != v.Groups {
			t.Errorf("%s: lines show %v of %v", name, shown, v.Groups)
		}
	}
}

func TestPreviewSaysWhy(t *testing.T) {
	v := sharing.Decide(policy(), mali, entry(func(e *watchlist.Entry) { e.Caveats = []string{"source"} }))
	want := []sharing.Line{
		{Group: sharing.Core, Shown: true, Code: sharing.CodeWithCore, Rule: -1},
		{Group: sharing.Identity, Code: sharing.CodeCaveat, Rule: 1},
		{Group: sharing.Templates, Shown: true, Code: sharing.CodeGranted, Rule: 0},
		{Group: sharing.Documents, Shown: true, Code: sharing.CodeGranted, Rule: 0},
		{Group: sharing.Photo, Code: sharing.CodeNotGranted, Rule: -1},
		{Group: sharing.Case, Code: sharing.CodeNotGranted, Rule: -1},
	}
	if d := cmp.Diff(want, v.Lines); d != "" {
		t.Error(d)
	}
}

func TestDecideReport(t *testing.T) {
	rep := func(withdrawn bool, to ...watchlist.Country) *watchlist.ReportedDocument {
		return &watchlist.ReportedDocument{Origin: watchlist.Origin{Country: "SEN", Authority: "DPAF"}, ReleasableTo: to, Withdrawn: withdrawn}
	}
	for name, c := range map[string]struct {
		to   sharing.Recipient
		r    *watchlist.ReportedDocument
		want sharing.Groups
		code sharing.Code
	}{
		"granted":      {gambia, rep(false, "GMB"), sharing.Core | sharing.Documents, ""},
		"not granted":  {mali, rep(false, "MLI"), 0, sharing.CodeNoGrant},
		"not released": {gambia, rep(false), 0, sharing.CodeNotReleasable},
		"withdrawn":    {gambia, rep(true, "GMB"), 0, sharing.CodeStatus},
		"post":         {post, rep(false), sharing.Core | sharing.Documents, ""},
		"owner":        {police, rep(true), sharing.All, ""},
	} {
		if v := sharing.DecideReport(policy(), c.to, c.r); v.Groups != c.want || v.Code != c.code {
			t.Errorf("%s: %v %q", name, v.Groups, v.Code)
		}
	}
}

// TestNoPolicyLeaksAbroad draws policies, recipients and entries: whatever they
// say, nothing goes to a country that is not named, and no foreign record goes on.
func TestNoPolicyLeaksAbroad(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	countries := []watchlist.Country{"SEN", "MLI", "GMB", "GIN"}
	kinds := []sharing.Kind{sharing.Partner, sharing.Authority, sharing.Post}
	statuses := []watchlist.Status{watchlist.StatusActive, watchlist.StatusActive, watchlist.StatusDraft, watchlist.StatusSuspended, watchlist.StatusWithdrawn}
	shared := 0
	for range 20000 {
		p := &sharing.Policy{Format: 1, Owner: "SEN", Caveats: []sharing.CaveatRule{{Caveat: "x", Withhold: sharing.Groups(r.IntN(64))}}}
		for range 4 {
			p.Grants = append(p.Grants, sharing.Grant{To: sharing.Recipient{Kind: kinds[r.IntN(3)], Country: countries[r.IntN(4)]}, Groups: sharing.Groups(r.IntN(64))})
		}
		e := entry(func(e *watchlist.Entry) {
			e.Origin.Country, e.Status, e.ReleasableTo = countries[r.IntN(4)], statuses[r.IntN(5)], []watchlist.Country{countries[r.IntN(4)]}
			if r.IntN(2) == 0 {
				e.Caveats = []string{"x"}
			}
		})
		to := sharing.Recipient{Kind: kinds[r.IntN(3)], Country: countries[r.IntN(4)], Authority: "other"}
		v := sharing.Decide(p, to, e)
		if !v.Shared() {
			continue
		}
		shared++
		abroad := to.Country != "SEN"
		if e.Status != watchlist.StatusActive || abroad && !slices.Contains(e.ReleasableTo, to.Country) ||
			to.Kind != sharing.Authority && e.Origin.Country != "SEN" || len(e.Caveats) > 0 && v.Groups&p.Caveats[0].Withhold != 0 {
			t.Fatalf("shared %v with %+v: %+v under %+v", v.Groups, to, e, p)
		}
		if abroad && to.Kind != sharing.Partner {
			t.Fatalf("%+v is neither service nor post of the owner", to)
		}
	}
	if shared < 100 {
		t.Fatalf("only %d of 20000 shared: the draw tests nothing", shared)
	}
}

func TestPolicyBytes(t *testing.T) {
	got, err := policy().Encode()
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/policy.hex"
	if *update {
		if err := os.WriteFile(file, []byte(hex.EncodeToString(got)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the encoding of a policy changed: %x", got)
	}
	p, err := sharing.Decode(want)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(policy(), p); d != "" {
		t.Error(d)
	}
}

func TestPolicyRefusals(t *testing.T) {
	for name, mod := range map[string]func(*sharing.Policy){
		"format":                func(p *sharing.Policy) { p.Format = 2 },
		"owner":                 func(p *sharing.Policy) { p.Owner = "" },
		"grant to nobody":       func(p *sharing.Policy) { p.Grants[0].To.Kind = "" },
		"partner of no country": func(p *sharing.Policy) { p.Grants[0].To.Country = "" },
		"own country abroad":    func(p *sharing.Policy) { p.Grants[0].To.Country = "SEN" },
		"foreign post":          func(p *sharing.Policy) { p.Grants[3].To.Country = "MLI" },
		"grant of nothing":      func(p *sharing.Policy) { p.Grants[0].Groups = 0 },
		"unknown group":         func(p *sharing.Policy) { p.Grants[0].Groups = 64 },
		"unknown category":      func(p *sharing.Policy) { p.Grants[0].Categories = []watchlist.Category{"migrant"} },
		"caveat twice":          func(p *sharing.Policy) { p.Caveats[1].Caveat = "ARMED " },
		"nameless caveat":       func(p *sharing.Policy) { p.Caveats[0].Caveat = " " },
		"too many":              func(p *sharing.Policy) { p.Grants = make([]sharing.Grant, sharing.MaxGrants+1) },
	} {
		p := policy()
		mod(p)
		if _, err := p.Encode(); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
	if got := (sharing.Core | sharing.Case).String(); got != "core+case" {
		t.Error(got)
	}
}

func FuzzDecode(f *testing.F) {
	b, err := policy().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := sharing.Decode(b)
		if err != nil {
			return
		}
		if again, err := p.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatal("decoded something that encodes otherwise")
		}
		sharing.Decide(p, mali, entry(nil))
	})
}
