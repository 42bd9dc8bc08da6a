package fsck

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vigie/cluster"
	"vigie/cluster/disk"
	"vigie/cluster/seal"
)

// keys reads both key files. ok is false when one is there but can't be used, which
// is a finding; without a key file nothing can be checked.
func (c *checker) keys() (ok bool, err error) {
	node, cl := c.paths.KeyFiles(c.opt.NodeKeyFile, c.opt.ClusterKeyFile)
	ok = true
	for _, k := range []struct {
		path string
		into **seal.Key
	}{{node, &c.nodeKey}, {cl, &c.clusterKey}} {
		key, err := seal.Load(k.path)
		if errors.Is(err, seal.ErrPermissions) {
			c.rep.Add(KeyRights, c.rel(k.path), 0, "")
			var b []byte
			if b, err = os.ReadFile(k.path); err == nil {
				key, err = seal.Parse(b)
			}
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return false, fmt.Errorf("%w: %w", ErrCannot, err)
		}
		if err != nil {
			ok = false
			c.rep.Add(KeyUnreadable, c.rel(k.path), 0, "")
			continue
		}
		*k.into = key
	}
	return ok, nil
}

// folder checks the rights of the folder and looks for what does not belong.
func (c *checker) folder(context.Context) error {
	st, err := os.Stat(c.opt.Dir)
	if err != nil {
		return err
	}
	if st.Mode().Perm()&0o077 != 0 {
		c.rep.Add(FolderRights, ".", 0, "mode %04o", st.Mode().Perm())
	}
	list, err := os.ReadDir(c.opt.Dir)
	if err != nil {
		return err
	}
	p := c.paths
	known := append([]string{p.Identity, p.Keys, p.Raft, p.Registry, p.Blobs, p.Audit, p.AuditBefore, p.Lock}, filepath.Join(p.Root, "lost+found"))
	for _, name := range disk.Files() {
		known = append(known, filepath.Join(p.Root, name))
	}
	for _, e := range list {
		path := filepath.Join(c.opt.Dir, e.Name())
		switch {
		case slices.Contains(known, path) || slices.Contains(c.opt.Known, e.Name()):
		case strings.HasPrefix(e.Name(), ".building-") || path == p.Registry+".new" || e.Name() == ".doctor":
			c.rep.Add(Leftover, e.Name(), 0, "")
		default:
			c.rep.Add(StrangeFile, e.Name(), 0, "")
		}
	}
	return nil
}

// identity checks the identity folder by itself.
func (c *checker) identity(context.Context) error {
	begin := time.Now()
	id, err := cluster.ReadIdentity(c.opt.Dir, c.nodeKey, c.clusterKey)
	if err != nil {
		c.rep.Add(IdentityDamaged, "identity", 0, "%v", err)
		return nil
	}
	c.id = &id
	c.rep.Cluster, c.rep.Node = id.Cluster, string(id.Node)
	c.rep.part("identity", 1, "node", begin)
	return nil
}
