package name

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// TestMemoryStaysBounded writes entries over and over under names that were never
// there before: what is gone is dropped, its words, ids and numbers.
func TestMemoryStaysBounded(t *testing.T) {
	x := newIndex(t)
	x.slack = 500
	const living = 200
	made := func(i int) *watchlist.Entry {
		return entryOf(i%living, fmt.Sprintf("Zw%crg%ckx Q%cvnpt", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26))
	}
	words := 0
	for i := range 17_000 {
		put(t, x, uint64(i+1), made(i))
		if i%1000 == 999 {
			settle(x)
			st := x.state.Load()
			if n, most := len(st.ids), 2*living+500; n > most {
				t.Fatalf("after %d writes: %d numbers for %d entries, want at most %d", i+1, n, living, most)
			}
			words = max(words, len(st.lexicon), len(st.sketches), len(x.w.plain))
		}
	}
	if most := 2 * (2*living + 500); words > most {
		t.Errorf("%d words are kept, want at most %d", words, most)
	}
	st := x.state.Load()
	if len(x.w.current) != living || st.size != living {
		t.Errorf("%d entries, %d names", len(x.w.current), st.size)
	}
	for i := 17_000 - living; i < 17_000; i++ {
		e := made(i)
		if m := search(t, x, living, e.Names[0].Full); len(m) == 0 || m[0].Score != 1 {
			t.Fatalf("entry %d is lost", i)
		}
	}
}

// TestCompactionMissesNothing changes entries while compactions run, from one
// goroutine as the registry does, with searches and changes of the table beside:
// afterwards the answers are those of a scan.
func TestCompactionMissesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 3))
	x, l := newIndex(t), plainList{}
	x.slack = 0
	entries := plainEntries(r, 0, 600)
	for _, e := range entries {
		l.put(e)
	}
	if err := x.Rebuild(each(entries), 1); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
					search(t, x, 20, "Mamadou Ndiaye")
				}
			}
		})
	}
	for i := range 6000 {
		k := r.IntN(len(entries))
		if i%2000 == 777 {
			x.SetTable(x.Table())
		}
		entries[k] = plainEntries(r, k, 1)[0]
		put(t, x, uint64(i+2), entries[k])
	}
	close(done)
	wg.Wait()
	settle(x)
	for _, e := range entries {
		l.put(e)
	}
	if n := len(x.state.Load().ids); n > 2*len(x.w.current) {
		t.Errorf("%d numbers for %d entries: no compaction", n, len(x.w.current))
	}
	for range 60 {
		checkPlain(t, x, l, plainQuery(r, entries))
	}
}

// TestDraftsAreEqual checks that a draft depends on the entries alone, and that an
// index built of it answers as before.
func TestDraftsAreEqual(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	grown, built := newIndex(t), newIndex(t)
	entries := plainEntries(r, 0, 1500)
	for i, e := range entries {
		put(t, grown, uint64(2*i+1), entryOf(i, "Somebody Else"))
		put(t, grown, uint64(2*i+2), e)
	}
	if err := built.Rebuild(each(entries), 1); err != nil {
		t.Fatal(err)
	}
	a, b := draftOf(grown.state.Load()), draftOf(built.state.Load())
	if diff := gocmp.Diff(a, b, gocmp.AllowUnexported(draft{})); diff != "" {
		t.Fatalf("drafts differ:\n%s", diff)
	}
	again := newIndex(t)
	st, w := a.build(built.state.Load().token, built.state.Load().table)
	again.state.Store(st)
	again.w = w
	for range 40 {
		q := plainQuery(r, entries)
		want, err := built.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := again.Search(t.Context(), q)
		if diff := gocmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%+v: %v:\n%s", q, err, diff)
		}
	}
}
