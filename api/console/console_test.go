package console

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestNotice(t *testing.T) {
	for _, p := range Paths() {
		rec := httptest.NewRecorder()
		Handler().ServeHTTP(rec, httptest.NewRequest("GET", p, nil))
		if rec.Code != 200 || rec.Body.Len() == 0 || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/") {
			t.Errorf("%s: %d %v", p, rec.Code, rec.Header())
		}
	}
	page := string(notice)
	for _, lang := range []string{`lang="fr"`, `lang="en"`, `lang="pt"`} {
		if !strings.Contains(page, lang) {
			t.Errorf("the notice lacks %s", lang)
		}
	}
	// The policy allows no inline style or script, and nothing points outside.
	if regexp.MustCompile(`(?i)<script|style=|<style|https?://|onclick`).MatchString(page) {
		t.Error("the notice breaks its own policy")
	}
	for _, m := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		switch m[1] {
		case "/console.css", "/openapi.json", "/health/live":
		default:
			t.Errorf("the notice points to %s, which doesn't exist", m[1])
		}
	}
}
