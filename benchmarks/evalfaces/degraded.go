package evalfaces

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // for the sizes of photos
	_ "image/png"
	"slices"
	"sync"

	_ "golang.org/x/image/webp"

	"vigie/benchmarks/evalfaces/degrade"
	"vigie/matcher/face"
	"vigie/models"
)

// degradedSize bounds the long side of the photos that are made worse, in pixels.
const degradedSize = 1280

// Degraded is one step of making probes worse, in one group.
type Degraded struct {
	degrade.Step
	Group string `json:"group"`
	// Probes are the second photos of so many persons; FTE is the share that gave no
	// template, FNMR the share of the others that misses the first photo of the same
	// person at the calibration's threshold for FMR 1e-3, Missed the share of all probes
	// that does or gave none. FMR is the share of comparisons with other persons' first
	// photos above the threshold.
	Probes int            `json:"probes"`
	FTE    *float64       `json:"fte"`
	FNMR   *float64       `json:"fnmr"`
	Missed *float64       `json:"missed"`
	FMR    *float64       `json:"fmr"`
	Codes  map[string]int `json:"refused,omitempty"`
}

// probe is a photo to be made worse, and whom it may match.
type probe struct {
	group, person string
	file          photoFile
	interEye      float64
}

// degraded measures with worse and worse probes: of each group the second photos of
// at most o.Degrade persons, in the order of their label's hash.
func (s *Set) degraded(ctx context.Context, engine Engine, c *models.Calibration, o Options) ([]Degraded, error) {
	probes, references, err := s.probes(c, o.Degrade)
	if err != nil || len(probes) == 0 {
		return nil, err
	}
	steps := append([]degrade.Step{{}}, degrade.Steps()...)
	results := make([]PhotoResult, len(probes)*len(steps))
	var mu sync.Mutex
	done := 0
	err = inParallel(ctx, o.workers(), len(probes), func(ctx context.Context, i int) error {
		p := probes[i]
		photo, interEye, err := p.upright(ctx)
		if err != nil {
			return err
		}
		for k, step := range steps {
			worse, err := step.Apply(photo, interEye, uint64(i))
			if err != nil {
				return fmt.Errorf("%s: %w", p.file, err)
			}
			if results[i*len(steps)+k], _, err = extract(ctx, engine, o.Cache, worse, true); err != nil {
				return err
			}
		}
		mu.Lock()
		defer mu.Unlock()
		done++
		if o.Progress != nil {
			o.Progress("probes made worse", done, len(probes))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("measure worse probes: %w", err)
	}
	limit := c.ThresholdAtFMR(1e-3)
	excluded := s.Corrected()
	var out []Degraded
	for k, step := range steps {
		for _, g := range s.Groups {
			t := outcomes{Degraded: Degraded{Step: step, Group: g.Name, Codes: map[string]int{}}}
			for i, p := range probes {
				if p.group != g.Name {
					continue
				}
				if err := t.add(p, results[i*len(steps)+k], references[g.Name], c, limit, func(a, b string) bool { return excluded[[2]string{a, b}] }); err != nil {
					return nil, err
				}
			}
			if t.Probes > 0 {
				out = append(out, t.rates())
			}
		}
	}
	return out, nil
}

// reference is the projected first photo of a person.
type reference struct {
	person string
	vector []float32
}

// probes picks the photos to be made worse, and projects the references of their
// groups.
func (s *Set) probes(c *models.Calibration, most int) ([]probe, map[string][]reference, error) {
	var out []probe
	references := map[string][]reference{}
	at := 0
	for _, g := range s.Groups {
		files := s.files[at : at+len(g.Photos)]
		at += len(g.Photos)
		seen := map[string]int{}
		var here []probe
		for i, p := range g.Photos {
			if p.Template == nil {
				continue
			}
			seen[p.Person]++
			switch seen[p.Person] {
			case 1:
				v, err := c.Project(p.Template)
				if err != nil {
					return nil, nil, fmt.Errorf("group %q: %w", g.Name, err)
				}
				references[g.Name] = append(references[g.Name], reference{p.Person, v})
			case 2:
				if p.Quality.InterEye > 0 {
					here = append(here, probe{g.Name, p.Person, files[i], p.Quality.InterEye})
				}
			}
		}
		slices.SortFunc(here, func(a, b probe) int { return compareHashes(a.person, b.person) })
		out = append(out, here[:min(most, len(here))]...)
	}
	return out, references, nil
}

// upright reads the photo as a JPEG without orientation, and tells how far apart the
// eyes are in it.
func (p probe) upright(ctx context.Context) ([]byte, float64, error) {
	b, err := p.file.read()
	if err != nil {
		return nil, 0, err
	}
	before, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", p.file, err)
	}
	photo, err := face.Shrink(ctx, b, degradedSize)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", p.file, err)
	}
	after, _, err := image.DecodeConfig(bytes.NewReader(photo))
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", p.file, err)
	}
	scale := float64(max(after.Width, after.Height)) / float64(max(before.Width, before.Height))
	return photo, p.interEye * scale, nil
}

// outcomes counts the outcomes of one step in one group.
type outcomes struct {
	Degraded
	refused, missed, strangers, matches int
}

func (t *outcomes) add(p probe, r PhotoResult, references []reference, c *models.Calibration, limit float64, excluded func(a, b string) bool) error {
	t.Probes++
	if r.Probe == nil {
		t.refused++
		t.Codes[r.Refused]++
		return nil
	}
	v, err := c.Project(r.Probe)
	if err != nil {
		return fmt.Errorf("group %q: %w", p.group, err)
	}
	for _, ref := range references {
		match := cosine(v, ref.vector) > limit
		switch {
		case ref.person == p.person:
			if !match {
				t.missed++
			}
		case excluded(p.person, ref.person):
		default:
			t.strangers++
			if match {
				t.matches++
			}
		}
	}
	return nil
}

func (t *outcomes) rates() Degraded {
	share := func(n, of int) *float64 { return figure(float64(n) / float64(of)) } // 0/0 is NaN
	d := t.Degraded
	d.FTE, d.FNMR, d.Missed, d.FMR = share(t.refused, t.Probes), share(t.missed, t.Probes-t.refused), share(t.refused+t.missed, t.Probes), share(t.matches, t.strangers)
	return d
}
