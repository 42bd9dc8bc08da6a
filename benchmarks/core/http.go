package core

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"vigie/watchlist"
)

// leaderURL waits until the cluster has a leader and gives its API.
func (b *bench) leaderURL(ctx context.Context) (string, error) {
	i, err := b.cluster.Leader(ctx)
	if err != nil {
		return "", fmt.Errorf("find the leader: %w", err)
	}
	return b.cluster.URL(i), nil
}

// call sends one JSON request with the administrator's key and decodes the
// answer; any status but 2xx is an error with the body's first bytes.
func (b *bench) call(ctx context.Context, method, url string, in, out any) error {
	var body []byte
	var err error
	if raw, ok := in.(json.RawMessage); ok {
		body = raw
	} else if body, err = json.Marshal(in); err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+b.cluster.Admin.Key)
	resp, err := b.cluster.Client().Do(req)
	if err != nil {
		return fmt.Errorf("send the request: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %.300s", resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	return nil
}

// lead is what the benchmark reads of a match answer.
type lead struct {
	Candidates []struct {
		Entry watchlist.EntryID `json:"entry_id"`
		Names []watchlist.Name  `json:"names"`
	} `json:"candidates"`
	OperatingPoint watchlist.OperatingPoint `json:"operating_point"`
	Stamp          watchlist.ListStamp      `json:"stamp"`
	Stages         []watchlist.StageTime    `json:"stages"`
}

// entryBody is a new entry as the API takes it; made up, marked as specimen.
func entryBody(name string, template []float32, model string) map[string]any {
	now := time.Now().UTC()
	e := map[string]any{
		"category": "smuggler", "action": "locate", "specimen": true,
		"names":       []map[string]any{{"kind": "primary", "full": name}},
		"legal_basis": "specimen", "offence": "specimen", "case_reference": "BENCH",
		"issued": now.Format(time.RFC3339), "review_by": now.AddDate(1, 0, 0).Format(time.RFC3339),
		"expires_at": now.AddDate(3, 0, 0).Format(time.RFC3339),
	}
	if template != nil {
		e["faces"] = []map[string]any{{"template": map[string]any{"values": template, "model": model}}}
	}
	return e
}
