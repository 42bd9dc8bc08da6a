package evalfaces

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"vigie/models/calibrate"
	"vigie/watchlist"
)

// Engine makes the templates of a photo; *face.Engine is one.
type Engine interface {
	// Both makes them as a probe and as a reference, Extract as a probe alone.
	Both(ctx context.Context, p watchlist.Photo) (probe watchlist.FaceSample, reference []float32, stages []watchlist.StageTime, err error)
	Extract(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error)
	Model() string
}

// Options steer a run; the zero value is good.
type Options struct {
	// Workers is the number of photos extracted at once, default one for every
	// core; more than the engine's workers is useless.
	Workers int
	// Progress is told how many photos of a step are done, of how many; it may be nil
	// and is called by one goroutine at a time.
	Progress func(step string, done, total int)
	// Cache keeps templates between runs; nil keeps none on disk.
	Cache *Cache
	// Degrade is how many persons of each group lend a probe that is made worse;
	// 0 measures none. Every one takes 18 photos' time.
	Degrade int
	// ProbesOnly makes templates as probes alone: PhotoResult.Probe has them and
	// Template none.
	ProbesOnly bool
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
	// Empty lists folders of groups that hold no photo.
	Empty []string
	// Stages holds the wall times of every stage, microseconds, of the photos
	// that gave a template.
	Stages map[string][]int64
	// Ignored counts files of the folder that are no photos by their name or place,
	// Cached the photos whose templates and times come from an earlier run.
	Ignored, Cached int

	files []photoFile // in the order of the photos of Groups
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

// Load extracts every photo of the folder. A photo that the pipeline refuses is
// counted, not an error; a folder or file that cannot be read, a broken
// exclude.csv, a fault of the engine and the end of ctx are.
func Load(ctx context.Context, dir string, engine Engine, o Options) (*Set, error) {
	l, err := listPhotos(dir)
	if err != nil {
		return nil, fmt.Errorf("face folder: %w", err)
	}
	excluded, rows, err := readExcluded(filepath.Join(dir, excludeFile))
	if err != nil {
		return nil, fmt.Errorf("face folder: %s: %w", excludeFile, err)
	}
	x := &extraction{Options: o, engine: engine, files: l.files, results: make([]PhotoResult, len(l.files)), digests: make([][32]byte, len(l.files)), stages: map[string][]int64{}}
	before := o.Cache.Hits()
	if err := inParallel(ctx, o.workers(), len(l.files), x.photo); err != nil {
		return nil, fmt.Errorf("extract faces: %w", err)
	}
	set := &Set{
		Model: engine.Model(), Excluded: excluded, Stages: x.stages, InputSHA256: x.digest(rows),
		Empty: l.empty, Ignored: l.ignored, Cached: o.Cache.Hits() - before, files: l.files,
	}
	for i, f := range l.files {
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

func (o Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// inParallel does n jobs with some workers, in order of their numbers, until one
// fails or ctx ends; it returns the first failure.
func inParallel(ctx context.Context, workers, n int, job func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				if err := job(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
feed:
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// maxPhotoBytes is more than the gate lets pass.
const maxPhotoBytes = 64 << 20

type extraction struct {
	Options
	engine Engine
	files  []photoFile

	results []PhotoResult
	digests [][32]byte

	mu     sync.Mutex
	done   int
	stages map[string][]int64
}

func (x *extraction) photo(ctx context.Context, i int) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	b, err := x.files[i].read()
	if err != nil {
		return err
	}
	x.digests[i] = sha256.Sum256(b)
	res, stages, err := extract(ctx, x.engine, x.Cache, b, x.ProbesOnly)
	if err != nil {
		return err
	}
	res.Person = x.files[i].person
	x.results[i] = res
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range stages {
		x.stages[s.Stage] = append(x.stages[s.Stage], s.Micros)
	}
	x.done++
	if x.Progress != nil {
		x.Progress("photos", x.done, len(x.files))
	}
	return nil
}

// read gives the bytes of a photo. A file too large for the gate is not read whole;
// the gate refuses what is read.
func (f photoFile) read() ([]byte, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f, plain(err))
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxPhotoBytes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f, plain(err))
	}
	return b, nil
}

// digest hashes the folder's relative names, photo digests and exclusions.
func (x *extraction) digest(excluded [][]string) string {
	h := sha256.New()
	for i, f := range x.files {
		fmt.Fprintf(h, "%q %x\n", f.group+"/"+f.person+"/"+f.name, x.digests[i])
	}
	for _, row := range excluded {
		fmt.Fprintf(h, "%q\n", row)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Templates gives the photos that gave a template, for fitting.
func (s *Set) Templates() []calibrate.Group { return templates(s.Groups) }

func templates(groups []GroupSet) []calibrate.Group {
	out := make([]calibrate.Group, len(groups))
	for i, g := range groups {
		out[i].Name = g.Name
		for _, p := range g.Photos {
			if p.Template != nil {
				out[i].Samples = append(out[i].Samples, calibrate.Sample{Person: p.Person, Template: p.Template, Probe: p.Probe})
			}
		}
	}
	return out
}
