package text

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

func each(list []*watchlist.Entry) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Détention, l'Œuvre—São Tomé": "detention l oeuvre sao tome",
		"DKR-2026/0012":               "dkr 2026 0012",
		"ƁALLƊE ŋ Ɛ":                  "ballde n e",
		"محمد ٢٠٢٦":                   "محمد ٢٠٢٦",
		"\x00 \ufffd -":               "",
		strings.Repeat("x", 1000):     strings.Repeat("x", maxWord),
	} {
		if got := strings.Join(fold(in), " "); got != want {
			t.Errorf("%.20q: %q, want %q", in, got, want)
		}
	}
}

// TestHostileQueries: each is refused with its rule, and the refusal holds nothing of
// it.
func TestHostileQueries(t *testing.T) {
	for text, code := range map[string]string{
		"":                                    "required",
		"  \t ":                               "required",
		"- ; :":                               "required",
		"-diallo":                             "required",
		strings.Repeat("x", 10_000):           "too_long",
		strings.Repeat("é", MaxText+1):        "too_long",
		strings.Repeat("ab ", 17):             "too_many",
		strings.Repeat(`"" `, 30):             "too_many",
		`"` + strings.Repeat("a ", 20):        "unbalanced_quote",
		`"` + strings.Repeat("ab ", 17) + `"`: "too_many",
		`diallo "sow`:                         "unbalanced_quote",
		`name:"`:                              "unbalanced_quote",
		"*":                                   "wildcard",
		"*diallo":                             "wildcard",
		"di*llo":                              "wildcard",
		"name:*":                              "wildcard",
		"di*":                                 "prefix_too_short",
		"--*":                                 "prefix_too_short",
		"nom:diallo":                          "unknown_field",
		"_all:diallo":                         "",
		"_status:active":                      "",
		"diallo~9 ^8 /.*/":                    "wildcard",
		"/diallo.+/":                          "",
		"10:30":                               "",
		"\xff\xfe abc":                        "",
	} {
		err := Check(text)
		var f watchlist.FieldError
		switch {
		case code == "" && err != nil:
			t.Errorf("%.20q: %v", text, err)
		case code != "" && (!errors.As(err, &f) || f.Code != code || f.Pointer != "/text"):
			t.Errorf("%.20q: %v, want %s", text, err, code)
		case code != "" && strings.Contains(strings.ToLower(err.Error()), "diallo"):
			t.Errorf("the refusal repeats the query: %v", err)
		}
	}
}

func TestParse(t *testing.T) {
	p, err := parse(`-NAME:"Aïcha Sow"faux de le offence:traf* 12:30`)
	if err != nil {
		t.Fatal(err)
	}
	want := []clause{
		{field: "name", words: []string{"aicha", "sow"}, not: true, quoted: true},
		{field: allFields, words: []string{"faux"}},
		{field: "offence", words: []string{"traf"}, prefix: true},
		{field: allFields, words: []string{"12", "30"}},
	}
	if d := cmp.Diff(want, p.clauses, cmp.AllowUnexported(clause{})); d != "" {
		t.Errorf("clauses (-want +got):\n%s", d)
	}
}

// FuzzSearch: no query brings bleve down, and each is answered or refused for a rule.
func FuzzSearch(f *testing.F) {
	for _, w := range wanted {
		f.Add(w.text)
	}
	f.Add(`"a" -b c* name:"d e`)
	c := testCore(f)
	if err := c.Rebuild(each(specimens()), 1); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := c.Search(t.Context(), watchlist.TextQuery{Text: text, K: 3})
		var rule watchlist.FieldError
		if err != nil && !errors.As(err, &rule) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
