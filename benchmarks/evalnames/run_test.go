package evalnames

import (
	"context"
	"math"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	targets := "# id name birth\na\tMamadou Diallo\t1984\na\tMomodou Jallow\t\nb\tAwa Ndiaye\t1990-01-01\r\nc\tCheikh Tidiane Gassama\t\n"
	queries := "Mamadu Djaló\ta\nNdeye Awa N'Diaye\tb\nZoltan Kowalczyk\t\nAwa Njie\t\n\nCheick Tidjane Cassama\tc\n"
	pairs := "name1,name2,is_match\nAwa Diop,Awa Jobe,true\nAwa Diop,Awa Diop,1\nAwa Diop,Issa Fall,false\n"
	done := 0
	r, err := Run(context.Background(), Options{
		Targets: strings.NewReader(targets), Queries: strings.NewReader(queries), Pairs: strings.NewReader(pairs),
		Progress: func(d, _ int) { done = d },
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Targets != 3 || r.Names != 4 || r.Queries != 5 || r.Mated != 3 || r.NonMated != 2 || r.Pairs != 3 || done != 3 {
		t.Errorf("counts: %+v", r)
	}
	if r.RecallAt1 != 1 || r.RecallAt10 != 1 || r.CandidateRecallAt200 != 1 || r.FalseAlertRate != 0.5 || r.BestF1 != 1 || r.QPS <= 0 {
		t.Errorf("results: %+v", r)
	}
}

func TestRunRefusesBadFiles(t *testing.T) {
	const goodT, goodQ = "a\tAwa Diop\t\n", "Awa Diop\ta\n"
	for _, c := range []struct{ name, targets, queries, pairs, want string }{
		{"missing tab", "a Awa Diop\n", goodQ, "", "targets line 1"},
		{"bad birth", "a\tAwa Diop\t1984\nb\tAwa Diop\tsoon\n", goodQ, "", "targets line 2"},
		{"too many fields", goodT, "Awa\ta\tx\n", "", "queries line 1"},
		{"unknown id", goodT, "Awa\tz\n", "", "query 1"},
		{"no such column", goodT, goodQ, "a,b\n", "no column name1"},
		{"bad label", goodT, goodQ, "name1,name2,is_match\nx,y,maybe\n", "pairs line 2"},
		{"targets alone", goodT, "-", "", "give targets and queries"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Targets: strings.NewReader(c.targets), Queries: strings.NewReader(c.queries)}
			if c.queries == "-" {
				o.Queries = nil
			}
			if c.pairs != "" {
				o.Pairs = strings.NewReader(c.pairs)
			}
			_, err := Run(context.Background(), o)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "Awa") {
				t.Errorf("error %v, want %q and no name", err, c.want)
			}
		})
	}
}

func TestBestF1(t *testing.T) {
	list := []labelled{{0.9, true}, {0.8, true}, {0.8, false}, {0.5, false}, {0.3, true}}
	f1, threshold, precision, recall := bestF1(list, 3)
	if threshold != 0.3 || math.Abs(f1-0.75) > 1e-9 || math.Abs(precision-0.6) > 1e-9 || recall != 1 {
		t.Errorf("F1 %.3f at %.2f, precision %.3f, recall %.3f", f1, threshold, precision, recall)
	}
	if f1, _, _, _ := bestF1(nil, 3); f1 != 0 {
		t.Errorf("F1 of nothing is %v", f1)
	}
}
