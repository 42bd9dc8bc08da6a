package feed_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"vigie/benchmarks/gen"
	"vigie/cluster/feed"
	"vigie/watchlist"
	"vigie/watchlist/sharing"
)

// crowd draws made-up entries: names of the region, one face, one document, a birth,
// a case of the length that cases have. Sizes are measured on them, nothing else.
func crowd(t testing.TB, n int) []*watchlist.Entry {
	t.Helper()
	names, tpl := gen.Names(11, n), make([]float32, (n+255)/256*256*128)
	if err := gen.RandomPopulation(128, 5).Crowd(3).Enrol(0, 1, tpl); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	cats := []watchlist.Category{watchlist.CategorySmuggler, watchlist.CategoryTrafficker, watchlist.CategoryDocumentFraud, watchlist.CategoryFacilitator}
	places := []string{"Dakar", "Rosso", "Tambacounda", "Banjul", "Bamako", "Kayes", "Nouakchott", "Ziguinchor"}
	out := make([]*watchlist.Entry, n)
	for i := range out {
		id := fmt.Sprintf("SEN-%08x-%04x-7%03x-%04x-%012x", 0x0192f0c1+i/1000, r.IntN(1<<16), r.IntN(1<<12), 0x8000|r.IntN(1<<14), r.Int64N(1<<48))
		e := person(i)
		e.ID = watchlist.EntryID(id)
		e.Names = []watchlist.Name{{Kind: watchlist.NamePrimary, Script: watchlist.ScriptLatin, Full: names[i]}}
		if i%3 == 0 {
			e.Names = append(e.Names, watchlist.Name{Kind: watchlist.NameAlias, Full: names[(i*7+1)%n]})
		}
		e.Category, e.Births = cats[r.IntN(4)], []watchlist.Birth{{From: watchlist.PartialDate{Year: 1950 + r.IntN(55), Month: 1 + r.IntN(12), Day: 1 + r.IntN(28)}, Place: places[r.IntN(8)]}}
		e.Documents[0].Number = fmt.Sprintf("A%07d", r.IntN(10_000_000))
		e.Faces[0].Template = watchlist.EncodeTemplate(tpl[i*128 : (i+1)*128])
		e.Issued = testTime - r.Int64N(1e10)
		e.ReviewBy, e.ExpiresAt = e.Issued+r.Int64N(1e9), e.Issued+2e10
		e.Specimen = false
		out[i] = e
	}
	return out
}

// TestThirtyDaysFit: 30,000 changes, each the put of an entry with a face, take at
// most 20 MB, frames and proofs together. Ten frames stand for all.
func TestThirtyDaysFit(t *testing.T) {
	const n = 10 * feed.FrameLeaves
	o := newOrigin(t, testFeed)
	for _, e := range crowd(t, n) {
		o.put(e, toMali)
	}
	total := 0
	for first := uint64(0); first < n; {
		b, end := o.frame(first)
		total += len(b) + 15*32
		first = end
	}
	per := total / n
	t.Logf("%d bytes a change, %.1f MB for 30,000", per, float64(per)*30000/1e6)
	if per > 20_000_000/30_000 {
		t.Errorf("%d bytes a change", per)
	}
}

func benchOrigin(b *testing.B, n int, groups sharing.Groups) *origin {
	o := newOrigin(b, testFeed)
	for _, e := range crowd(b, n) {
		o.put(e, groups)
	}
	return o
}

func BenchmarkPublish(b *testing.B) {
	o, list := newOrigin(b, testFeed), crowd(b, 256)
	b.ResetTimer()
	for i := range b.N {
		if _, err := feed.PublishEntry(o.salts, list[i%256], sharing.View{Groups: toMali}, 1, testTime); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkFrame(b *testing.B) {
	o := benchOrigin(b, 256, toMali)
	b.ResetTimer()
	for range b.N {
		o.frame(0)
	}
	b.ReportMetric(256*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkAcceptFrame(b *testing.B) {
	o := benchOrigin(b, 256, toMali)
	x := newReceiver(b, o)
	_, err := x.checkpoint(o.checkpoint(1), nil)
	x.must(err)
	f, _ := o.frame(0)
	b.ResetTimer()
	for range b.N {
		if _, _, err := x.r.AcceptFrame(x.codec, f, x.keys, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(256*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkState100k(b *testing.B) {
	o := benchOrigin(b, 100_000, toMali)
	b.ResetTimer()
	total := 0
	for range b.N {
		total = 131072
		for n := range feed.Buckets {
			total += len(o.bucket(n))
		}
	}
	b.ReportMetric(float64(total)/1e6, "MB")
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkThirtyDays is the silence of issue 7: 27,000 puts and 3,000 withdrawals,
// verified one frame after the other by a receiver that holds the state before.
func BenchmarkThirtyDays(b *testing.B) {
	o, list := newOrigin(b, testFeed), crowd(b, 27_000)
	for i, e := range list {
		o.put(e, toMali)
		if i%9 == 8 {
			o.withdraw(list[i-4])
		}
	}
	frames, proofs, total := [][]byte{}, [][][]byte{}, 0
	for first := uint64(0); first < o.size(); {
		f, end := o.frame(first)
		frames, proofs = append(frames, f), append(proofs, o.proof(end, o.size()))
		total += len(f) + 32*len(proofs[len(proofs)-1])
		first = end
	}
	if o.size() != 30_000 {
		b.Fatal(o.size())
	}
	b.ResetTimer()
	for range b.N {
		x := newReceiver(b, o)
		_, err := x.checkpoint(o.checkpoint(1), nil)
		x.must(err)
		for i, f := range frames {
			x.must(x.frame(f, proofs[i]))
		}
		x.must(x.r.CheckState(x.live.Root()))
	}
	b.ReportMetric(float64(total)/1e6, "MB")
	b.ReportMetric(float64(len(o.revocations(0))), "revocation-bytes")
	b.ReportMetric(30_000*float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}
