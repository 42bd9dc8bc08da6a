package search

import (
	"fmt"
	"iter"
	"math"
	"runtime"
	"strconv"
	"sync"

	"vigie/benchmarks/gen"
	"vigie/index/face"
	"vigie/index/face/mem"
	"vigie/watchlist"
)

// photosPerPerson is how many photos the drawn galleries hold of everybody.
const photosPerPerson = 2

// rawSpace compares the templates themselves.
type rawSpace struct{ model string }

func (s rawSpace) Project(t []float32) ([]float32, error) {
	return append([]float32(nil), t...), nil
}

func (s rawSpace) Model() string { return s.model }

func (s rawSpace) Agreement() float64 { return math.Inf(1) }

// apart is a space in which every photo is a row of its own: what is measured is
// the search among rows, and the brute force beside it knows no means.
type apart struct{ face.Space }

func (apart) Agreement() float64 { return math.Inf(1) }

// data is one gallery: templates as they are enrolled and as they are compared,
// and the queries. Rows of one person stand together. Whoever keeps slices of
// them must keep the data reachable too.
type data struct {
	space  face.Space
	label  string // of the rows of the report: "raw", "calibrated", …
	n, dim int
	owner  []int32 // of each row: a person's number, rising
	// templates and rows are n x dim; the latter are projected, and the same
	// memory in the raw space.
	templates, rows []float32
	hold            [2]*mem.Region // keeps the two mapped while data is reachable
	queries         map[string]queries
}

// queries are probes of one kind: "hit", another photo of somebody enrolled, or
// "miss", a photo of nobody enrolled.
type queries struct {
	templates, rows [][]float32
}

// draw makes a gallery of n templates, two of each person of the crowd, with as
// many hit and miss queries.
func draw(space face.Space, label string, p *gen.Population, seed uint64, n, ask int) (*data, error) {
	if _, raw := space.(rawSpace); !raw {
		space = apart{space}
	}
	d := &data{space: space, label: label, n: n, dim: p.Dim(), owner: make([]int32, n)}
	for i := range d.owner {
		d.owner[i] = int32(i / photosPerPerson)
	}
	d.hold[0] = mem.New(n * d.dim * 4)
	d.templates = d.hold[0].Float32s()
	crowd := p.Crowd(seed)
	if err := crowd.Enrol(0, photosPerPerson, d.templates); err != nil {
		return nil, fmt.Errorf("draw a gallery of %d: %w", n, err)
	}
	people := n / photosPerPerson
	asked, strangers := make([]int, ask), make([]int, ask)
	for i := range asked {
		asked[i] = int(float64(people) * (float64(i) + 0.5) / float64(ask))
		strangers[i] = (people/4096+2)*4096 + i
	}
	err := d.ask(crowd.Another(asked, 0), crowd.Another(strangers, 0))
	if err != nil {
		return nil, err
	}
	return d, d.projectAll()
}

// ask sets the queries and projects them.
func (d *data) ask(hit, miss [][]float32) error {
	d.queries = map[string]queries{}
	for kind, templates := range map[string][][]float32{"hit": hit, "miss": miss} {
		q := queries{templates: templates}
		for _, t := range templates {
			z, err := d.space.Project(t)
			if err != nil {
				return fmt.Errorf("project a query: %w", err)
			}
			q.rows = append(q.rows, z)
		}
		d.queries[kind] = q
	}
	return nil
}

// projectAll fills rows, on all cores.
func (d *data) projectAll() error {
	if _, same := d.space.(rawSpace); same {
		d.rows, d.hold[1] = d.templates, d.hold[0]
		return nil
	}
	d.hold[1] = mem.New(d.n * d.dim * 4)
	d.rows = d.hold[1].Float32s()
	workers := runtime.GOMAXPROCS(0)
	fails := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w * d.n / workers; i < (w+1)*d.n/workers; i++ {
				z, err := d.space.Project(d.template(i))
				if err != nil {
					fails[w] = fmt.Errorf("project template %d: %w", i, err)
					return
				}
				copy(d.rows[i*d.dim:], z)
			}
		})
	}
	wg.Wait()
	for _, err := range fails {
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *data) template(i int) []float32 { return d.templates[i*d.dim : (i+1)*d.dim] }
func (d *data) row(i int) []float32      { return d.rows[i*d.dim : (i+1)*d.dim] }

// entries gives each person as an entry with their photos, from row first on.
func (d *data) entries(first int) iter.Seq2[*watchlist.Entry, error] {
	return func(yield func(*watchlist.Entry, error) bool) {
		for i := first; i < d.n; {
			e := &watchlist.Entry{ID: entryID(int(d.owner[i])), Status: watchlist.StatusActive}
			for who := d.owner[i]; i < d.n && d.owner[i] == who; i++ {
				e.Faces = append(e.Faces, watchlist.Face{
					ID: faceID(len(e.Faces)), Model: d.space.Model(), Template: watchlist.EncodeTemplate(d.template(i)),
				})
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// photo tells which of its person's photos a row is, from 0.
func (d *data) photo(row int) int {
	n := 0
	for row > n && d.owner[row-n-1] == d.owner[row] {
		n++
	}
	return n
}

func entryID(person int) watchlist.EntryID {
	hex := strconv.FormatInt(int64(person)|1<<47, 16) // 12 digits
	return watchlist.EntryID("UTO-00000000-0000-7000-8000-" + hex)
}

func faceID(photo int) string { return strconv.Itoa(photo + 1) }

// scoreAt is the score of two rows at a distance.
func scoreAt(distance float64) float64 { return 1 - distance*distance/2 }

// distanceAt is the distance at a score.
func distanceAt(score float64) float64 { return math.Sqrt(max(2-2*score, 0)) }
