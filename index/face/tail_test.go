package face

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"vigie/index/indextest"
	"vigie/watchlist"
)

// TestNextTailIsMadeAhead fills two tails and a half, before and after another basis
// came: each next tail is the one that was made ahead, and its rows are found.
func TestNextTailIsMadeAhead(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 128))
	space := rawSpace{model: indextest.Model, dim: 128, agree: math.Inf(1)}
	g := New(space, Options{})
	defer g.Close()
	g.w.sizes = sizes{least: 32, tail: 64, fanIn: 1 << 20, fit: 1 << 20, history: 1}
	n := 0
	add := func(rows int) {
		for range rows {
			n++
			e := numberedEntry(n, indextest.Template(rng, 128))
			if err := g.Apply([]watchlist.Change{{ID: e.ID, Entry: e}}, uint64(n)); err != nil {
				t.Fatal(err)
			}
			if err := findsItself(g, e); err != nil {
				t.Fatal(err)
			}
		}
		g.work.Wait()
	}
	add(64) // as small galleries grow
	for g.w.spare == nil {
		add(1)
	}
	for range 3 {
		spare := g.w.spare
		for g.w.spare == spare {
			add(1)
		}
		if g.w.tail != spare || spare.basis != g.w.newest() || spare.codes.Capacity() < 64 {
			t.Fatal("the next tail is not the one made ahead, or lacks codes of the newest basis")
		}
		for g.w.spare == nil {
			if g.w.tail != spare || g.w.tail.n > 32 {
				t.Fatalf("after %d rows of a tail there is no next one", g.w.tail.n)
			}
			add(1)
		}
		b, err := fit(segmentsOf(g.w.sealed)) // the next one is coded anew
		if err != nil {
			t.Fatal(err)
		}
		g.w.basis = b
	}
}

func findsItself(g *Gallery, e *watchlist.Entry) error {
	x, err := watchlist.DecodeTemplate(e.Faces[0].Template)
	if err != nil {
		return err
	}
	q := watchlist.FaceQuery{Template: x, Model: e.Faces[0].Model, K: 1, MinScore: -1}
	found, _, err := g.Search(context.Background(), q, nil)
	if err == nil && (len(found) != 1 || found[0].Entry != e.ID || found[0].Score != 1) {
		err = errors.New("a new entry is not found")
	}
	return err
}
