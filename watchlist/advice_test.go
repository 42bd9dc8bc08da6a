package watchlist_test

import (
	"testing"
	"unicode/utf8"

	"vigie/watchlist"
)

func TestPhotoAdviceIsShortAndInThreeLanguages(t *testing.T) {
	for _, code := range []string{
		watchlist.FaceNone, watchlist.FaceMultiple, watchlist.FaceBoxUnknown, watchlist.FaceTooSmall, watchlist.FaceTooBlurred,
		watchlist.FaceOverexposed, watchlist.FaceTurnedAway, watchlist.FaceUnsupported, watchlist.FaceCorrupt,
		watchlist.FaceImageTooLarge, watchlist.FaceImageTooSmall, watchlist.FaceEngineAbsent, watchlist.FaceEngineOverload,
		watchlist.FlagLowResolution, watchlist.FlagBlurred, watchlist.FlagDark, watchlist.FlagBright, watchlist.FlagSideLit,
		watchlist.FlagTurned, watchlist.FlagTilted, watchlist.FlagCropped, watchlist.FlagLowQualityReference,
	} {
		a, ok := watchlist.PhotoAdvice(code)
		if !ok {
			t.Errorf("%s has no advice", code)
			continue
		}
		for _, text := range []string{a.French, a.English, a.Portuguese} {
			if n := utf8.RuneCountInString(text); n < 5 || n > 90 {
				t.Errorf("%s: %d characters: %q", code, n, text)
			}
		}
	}
	if _, ok := watchlist.PhotoAdvice("ok"); ok {
		t.Error("there is advice on nothing")
	}
}

func TestReplaceBy(t *testing.T) {
	const day = 24 * 3600 * 1000
	f := watchlist.Face{AddedAt: 1000, Quality: watchlist.FaceQuality{Flags: []string{watchlist.FlagBlurred, watchlist.FlagLowQualityReference}}}
	for review, want := range map[int64]int64{0: 1000 + 90*day, 50 * day: 50 * day, 900 * day: 1000 + 90*day} {
		if got := f.ReplaceBy(review); got != want {
			t.Errorf("review at %d: %d, want %d", review, got, want)
		}
	}
	if a, ok := f.Quality.Advice(); !ok || a.French[:11] != "Photo floue" {
		t.Errorf("advice %+v", a)
	}
	f.Quality.Flags = f.Quality.Flags[:1]
	if got := f.ReplaceBy(0); got != 0 {
		t.Errorf("a good reference should be replaced by %d", got)
	}
}
