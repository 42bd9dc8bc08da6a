package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vigie/cluster/seal"
)

// ErrNotEmpty: Init and Join only write into a missing or empty data folder.
var ErrNotEmpty = errors.New("the data folder is not empty")

const buildPrefix = ".building-"

// build lets make fill a temporary data folder and then moves its parts to dir,
// the identity last. On an error nothing is left, the keys included. Both key
// files must not exist yet.
func build(dir layout, nodeKeyFile, clusterKeyFile string, id *identity, fill func(tmp layout) error) (err error) {
	if err := os.MkdirAll(string(dir), 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	release, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := checkEmpty(dir); err != nil {
		return err
	}
	tmpName, err := os.MkdirTemp(string(dir), buildPrefix)
	if err != nil {
		return fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmpName)) }()
	tmp := layout(tmpName)
	if err := fill(tmp); err != nil {
		return err
	}
	if err := id.save(tmp); err != nil {
		return err
	}
	undo, err := saveKeys(id, nodeKeyFile, clusterKeyFile)
	if err != nil {
		return err
	}
	moved, err := moveParts(tmp, dir)
	if err != nil {
		for _, path := range append(moved, undo...) {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}

// checkEmpty refuses a folder that holds anything but the lock, keys put there
// before, and what an interrupted build left, which is removed.
func checkEmpty(dir layout) error {
	list, err := os.ReadDir(string(dir))
	if err != nil {
		return fmt.Errorf("reading the data folder: %w", err)
	}
	for _, e := range list {
		path := filepath.Join(string(dir), e.Name())
		switch {
		case path == dir.lock() || path == dir.keys() || e.Name() == "lost+found":
		case len(e.Name()) > len(buildPrefix) && e.Name()[:len(buildPrefix)] == buildPrefix:
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("removing an interrupted build: %w", err)
			}
		default:
			return fmt.Errorf("%s holds %s: %w", dir, e.Name(), ErrNotEmpty)
		}
	}
	return nil
}

// saveKeys writes both key files and returns them, for removal if a later step
// fails. An existing key is never replaced: it may be the only one for data that
// still exists.
func saveKeys(id *identity, nodeKeyFile, clusterKeyFile string) (made []string, err error) {
	for path, key := range map[string]*seal.Key{nodeKeyFile: id.nodeKey, clusterKeyFile: id.cluster} {
		if _, serr := os.Lstat(path); serr == nil {
			err = fmt.Errorf("key file %s: %w", path, os.ErrExist)
			break
		}
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			break
		}
		if err = key.Save(path); err != nil {
			break
		}
		made = append(made, path)
	}
	if err != nil {
		err = fmt.Errorf("saving the keys: %w", err)
		for _, path := range made {
			err = errors.Join(err, os.Remove(path))
		}
		return nil, err
	}
	return made, nil
}

// moveParts renames what was built into place, the identity last, since it is
// what makes the folder a node.
func moveParts(from, to layout) (moved []string, err error) {
	parts := [][2]string{
		{from.raft(), to.raft()},
		{from.registry(), to.registry()},
		{from.blobs(), to.blobs()},
		{from.audit(), to.audit()},
		{from.auditBefore(), to.auditBefore()},
		{from.identity(), to.identity()},
	}
	for _, p := range parts {
		if _, err := os.Lstat(p[0]); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := os.Rename(p[0], p[1]); err != nil {
			return moved, fmt.Errorf("moving the new node into place: %w", err)
		}
		moved = append(moved, p[1])
	}
	return moved, syncDir(string(to))
}
