package backup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vigie/cluster"
	"vigie/cluster/audit"
	"vigie/cluster/blob"
	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/watchlist"
)

// Verify restores a whole backup into a temporary folder, sealed with a key that is
// forgotten, and checks that the state hash is the manifest's, that every blob is
// there that the state refers to, and that the audit chain is whole. events is the
// number of audit events.
func Verify(a *Archive) (events uint64, err error) {
	tmp, err := os.MkdirTemp("", "vigie-verify-")
	if err != nil {
		return 0, fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	key, err := seal.NewKey()
	if err != nil {
		return 0, err
	}
	reg, err := registry.Open(filepath.Join(tmp, "registry.db"), key)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, reg.Close()) }()
	if err := reg.Replace(a.Records); err != nil {
		return 0, err
	}
	if _, _, hash := reg.Position(); hash != a.manifest.StateHash {
		return 0, fmt.Errorf("the restored state has another hash: %w", ErrDamaged)
	}
	return verifyFiles(a, reg, filepath.Join(tmp, "audit"))
}

func verifyFiles(a *Archive, reg *registry.Store, dir string) (events uint64, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, fmt.Errorf("make a temporary folder: %w", err)
	}
	have := map[watchlist.BlobID]struct{}{}
	var key []byte
	err = a.Rest(func(plain []byte) error {
		have[blob.Name(plain)] = struct{}{}
		return nil
	}, func(name string, b []byte) error {
		if name == cluster.AuditKeyName {
			key = b
			return nil
		}
		if strings.ContainsRune(name, filepath.Separator) {
			return fmt.Errorf("an audit file outside its folder: %w", ErrDamaged)
		}
		return os.WriteFile(filepath.Join(dir, name), b, 0o600)
	})
	if err != nil {
		return 0, err
	}
	v, err := reg.View()
	if err != nil {
		return 0, err
	}
	need, err := refs(v)
	if err = errors.Join(err, v.Close()); err != nil {
		return 0, err
	}
	for _, id := range need {
		if _, ok := have[id]; !ok {
			return 0, fmt.Errorf("a blob that the state refers to is missing: %w", ErrDamaged)
		}
	}
	if a.manifest.AuditFiles == 0 {
		return 0, nil
	}
	k, err := seal.Parse(key)
	if err != nil {
		return 0, fmt.Errorf("the audit log's key: %w", ErrDamaged)
	}
	rep, err := audit.Verify(dir, k)
	return rep.Events, err
}
