package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"vigie/cluster"
	"vigie/cluster/fsck"
	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/index/face"
	"vigie/index/face/file"
	"vigie/watchlist"
)

// galleryFolders are where a node keeps the files of its face galleries.
func galleryFolders() []string { return []string{"gallery", "gallery-second"} }

// checkGalleries checks the files of the face galleries against the registry. They
// are a cache: what does not fit is rebuilt, and is damage only when bytes changed or
// the content is wrong.
func checkGalleries(ctx context.Context, paths cluster.Paths, key *seal.Key, reg *registry.Store, rep *fsck.Report) (n int, unit string, err error) {
	for _, name := range galleryFolders() {
		for _, dir := range galleriesIn(filepath.Join(paths.Root, name)) {
			where, err := filepath.Rel(paths.Root, dir)
			if err != nil {
				return n, "", err
			}
			if ctx.Err() != nil {
				return n, "", ctx.Err()
			}
			files, err := checkGallery(where, file.NewDir(dir, key), reg, rep)
			if n += files; err != nil {
				return n, "", err
			}
		}
	}
	return n, "segments", nil
}

// galleriesIn lists a folder and those in it that hold gallery files.
func galleriesIn(root string) []string {
	var out []string
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // a folder that can't be read holds no gallery to check
		}
		if list, err := os.ReadDir(path); err == nil && holdsFile(list) {
			out = append(out, path)
		}
		return nil
	})
	return out
}

func holdsFile(list []fs.DirEntry) bool {
	for _, e := range list {
		if !e.IsDir() {
			return true
		}
	}
	return false
}

func checkGallery(where string, d *file.Dir, reg *registry.Store, rep *fsck.Report) (segments int, err error) {
	in, err := face.InspectFiles(d)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		rep.Add(fsck.GalleryUnused, where, 0, "the manifest or a file that it names is missing")
		return 0, nil
	case errors.Is(err, file.ErrVersion):
		rep.Add(fsck.GalleryUnused, where, 0, "another version of the files")
		return 0, nil
	case errors.Is(err, file.ErrCorrupt):
		rep.Add(fsck.GalleryDamaged, where, 0, "%v", err)
		return 0, nil
	case err != nil:
		return 0, err
	case reg == nil:
		return in.Segments, nil
	case in.Registry != reg.ID():
		rep.Add(fsck.GalleryUnused, where, in.Applied, "derived from another registry file")
		return in.Segments, nil
	}
	index, _, _ := reg.Position()
	if in.Applied > index {
		rep.Add(fsck.GalleryDiffers, where, in.Applied, "the files lie ahead of the registry, which is at %d", index)
	}
	if in.Applied != index {
		return in.Segments, nil // it takes up the rest from the registry at the next start
	}
	missing, strange := compareGallery(&in, reg)
	if missing+strange > 0 {
		rep.AddCount(fsck.GalleryDiffers, where, in.Applied, missing+strange, "%d entries lack photos, %d should not be there", missing, strange)
	}
	return in.Segments, nil
}

// compareGallery counts the active entries with photos of the gallery's model that
// the files lack, and the entries in them that are not active.
func compareGallery(in *face.Inspected, reg *registry.Store) (missing, strange int) {
	active := 0
	for e, err := range reg.Each() {
		if err != nil {
			return 0, 0 // the registry's own check tells
		}
		if e.Status != watchlist.StatusActive {
			continue
		}
		want := 0
		for _, f := range e.Faces {
			if f.Model == in.Model && len(f.Template) > 0 {
				want++
			}
		}
		have, known := in.Photos[e.ID]
		if known {
			active++
		}
		if have < want {
			missing++
		}
	}
	return missing, len(in.Photos) - active
}
