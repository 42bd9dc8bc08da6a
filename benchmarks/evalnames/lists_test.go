package evalnames

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// TestPairs measures the labelled Person pairs.
func TestPairs(t *testing.T) {
	rep, err := Run(context.Background(), Options{Pairs: testdata(t, "nomenklatura/name_bench_cases.csv")})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d pairs: best F1 %.3f at %.2f (precision %.3f, recall %.3f)", rep.Pairs, rep.BestF1, rep.BestF1Threshold, rep.Precision, rep.Recall)
	floor(t, "best F1", rep.BestF1, 0.86)
}

// TestStrangers measures false alerts of synthetic people against OFAC names.
func TestStrangers(t *testing.T) {
	primaries, aliases := ofac(t)
	var list, q strings.Builder
	for _, id := range sortedKeys(primaries) {
		for _, n := range append(primaries[id], aliases[id]...) {
			fmt.Fprintf(&list, "%s\t%s\t\n", id, n)
		}
	}
	for _, r := range records(t, "yente/negatives_global.csv.gz")[:3000] {
		fmt.Fprintf(&q, "%s\t\n", r[0])
	}
	rep, err := Run(context.Background(), Options{Targets: strings.NewReader(list.String()), Queries: strings.NewReader(q.String())})
	if err != nil {
		t.Fatal(err)
	}
	floor(t, "share of quiet queries", 1-rep.FalseAlertRate, 0.9955)
	t.Logf("%d names, %d strangers: false alerts %.4f; p50 %.2f p99 %.2f ms", rep.Names, rep.NonMated, rep.FalseAlertRate, rep.P50Millis, rep.P99Millis)
}

// ofac gives the primary names and aliases of individuals by number.
func ofac(t testing.TB) (primaries, aliases map[string][]string) {
	t.Helper()
	primaries, aliases = map[string][]string{}, map[string][]string{}
	for _, r := range records(t, "ofac/ofac_individual_alias_pairs.csv") {
		if len(primaries[r[0]]) == 0 {
			primaries[r[0]] = []string{r[1]}
		}
		aliases[r[0]] = append(aliases[r[0]], r[3])
	}
	return primaries, aliases
}

// TestAliases leaves aliases out: the list holds primary names alone and is
// asked for by alias.
func TestAliases(t *testing.T) {
	primaries, aliases := ofac(t)
	var list, q strings.Builder
	for _, id := range sortedKeys(primaries) {
		fmt.Fprintf(&list, "%s\t%s\t\n", id, primaries[id][0])
		for _, a := range aliases[id] {
			fmt.Fprintf(&q, "%s\t%s\n", a, id)
		}
	}
	run := func(what, list, q string, at10 float64) {
		rep, err := Run(context.Background(), Options{Targets: strings.NewReader(list), Queries: strings.NewReader(q)})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d targets, %d queries: r@1 %.3f r@10 %.3f cand@200 %.3f reached %.3f; p99 %.2f ms", what, rep.Targets, rep.Mated, rep.RecallAt1, rep.RecallAt10, rep.CandidateRecallAt200, rep.RecallAtThreshold, rep.P99Millis)
		floor(t, what+": recall at 10", rep.RecallAt10, at10)
	}
	run("OFAC", list.String(), q.String(), 0.80)
	for quality, at10 := range map[string]float64{"Good": 0.73, "Low": 0.19} {
		list.Reset()
		q.Reset()
		seen := map[string]bool{}
		for _, r := range records(t, "un/un_individual_alias_pairs.csv") {
			if !seen[r[0]] {
				fmt.Fprintf(&list, "%s\t%s\t\n", r[0], r[1])
				seen[r[0]] = true
			}
			if r[2] == quality {
				fmt.Fprintf(&q, "%s\t%s\n", strings.ReplaceAll(r[3], "\t", " "), r[0])
			}
		}
		run("UN "+quality, list.String(), q.String(), at10)
	}
}
