package evalnames

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Found is one candidate of an engine, best first.
type Found struct {
	ID    string
	Score float64
}

// finder searches a name and gives at most candidates entries.
type finder func(ctx context.Context, name string) ([]Found, error)

// The engines that can be measured beside ours.
const (
	EngineWatchman = "watchman"
	EngineYente    = "yente"
)

// Engine is another search engine behind HTTP that has been given the same
// targets; the ids of the queries are its own: watchman's sourceID, yente's id.
type Engine struct {
	// Name is EngineWatchman or EngineYente.
	Name string
	// URL is where it listens: http://host:8084 for watchman's /v2/search,
	// http://host:8000 for yente's /match/default, or with a path of its own.
	URL string
	// Threshold is the score from which its answer counts as an alert.
	Threshold float64
	// Client may be nil.
	Client *http.Client
}

const (
	// maxAnswer bounds an answer, engineTimeout the wait for it.
	maxAnswer     = 16 << 20
	engineTimeout = 30 * time.Second
)

// finder checks the engine's name and address.
func (e *Engine) finder() (finder, error) {
	u, err := url.Parse(e.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the engine's address is not an http or https URL")
	}
	path := map[string]string{EngineWatchman: "/v2/search", EngineYente: "/match/default"}[e.Name]
	if path == "" {
		return nil, fmt.Errorf("no such engine: %q; known are %s and %s", e.Name, EngineWatchman, EngineYente)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = path
	}
	client := e.Client
	if client == nil {
		client = &http.Client{Timeout: engineTimeout}
	}
	return func(ctx context.Context, name string) ([]Found, error) {
		req, err := e.request(ctx, *u, name)
		if err != nil {
			return nil, err
		}
		resp, err := client.Do(req)
		if err != nil {
			// The error of the client holds the address, and with it the name.
			var ue *url.Error
			if errors.As(err, &ue) {
				err = ue.Err
			}
			return nil, fmt.Errorf("ask %s: %w", e.Name, err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return nil, fmt.Errorf("read the answer of %s: %w", e.Name, err)
		}
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s answers %s", e.Name, resp.Status)
		}
		return e.decode(body)
	}, nil
}

// yenteQuery is the body of a request to yente.
type yenteQuery struct {
	Queries map[string]yenteEntity `json:"queries"`
}

type yenteEntity struct {
	Schema     string              `json:"schema"`
	Properties map[string][]string `json:"properties"`
}

func (e *Engine) request(ctx context.Context, u url.URL, name string) (*http.Request, error) {
	v := u.Query()
	v.Set("limit", strconv.Itoa(candidates))
	if e.Name == EngineWatchman {
		v.Set("name", name)
		v.Set("type", "person")
		v.Set("minMatch", "0.01")
		u.RawQuery = v.Encode()
		return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	}
	v.Set("cutoff", "0.01")
	u.RawQuery = v.Encode()
	body, err := json.Marshal(yenteQuery{map[string]yenteEntity{"q": {"Person", map[string][]string{"name": {name}}}}})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, err
}

// decode reads the entries of an answer in their order.
func (e *Engine) decode(body []byte) (out []Found, err error) {
	var answer struct {
		Entities []struct {
			ID    string  `json:"sourceID"`
			Match float64 `json:"match"`
		} `json:"entities"`
		Responses map[string]struct {
			Results []struct {
				ID    string  `json:"id"`
				Score float64 `json:"score"`
			} `json:"results"`
		} `json:"responses"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the answer of %s is not what its interface says: %w", e.Name, err)
	}
	for _, x := range answer.Entities {
		out = append(out, Found{x.ID, x.Match})
	}
	if e.Name == EngineYente {
		q, ok := answer.Responses["q"]
		if !ok {
			return nil, fmt.Errorf("the answer of %s lacks the query", e.Name)
		}
		out = nil
		for _, x := range q.Results {
			out = append(out, Found{x.ID, x.Score})
		}
	}
	return out[:min(len(out), candidates)], nil
}

// String names the engine and its host, for reports.
func (e *Engine) String() string {
	host := e.URL
	if u, err := url.Parse(e.URL); err == nil {
		host = u.Host
	}
	return strings.TrimSpace(e.Name + " at " + host)
}
