package population

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// plainSealer authenticates and hides nothing, so that a fuzzer reaches what lies
// behind the seal.
type plainSealer struct{}

func (plainSealer) Seal(plain, ad []byte) ([]byte, error) {
	sum := sha256.Sum256(append(slices.Clone(ad), plain...))
	return append(sum[:], plain...), nil
}

func (s plainSealer) Open(sealed, ad []byte) ([]byte, error) {
	if len(sealed) < sha256.Size {
		return nil, errors.New("short")
	}
	plain := slices.Clone(sealed[sha256.Size:])
	if again, _ := s.Seal(plain, ad); !bytes.Equal(again, sealed) {
		return nil, errors.New("changed")
	}
	return plain, nil
}

const basis = "consent forms of May"

// made gives persons of some groups with made-up templates, one photo each and the
// third of a group two.
func made(groups ...int) []Person {
	rng := rand.New(rand.NewPCG(1, 2))
	var out []Person
	for g, n := range groups {
		for i := range n {
			who := Person{Group: fmt.Sprintf("group %d", g)}
			for range 1 + i%3/2 {
				t := make([]float32, 128)
				for k := range t {
					t[k] = float32(rng.NormFloat64())
				}
				who.Templates = append(who.Templates, t)
			}
			out = append(out, who)
		}
	}
	return out
}

func mustNew(t testing.TB, persons []Person) *Population {
	t.Helper()
	p, err := New("test/1", basis, 1_700_000_000_000, persons)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func written(t testing.TB, p *Population) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b, plainSealer{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriteRead(t *testing.T) {
	persons := made(7, 230) // three parts
	p := mustNew(t, persons)
	file := written(t, p)
	again, err := Read(bytes.NewReader(file), plainSealer{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p.About(), again.About()); d != "" {
		t.Error(d)
	}
	want := []watchlist.PopulationGroup{{Name: "group 0", Persons: 7, Photos: 9}, {Name: "group 1", Persons: 230, Photos: 306}}
	if d := cmp.Diff(want, again.About().Groups); d != "" || again.Persons() != 237 {
		t.Errorf("%d persons, %s", again.Persons(), d)
	}
	for i := range p.Persons() {
		g, a := p.Person(i)
		h, b := again.Person(i)
		if g != h || !cmp.Equal(a, b) {
			t.Fatalf("person %d differs", i)
		}
	}
	// Neither the order of the persons nor that of their photos shows.
	slices.Reverse(persons)
	for _, who := range persons {
		slices.Reverse(who.Templates)
	}
	if mustNew(t, persons).About().Digest != p.About().Digest {
		t.Error("another order gives another population")
	}
	if other := mustNew(t, persons[1:]); other.About().Digest == p.About().Digest {
		t.Error("a person less gives the same digest")
	}
}

// Every changed byte and every cut is found, and nothing is read beyond the end.
func TestReadDamage(t *testing.T) {
	file := written(t, mustNew(t, made(5)))
	for i := range file {
		bad := slices.Clone(file)
		bad[i] ^= 0x40
		if _, err := Read(bytes.NewReader(bad), plainSealer{}); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := Read(bytes.NewReader(file[:i]), plainSealer{}); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := Read(bytes.NewReader(append(file, 0)), plainSealer{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte more: %v", err)
	}
}

func TestNewRefusals(t *testing.T) {
	broken := func(change func([]Person)) []Person {
		list := made(5)
		change(list)
		return list
	}
	for name, x := range map[string]struct {
		model, basis string
		persons      []Person
		want         string
	}{
		"nobody":        {"test/1", basis, nil, "0 photos"},
		"few":           {"test/1", basis, made(6, 4), `group "group 1" has 4 persons`},
		"no model":      {"", basis, made(5), "no model"},
		"no basis":      {"test/1", "   short   ", made(5), "basis"},
		"long basis":    {"test/1", strings.Repeat("x", MaxBasis+1), made(5), "basis"},
		"bar in name":   {"test/1", basis, broken(func(p []Person) { p[0].Group = "a|b" }), "printable"},
		"no photo":      {"test/1", basis, broken(func(p []Person) { p[0].Templates = nil }), "0 photos"},
		"many photos":   {"test/1", basis, broken(func(p []Person) { p[0].Templates = slices.Repeat(p[0].Templates, MaxPhotos+1) }), "101 photos"},
		"zero":          {"test/1", basis, broken(func(p []Person) { p[0].Templates = [][]float32{make([]float32, 128)} }), "all zero"},
		"two lengths":   {"test/1", basis, broken(func(p []Person) { p[0].Templates = [][]float32{slices.Repeat(p[0].Templates[0], 4)} }), "values"},
		"many groups":   {"test/1", basis, made(slices.Repeat([]int{5}, MaxGroups+1)...), "65 groups"},
		"unprintable":   {"test/1", basis, broken(func(p []Person) { p[0].Group = "a\x00" }), "printable"},
		"long name":     {"test/1", basis, broken(func(p []Person) { p[0].Group = strings.Repeat("g", 101) }), "100 bytes"},
		"too many":      {"test/1", basis, slices.Repeat(made(5), MaxTemplates/5), "possible"},
		"same photo":    {"test/1", basis, broken(func(p []Person) { p[4].Templates = p[3].Templates }), "there twice"},
		"long model":    {strings.Repeat("m", 201), basis, made(5), "model"},
		"invalid basis": {"test/1", "consent forms \xff", made(5), "basis"},
	} {
		if _, err := New(x.model, x.basis, 1, x.persons); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
}

func TestUnusable(t *testing.T) {
	if p := Unusable(); p.Persons() != 0 || p.About().State != watchlist.PopulationUnreadable {
		t.Errorf("%+v", p.About())
	}
}

// FuzzRead: any bytes give an error or a population that is written and read as the
// same; parts may claim anything behind a seal that holds.
func FuzzRead(f *testing.F) {
	good := written(f, mustNew(f, made(5)))
	header := good[:headerLen]
	f.Add(good[headerLen:], false)
	joined := func(parts ...any) (out []byte) {
		for _, v := range parts {
			plain, err := encode(v)
			if err != nil {
				f.Fatal(err)
			}
			out = append(out, plain...)
		}
		return out
	}
	p := mustNew(f, made(5))
	f.Add(joined(p.head(), p.part(0)), true)
	h := p.head()
	h.Groups[0].Persons = MaxTemplates
	f.Add(joined(h), true)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff}, false)
	f.Fuzz(func(t *testing.T, body []byte, sealed bool) {
		file := append(slices.Clone(header), body...)
		if sealed { // as many bytes as a head has, then the persons
			head, err := encode(p.head())
			if err != nil {
				t.Fatal(err)
			}
			at := min(len(head), len(body))
			file = slices.Clone(header)
			for n, plain := range [][]byte{body[:at], body[at:]} {
				b, _ := plainSealer{}.Seal(plain, place(header, n, n == 1))
				file = append(append(file, byte(len(b)>>24), byte(len(b)>>16), byte(len(b)>>8), byte(len(b))), b...)
			}
		}
		got, err := Read(bytes.NewReader(file), plainSealer{})
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := Read(bytes.NewReader(written(t, got)), plainSealer{})
		if err != nil || !cmp.Equal(got.About(), again.About()) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
