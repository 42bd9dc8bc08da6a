package recaptures

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gonum.org/v1/gonum/mat"

	"vigie/matcher/face/dlib"
)

// Detector finds faces; *dlib.Recognizer is one.
type Detector interface {
	Detect(p dlib.Pixels) ([]dlib.Detection, error)
}

// Options say what to measure.
type Options struct {
	// Portraits is the folder of the consented set.
	Portraits string
	// Faces is the folder of real photos, DIR/<group>/<person>/<photo>.
	Faces string
	// PerGroup bounds the persons of a group, one photo each; 0 takes all.
	PerGroup int
	// Progress is told what is done; it may be nil.
	Progress func(string)
}

// Report is what a run found. Nothing in it is about one person.
type Report struct {
	// BonaFide are the real photos by group, and the consented set's as the
	// simulated camera takes them ("studio").
	BonaFide map[string]int `json:"bona_fide"`
	// Attacks counts the simulated recaptures by instrument.
	Attacks map[string]int `json:"attacks"`
	// NotSeen counts pictures without one face or too small for a cue, by group or
	// instrument.
	NotSeen map[string]int `json:"not_seen"`
	// Cues are the cues, and all of them together as a linear discriminant, fitted
	// on one half of the persons and pictures of the good camera, with and without
	// prints and screens, and measured on the other half.
	Cues map[string]Cue `json:"cues"`
}

// Cue is how one cue fares.
type Cue struct {
	// At has the limits at which no group's BPCER is above 1 % and 5 %.
	At map[string]Limit `json:"at_bpcer"`
	// Studio has BPCER by group where the limits are set on the consented set's own
	// photos alone, as a laboratory would.
	Studio map[string]map[string]float64 `json:"studio_bpcer"`
}

// Limit is one limit of a cue.
type Limit struct {
	// BPCER is by group, APCER by instrument.
	BPCER map[string]float64 `json:"bpcer"`
	APCER map[string]float64 `json:"apcer"`
}

// bpcers are the shares of real photos that a cue may doubt.
var bpcers = map[string]float64{"1%": 0.01, "5%": 0.05}

const (
	studio = "studio"
	// softly marks the pictures of the soft camera.
	softly = ", soft camera"
)

// sample is one picture that was measured.
type sample struct {
	from   string // group or instrument
	attack bool
	even   bool // half of the persons
	cues   []float64
}

type run struct {
	detector Detector
	o        Options
	report   Report
	samples  []sample
}

// Run simulates and measures.
func Run(ctx context.Context, detector Detector, o Options) (*Report, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	r := &run{detector: detector, o: o}
	r.report = Report{BonaFide: map[string]int{}, Attacks: map[string]int{}, NotSeen: map[string]int{}, Cues: map[string]Cue{}}
	if err := r.recapture(ctx); err != nil {
		return nil, fmt.Errorf("recaptures: %w", err)
	}
	if err := r.real(ctx); err != nil {
		return nil, fmt.Errorf("recaptures: %w", err)
	}
	tested := slices.DeleteFunc(slices.Clone(r.samples), func(s sample) bool { return s.even })
	for i, name := range cueNames {
		r.report.Cues[name] = judge(tested, func(s sample) float64 { return s.cues[i] })
	}
	for name, unknown := range map[string]string{"all": "none", "all, prints unknown": "print", "all, screens unknown": "screen"} {
		weights, err := discriminant(slices.DeleteFunc(slices.Clone(r.samples), func(s sample) bool {
			return !s.even || strings.HasSuffix(s.from, softly) || strings.HasPrefix(s.from, unknown)
		}))
		if err != nil {
			return nil, fmt.Errorf("recaptures: %w", err)
		}
		r.report.Cues[name] = judge(tested, func(s sample) (sum float64) {
			for i, w := range weights {
				sum += w * s.cues[i]
			}
			return sum
		})
	}
	for _, s := range tested {
		if s.attack {
			r.report.Attacks[s.from]++
		} else {
			r.report.BonaFide[s.from]++
		}
	}
	return &r.report, nil
}

// recapture takes pictures of the neutral portraits themselves, and of what shows
// them.
func (r *run) recapture(ctx context.Context) error {
	list, err := filepath.Glob(filepath.Join(r.o.Portraits, "img_675", "neutral_front__*.jpg"))
	if err != nil || len(list) == 0 {
		return errors.New("the set has no portraits")
	}
	for n, path := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if n%10 == 0 {
			r.o.Progress(fmt.Sprintf("%d of %d portraits recaptured", n, len(list)))
		}
		original, err := read(path)
		if err != nil {
			return err
		}
		for _, c := range captures(original, uint64(n)) {
			if c.err != nil {
				return c.err
			}
			if err := r.take(c.from, !strings.HasPrefix(c.from, studio), n%2 == 0, c.picture); err != nil {
				return err
			}
		}
	}
	return nil
}

// captured is one simulated picture.
type captured struct {
	from    string
	picture dlib.Pixels
	err     error
}

// captures takes pictures of a portrait and of all that shows it, the same at each
// run.
func captures(original dlib.Pixels, seed uint64) []captured {
	s, w, h := portrait(original)
	names, scenes := []string{studio}, []scene{s}
	for _, name := range slices.Sorted(maps.Keys(attacks)) {
		names, scenes = append(names, name), append(scenes, attacks[name](s))
	}
	out := make([]captured, 2*len(names))
	var work sync.WaitGroup
	for i, name := range names {
		work.Go(func() {
			light, rng := gather(scenes[i], w, h), rand.New(rand.NewPCG(seed, uint64(i)))
			for k, cam := range []camera{good, soft} {
				c := &out[2*i+k]
				c.from = name + []string{"", softly}[k]
				c.picture, c.err = cam.capture(light, w, h, rng)
			}
		})
	}
	work.Wait()
	return out
}

// real measures one photo of each person of each group.
func (r *run) real(ctx context.Context) error {
	groups, err := os.ReadDir(r.o.Faces)
	if err != nil {
		return fmt.Errorf("read the photos: %w", err)
	}
	for _, g := range groups {
		persons, err := os.ReadDir(filepath.Join(r.o.Faces, g.Name()))
		if err != nil {
			continue // exclude.csv
		}
		taken := 0
		for _, person := range persons {
			if err := ctx.Err(); err != nil {
				return err
			}
			if r.o.PerGroup > 0 && taken == r.o.PerGroup {
				break
			}
			photos, err := fs.Glob(os.DirFS(filepath.Join(r.o.Faces, g.Name(), person.Name())), "*")
			if err != nil || len(photos) == 0 {
				continue
			}
			p, err := read(filepath.Join(r.o.Faces, g.Name(), person.Name(), photos[0]))
			if err != nil {
				r.report.NotSeen[g.Name()]++
				continue
			}
			half := fnv.New32a()
			half.Write([]byte(person.Name()))
			if err := r.take(g.Name(), false, half.Sum32()%2 == 0, p); err != nil {
				return err
			}
			taken++
		}
		r.o.Progress(fmt.Sprintf("%s: %d photos", g.Name(), taken))
	}
	return nil
}

// take measures a picture.
func (r *run) take(from string, attack, even bool, p dlib.Pixels) error {
	found, err := r.detector.Detect(p)
	if err != nil {
		return err
	}
	if len(found) != 1 {
		r.report.NotSeen[from]++
		return nil
	}
	cues, ok := Measure(p, found[0].Box)
	if !ok {
		r.report.NotSeen[from]++
		return nil
	}
	r.samples = append(r.samples, sample{from, attack, even, cues})
	return nil
}

func read(path string) (dlib.Pixels, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return dlib.Pixels{}, errors.New("a photo can't be read")
	}
	p, err := decode(b)
	if err != nil {
		return p, errors.New("a photo can't be decoded")
	}
	return p, nil
}

// judge sets the limits of a cue and counts.
func judge(samples []sample, cue func(sample) float64) Cue {
	by := map[string][]float64{}
	attack := map[string]bool{}
	for _, s := range samples {
		by[s.from] = append(by[s.from], cue(s))
		attack[s.from] = s.attack
	}
	out := Cue{At: map[string]Limit{}, Studio: map[string]map[string]float64{}}
	for key, share := range bpcers {
		limit := 0.0
		first := true
		for name, scores := range by {
			if l := limitAt(scores, share); !attack[name] && (first || l > limit) {
				limit, first = l, false
			}
		}
		l := Limit{BPCER: map[string]float64{}, APCER: map[string]float64{}}
		out.Studio[key] = map[string]float64{}
		for name, scores := range by {
			if attack[name] {
				l.APCER[name] = 1 - above(scores, limit)
				continue
			}
			l.BPCER[name] = above(scores, limit)
			out.Studio[key][name] = above(scores, limitAt(by[studio], share))
		}
		out.At[key] = l
	}
	return out
}

// limitAt is the lowest score above which no more than a share of the scores lies.
func limitAt(scores []float64, share float64) float64 {
	if len(scores) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(scores))
	return sorted[len(sorted)-1-min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// above is the share of scores over a limit.
func above(scores []float64, limit float64) float64 {
	n := 0
	for _, s := range scores {
		if s > limit {
			n++
		}
	}
	return float64(n) / float64(max(len(scores), 1))
}

// discriminant is Fisher's: the inverse of the covariance within real photos and
// attacks, times the difference of their means, each group and instrument counting
// the same.
func discriminant(samples []sample) ([]float64, error) {
	n := len(cueNames)
	count := map[string]int{}
	classes := map[bool]map[string]bool{true: {}, false: {}}
	for _, s := range samples {
		count[s.from]++
		classes[s.attack][s.from] = true
	}
	if len(classes[true]) == 0 || len(classes[false]) == 0 {
		return nil, errors.New("too few pictures")
	}
	weight := func(s sample) float64 { return 1 / float64(count[s.from]*len(classes[s.attack])) }
	means := map[bool][]float64{true: make([]float64, n), false: make([]float64, n)}
	for _, s := range samples {
		for i, v := range s.cues {
			means[s.attack][i] += weight(s) * v
		}
	}
	within, apart := mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
	for _, s := range samples {
		for i := range n {
			for j := range n {
				within.Set(i, j, within.At(i, j)+weight(s)*(s.cues[i]-means[s.attack][i])*(s.cues[j]-means[s.attack][j]))
			}
		}
	}
	for i := range n {
		apart.SetVec(i, means[true][i]-means[false][i])
	}
	var w mat.VecDense
	if err := w.SolveVec(within, apart); err != nil {
		return nil, fmt.Errorf("fit the discriminant: %w", err)
	}
	return w.RawVector().Data, nil
}
