package evalnames

import (
	"context"
	"fmt"
	"strconv"

	"vigie/watchlist"
	"vigie/watchlist/names"
)

// The sets of lists.
const (
	setOFAC   = "OFAC, alias left out"
	setUNGood = "UN, good alias left out"
	setUNLow  = "UN, low alias left out"
	setTypos  = "OFAC, two typing mistakes"
)

// aliasSets leaves aliases out: a list holds primary names alone and is asked
// for by alias.
func (b *bench) aliasSets(ctx context.Context) error {
	ofac, err := b.Data.ofac()
	if err != nil {
		return err
	}
	good, err := b.Data.un("Good")
	if err != nil {
		return err
	}
	low, err := b.Data.un("Low")
	if err != nil {
		return err
	}
	for _, s := range []struct {
		set  string
		list []listed
	}{{setOFAC, ofac}, {setUNGood, good}, {setUNLow, low}} {
		var entries []*watchlist.Entry
		var list []asked
		for _, p := range s.list {
			entries = append(entries, entry(p.id, p.primary))
			for _, a := range p.aliases {
				list = append(list, asked{a, p.id, p.id})
			}
		}
		if err := b.recallIn(ctx, s.set, entries, list); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) recallIn(ctx context.Context, set string, entries []*watchlist.Entry, list []asked) error {
	x, err := indexed(names.NewToken, entries)
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	return b.recall(ctx, set, x, list)
}

// typoSet asks for the primary names of OFAC individuals with two mistakes, among
// all their names.
func (b *bench) typoSet(ctx context.Context) error {
	ofac, err := b.Data.ofac()
	if err != nil {
		return err
	}
	rng := b.rng(3)
	var entries []*watchlist.Entry
	var list []asked
	for _, p := range ofac {
		entries = append(entries, entry(p.id, append([]string{p.primary}, p.aliases...)...))
		if t := twoTypos(rng, p.primary); t != "" && len(list) < b.Typos {
			list = append(list, asked{t, p.id, p.id})
		}
	}
	return b.recallIn(ctx, setTypos, entries, list)
}

// Alerts is what the shipped threshold does: strangers, and people on the list
// whose name is written otherwise, against the rows of the OFAC list.
type Alerts struct {
	ListRows  int `json:"list_rows"`
	Strangers int `json:"strangers"`
	// FalseAlerts is the share of strangers with a candidate at the threshold.
	FalseAlerts Interval `json:"false_alert_rate"`
	Mated       int      `json:"mated"`
	// Precision is the share of alerts that are right, of the mated searches and
	// of four times as many strangers; Found the share of mated searches that
	// alert rightly.
	Precision Interval `json:"precision"`
	Found     Interval `json:"found"`
}

// strangersPerMated is the mix that precision is measured on: a rate of alerts
// that are right means nothing without it.
const strangersPerMated = 4

// alertSet searches a list of all OFAC rows and of the persons of the positives
// for those persons and for strangers.
func (b *bench) alertSet(ctx context.Context) error {
	rows, err := b.Data.ofacRows()
	if err != nil {
		return err
	}
	positives, err := b.Data.column("yente/positives_us_congress_untreated.csv.gz", 0, false)
	if err != nil {
		return err
	}
	strangers, err := b.Data.column("yente/negatives_global.csv.gz", 0, false)
	if err != nil {
		return err
	}
	var entries []*watchlist.Entry
	for i, n := range rows {
		entries = append(entries, entry("o"+strconv.Itoa(i), n))
	}
	x, err := indexed(names.NewToken, entries)
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	var list []asked
	for i, n := range strangers[:min(len(strangers), b.BenchOptions.Strangers)] {
		list = append(list, asked{n, "", "s" + strconv.Itoa(i)})
	}
	apart, err := ask(ctx, ours(x), list, func(int, int) {})
	if err != nil {
		return err
	}
	b.Alerts.ListRows, b.Alerts.Strangers = len(entries), len(apart)
	rng := b.rng(4)
	list = nil
	for i, n := range positives {
		id := "p" + strconv.Itoa(i)
		entries = append(entries, entry(id, n))
		list = append(list, asked{otherwise(rng, n), id, id})
	}
	if err := x.Rebuild(all(entries), 2); err != nil {
		return fmt.Errorf("add the positives: %w", err)
	}
	mated, err := ask(ctx, ours(x), list, func(int, int) {})
	if err != nil {
		return err
	}
	b.Alerts.judge(mated, apart, b.Threshold, b.Bench.Seed)
	for _, o := range append(mated, apart...) {
		b.Observe(o.top, o.right)
	}
	return nil
}

// judge fills in the rates.
func (a *Alerts) judge(mated, apart []outcome, threshold float64, seed uint64) {
	alerts := func(list []outcome) [][]int {
		return clustered(list, func(o outcome) []int { return []int{bit(o.found && o.top >= threshold)} })
	}
	if b := bootstrap(alerts(apart), seed); b != nil {
		a.FalseAlerts = b[0]
	}
	a.Mated = len(mated)
	if b := bootstrap(clustered(mated, func(o outcome) []int { return []int{bit(o.right && o.top >= threshold)} }), seed); b != nil {
		a.Found = b[0]
	}
	// Precision is a share of the alerts: each counts once, right or wrong.
	var raised []outcome
	for _, o := range append(append([]outcome(nil), mated...), apart[:min(len(apart), strangersPerMated*len(mated))]...) {
		if o.found && o.top >= threshold {
			raised = append(raised, o)
		}
	}
	if b := bootstrap(clustered(raised, func(o outcome) []int { return []int{bit(o.right)} }), seed); b != nil {
		a.Precision = b[0]
	}
}
