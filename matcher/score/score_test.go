package score

import (
	"math"
	"slices"
	"strings"
	"testing"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

func date(t *testing.T, s string) watchlist.PartialDate {
	t.Helper()
	d, err := watchlist.ParsePartialDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// born reads "1984-05-17" or "1980..1984".
func born(t *testing.T, s string) watchlist.Birth {
	t.Helper()
	from, to, _ := strings.Cut(s, "..")
	return watchlist.Birth{From: date(t, from), To: date(t, to)}
}

func TestCompareBirth(t *testing.T) {
	for _, c := range []struct {
		probe, entry, code string
		line               string
	}{
		{"1984-05-17", "1984-05-17", CodeBirthExact, birthExact},
		{"1984-01-01", "1984-01-01", CodeBirthDefault, birthDefault},
		{"1984-12-31", "1984-12-31", CodeBirthDefault, birthDefault},
		{"1984-05-07", "1984-07-05", CodeBirthSwapped, birthSwapped},
		{"1984-05-17", "1984-01-01", CodeBirthYearDefault, birthYearDefault},
		{"1984-05", "1984-05-17", CodeBirthMonth, birthMonth},
		{"1984", "1984-05-17", CodeBirthYear, birthYear},
		{"1984", "1984", CodeBirthYear, birthYear},
		{"1984-05-17", "1984-06-20", CodeBirthYearOnly, birthYearOnly},
		{"1984-05", "1984-06", CodeBirthYearOnly, birthYearOnly},
		{"1984-05-17", "1983-05-17", CodeBirthDayMonth, birthDayMonth},
		{"1984-01-01", "1983-01-01", CodeBirthNear, birthNear},
		{"1984", "1986", CodeBirthNear, birthNear},
		{"1984-05-17", "1986-06-18", CodeBirthNear, birthNearFull},
		{"1984", "1990", CodeBirthDiffers, birthFar},
		{"1984-05-17", "1990-06-18", CodeBirthDiffers, birthFarFull},
		{"1984", "1960", CodeBirthDiffers, birthVeryFar},
		{"1982-03-03", "1980..1984", CodeBirthRange, ""},
		{"1980..1989", "1984", CodeBirthRange, ""},
		{"1950..2020", "1984", CodeBirthRange, ""},
		{"1986", "1980..1984", CodeBirthNear, birthNear},
		{"1999", "1980..1984", CodeBirthDiffers, birthVeryFar},
	} {
		t.Run(c.probe+" "+c.entry, func(t *testing.T) {
			for _, swap := range []bool{false, true} {
				p, e := born(t, c.probe), born(t, c.entry)
				if swap {
					p, e = e, p
				}
				ev, ok := CompareBirth(p, []watchlist.Birth{e})
				if !ok || ev.Code != c.code || c.line != "" && ev.LLR != Shipped().birth[c.line] || ev.Kind != watchlist.EvidenceBirth || ev.Reason == "" {
					t.Errorf("swapped %v: %+v, %v; want %s by %q", swap, ev, ok, c.code, c.line)
				}
			}
		})
	}
	if ev, ok := CompareBirth(born(t, "1984-05-17"), []watchlist.Birth{born(t, "1960"), born(t, "1984"), {}}); !ok || ev.Code != CodeBirthYear {
		t.Errorf("of several births: %+v", ev)
	}
	for _, e := range [][]watchlist.Birth{nil, {{}}} {
		if _, ok := CompareBirth(born(t, "1984"), e); ok {
			t.Error("no date was compared")
		}
	}
	if _, ok := CompareBirth(watchlist.Birth{Place: "Dakar"}, []watchlist.Birth{born(t, "1984")}); ok {
		t.Error("a place alone was compared")
	}
}

func TestCompareSex(t *testing.T) {
	for _, c := range []struct {
		a, b watchlist.Sex
		ok   bool
		code string
	}{
		{"M", "M", true, CodeSexSame}, {"F", "M", true, CodeSexDiffers}, {"X", "M", false, ""}, {"", "F", false, ""}, {"M", "X", false, ""},
	} {
		ev, ok := CompareSex(c.a, c.b)
		if ok != c.ok || ev.Code != c.code || ok && (ev.LLR > 0) != (c.a == c.b) {
			t.Errorf("%q, %q: %+v, %v", c.a, c.b, ev, ok)
		}
	}
}

func TestCompareNationality(t *testing.T) {
	for _, c := range []struct {
		probe watchlist.Country
		entry []watchlist.Country
		code  string
	}{
		{"SEN", []watchlist.Country{"GMB", "SEN"}, CodeNationalitySame},
		{"MLI", []watchlist.Country{"GMB", "SEN"}, CodeNationalityDiffers},
		{"", []watchlist.Country{"SEN"}, ""},
		{"SEN", nil, ""},
		{"XXA", []watchlist.Country{"SEN"}, ""},
		{"SEN", []watchlist.Country{"XXX"}, ""},
		{"UNO", []watchlist.Country{"UNO"}, ""},
	} {
		ev, ok := CompareNationality(c.probe, c.entry)
		if ok != (c.code != "") || ev.Code != c.code {
			t.Errorf("%s, %v: %+v, %v", c.probe, c.entry, ev, ok)
		}
	}
}

func TestCompareDocument(t *testing.T) {
	doc := func(number, issuer string) watchlist.Document {
		return watchlist.Document{Type: "passport", Number: number, Issuer: watchlist.Country(issuer), Status: watchlist.DocumentStolen}
	}
	for _, c := range []struct {
		probe, entry watchlist.Document
		code         string
		llr          float64
	}{
		{doc("A0123456", "SEN"), doc("A0123456", "SEN"), CodeDocumentExact, documentExact},
		{doc("a 012-3456", "SEN"), doc("A0123456", "SEN"), CodeDocumentExact, documentExact},
		{doc("A٠123456", "SEN"), doc("A0123456", "SEN"), CodeDocumentExact, documentExact},
		{doc("A0123456", ""), doc("A0123456", "SEN"), CodeDocumentExact, documentNoIssuer},
		{doc("A0123456", "GMB"), doc("A0123456", "SEN"), CodeDocumentOtherIssuer, documentOtherIssuer},
		{doc("AO123456", "SEN"), doc("A0123456", "SEN"), CodeDocumentConfusable, documentConfusable},
		{doc("A0I2345B", ""), doc("A0123458", "SEN"), CodeDocumentConfusable, documentConfusable},
		{doc("A0123457", "SEN"), doc("A0123456", "SEN"), CodeDocumentNear, documentNear},
		{doc("A012356", "SEN"), doc("A0123456", "SEN"), CodeDocumentNear, documentNear},
		{doc("A0124356", "SEN"), doc("A0123456", "SEN"), CodeDocumentNear, documentNear},
		{doc("A9123499", "SEN"), doc("A0123456", "SEN"), CodeDocumentDiffers, documentDiffers},
		{doc("A9123499", "GMB"), doc("A0123456", "SEN"), "", 0},
		{doc("A0123457", "GMB"), doc("A0123456", "SEN"), "", 0},
		{doc("A12", "GMB"), doc("A13", ""), "", 0},
		{doc("---", "SEN"), doc("---", "SEN"), "", 0},
	} {
		for _, swap := range []bool{false, true} {
			p, e := c.probe, c.entry
			if swap {
				p, e = e, p
			}
			ev, ok := CompareDocument([]watchlist.Document{p}, []watchlist.Document{e})
			if ok != (c.code != "") || ev.Code != c.code || ev.LLR != c.llr {
				t.Errorf("%q, %q, swapped %v: %+v, %v; want %s", c.probe.Number, c.entry.Number, swap, ev, ok, c.code)
			}
		}
	}
	ev, _ := CompareDocument([]watchlist.Document{doc("A0123456", "SEN")}, []watchlist.Document{doc("A9123499", "SEN"), doc("A0123456", "SEN")})
	if ev.Code != CodeDocumentExact || ev.Params["status"] != "stolen" || ev.Params["type"] != "passport" {
		t.Errorf("of several: %+v", ev)
	}
}

func name(kind watchlist.NameKind, full string) []watchlist.Name {
	return []watchlist.Name{{Kind: kind, Full: full}}
}

// TestRareNamesCountForMore: the same similarity is worth more in a rare name.
func TestRareNamesCountForMore(t *testing.T) {
	llr := func(a, b string) float64 {
		ev, ok := CompareNames(name(watchlist.NamePrimary, a), name(watchlist.NamePrimary, b), false)
		if !ok || ev.Pairs != nil {
			t.Fatalf("%s, %s: %+v, %v", a, b, ev, ok)
		}
		return ev.LLR
	}
	common, rare := llr("Mamadou Diallo", "Mamadou Diallo"), llr("Penda Kpatcha", "Penda Kpatcha")
	if common >= commonBelow || rare < common+0.3 || rare > MaxNameLLR {
		t.Errorf("common %+.2f, rare %+.2f", common, rare)
	}
	if l := llr("Mamadou Diallo", "Mamadou Sow"); l > 0 {
		t.Errorf("another surname speaks for: %+.2f", l)
	}
	if l := llr("Penda Kpatcha", "Awa Thioub"); l >= -0.5 || l < MinNameLLR {
		t.Errorf("two names: %+.2f", l)
	}
}

func TestNameAloneIsNeverEnough(t *testing.T) {
	for _, kind := range []watchlist.NameKind{watchlist.NamePrimary, watchlist.NameAlias, watchlist.NameWeak} {
		ev, _ := CompareNames(name("", "Xaviera Wolfeschlegel Kpatcha Zenabou"), name(kind, "Xaviera Wolfeschlegel Kpatcha Zenabou"), false)
		want := MaxNameLLR
		if kind == watchlist.NameWeak {
			want = MaxWeakNameLLR
		}
		if ev.LLR != want || ev.Params["kind"] != string(kind) || (ev.Score > 0.8) == (kind == watchlist.NameWeak) {
			t.Errorf("%s: %+v", kind, ev)
		}
	}
	// Without a base rate of more than one in ten, the best name stays below even
	// odds.
	if MaxNameLLR+math.Log10(0.0001/0.9999) > -0.9 {
		t.Error("a name alone reaches too far")
	}
}

func TestCompareNamesPicksTheBest(t *testing.T) {
	probe := []watchlist.Name{{Full: "Zenabou Kpatcha"}, {Full: "Momodou Jallow"}}
	entry := []watchlist.Name{{Kind: watchlist.NamePrimary, Full: "Awa Thioub"}, {Kind: watchlist.NameAlias, Full: "Diallo Mamadou"}, {Kind: watchlist.NameWeak, Full: "Zenabou Kpatcha"}}
	ev, ok := CompareNames(probe, entry, true)
	if !ok || ev.Params["name"] != "1" || ev.Params["order"] != "changed" || ev.Params["common"] != "true" || ev.Code != CodeNameFamily {
		t.Errorf("%+v", ev)
	}
	var rules []string
	for _, p := range ev.Pairs {
		rules = append(rules, p.Probe+"="+p.Entry+":"+p.Rule)
	}
	if want := []string{"momodou=mamadou:family", "jallow=diallo:family"}; !slices.Equal(rules, want) {
		t.Errorf("pairs %v, want %v", rules, want)
	}
	for _, none := range [][]watchlist.Name{nil, {{Full: ""}}, {{Full: "123"}}} {
		if _, ok := CompareNames(none, entry, false); ok {
			t.Errorf("%v was compared", none)
		}
		if _, ok := CompareNames(probe, none, false); ok {
			t.Errorf("%v was compared", none)
		}
	}
}

// TestReasonsHoldNoNames: the sentence may be shown and kept, the names may not.
func TestReasonsHoldNoNames(t *testing.T) {
	for _, other := range []string{"Zenabou Kpatcha", "Zenabu Kpacha", "Awa Sow", "Kpatcha", "Z Kpatcha"} {
		ev, _ := CompareNames(name("", "Zenabou Kpatcha"), name("", other), true)
		text := strings.ToLower(ev.Reason)
		for _, v := range ev.Params {
			text += strings.ToLower(v)
		}
		if strings.Contains(text, "zenab") || strings.Contains(text, "kpa") || ev.Code == "" || ev.Reason == "" {
			t.Errorf("%s: %+v", other, ev)
		}
	}
}

func BenchmarkCompareNames(b *testing.B) {
	n := NewNames(name("", "Mamadou Lamine Diallo"))
	entry := []watchlist.Name{{Full: "Momodou Jallow"}, {Full: "Ibrahima Sow"}}
	for b.Loop() {
		n.Compare(entry, false)
	}
}

// TestLikenessScalesSupport: the less two words are alike, the less they say; a word
// that more people bear says less; and words that differ never say more than equal
// ones.
func TestLikenessScalesSupport(t *testing.T) {
	c := Shipped()
	word := func(f float64) *names.Token { return &names.Token{Frequency: f} }
	for _, f := range []float64{0.0005, 0.005, 0.04} {
		equal := c.pair(word(f), word(f), names.RuleExact, 1)
		last := math.Inf(-1)
		for l := names.MinTokenScore; l <= 1; l += 0.005 {
			v := c.pair(word(f), word(f), names.RuleTypo, l)
			if v < last || v > equal {
				t.Errorf("frequency %g, likeness %.3f: %+.2f after %+.2f, equal words %+.2f", f, l, v, last, equal)
			}
			last = v
		}
	}
	if rare, common := c.equal(0.0005), c.equal(0.04); rare < common+0.5 {
		t.Errorf("a rare word is worth %+.2f, a common one %+.2f", rare, common)
	}
}

// TestPartialNamesStayBelow: a name of which a part is missing says less than the
// whole, however rare.
func TestPartialNamesStayBelow(t *testing.T) {
	whole, _ := CompareNames(name("", "Xaviera Kpatcha Zenabou"), name("", "Xaviera Kpatcha Zenabou"), false)
	part, _ := CompareNames(name("", "Xaviera Kpatcha Zenabou"), name("", "Xaviera Zenabou"), false)
	if part.Code != CodeNamePartial || part.LLR > MaxPartialNameLLR || whole.LLR < part.LLR+0.9 {
		t.Errorf("whole %s %+.2f, part %s %+.2f", whole.Code, whole.LLR, part.Code, part.LLR)
	}
}

// TestRecordedSurnames: with the surnames on record a difference in the given
// names leaves support, one in the surname doesn't.
func TestRecordedSurnames(t *testing.T) {
	person := func(given, surname string) []watchlist.Name {
		return []watchlist.Name{{Full: given + " " + surname, Given: given, Surname: surname}}
	}
	llr := func(a, b []watchlist.Name) float64 {
		t.Helper()
		ev, ok := CompareNames(a, b, false)
		back, _ := CompareNames(b, a, false)
		if !ok || math.Abs(ev.LLR-back.LLR) > 1e-9 {
			t.Fatalf("%+.2f, back %+.2f", ev.LLR, back.LLR)
		}
		return ev.LLR
	}
	if l := llr(person("Zenabu Yarra Penda", "Kpatcha Wolfe"), person("Zenabu Yarro Awa", "Kpatcha Wolfe")); l <= 0 {
		t.Errorf("one surname, another given name: %+.2f", l)
	}
	if l := llr(person("Zenabu Yarra Penda", "Kpatcha"), person("Zenabu Yarra Penda", "Semedo")); l > 0 {
		t.Errorf("another surname: %+.2f", l)
	}
	if l := llr(person("Kpatcha Yarra", "Diop"), []watchlist.Name{{Full: "DIOUF Kpatcha Yarra"}}); l > 0 {
		t.Errorf("another surname, in another order: %+.2f", l)
	}
}
