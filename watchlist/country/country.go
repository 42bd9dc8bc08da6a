package country

import (
	"golang.org/x/text/language"

	"vigie/watchlist"
)

// icao are the codes of Doc 9303 part 3 section 5 that ISO 3166-1 does not have,
// parts A to E of its list, and those that states print besides it.
var icao = map[watchlist.Country]bool{
	// Germany, and the status codes of British documents.
	"D": true, "GBD": true, "GBN": true, "GBO": true, "GBP": true, "GBS": true,
	// The European Union's laissez-passer; the United Nations and its agencies;
	// its former administration in Kosovo, and what Kosovo prints (x/text has XKK).
	"EUE": true, "UNO": true, "UNA": true, "UNK": true, "RKS": true, "XXK": true,
	// African Development Bank, Afreximbank, CARICOM, Council of Europe, COMESA,
	// ECOWAS, INTERPOL, OECS, Parliamentary Assembly of the Mediterranean, Order
	// of Malta, SADC.
	"XBA": true, "XIM": true, "XCC": true, "XCE": true, "XCO": true,
	"XEC": true, "XPO": true, "XES": true, "XMP": true, "XOM": true, "XDC": true,
	// Stateless persons, refugees by the 1951 Convention, other refugees, persons
	// of unspecified nationality.
	"XXA": true, "XXB": true, "XXC": true, "XXX": true,
	// Utopia, the issuer of ICAO's specimens.
	"UTO": true,
}

// Assigned reports whether c is in use on travel documents: a country of ISO
// 3166-1, one that has been (its documents outlive it), a territory that ISO
// reserves a code for, or an ICAO code. User-assigned codes such as QQQ are not.
func Assigned(c watchlist.Country) bool {
	if icao[c] {
		return true
	}
	if len(c) != 3 || !c.Valid() {
		return false
	}
	r, err := language.ParseRegion(string(c))
	return err == nil && r.IsCountry() && r.ISO3() == string(c)
}

// Organisation reports whether c is an ICAO code that is no state's: of an
// organisation, or of persons without a nationality. Nothing follows from it for
// the bearer's nationality.
func Organisation(c watchlist.Country) bool {
	switch c {
	case "EUE", "UNO", "UNA", "UNK", "XBA", "XIM", "XCC", "XCE", "XCO", "XEC", "XPO", "XES", "XMP", "XOM", "XDC", "XXA", "XXB", "XXC", "XXX":
		return true
	}
	return false
}
