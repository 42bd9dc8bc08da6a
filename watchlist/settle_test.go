package watchlist_test

import (
	"testing"

	"vigie/watchlist"
)

func TestSettleAdviceIsInThreeLanguages(t *testing.T) {
	seen := map[watchlist.Advice]bool{}
	for _, code := range []string{
		watchlist.SettlePhotoOfTraveller, watchlist.SettleBetterPhoto, watchlist.SettleHolderOfDocument, watchlist.SettleDocumentOfTraveller,
		watchlist.SettleBirthOfTraveller, watchlist.SettleNameOfTraveller, watchlist.SettlePhotoOfListed, watchlist.SettleBirthOfListed,
	} {
		a, ok := watchlist.SettleAdvice(code)
		if !ok || a.French == "" || a.English == "" || a.Portuguese == "" || a.French == a.Portuguese || a.French == a.English || seen[a] {
			t.Errorf("%s: %+v", code, a)
		}
		seen[a] = true
	}
	if _, ok := watchlist.SettleAdvice("patience"); ok {
		t.Error("advice for an unknown code")
	}
}
