package clusterbench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"vigie/cluster/clustertest"
	"vigie/watchlist"
)

// patience is how long a client waits for one answer.
const patience = 10 * time.Second

// send asks a node with the administrator's key and gives status and body. key,
// when not "", is the idempotency key.
func send(ctx context.Context, c *clustertest.Cluster, node int, method, path string, body []byte, key string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.URL(node)+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("make a request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	req.Header.Set("Authorization", "Bearer "+c.Admin.Key)
	res, err := c.Client().Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("ask %s: %w", c.Name(node), err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("read the answer of %s: %w", c.Name(node), err)
	}
	return res.StatusCode, b, nil
}

// must is send for what has to succeed; the answer is decoded into out, if any.
func must(ctx context.Context, c *clustertest.Cluster, node int, method, path string, body []byte, out any) error {
	status, b, err := send(ctx, c, node, method, path, body, "")
	if err != nil {
		return err
	}
	if status/100 != 2 {
		return fmt.Errorf("%s: %s %s: %d %.300s", c.Name(node), method, path, status, b)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("decode the answer of %s: %w", c.Name(node), err)
	}
	return nil
}

// validFor are the terms of made-up entries, in years.
const reviewAfter, expireAfter = 1, 3

// entry is a made-up entry as the API takes it, marked as specimen; with a
// template when one is given.
func entry(name string, template []float32, model string) map[string]any {
	now := time.Now().UTC()
	e := map[string]any{
		"category": "smuggler", "action": "locate", "specimen": true,
		"names":       []map[string]any{{"kind": "primary", "full": name}},
		"legal_basis": "specimen", "offence": "specimen", "case_reference": "BENCH",
		"issued": now.Format(time.RFC3339), "review_by": now.AddDate(reviewAfter, 0, 0).Format(time.RFC3339),
		"expires_at": now.AddDate(expireAfter, 0, 0).Format(time.RFC3339),
	}
	if template != nil {
		e["faces"] = []map[string]any{{"template": map[string]any{"values": template, "model": model}}}
	}
	return e
}

// stored is the same entry as it stands in a command.
func stored(name string, template []float32, model string) watchlist.Entry {
	now := time.Now()
	e := watchlist.Entry{
		ID: watchlist.NewEntryID("SEN", "0192f0c1-0000-7000-8000-000000000000"), Origin: watchlist.Origin{Country: "SEN", Authority: "Clustertest"},
		Category: watchlist.CategorySmuggler, Action: watchlist.ActionLocate, Status: watchlist.StatusActive, Specimen: true,
		Names:      []watchlist.Name{{Kind: watchlist.NamePrimary, Full: name}},
		LegalBasis: "specimen", Offence: "specimen", CaseReference: "BENCH",
		Issued: now.UnixMilli(), ReviewBy: now.AddDate(reviewAfter, 0, 0).UnixMilli(), ExpiresAt: now.AddDate(expireAfter, 0, 0).UnixMilli(),
	}
	if template != nil {
		e.Faces = []watchlist.Face{{ID: "0192f0c1-0000-7000-8000-000000000000", Template: watchlist.EncodeTemplate(template), Model: model}}
	}
	return e
}

// encoded is JSON of what can't fail to encode.
func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // constant types
	}
	return b
}
