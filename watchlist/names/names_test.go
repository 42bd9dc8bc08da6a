package names

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/watchlist"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Mamadou DIALLO":                    "mamadou diallo",
		"  N'Diaye ":                        "ndiaye",
		"N’Diaye":                           "ndiaye",
		"Jean-Baptiste":                     "jean baptiste",
		"DIALLO<<MAMADOU<LAMINE":            "diallo mamadou lamine",
		"Djaló, Mamadú":                     "djalo mamadu",
		"Ñiŋ Ɓa Ɗem Ƴero Ɲakate":            "nin ba dem yero nakate",
		"E\u0301tienne Ya\u0308el":          "etienne yael",
		"Müller Åse Œuvrard Straße":         "muller ase oeuvrard strasse",
		"Ma\u200bma\u200ddou":               "mamadou",
		"\u202eollaiD\u202c Mamadou":        "ollaid mamadou",
		"Dia\xffllo":                        "diallo",
		"D1allo K0ne 42":                    "diallo kone",
		"Ｍａｍａｄｏｕ":                           "mamadou",
		"Abdou Rahmane Sarr":                "abdourahmane sarr",
		"Abdou Diallo":                      "abdou diallo",
		"Abd al-Karim Ba":                   "abdkarim ba",
		"Иван Петров":                       "ivan petrov",
		"محمد":                              "mhmd",
		"مُحَمَّد":                          "mhmd",
		"ديالو":                             "dialou",
		"الحسن":                             "al hsn",
		"ߡߊߡߊߘߎ":                            "mamadu",
		"":                                  "",
		" \t\n":                             "",
		"\u200b\u202e":                      "",
		"123":                               "",
		strings.Repeat("a", 10_000):         strings.Repeat("a", MaxRunes),
		strings.Repeat("ab ", 10_000):       strings.TrimSpace(strings.Repeat("ab ", MaxTokens)),
		strings.Repeat("\u0301", 500) + "a": "",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%.40q) = %.60q, want %.60q", in, got, want)
		}
	}
}

func TestSounds(t *testing.T) {
	for rich, want := range map[string]string{
		"diallo": "JaLo", "jallow": "JaLo", "djalo": "JaLo", "diop": "JoB", "thiam": "CaM", "cham": "CaM", "tcham": "CaM",
		"niasse": "NaSe", "nyass": "NaS", "nhasse": "NaSe", "ndiaye": "NJe", "indjai": "NJe", "embalo": "MBaLo", "mballo": "MBaLo",
		"gueye": "Ge", "queita": "KeTa", "keita": "KeTa", "ouattara": "WaTaRa", "uatara": "WaTaRa", "watara": "WaTaRa",
		"yoro": "YoRo", "ioro": "YoRo", "vall": "FaL", "fall": "FaL", "danbele": "DaMBeLe", "haidara": "eDaRa",
		"sakho": "SaKo", "bojang": "BoJaN", "abderrahmane": "aBDuRaMaNe", "abdoulrahmane": "aBDuRaMaNe",
	} {
		if got := soundsOf(rich, false); got[0] != want {
			t.Errorf("soundsOf(%q) = %v, want %s first", rich, got, want)
		}
	}
	for sound, want := range map[string]string{"JaLo": "JL", "So": "S|U", "Si": "S|E", "Ba": "B|A", "a": "=a", "": "="} {
		if got := skeletonOf(sound); got != want {
			t.Errorf("skeletonOf(%q) = %q, want %q", sound, got, want)
		}
	}
}

func TestDecodeICAOArabic(t *testing.T) {
	for in, want := range map[string]string{
		"mxhmd": "m.hmd", "faxttmxta": "fatma", "xshyxkh": "shykh", "mxssxttfxay": "mstfa",
		"roxaya": "", "maxtaar": "", "diallo": "", "alex": "", "soxna": "",
	} {
		if got := decodeICAOArabic(in); got != want {
			t.Errorf("decodeICAOArabic(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestFamiliesTable guards the embedded table: it parses, every form is one
// word, and no form stands twice in one row.
func TestFamiliesTable(t *testing.T) {
	families := Families()
	if len(families) < 100 {
		t.Fatalf("only %d families", len(families))
	}
	for _, f := range families {
		seen := map[string]bool{}
		for _, form := range f.Forms {
			if seen[form] || strings.TrimSpace(form) != form || form == "" {
				t.Errorf("family %d: form %q is empty, padded or there twice", f.Number, form)
			}
			seen[form] = true
			if n := len(Split(watchlist.Name{Full: form})); n != 1 {
				t.Errorf("family %d: form %q has %d words", f.Number, form, n)
			}
		}
		a, b := word(f.Forms[0], false), word(f.Forms[len(f.Forms)-1], false)
		if a == nil || b == nil || !a.SharesFamily(b) {
			t.Errorf("family %d: its first and last forms don't meet", f.Number)
		}
	}
	for _, bad := range []string{"surname\t1\town", "surname\tx\town\ta,b", "city\t1\town\ta,b", "given\t1\t\ta,b", "given\t1\town\ta", "given\t500\town\ta,b"} {
		if _, err := parseFamilies(bad); err == nil {
			t.Errorf("row %q was accepted", bad)
		}
	}
}

func tokens(s string) []*Token { return Parse(watchlist.Name{Full: s}).Tokens }

func TestCompareWords(t *testing.T) {
	for _, c := range []struct {
		a, b string
		rule Rule
	}{
		{"Diallo", "DIALLO", RuleExact},
		{"Müller", "Mueller", RuleICAO},
		{"Diallo", "Jallow", RuleFamily},
		{"Cissé", "Ceesay", RuleFamily},
		{"Diakhoumpa", "Jakhumpa", RuleSound},
		{"Ould", "Ben", RuleFamily},
		{"Ould", "Mint", RuleMissing},
		{"Badiane", "Badaine", RuleTypo},
		{"Diop", "Diouf", RuleTwoNames},
		{"Nafissatou", "Nafi", RuleShort},
		{"M", "Mamadou", RuleInitial},
		{"M", "Diallo", RuleMissing},
		{"Ba", "Li", RuleMissing},
		{"Diallo", "Sow", RuleMissing},
		{"a", "b", RuleMissing},
	} {
		a, b := tokens(c.a)[0], tokens(c.b)[0]
		s, r := Similarity(a, b)
		back, rr := Similarity(b, a)
		if r != c.rule || rr != c.rule || math.Abs(s-back) > 1e-9 || s < 0 || s > 1 || (s == 0) != (r == RuleMissing) {
			t.Errorf("%s, %s: %.2f %s, back %.2f %s; want %s", c.a, c.b, s, r, back, rr, c.rule)
		}
	}
}

func TestTruncatedWord(t *testing.T) {
	whole := tokens("Coulibaly Souleymane")
	cutName := Parse(watchlist.Name{Full: "COULIBALY SOULEYM", Truncated: true}).Tokens
	plain := tokens("COULIBALY SOULEYM")
	a, b := Compare(cutName, whole), Compare(plain, whole)
	if a.Score < 0.93 || a.Score <= b.Score {
		t.Errorf("cut off %.3f, not marked %.3f", a.Score, b.Score)
	}
}

// TestCompareShape checks the order that scores must keep.
// TestTruncatedServant: a name of God that is cut off joins its servant as the whole
// one does.
func TestTruncatedServant(t *testing.T) {
	entry := Parse(watchlist.Name{Full: "Yorro Sambah Abdul Qadir Balla Dumbya"}).Tokens
	for name, least := range map[string]float64{"DUMBYA YORRO SAMBAH ABDUL QAD": 0.85, "DUMBYA YORRO SAMBAH ABDUL QA": 0.85, "DUMBYA YORRO SAMBAH ABDUL": 0.85} {
		cut := Parse(watchlist.Name{Full: name, Truncated: true}).Tokens
		if c := Compare(cut, entry); c.Score < least {
			t.Errorf("%s: %.3f", name, c.Score)
		}
	}
	whole := Parse(watchlist.Name{Full: "DUMBYA ABDUL QAD"}).Tokens
	if len(whole) != 3 {
		t.Errorf("%d words of a name that is not cut off", len(whole))
	}
}

func TestCompareShape(t *testing.T) {
	score := func(a, b string) float64 { return Compare(tokens(a), tokens(b)).Score }
	chain := []struct{ a, b string }{
		{"Mamadou Diallo", "Mamadou Diallo"},
		{"Mamadou Diallo", "Diallo Mamadou"},
		{"Mamadou Diallo", "Momodou Jallow"},
		{"Mamadou Diallo", "Mamadou Lamine Diallo"},
		{"Mamadou Diallo", "Diallo"},
		{"Mamadou Diallo", "Mamadou Sow"},
		{"Mamadou Diallo", "Ibrahima Sow"},
	}
	last := 2.0
	for _, c := range chain {
		s := score(c.a, c.b)
		if s >= last {
			t.Errorf("%s ~ %s scores %.3f, not below %.3f", c.a, c.b, s, last)
		}
		last = s
	}
	if s := score("Mamadou Diallo", "Mamadou Diallo"); s != 1 {
		t.Errorf("a name against itself scores %v", s)
	}
	if c := Compare(nil, tokens("Diallo")); c.Score != 0 || len(c.Pairs) != 1 {
		t.Errorf("an empty name: %+v", c)
	}
}

// TestAssignIsOptimal holds the assignment against trying every permutation.
func TestAssignIsOptimal(t *testing.T) {
	for seed := range uint64(300) {
		x := seed*2654435761 + 12345
		next := func() float64 { x = x*6364136223846793005 + 1442695040888963407; return float64(x>>40) / (1 << 24) }
		n, m := 1+int(next()*4), 1+int(next()*4)
		var sims [MaxTokens][MaxTokens]float32
		var wp, we [MaxTokens]float64
		var no [MaxTokens]bool
		for i := range n {
			wp[i] = 0.1 + next()
			for j := range m {
				if next() > 0.4 {
					sims[i][j] = float32(next())
				}
			}
		}
		for j := range m {
			we[j] = 0.1 + next()
		}
		match := assign(n, m, &sims, &wp, &we, &no, &no)
		got := 0.0
		for i := range n {
			if j := match[i]; j >= 0 {
				got += float64(sims[i][j]) * (wp[i] + we[j])
			}
		}
		if want := exhaustive(0, n, m, 0, &sims, &wp, &we); math.Abs(got-want) > 1e-9 {
			t.Fatalf("seed %d: total %.6f, best is %.6f", seed, got, want)
		}
	}
}

func exhaustive(i, n, m int, used uint, sims *[MaxTokens][MaxTokens]float32, wp, we *[MaxTokens]float64) float64 {
	if i == n {
		return 0
	}
	best := exhaustive(i+1, n, m, used, sims, wp, we)
	for j := range m {
		if used&(1<<j) == 0 {
			best = max(best, float64(sims[i][j])*(wp[i]+we[j])+exhaustive(i+1, n, m, used|1<<j, sims, wp, we))
		}
	}
	return best
}

var nasty = []string{
	"", "a", "é", " ", "'", "\x00", "\xff\xfe", "\u202eolla", "\u200b", "-", "<<<<", "٣", "ع", "ء", "ال", "ـــ", "ߒ", "߲",
	"x", "xx", "h", "hh", "w", "y", "ng", "ngue", "nh", "q", strings.Repeat("x", 10_000), strings.Repeat("a ", 10_000),
	strings.Repeat("nd", 100), "Mamadou \u202eollaiD", "Иван", "成 朱", "🙂", "Zalgơ̷̜͖", "\u0301\u0301",
}

// TestNastyNames checks that no name breaks anything or takes long.
func TestNastyNames(t *testing.T) {
	for _, a := range nasty {
		for _, b := range nasty {
			// The best of several runs, since other processes share the machine.
			best := time.Hour
			for range 3 {
				start := time.Now()
				checkPair(t, a, b)
				best = min(best, time.Since(start))
			}
			if best > 100*time.Millisecond {
				t.Errorf("%.20q against %.20q took %v", a, b, best)
			}
		}
	}
}

func checkPair(t *testing.T, a, b string) {
	t.Helper()
	pa, pb := tokens(a), tokens(b)
	for _, list := range [][]*Token{pa, pb} {
		if len(list) > MaxTokens {
			t.Fatalf("%d words", len(list))
		}
		for _, x := range list {
			if x.Text == "" || len(x.Sounds) == 0 || len(x.Sounds) != len(x.Skeletons) || strings.Trim(x.Text, "abcdefghijklmnopqrstuvwxyz") != "" {
				t.Fatalf("bad token %+v", x)
			}
		}
	}
	c := Compare(pa, pb)
	if c.Score < 0 || c.Score > 1 || math.IsNaN(c.Score) {
		t.Fatalf("score %v", c.Score)
	}
	probe, entry := map[int]int{}, map[int]int{}
	for _, p := range c.Pairs {
		if p.Probe >= 0 {
			probe[p.Probe]++
			if p.Joined < 0 {
				probe[p.Probe+1]++
			}
		}
		if p.Entry >= 0 {
			entry[p.Entry]++
			if p.Joined > 0 {
				entry[p.Entry+1]++
			}
		}
	}
	if len(probe) != len(pa) || len(entry) != len(pb) {
		t.Fatalf("the pairs leave words out: %+v", c.Pairs)
	}
	for _, m := range []map[int]int{probe, entry} {
		for i, n := range m {
			if n != 1 {
				t.Fatalf("word %d is in %d pairs", i, n)
			}
		}
	}
	if len(pa) > 0 {
		if self := Compare(pa, pa).Score; math.Abs(self-1) > 0.02 {
			t.Fatalf("a name against itself scores %v", self)
		}
	}
}

func FuzzCompare(f *testing.F) {
	for i, s := range nasty {
		f.Add(s, nasty[(i*7+3)%len(nasty)])
	}
	f.Add("Mamadou Da Silva", "DASILVA<<MAMADU")
	f.Add("محمد ولد الشيخ", "Mohamed Ould Cheikh")
	f.Fuzz(func(t *testing.T, a, b string) { checkPair(t, a, b) })
}

func TestEqualInputGivesEqualKeys(t *testing.T) {
	for _, n := range []string{"Mamadou Diallo", "محمد ولد الشيخ", "Séex Xadi"} {
		if diff := cmp.Diff(Parse(watchlist.Name{Full: n}), Parse(watchlist.Name{Full: n}), cmp.AllowUnexported(Token{})); diff != "" {
			t.Errorf("two parses differ:\n%s", diff)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		Parse(watchlist.Name{Full: "Mamadou Lamine Diallo"})
	}
}

func BenchmarkCompare(b *testing.B) {
	x, y := tokens("Mamadou Lamine Diallo"), tokens("Momodou Jallow")
	for b.Loop() {
		Compare(x, y)
	}
}

// TestPlainNamesFoldAlike holds the short way of plain names against the long
// one, which a final zero-width space forces.
func TestPlainNamesFoldAlike(t *testing.T) {
	for _, s := range []string{"Mamadou Lamine DIALLO", "  Jean-Baptiste  Ba ", "", "-", "a", "Abdou Rahmane Sarr", "Abd Al Karim", "EL-HADJI Malick", strings.Repeat("ab ", 60)} {
		for _, truncated := range []bool{false, true} {
			plain := Split(watchlist.Name{Full: s, Truncated: truncated})
			long := Split(watchlist.Name{Full: s + "\u200b", Truncated: truncated})
			if diff := cmp.Diff(long, plain, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%.30q:\n%s", s, diff)
			}
		}
	}
}

// TestSyllabicNamesKeepApart: names in Han characters or Hangul meet Latin ones by
// their reading alone, not by the region's sounds.
func TestSyllabicNamesKeepApart(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"张", "Zhang", true}, {"建国", "Jianguo", true}, {"建国", "Jiangou", true}, {"晨", "Cheng", false}, {"朱", "Zhou", false}, {"李", "Ly", false}, {"송", "Sonko", false}, {"张", "张", true}} {
		a, b := tokens(c.a)[0], tokens(c.b)[0]
		s, _ := Similarity(a, b)
		back, _ := Similarity(b, a)
		if (s > 0) != c.want || s != back {
			t.Errorf("%s, %s: %.2f, back %.2f", c.a, c.b, s, back)
		}
	}
}
