package evalnames

import (
	"cmp"
	"slices"
)

// Report is the outcome. Shares are of 1; a share over nothing is 0, and the
// counts say so.
type Report struct {
	// Version is the version of the name rules.
	Version string `json:"version"`
	Targets int    `json:"targets"`
	Names   int    `json:"names"`
	Queries int    `json:"queries"`
	// Mated are the queries with an id, NonMated those without.
	Mated    int `json:"mated"`
	NonMated int `json:"non_mated"`
	// RecallAt1, RecallAt10 and CandidateRecallAt200 are the shares of mated
	// queries whose entry is among the first 1, 10 and 200.
	RecallAt1            float64 `json:"recall_at_1"`
	RecallAt10           float64 `json:"recall_at_10"`
	CandidateRecallAt200 float64 `json:"candidate_recall_at_200"`
	// RecallAtThreshold is the share of mated queries whose entry scores
	// Threshold or more.
	RecallAtThreshold float64 `json:"recall_at_threshold"`
	// FalseAlertRate is the share of non-mated queries with an entry that scores
	// Threshold or more.
	FalseAlertRate float64 `json:"false_alert_rate"`
	// Threshold is the score that the matcher ships with.
	Threshold float64 `json:"threshold"`
	// BestF1 is the best F1 over thresholds, of the labelled pairs; without
	// pairs, of the queries, where the answer to a query is its first entry.
	// BestF1Threshold is where, Precision and Recall are those there.
	BestF1          float64 `json:"best_f1"`
	BestF1Threshold float64 `json:"best_f1_threshold"`
	Precision       float64 `json:"precision"`
	Recall          float64 `json:"recall"`
	Pairs           int     `json:"pairs"`
	// BuildMillis is the time to build the index.
	BuildMillis float64 `json:"build_ms"`
	P50Millis   float64 `json:"p50_ms"`
	P99Millis   float64 `json:"p99_ms"`
	MaxMillis   float64 `json:"max_ms"`
	// QPS is the throughput with one client per core.
	QPS float64 `json:"qps"`
	// Curve holds the error rates over the score, of the queries.
	Curve []CurvePoint `json:"curve,omitempty"`
	// Against is what another engine answered to the same queries; its Version says
	// which. Its throughput is not measured.
	Against *Report `json:"against,omitempty"`
}

// CurvePoint is what a threshold does.
type CurvePoint struct {
	Threshold float64 `json:"threshold"`
	// Missed is the share of mated queries whose entry scores less, FalseAlerts the
	// share of non-mated ones with an entry that scores it or more.
	Missed      float64 `json:"missed"`
	FalseAlerts float64 `json:"false_alerts"`
}

// labelled is a score with the truth.
type labelled struct {
	score float64
	match bool
}

// bestF1 finds the threshold with the best F1; positives counts all that should
// match, found or not. Between equals the higher threshold wins.
func bestF1(list []labelled, positives int) (f1, threshold, precision, recall float64) {
	slices.SortFunc(list, func(a, b labelled) int { return cmp.Compare(b.score, a.score) })
	tp := 0
	for i, l := range list {
		if l.match {
			tp++
		}
		if i+1 < len(list) && list[i+1].score == l.score {
			continue
		}
		f := 2 * float64(tp) / float64(i+1+positives)
		if f > f1 {
			f1, threshold = f, l.score
			precision, recall = float64(tp)/float64(i+1), float64(tp)/float64(max(1, positives))
		}
	}
	return f1, threshold, precision, recall
}
