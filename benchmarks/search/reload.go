package search

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vigie/cluster/seal"
	"vigie/index/face"
	"vigie/index/face/file"
	"vigie/watchlist"
)

// Reload is how long a start takes with the gallery's files, and without.
type Reload struct {
	Space string `json:"space"`
	N     int    `json:"n"`
	// Rebuild is the time to build the gallery from its entries, Save to write
	// the files, Load the least and LoadMedian the median time until a gallery
	// made from them answers, in seconds; the files are in the system's cache.
	Rebuild    float64 `json:"rebuild_seconds"`
	Save       float64 `json:"save_seconds"`
	Load       float64 `json:"load_seconds"`
	LoadMedian float64 `json:"load_median_seconds"`
	Loads      int     `json:"loads"`
	Bytes      uint64  `json:"file_bytes"`
	// Differences counts answers of the loaded gallery that are not the brute
	// force's.
	Differences int `json:"differences"`
}

// reloads is how many times the files are loaded.
const reloads = 5

// reload keeps a gallery in sealed files and loads it again.
func (b *bench) reload(ctx context.Context, d *data, t *truth, tau float64) error {
	key, err := seal.NewKey()
	if err != nil {
		return fmt.Errorf("draw a key: %w", err)
	}
	folder, err := os.MkdirTemp(b.Cache, "gallery-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	open := func() *face.Keeper {
		k := face.Keep(face.New(d.space, face.Options{}), file.NewDir(filepath.Join(folder, "files"), key), face.KeepOptions{Every: time.Hour})
		k.Recall("bench")
		return k
	}
	r := Reload{Space: d.label, N: d.n, Loads: reloads}
	k := open()
	start := time.Now()
	if err := k.Rebuild(d.entries(0), 1); err != nil {
		_ = k.Close()
		return fmt.Errorf("build a gallery: %w", err)
	}
	r.Rebuild = time.Since(start).Seconds()
	settle(k.Gallery)
	start = time.Now()
	err = k.Save(ctx)
	r.Save, r.Bytes = time.Since(start).Seconds(), k.KeptStats().Bytes
	_ = k.Close() // never fails
	if err != nil {
		return fmt.Errorf("write the files: %w", err)
	}

	var times []float64
	for range reloads {
		resident() // gives back what the last one held
		start := time.Now()
		k := open()
		qs := d.queries["miss"].templates
		_, _, err := k.Search(ctx, watchlist.FaceQuery{Template: qs[0], Model: d.space.Model(), K: 1, MinScore: -1}, nil)
		times = append(times, time.Since(start).Seconds())
		if err == nil && (k.Size() != d.n || k.Applied() != 1) {
			err = fmt.Errorf("the files give %d templates of %d", k.Size(), d.n)
		}
		if err == nil {
			err = r.check(ctx, k, t, tau)
		}
		_ = k.Close()
		if err != nil {
			return fmt.Errorf("load the files: %w", err)
		}
	}
	r.Load, r.LoadMedian = least(times), median(times)
	b.report.Reload = &r
	b.Progress(fmt.Sprintf("        %+v", r))
	return nil
}

// check holds the loaded gallery's answers against the brute force.
func (r *Reload) check(ctx context.Context, k *face.Keeper, t *truth, tau float64) error {
	for _, kind := range kinds {
		var got []answer
		for _, q := range t.d.queries[kind].templates {
			m, more, err := k.Search(ctx, watchlist.FaceQuery{Template: q, Model: t.d.space.Model(), K: 10, MinScore: scoreAt(tau)}, nil)
			if err != nil {
				return fmt.Errorf("search: %w", err)
			}
			got = append(got, answer{m, more})
		}
		n, err := t.differences(kind, 10, scoreAt(tau), got)
		if err != nil {
			return err
		}
		r.Differences += n
	}
	return nil
}
