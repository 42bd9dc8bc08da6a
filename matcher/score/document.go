package score

import (
	"vigie/watchlist"
	"vigie/watchlist/docnum"
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
	a, b := docnum.Normalise(p.Number), docnum.Normalise(e.Number)
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
	case docnum.Fold(a) == docnum.Fold(b):
		return set(0.95, documentConfusable, CodeDocumentConfusable, "Même numéro de document, à des caractères près que la lecture optique confond.")
	case min(len(a), len(b)) >= minNear && docnum.OneEdit(docnum.Fold(a), docnum.Fold(b)):
		return set(0.85, documentNear, CodeDocumentNear, "Numéro de document voisin : un caractère diffère.")
	case p.Type == e.Type && p.Issuer != "" && p.Issuer == e.Issuer:
		return set(0, documentDiffers, CodeDocumentDiffers, "Autre numéro pour un document du même type et du même pays.")
	}
	return watchlist.Evidence{}, false
}
