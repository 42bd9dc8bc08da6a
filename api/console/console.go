package console

import (
	_ "embed" // the pages
	"net/http"
)

//go:embed notice.html
var notice []byte

//go:embed notice.css
var style []byte

// Paths lists the addresses that Handler answers.
func Paths() []string { return []string{"/", "/console.css"} }

// Handler serves the notice. It replaces the Content-Security-Policy by one that
// allows the page's own style sheet and nothing else.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		page, kind := notice, "text/html; charset=utf-8"
		if r.URL.Path == "/console.css" {
			page, kind = style, "text/css; charset=utf-8"
		}
		w.Header().Set("Content-Type", kind)
		// A client that went away can't be told.
		_, _ = w.Write(page)
	})
}
