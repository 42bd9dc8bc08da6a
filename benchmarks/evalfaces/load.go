package evalfaces

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"vigie/models/calibrate"
	"vigie/watchlist"
)

// Engine makes the templates of a photo, as a probe and as a reference;
// *face.Engine is one.
type Engine interface {
	Both(ctx context.Context, p watchlist.Photo) (probe watchlist.FaceSample, reference []float32, stages []watchlist.StageTime, err error)
	Model() string
}

// Options steer a run; the zero value is good.
type Options struct {
	// Workers is the number of photos extracted at once, default one for every
	// core; more than the engine's workers is useless.
	Workers int
	// Progress is told how many of all photos are done; it may be nil and is
	// called by one goroutine at a time.
	Progress func(done, total int)
}

// Set is a folder of photos after extraction.
type Set struct {
	// Model is the engine's model.
	Model string
	// Groups are sorted by name, their photos by person and file name.
	Groups []GroupSet
	// Excluded holds the pairs of persons to leave out of impostor scores,
	// each in both orders.
	Excluded calibrate.Pairs
	// Faults holds further pairs that are known to be one person.
	Faults calibrate.Pairs
	// InputSHA256 identifies the folder: file names and bytes.
	InputSHA256 string
	// Stages holds the wall times of every stage, microseconds, of the photos
	// that gave a template.
	Stages map[string][]int64
}

// GroupSet is one group.
type GroupSet struct {
	Name    string
	Persons int
	Photos  []PhotoResult
}

// PhotoResult is one photo: its templates, or the code of the refusal.
type PhotoResult struct {
	Person string
	// Template is the reference template, Probe the probe's; nil where that is the
	// same.
	Template, Probe []float32
	Quality         watchlist.FaceQuality
	Refused         string
}

type photoFile struct{ group, person, path string }

// Load extracts every photo of the folder. A photo that the pipeline refuses is
// counted, not an error; an unreadable folder, a file that cannot be read, a
// broken exclude.csv, a fault of the engine and the end of ctx are.
func Load(ctx context.Context, dir string, engine Engine, o Options) (*Set, error) {
	files, err := listPhotos(dir)
	if err != nil {
		return nil, fmt.Errorf("face folder: %w", err)
	}
	excluded, rows, err := readExcluded(filepath.Join(dir, "exclude.csv"))
	if err != nil {
		return nil, fmt.Errorf("face folder: exclude.csv: %w", err)
	}
	x := &extraction{engine: engine, files: files, progress: o.Progress, results: make([]PhotoResult, len(files)), digests: make([][32]byte, len(files)), stages: map[string][]int64{}}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if err := x.run(ctx, o.Workers); err != nil {
		return nil, err
	}
	set := &Set{Model: engine.Model(), Excluded: excluded, Stages: x.stages, InputSHA256: x.digest(dir, rows)}
	for i, f := range files {
		if len(set.Groups) == 0 || set.Groups[len(set.Groups)-1].Name != f.group {
			set.Groups = append(set.Groups, GroupSet{Name: f.group})
		}
		g := &set.Groups[len(set.Groups)-1]
		if len(g.Photos) == 0 || g.Photos[len(g.Photos)-1].Person != f.person {
			g.Persons++
		}
		g.Photos = append(g.Photos, x.results[i])
	}
	if set.Faults, err = knownFaults(set.Groups, excluded); err != nil {
		return nil, fmt.Errorf("face folder: %w", err)
	}
	return set, nil
}

// listPhotos gives the photos sorted by group, person and name.
func listPhotos(dir string) ([]photoFile, error) {
	var out []photoFile
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || d.IsDir() {
			return err
		}
		parts := strings.Split(filepath.ToSlash(rel), "/")
		switch ext := strings.ToLower(filepath.Ext(path)); ext {
		case ".jpg", ".jpeg", ".png", ".webp":
			if len(parts) == 3 {
				out = append(out, photoFile{parts[0], parts[1], path})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no <group>/<person>/<photo>.jpg", dir)
	}
	slices.SortFunc(out, func(a, b photoFile) int { return strings.Compare(a.path, b.path) })
	slices.SortStableFunc(out, func(a, b photoFile) int {
		if c := strings.Compare(a.group, b.group); c != 0 {
			return c
		}
		return strings.Compare(a.person, b.person)
	})
	return out, nil
}

// readExcluded reads pairs of persons: two columns, with or without a header
// person_1,person_2. A row that names one person twice says nothing. A missing
// file means no pairs.
func readExcluded(path string) (calibrate.Pairs, [][]string, error) {
	pairs := calibrate.Pairs{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return pairs, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = 2
	rows, err := r.ReadAll()
	if err != nil {
		return nil, nil, err
	}
	if len(rows) > 0 && rows[0][0] == "person_1" {
		rows = rows[1:]
	}
	for _, row := range rows {
		if row[0] != row[1] {
			pairs.Add(row[0], row[1])
		}
	}
	return pairs, rows, nil
}

type extraction struct {
	engine   Engine
	files    []photoFile
	progress func(done, total int)

	results []PhotoResult
	digests [][32]byte

	mu     sync.Mutex
	done   int
	stages map[string][]int64
}

func (x *extraction) run(ctx context.Context, workers int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				if err := x.photo(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range x.files {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("extract faces: %w", err)
	}
	return nil
}

func (x *extraction) photo(ctx context.Context, i int) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	f, err := os.Open(x.files[i].path)
	if err != nil {
		return fmt.Errorf("photo %d of the folder cannot be opened: %w", i+1, errors.Unwrap(err))
	}
	b, err := io.ReadAll(f)
	f.Close()
	if err != nil {
		return fmt.Errorf("photo %d of the folder cannot be read: %w", i+1, errors.Unwrap(err))
	}
	x.digests[i] = sha256.Sum256(b)
	sample, reference, stages, err := x.engine.Both(ctx, watchlist.Photo{Bytes: b})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	res := PhotoResult{Person: x.files[i].person, Template: reference, Probe: sample.Template, Quality: sample.Quality}
	if err != nil {
		var refused *watchlist.FaceError
		if !errors.As(err, &refused) || refused.Code == watchlist.FaceEngineAbsent || refused.Code == watchlist.FaceEngineOverload {
			return err
		}
		res.Template, res.Probe, res.Refused = nil, nil, refused.Code
	}
	x.results[i] = res
	x.mu.Lock()
	defer x.mu.Unlock()
	if err == nil {
		for _, s := range stages {
			x.stages[s.Stage] = append(x.stages[s.Stage], s.Micros)
		}
	}
	x.done++
	if x.progress != nil {
		x.progress(x.done, len(x.files))
	}
	return nil
}

// digest hashes the folder's relative names, photo digests and exclusions.
func (x *extraction) digest(dir string, excluded [][]string) string {
	h := sha256.New()
	for i, f := range x.files {
		rel, err := filepath.Rel(dir, f.path)
		if err != nil {
			rel = f.path
		}
		fmt.Fprintf(h, "%q %x\n", filepath.ToSlash(rel), x.digests[i])
	}
	for _, row := range excluded {
		fmt.Fprintf(h, "%q\n", row)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Templates gives the photos that gave a template, for fitting.
func (s *Set) Templates() []calibrate.Group {
	out := make([]calibrate.Group, len(s.Groups))
	for i, g := range s.Groups {
		out[i] = g.templates()
	}
	return out
}

func (g GroupSet) templates() calibrate.Group {
	out := calibrate.Group{Name: g.Name}
	for _, p := range g.Photos {
		if p.Template != nil {
			out.Samples = append(out.Samples, calibrate.Sample{Person: p.Person, Template: p.Template, Probe: p.Probe})
		}
	}
	return out
}
