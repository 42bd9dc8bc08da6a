package evalnames

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// fakeEngine answers as the engines' interfaces say: Awa Diop is entry a, and a
// stranger gets entry b with a low score.
func fakeEngine(t *testing.T) *httptest.Server {
	t.Helper()
	score := func(full string) (string, float64) {
		if full == "Awa Diop" {
			return "a", 0.93
		}
		return "b", 0.41
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/search", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("type") != "person" || r.FormValue("limit") != "200" {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
		id, s := score(r.FormValue("name"))
		fmt.Fprintf(w, `{"entities":[{"name":"x","sourceID":%q,"match":%v}]}`, id, s)
	})
	mux.HandleFunc("POST /match/default", func(w http.ResponseWriter, r *http.Request) {
		var q yenteQuery
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Queries["q"].Schema != "Person" {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
		id, s := score(q.Queries["q"].Properties["name"][0])
		fmt.Fprintf(w, `{"responses":{"q":{"results":[{"id":%q,"score":%v}]}}}`, id, s)
	})
	mux.HandleFunc("/empty", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) })
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `<html>`) })
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

func against(e *Engine) (*Report, error) {
	return Run(context.Background(), Options{
		Targets: strings.NewReader("a\tAwa Diop\t\nb\tIssa Fall\t\n"),
		Queries: strings.NewReader("Awa Diop\ta\nIsa Faal\tb\nZoltan Kowalczyk\t\n"), Against: e,
	})
}

func TestAgainst(t *testing.T) {
	srv := fakeEngine(t)
	for _, name := range []string{EngineWatchman, EngineYente} {
		r, err := against(&Engine{Name: name, URL: srv.URL, Threshold: 0.7})
		if err != nil {
			t.Fatal(name, err)
		}
		a := r.Against
		if a == nil || a.RecallAt1 != 1 || a.RecallAtThreshold != 0.5 || a.FalseAlertRate != 0 || a.Mated != 2 || a.NonMated != 1 || !strings.HasPrefix(a.Version, name) {
			t.Errorf("%s: %+v", name, a)
		}
		if len(a.Curve) != 101 || a.Curve[40].FalseAlerts != 1 || a.Curve[50].Missed != 0.5 || r.RecallAt1 != 1 || r.Curve[0].Missed != 0 {
			t.Errorf("%s: curves %+v, %+v", name, a.Curve[40:51], r.Curve[0])
		}
	}
}

func TestAgainstRefuses(t *testing.T) {
	srv := fakeEngine(t)
	for _, c := range []struct{ engine, url, want string }{
		{"solr", srv.URL, "no such engine"},
		{EngineYente, "ftp://x", "not an http"},
		{EngineYente, srv.URL + "/empty", "lacks the query"},
		{EngineYente, srv.URL + "/nowhere", "404"},
		{EngineWatchman, srv.URL + "/page", "not what its interface says"},
		{EngineWatchman, "http://127.0.0.1:1", "ask watchman"},
	} {
		_, err := against(&Engine{Name: c.engine, URL: c.url, Threshold: 0.7})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "Awa") {
			t.Errorf("%s %s: error %v, want %q and no name", c.engine, c.url, err, c.want)
		}
	}
}
