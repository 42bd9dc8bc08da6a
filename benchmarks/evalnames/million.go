package evalnames

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"vigie/benchmarks"
	"vigie/benchmarks/gen"
	"vigie/cluster/seal"
	"vigie/index/face/file"
	"vigie/index/name"
	"vigie/watchlist"
)

// LargeOptions say what RunLarge measures.
type LargeOptions struct {
	// List is a file of names, one a line: what WriteLarge writes.
	List string
	// Keep is a folder for the index's sealed file and its key.
	Keep string
	// Counts are the frequencies that the strangers are drawn by.
	Counts  []gen.Counted
	Seed    uint64
	Queries int
}

// Large is the speed and memory of one index of many names, measured in a process
// of its own: one entry a name.
type Large struct {
	Names int `json:"names"`
	// BuildSeconds is the time from opening the list to the first answer of an index
	// that had no file; StartSeconds that from opening the index's own sealed file, in
	// a process that has just begun, and FileMiB the file's size.
	BuildSeconds float64 `json:"build_s"`
	StartSeconds float64 `json:"start_s"`
	FileMiB      float64 `json:"file_mib"`
	// RSS is the memory in RAM once the index answers, RSSPeak the most of the run,
	// which holds a second index for a while.
	RSSMiB     int `json:"rss_mib"`
	RSSPeakMiB int `json:"rss_peak_mib"`
	// Latency is that of one client, of each query the least of several passes; Sets
	// have it by kind of query.
	Latency benchmarks.Latency            `json:"latency"`
	Sets    map[string]benchmarks.Latency `json:"sets"`
	// QPS is the throughput with one client per core, in the best of several passes.
	QPS float64 `json:"queries_per_s"`
	// UpdateMillis is the longest of 200 single updates, from Apply to the search
	// that saw it.
	UpdateMillis float64 `json:"update_visible_ms"`
	// Same tells that an index rebuilt from the list in another order, and one loaded
	// from the file, answered the searches with the same entries and scores. Digest
	// sums up those answers.
	Same   bool   `json:"same_after_rebuild"`
	Digest string `json:"answers_digest"`
}

// WriteLarge writes n names with the region's frequencies to a file.
func WriteLarge(file string, seed uint64, n int, counts []gen.Counted) error {
	return os.WriteFile(file, []byte(strings.Join(gen.SkewedNames(seed, n, counts), "\n")), 0o600)
}

// Counts reads the frequencies of given names and surnames.
func (d *Data) Counts() ([]gen.Counted, error) {
	rows, err := d.rows("senegal_name_token_counts.csv", false)
	if err != nil {
		return nil, err
	}
	var out []gen.Counted
	for i, r := range rows {
		if len(r) != 3 {
			return nil, fmt.Errorf("senegal_name_token_counts.csv: row %d has %d fields", i+2, len(r))
		}
		n, err := strconv.Atoi(r[2])
		if err != nil {
			return nil, fmt.Errorf("senegal_name_token_counts.csv: row %d: no count", i+2)
		}
		out = append(out, gen.Counted{Name: r[0], Surname: r[1] == "surname", Count: n})
	}
	return out, nil
}

// RunLarge builds an index of the list, measures it, and leaves its file and key in
// the folder for RunStart.
func RunLarge(ctx context.Context, o LargeOptions) (*Large, error) {
	key, err := seal.NewKey()
	if err != nil {
		return nil, err
	}
	if err := key.Save(filepath.Join(o.Keep, keyFile)); err != nil {
		return nil, err
	}
	x, err := keptIndex(o.Keep)
	if err != nil {
		return nil, err
	}
	defer func() { _ = x.Close() }() // it never fails
	start := time.Now()
	list, err := readList(o.List)
	if err != nil {
		return nil, err
	}
	x.Recall(keptRegistry)
	if err := x.Rebuild(largeEntries(list, false), 1); err != nil {
		return nil, err
	}
	if _, err := answer(ctx, x.Index, list[0]); err != nil {
		return nil, err
	}
	r := &Large{Names: len(list), BuildSeconds: time.Since(start).Seconds(), Sets: map[string]benchmarks.Latency{}}
	if err := x.Save(ctx); err != nil {
		return nil, err
	}
	runtime.GC()
	r.RSSMiB = memory("VmRSS")
	sets := largeSets(list, o)
	if err := r.latencies(ctx, x.Index, sets); err != nil {
		return nil, err
	}
	if err := r.updates(ctx, x.Index); err != nil {
		return nil, err
	}
	before, err := digest(ctx, x.Index, sets)
	if err != nil {
		return nil, err
	}
	if err := x.Rebuild(largeEntries(list, true), 2); err != nil {
		return nil, err
	}
	after, err := digest(ctx, x.Index, sets)
	r.Same, r.Digest, r.RSSPeakMiB = before == after, fmt.Sprintf("%016x", after), memory("VmHWM")
	return r, err
}

// Start is what RunStart measures.
type Start struct {
	Seconds float64 `json:"start_s"`
	FileMiB float64 `json:"file_mib"`
	Digest  string  `json:"answers_digest"`
}

// RunStart opens the file that RunLarge left and measures the time to the first
// answer; then it answers the searches. A process of its own should do it, so that
// nothing is warm.
func RunStart(ctx context.Context, o LargeOptions) (*Start, error) {
	start := time.Now()
	x, err := keptIndex(o.Keep)
	if err != nil {
		return nil, err
	}
	defer func() { _ = x.Close() }() // it never fails
	if x.Recall(keptRegistry); x.Applied() == 0 {
		return nil, errors.New("the index did not start from its file")
	}
	if _, err := answer(ctx, x.Index, "Mamadou Ndiaye"); err != nil {
		return nil, err
	}
	s := &Start{Seconds: time.Since(start).Seconds()}
	files, err := filepath.Glob(filepath.Join(o.Keep, "names", "*"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return nil, fmt.Errorf("the index's file: %w", err)
		}
		s.FileMiB += float64(info.Size()) / (1 << 20)
	}
	list, err := readList(o.List)
	if err != nil {
		return nil, err
	}
	sum, err := digest(ctx, x.Index, largeSets(list, o))
	s.Digest = fmt.Sprintf("%016x", sum)
	return s, err
}

// keyFile is the key's file in the folder, keptRegistry the registry that the index
// is said to be of.
const (
	keyFile      = "key"
	keptRegistry = "benchmark"
)

// keptIndex makes an index with its file in the folder.
func keptIndex(folder string) (*name.Keeper, error) {
	key, err := seal.Load(filepath.Join(folder, keyFile))
	if err != nil {
		return nil, err
	}
	x, err := name.New()
	if err != nil {
		return nil, err
	}
	return name.Keep(x, file.NewDir(filepath.Join(folder, "names"), key), name.KeepOptions{}), nil
}

func readList(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the list: %w", err)
	}
	defer f.Close()
	var out []string
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		out = append(out, sc.Text())
	}
	if len(out) == 0 || sc.Err() != nil {
		return nil, fmt.Errorf("read the list: %d names: %w", len(out), sc.Err())
	}
	return out, nil
}

// largeEntries yields the list, from its end when reversed.
func largeEntries(list []string, reversed bool) func(yield func(*watchlist.Entry, error) bool) {
	return func(yield func(*watchlist.Entry, error) bool) {
		for i := range list {
			if reversed {
				i = len(list) - 1 - i
			}
			if !yield(largeEntry(i, list[i]), nil) {
				return
			}
		}
	}
}

func largeEntry(i int, full string) *watchlist.Entry {
	return entry(string(watchlist.NewEntryID("UTO", fmt.Sprintf("01920000-0000-7000-8000-%012x", i))), full)
}

// largeSets draws the searches: names as they are listed, with one typing
// mistake, in capitals with the last name first, and of people who are not on
// the list. Common names come as often as they are borne.
func largeSets(list []string, o LargeOptions) map[string][]string {
	sets := map[string][]string{"stranger": gen.SkewedNames(o.Seed+1, o.Queries/4, o.Counts)}
	for i := range o.Queries / 4 {
		full := list[i*7919%len(list)]
		sets["exact"] = append(sets["exact"], full)
		sets["misspelt"] = append(sets["misspelt"], gen.Misspell(uint64(i), full))
		w := strings.Fields(strings.ToUpper(full))
		sets["surname first"] = append(sets["surname first"], strings.Join(append([]string{w[len(w)-1]}, w[:len(w)-1]...), " "))
	}
	return sets
}

func answer(ctx context.Context, x *name.Index, full string) ([]watchlist.NameMatch, error) {
	return x.Search(ctx, watchlist.NameQuery{Names: []watchlist.Name{{Full: full}}, K: candidates})
}

// passes is how often each query is asked: its latency is the least of them, since
// other programs run on the machine as well. The sets take turns.
const passes = 3

// latencies asks each set once to warm up and several times with the clock, from
// one client, and then all from one client per core, where the best pass counts.
func (r *Large) latencies(ctx context.Context, x *name.Index, sets map[string][]string) error {
	took := map[string][]time.Duration{}
	for pass := range passes + 1 {
		for _, set := range sortedKeys(sets) {
			for i, full := range sets[set] {
				start := time.Now()
				if _, err := answer(ctx, x, full); err != nil {
					return err
				}
				d := time.Since(start)
				switch {
				case pass == 1:
					took[set] = append(took[set], d)
				case pass > 1:
					took[set][i] = min(took[set][i], d)
				}
			}
		}
	}
	var every []time.Duration
	var queries []query
	for _, set := range sortedKeys(sets) {
		every = append(every, took[set]...)
		r.Sets[set] = benchmarks.Summarise(took[set])
		for _, full := range sets[set] {
			queries = append(queries, query{name: full})
		}
	}
	r.Latency = benchmarks.Summarise(every)
	for range passes {
		var rep Report
		if err := throughput(ctx, x, queries, &rep); err != nil {
			return err
		}
		r.QPS = max(r.QPS, rep.QPS)
	}
	return nil
}

// updates adds 200 entries one by one and takes them away again, and looks each
// time.
func (r *Large) updates(ctx context.Context, x *name.Index) error {
	e := largeEntry(1<<40, "Zwrgkx Qvbnpt")
	for i := range 200 {
		c := watchlist.Change{ID: e.ID, Index: uint64(i + 2)}
		if i%2 == 0 {
			c.Entry = e
		}
		start := time.Now()
		if err := x.Apply([]watchlist.Change{c}, c.Index); err != nil {
			return err
		}
		found, err := answer(ctx, x, e.Names[0].Full)
		if err != nil {
			return err
		}
		if there := len(found) > 0 && found[0].Entry == e.ID; there != (c.Entry != nil) {
			return fmt.Errorf("update %d is not visible", i)
		}
		r.UpdateMillis = max(r.UpdateMillis, millis(time.Since(start)))
	}
	return nil
}

// digest sums up what every eighth search of each set answers: entries, places
// and scores.
func digest(ctx context.Context, x *name.Index, sets map[string][]string) (uint64, error) {
	h := fnv.New64a()
	for _, set := range sortedKeys(sets) {
		for i := 0; i < len(sets[set]); i += 8 {
			found, err := answer(ctx, x, sets[set][i])
			if err != nil {
				return 0, err
			}
			for _, m := range found {
				fmt.Fprintf(h, "%s %d %d %x\n", m.Entry, m.Name, m.Query, math.Float64bits(m.Score))
			}
		}
	}
	return h.Sum64(), nil
}

// memory reads a line of the process's own status, in MiB; 0 where there is none.
func memory(line string) int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(l, line+":"); ok {
			kb, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(v), " kB"))
			return kb / 1024
		}
	}
	return 0
}
