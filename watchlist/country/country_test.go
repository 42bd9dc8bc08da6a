package country

import (
	"testing"

	"vigie/watchlist"
)

func TestAssigned(t *testing.T) {
	for _, c := range []watchlist.Country{
		"SEN", "GMB", "MLI", "MRT", "GIN", "GNB", "CPV", "CIV", "BFA", "NER", "MAR", "ESP", "FRA", "SSD", "ESH", "PSE", "TWN",
		"D", "XEC", "XPO", "XOM", "UNO", "UNA", "EUE", "GBD", "XXA", "XXB", "XXC", "XXX", "UTO", "RKS", "YUG", "ZAR",
	} {
		if !Assigned(c) {
			t.Errorf("%s is not assigned", c)
		}
	}
	for _, c := range []watchlist.Country{"", "S", "SN", "QQQ", "ZZZ", "AAA", "XAA", "QMM", "SE", "SEM", "sen", "001", "GBX", "SENE", "5EN", "Ä"} {
		if Assigned(c) {
			t.Errorf("%q is assigned", c)
		}
	}
}

// TestSize: a table cut short, or one that lets everything through, is noticed.
// ISO 3166-1 has 249 codes; the rest are former and reserved ones.
func TestSize(t *testing.T) {
	n := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				if code := watchlist.Country([]rune{a, b, c}); Assigned(code) {
					n++
					if code[0] == 'Q' && code != "QAT" || code[0] == 'X' && !Organisation(code) && code != "XXK" && code != "XKK" {
						t.Errorf("%s is assigned", code)
					}
				}
			}
		}
	}
	if n < 249+len(icao)-1 || n > 320 {
		t.Errorf("%d codes are assigned", n)
	}
}

func TestOrganisation(t *testing.T) {
	for c := range icao {
		if Organisation(c) && !Assigned(c) {
			t.Errorf("%s", c)
		}
	}
	if Organisation("SEN") || Organisation("D") || Organisation("QQQ") || !Organisation("XEC") || !Organisation("XXB") {
		t.Error("states and organisations are mixed up")
	}
}
