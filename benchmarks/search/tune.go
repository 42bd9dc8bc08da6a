package search

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"unsafe"
)

// hnswlib's parameters of the graph, and the ef that are tried.
const (
	graphM  = 16
	graphEF = 200
)

var searchEFs = []int{16, 24, 32, 48, 64, 80, 96, 128, 160, 192, 256, 384, 512, 768}

// tuned is a parameter of the search with the recall that it has.
type tuned struct {
	ef      int
	recall  float64
	queries int
}

// tune loads or builds the graph of a gallery and gives, for each recall among
// the ten nearest, the least ef that reaches it over all queries, with the recall
// that it has; ef is 0 where none does. how tells where the graph came from.
func (p *peers) tune(t *truth, recalls []float64) (found []tuned, how string, err error) {
	if err := p.load(t.d); err != nil {
		return nil, "", err
	}
	if _, err := p.do("threads 2"); err != nil {
		return nil, "", err
	}
	words, err := p.do("hnsw %s %d %d", filepath.Join(p.cache, graphFile(t.d)), graphM, graphEF)
	if err != nil {
		return nil, "", err
	}
	how = fmt.Sprintf("%s in %.4s s", words[0], words[1])
	found = make([]tuned, len(recalls))
	for _, ef := range searchEFs {
		var sum, all float64
		for _, kind := range kinds {
			n := len(t.d.queries[kind].rows)
			_, rows, err := p.search("hnsw", ef, 10, kind, 0, n, 1)
			if err != nil {
				return nil, "", err
			}
			at, _ := t.recall(kind, 10, rows)
			sum, all = sum+at*float64(n), all+float64(n)
		}
		for i, want := range recalls {
			if found[i].ef == 0 && sum/all >= want {
				found[i] = tuned{ef, sum / all, int(all)}
			}
		}
	}
	return found, how, nil
}

// graphFile names the graph of exactly these rows.
func graphFile(d *data) string {
	h := fnv.New64a()
	_, _ = h.Write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(d.rows))), len(d.rows)*4))
	return fmt.Sprintf("hnsw-%d-%d-%d-%d-%016x.bin", d.n, d.dim, graphM, graphEF, h.Sum64())
}
