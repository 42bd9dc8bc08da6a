package score

import (
	"strings"

	"vigie/watchlist"
)

// The codes of document evidence.
const (
	CodeDocumentExact       = "document_same"
	CodeDocumentOtherIssuer = "document_same_other_issuer"
	CodeDocumentConfusable  = "document_confusable"
	CodeDocumentNear        = "document_near"
	CodeDocumentDiffers     = "document_different"
)

// minNear is the shortest number for which one differing character means
// anything.
const minNear = 6

// CompareDocument holds each document of the probe against each of the entry and
// reports the most telling pair. Params are "type" and "status" of the entry's
// document, so that a lost or stolen one shows. It returns false when no two are
// alike and no two are of one type and issuer.
func CompareDocument(probe, entry []watchlist.Document) (watchlist.Evidence, bool) {
	var best watchlist.Evidence
	found := false
	for _, p := range probe {
		for _, e := range entry {
			ev, ok := compareDocument(p, e)
			if ok && (!found || ev.LLR > best.LLR) {
				best, found = ev, true
			}
		}
	}
	return best, found
}

func compareDocument(p, e watchlist.Document) (watchlist.Evidence, bool) {
	ev := watchlist.Evidence{Kind: watchlist.EvidenceDocument, Params: map[string]string{"type": e.Type}}
	if e.Status != "" {
		ev.Params["status"] = string(e.Status)
	}
	set := func(score, llr float64, code, reason string) (watchlist.Evidence, bool) {
		ev.Score, ev.LLR, ev.Code, ev.Reason = score, llr, code, reason
		return ev, true
	}
	a, b := normalNumber(p.Number), normalNumber(e.Number)
	otherIssuer := p.Issuer != "" && e.Issuer != "" && p.Issuer != e.Issuer
	switch {
	case a == "" || b == "":
		return watchlist.Evidence{}, false
	case a == b && otherIssuer:
		return set(0.8, documentOtherIssuer, CodeDocumentOtherIssuer, "Même numéro de document, mais un autre pays de délivrance.")
	case a == b && (p.Issuer == "" || e.Issuer == ""):
		return set(1, documentNoIssuer, CodeDocumentExact, "Même numéro de document ; le pays de délivrance n'est pas connu des deux côtés.")
	case a == b:
		return set(1, documentExact, CodeDocumentExact, "Même numéro de document et même pays de délivrance.")
	case otherIssuer:
		return watchlist.Evidence{}, false
	case unconfused(a) == unconfused(b):
		return set(0.95, documentConfusable, CodeDocumentConfusable, "Même numéro de document, à des caractères près que la lecture optique confond.")
	case min(len(a), len(b)) >= minNear && oneEdit(unconfused(a), unconfused(b)):
		return set(0.85, documentNear, CodeDocumentNear, "Numéro de document voisin : un caractère diffère.")
	case p.Type == e.Type && p.Issuer != "" && p.Issuer == e.Issuer:
		return set(0, documentDiffers, CodeDocumentDiffers, "Autre numéro pour un document du même type et du même pays.")
	}
	return watchlist.Evidence{}, false
}

// normalNumber keeps capital letters A to Z and digits.
func normalNumber(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 0x0660 && r <= 0x0669:
			return r - 0x0660 + '0'
		case r >= 0x06F0 && r <= 0x06F9:
			return r - 0x06F0 + '0'
		case r >= 0xFF10 && r <= 0xFF19:
			return r - 0xFF10 + '0'
		}
		return -1
	}, s)
}

// unconfused puts the characters together that optical reading mistakes.
var unconfused = strings.NewReplacer("O", "0", "Q", "0", "D", "0", "I", "1", "L", "1", "Z", "2", "S", "5", "G", "6", "B", "8").Replace

// oneEdit reports whether one character was inserted, dropped or replaced, or two
// neighbours changed places.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case i == len(a):
		return true
	case len(a) < len(b):
		return a[i:] == b[i+1:]
	case a[i+1:] == b[i+1:]:
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
