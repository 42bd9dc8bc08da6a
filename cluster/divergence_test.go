package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/watchlist"
)

// TestVerdicts: who is wrong, by what the members say.
func TestVerdicts(t *testing.T) {
	const a, b, c, d = watchlist.NodeID("a"), watchlist.NodeID("b"), watchlist.NodeID("c"), watchlist.NodeID("d")
	type words map[watchlist.NodeID]progressReply
	at := func(index uint64, hash string) progressReply { return progressReply{Applied: index, StateHash: hash} }
	check := func(index uint64, hash string) progressReply {
		return progressReply{Applied: 9999, StateHash: "far", CheckIndex: index, CheckHash: hash}
	}
	for name, x := range map[string]struct {
		voters []watchlist.NodeID
		said   words
		want   verdict
	}{
		"all agree":                   {[]watchlist.NodeID{a, b, c}, words{b: at(10, "h10"), c: at(10, "h10")}, verdict{}},
		"at different points":         {[]watchlist.NodeID{a, b, c}, words{b: at(10, "h10"), c: at(11, "h11")}, verdict{}},
		"at points not known here":    {[]watchlist.NodeID{a, b, c}, words{b: at(70, "x"), c: at(71, "y")}, verdict{}},
		"one is wrong":                {[]watchlist.NodeID{a, b, c}, words{b: at(10, "wrong"), c: at(10, "h10")}, verdict{others: []watchlist.NodeID{b}}},
		"one is wrong, at a check":    {[]watchlist.NodeID{a, b, c}, words{b: check(256, "wrong"), c: check(256, "c256")}, verdict{others: []watchlist.NodeID{b}}},
		"this one is wrong":           {[]watchlist.NodeID{a, b, c}, words{b: at(10, "right"), c: at(10, "right")}, verdict{self: true, index: 10, others: []watchlist.NodeID{b, c}}},
		"wrong at a check":            {[]watchlist.NodeID{a, b, c}, words{b: check(256, "right"), c: check(256, "right")}, verdict{self: true, index: 256, others: []watchlist.NodeID{b, c}}},
		"both others, each by itself": {[]watchlist.NodeID{a, b, c}, words{b: at(10, "x"), c: at(10, "y")}, verdict{open: true, others: []watchlist.NodeID{b, c}}},
		"one of two":                  {[]watchlist.NodeID{a, b}, words{b: at(10, "x")}, verdict{open: true, others: []watchlist.NodeID{b}}},
		"nonvoters don't count":       {[]watchlist.NodeID{a, b}, words{b: at(10, "h10"), c: at(10, "x"), d: at(10, "x")}, verdict{others: []watchlist.NodeID{c, d}}},
		"a nonvoter is wrong":         {[]watchlist.NodeID{b, c, d}, words{b: at(10, "x"), c: at(10, "x")}, verdict{self: true, index: 10, others: []watchlist.NodeID{b, c}}},
		"two of four":                 {[]watchlist.NodeID{a, b, c, d}, words{b: at(10, "h10"), c: at(10, "x"), d: at(10, "x")}, verdict{open: true, others: []watchlist.NodeID{c, d}}},
		"an older release":            {[]watchlist.NodeID{a, b, c}, words{b: {}, c: {Applied: 10}}, verdict{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newDivergence()
			judge := func(registry string) verdict {
				return s.judge(a, x.voters, []watchlist.NodeID{b, c, d}, registry, ownHashes)
			}
			judge("file1")
			for id, p := range x.said {
				s.hear(id, p)
			}
			got := judge("file1")
			if !cmp.Equal(got, x.want, cmp.AllowUnexported(verdict{})) {
				t.Errorf("%+v, want %+v", got, x.want)
			}
			if (got.text() == "") != (len(x.want.others) == 0) {
				t.Errorf("text %q", got.text())
			}
			// A wrong state stays wrong, until another one is restored.
			for id := range x.said {
				s.hear(id, at(20, "h20"))
			}
			if got := judge("file1"); got.self != x.want.self {
				t.Errorf("later: %+v", got)
			}
			if got := judge("file2"); got.self || len(got.others) > 0 {
				t.Errorf("after a restored state: %+v", got)
			}
		})
	}
}

// ownHashes is node a's state: it stood at 10 and 20 and passed 256.
func ownHashes(c claim) (string, bool) {
	h, ok := map[claim]string{{index: 10}: "h10", {index: 20}: "h20", {index: 256, check: true}: "c256"}[c]
	return h, ok
}

// TestProvedDamage: a node whose registry does not add up needs nobody's word.
func TestProvedDamage(t *testing.T) {
	s := newDivergence()
	s.judge("a", nil, nil, "f", ownHashes)
	s.prove()
	if v := s.judge("a", nil, nil, "f", ownHashes); !v.self || v.text() == "" {
		t.Errorf("%+v", v)
	}
}
