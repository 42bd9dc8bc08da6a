package evalnames

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigie/matcher/score"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

// otherwise writes a listed name as another document might: as it is, the last
// name first, without its middle names, or with one typing mistake.
func otherwise(rng *rand.Rand, full string) string {
	w := strings.Fields(full)
	if len(w) < 2 {
		return full
	}
	switch rng.IntN(4) {
	case 0:
		return w[len(w)-1] + ", " + strings.Join(w[:len(w)-1], " ")
	case 1:
		return w[0] + " " + w[len(w)-1]
	case 2:
		if i := rng.IntN(len(w)); len(w[i]) >= 4 {
			w[i] = typo(rng, w[i])
		}
		return strings.Join(w, " ")
	}
	return full
}

// FalseLinks is how many pairs of different surname families are taken for one,
// by the rules alone.
type FalseLinks struct {
	Families int `json:"families"`
	Pairs    int `json:"pairs"`
	// ByKey is the share of pairs that share a skeleton, ByScore of those that score
	// 0.8 or more.
	ByKey   float64 `json:"by_key"`
	ByScore float64 `json:"by_score"`
	// Linked is the share of either.
	Linked float64 `json:"linked"`
}

// linkedScore is the score of two words from which they count as linked.
const linkedScore = 0.8

func (b *bench) falseLinks(context.Context) error {
	r, err := b.Data.region()
	if err != nil {
		return err
	}
	var list []*names.Token
	for _, c := range r.keys("surname") {
		if raws := names.Split(watchlist.Name{Full: c}); len(raws) == 1 {
			list = append(list, names.NewTokenByRules(raws[0]))
		}
	}
	key, scored, either := 0, 0, 0
	for i, x := range list {
		for _, y := range list[i+1:] {
			s, _ := names.Similarity(x, y)
			b.Links.Pairs++
			if x.SharesSkeleton(y) {
				key++
			}
			if s >= linkedScore {
				scored++
			}
			if x.SharesSkeleton(y) || s >= linkedScore {
				either++
			}
		}
	}
	b.Links.Families, b.Links.ByKey, b.Links.ByScore = len(list), share(key, b.Links.Pairs), share(scored, b.Links.Pairs)
	b.Links.Linked = share(either, b.Links.Pairs)
	return nil
}

// FoldedF1 is the F1 over labelled pairs where each fifth is judged by the
// threshold that was best on the other four.
type FoldedF1 struct {
	Pairs   int      `json:"pairs"`
	Matches int      `json:"matches"`
	F1      Interval `json:"f1"`
	// InSample is the best F1 of one threshold on all pairs.
	InSample   float64   `json:"in_sample_f1"`
	Thresholds []float64 `json:"thresholds"`
}

const folds = 5

func (b *bench) pairSet(context.Context) error {
	const file = "nomenklatura/name_bench_cases.csv"
	if _, err := b.Data.rows(file, false); err != nil { // for its hash
		return err
	}
	f, err := os.Open(filepath.Join(b.Data.dir, file))
	if err != nil {
		return fmt.Errorf("open the pairs: %w", err)
	}
	defer f.Close()
	list, err := readPairs(f)
	if err != nil {
		return err
	}
	rng := b.rng(5)
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	var all []labelled
	for _, p := range list {
		ev, _ := score.CompareNames([]watchlist.Name{{Full: p.a}}, []watchlist.Name{{Full: p.b}}, false)
		all = append(all, labelled{ev.Score, p.match})
	}
	b.Pairs = foldedF1(all, b.Bench.Seed)
	return nil
}

// foldedF1 picks each fold's threshold on the others and pools the decisions.
func foldedF1(list []labelled, seed uint64) FoldedF1 {
	r := FoldedF1{Pairs: len(list)}
	type decision struct{ yes, match bool }
	var made []decision
	for k := range folds {
		var others []labelled
		positives := 0
		for i, l := range list {
			if i%folds != k {
				others = append(others, l)
				positives += bit(l.match)
			}
		}
		_, threshold, _, _ := bestF1(others, positives)
		r.Thresholds = append(r.Thresholds, threshold)
		for i, l := range list {
			if i%folds == k {
				made = append(made, decision{l.score >= threshold, l.match})
				r.Matches += bit(l.match)
			}
		}
	}
	// F1 is 2 TP of 2 TP + FP + FN; a pair counts both, so that the bootstrap of a
	// share serves.
	rows := make([][]int, len(made))
	for i, d := range made {
		rows[i] = []int{bit(d.yes) + bit(d.match), 2 * bit(d.yes && d.match)}
	}
	if b := bootstrap(rows, seed); b != nil {
		r.F1 = b[0]
	}
	r.InSample, _, _, _ = bestF1(append([]labelled(nil), list...), r.Matches)
	return r
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Strange is the answer to a name that no document should hold.
type Strange struct {
	What   string  `json:"what"`
	Found  int     `json:"candidates"`
	Millis float64 `json:"worst_of_5_ms"`
}

// strange are made-up inputs, against the list of the alerts.
var strange = []struct{ what, name string }{
	{"empty", ""},
	{"one letter", "M"},
	{"10,000 letters", strings.Repeat("x", 10_000)},
	{"10,000 words", strings.Repeat("ab ", 10_000)},
	{"2,000 times a common name", strings.Repeat("Mohamed ", 2000)},
	{"mixed script", "Mamadou ديالو Иванов 金"},
	{"zero width", "Ma\u200bma\u200ddou Dia\ufeffllo"},
	{"right-to-left override", "\u202eollaiD\u202c Mamadou"},
	{"invalid UTF-8", "Mam\xffadou \xc3\x28 Diallo\xf0\x9f"},
	{"500 accents", "a" + strings.Repeat("\u0301", 500)},
	{"particles only", "Al El Ould Ben De"},
	{"digits only", "0123456789"},
}

func (b *bench) strangeSet(ctx context.Context) error {
	rows, err := b.Data.ofacRows()
	if err != nil {
		return err
	}
	var entries []*watchlist.Entry
	for i, n := range rows {
		entries = append(entries, entry(fmt.Sprint(i), n))
	}
	x, err := indexed(names.NewToken, entries)
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	for _, s := range strange {
		r := Strange{What: s.what}
		for range 5 {
			start := time.Now()
			found, err := x.Search(ctx, watchlist.NameQuery{Names: []watchlist.Name{{Full: s.name}}, K: candidates})
			if err != nil {
				return fmt.Errorf("%s: %w", s.what, err)
			}
			r.Found, r.Millis = len(found), max(r.Millis, millis(time.Since(start)))
		}
		b.Strange = append(b.Strange, r)
	}
	return nil
}
