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
