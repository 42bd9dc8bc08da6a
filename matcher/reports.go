package matcher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/watchlist"
)

// maxFindings is the most findings on documents that a lead holds; the strongest
// come first, and a number has few likes.
const maxFindings = 20

// findReports looks the probe's documents up among the reported ones. What it finds
// concerns documents alone: candidates, order and bands do not depend on it.
func (q *query) findReports(ctx context.Context) error {
	docs := q.probe.Documents
	if len(docs) == 0 || q.m.c.ReportIndex == nil {
		return nil
	}
	start := time.Now()
	found, err := q.m.c.ReportIndex.Reports(ctx, docs)
	if err != nil {
		return wrap("reported documents", err)
	}
	now := q.m.c.Clock()
	for _, f := range found {
		if len(q.lead.Documents) == maxFindings {
			break
		}
		r, err := q.m.c.Reports.Report(f.Report)
		switch {
		case errors.Is(err, watchlist.ErrNotFound):
			continue
		case err != nil:
			return fmt.Errorf("read a reported document: %w", err)
		case !r.Counts(now):
			continue
		}
		d := docs[f.Query]
		q.lead.Documents = append(q.lead.Documents, watchlist.DocumentFinding{
			Document: f.Query, Report: r, Kind: f.Kind, IssuerUnknown: d.Issuer == "",
			OtherType: d.Type != r.Type && known(d.Type) && known(r.Type),
		})
	}
	q.stage("reported_documents", time.Since(start))
	return nil
}

// known tells a document's type from none.
func known(kind string) bool { return kind != "" && kind != "other" }
