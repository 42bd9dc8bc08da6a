package watchlist_test

import (
	"strings"
	"testing"

	"vigie/watchlist"
)

// TestNoticeIsAboutTheDocument: whatever is reported and however it was found, in
// each language the notice says that it is not about the person, and speaks of
// being wanted only to deny it; and it says of the document at hand that it is
// reported only when number, type and issuer are the report's.
func TestNoticeIsAboutTheDocument(t *testing.T) {
	denied := map[string]string{
		"fr": "son porteur n'est pas recherché de ce fait", "en": "its bearer is not wanted for that", "pt": "o portador não é procurado por isso",
	}
	wanted := map[string]string{"fr": "recherch", "en": "wanted", "pt": "procurad"}
	this := map[string]string{"fr": "Ce document est signalé", "en": "This document is reported", "pt": "Este documento está assinalado"}
	for _, status := range []watchlist.ReportStatus{
		watchlist.ReportLost, watchlist.ReportStolen, watchlist.ReportStolenBlank, watchlist.ReportRevoked, watchlist.ReportForged,
	} {
		for _, kind := range []watchlist.ReportMatchKind{watchlist.ReportSame, watchlist.ReportInRange, watchlist.ReportConfusable, watchlist.ReportNear} {
			for flags := range 4 {
				f := watchlist.DocumentFinding{
					Report: &watchlist.ReportedDocument{Status: status}, Kind: kind, OtherType: flags&1 > 0, IssuerUnknown: flags&2 > 0,
				}
				n := f.Notice()
				certain := (kind == watchlist.ReportSame || kind == watchlist.ReportInRange) && flags == 0
				for lang, text := range map[string]string{"fr": n.French, "en": n.English, "pt": n.Portuguese} {
					rest, _, found := strings.Cut(text, denied[lang])
					if !found || strings.Contains(rest, wanted[lang]) {
						t.Errorf("%s %s %d in %s: %s", status, kind, flags, lang, text)
					}
					if strings.HasPrefix(text, this[lang]) != certain {
						t.Errorf("%s %s, other type %v, issuer unknown %v: %s", status, kind, f.OtherType, f.IssuerUnknown, text)
					}
					if strings.Contains(text, "  ") || strings.Contains(text, " .") {
						t.Errorf("a word is missing: %s", text)
					}
				}
			}
		}
	}
}
