package docnum

import "testing"

func TestNormalise(t *testing.T) {
	for in, want := range map[string]string{
		"a 01-234/5": "A012345", "٣٤٥": "345", "۰۱": "01", "１２ａ": "12", "éß": "", "": "", "p<utö": "PUT",
	} {
		if got := Normalise(in); got != want {
			t.Errorf("Normalise(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	if got := Fold("OQDILZSGBA0"); got != "000112568A0" {
		t.Errorf("Fold = %q", got)
	}
}

func TestOneEdit(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"A", "", true},
		{"AB", "", false},
		{"ABC", "ABC", true},
		{"ABC", "ABX", true},
		{"ABC", "AXX", false},
		{"ABC", "ABCD", true},
		{"ABC", "XABC", true},
		{"ABC", "ACB", true},
		{"ABCD", "BADC", false},
		{"ABC", "CBA", false},
		{"ABC", "ABCDE", false},
	} {
		if got := OneEdit(c.a, c.b); got != c.want {
			t.Errorf("OneEdit(%q, %q) = %v", c.a, c.b, got)
		}
		if got := OneEdit(c.b, c.a); got != c.want {
			t.Errorf("OneEdit(%q, %q) = %v: not symmetric", c.b, c.a, got)
		}
	}
}

func TestRange(t *testing.T) {
	r, err := NewRange("AB 000100", "ab000199")
	if err != nil || r != (Range{"AB", 6, 100, 199}) {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, c := range []struct {
		number        string
		exact, folded bool
	}{
		{"AB000100", true, true},
		{"AB000199", true, true},
		{"AB000200", false, false},
		{"AB000099", false, false},
		{"AC000150", false, false},
		{"AB00015", false, false},
		{"AB0001500", false, false},
		{"A8000150", false, true},
		{"ABO001SO", false, true},
		{"ABX00150", false, false},
		{"", false, false},
	} {
		if got := r.Contains(c.number, false); got != c.exact {
			t.Errorf("%q: exact %v", c.number, got)
		}
		if got := r.Contains(c.number, true); got != c.folded {
			t.Errorf("%q: folded %v", c.number, got)
		}
	}
	for _, bad := range [][2]string{
		{"A1", "A10"}, {"A2", "A1"}, {"A1", "B2"}, {"AB", "AC"}, {"", ""}, {"A0000000", "A1000000"}, {"12A4", "13A5"},
	} {
		if r, err := NewRange(bad[0], bad[1]); err == nil {
			t.Errorf("%q to %q makes %+v", bad[0], bad[1], r)
		}
	}
	if r, err := NewRange("1", "1"); err != nil || !r.Contains("1", false) || r.Contains("2", false) {
		t.Errorf("a run of one: %+v, %v", r, err)
	}
}
