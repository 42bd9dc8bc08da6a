package backup

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"filippo.io/age"

	"vigie/cluster"
	"vigie/cluster/blob"
	"vigie/cluster/fsm"
	"vigie/cluster/registry"
	"vigie/cluster/seal"
	"vigie/watchlist"
)

// Options says what to back up. Dir is the data folder of a node that does not run.
type Options struct {
	Dir string
	// NodeKeyFile and ClusterKeyFile are as in cluster.Config.
	NodeKeyFile, ClusterKeyFile string
	// Version is the program's, for the manifest; Now the time of the backup.
	Version string
	Now     time.Time
	// Progress is told how many blobs are written; nil for none.
	Progress func(done, total int)
}

// writer writes one archive.
type writer struct {
	opt   Options
	paths cluster.Paths
	key   *seal.Key
	tar   *tar.Writer
}

// Write makes a backup for the recipients. It changes nothing in the folder and keeps
// a node from starting on it meanwhile. The error wraps cluster.ErrInUse when the node
// runs, and watchlist.ErrNotFound or blob.ErrCorrupt when a blob that the registry
// refers to is not whole here.
func Write(ctx context.Context, opt Options, w io.Writer, recipients ...age.Recipient) (m Manifest, err error) {
	release, err := cluster.HoldStopped(opt.Dir)
	if err != nil {
		return m, fmt.Errorf("back up: %w", err)
	}
	defer func() { err = errors.Join(err, release()) }()
	b := &writer{opt: opt, paths: cluster.PathsOf(opt.Dir)}
	nodeFile, clusterFile := b.paths.KeyFiles(opt.NodeKeyFile, opt.ClusterKeyFile)
	if b.key, err = seal.Load(nodeFile); err != nil {
		return m, fmt.Errorf("node key: %w", err)
	}
	clusterKey, err := seal.Load(clusterFile)
	if err != nil {
		return m, fmt.Errorf("cluster key: %w", err)
	}
	id, err := cluster.ReadIdentity(opt.Dir, b.key, clusterKey)
	if err != nil {
		return m, err
	}
	reg, err := registry.OpenReadOnly(b.paths.Registry, b.key)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, reg.Close()) }()
	sealed, err := age.Encrypt(w, recipients...)
	if err != nil {
		return m, fmt.Errorf("encrypt: %w", err)
	}
	b.tar = tar.NewWriter(sealed)
	if m, err = b.write(ctx, id, reg); err != nil {
		return m, err
	}
	if err := errors.Join(b.tar.Close(), sealed.Close()); err != nil {
		return m, fmt.Errorf("write backup: %w", err)
	}
	return m, nil
}

func (b *writer) write(ctx context.Context, id cluster.Identity, reg *registry.Store) (m Manifest, err error) {
	v, err := reg.View()
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	blobs, err := refs(v)
	if err != nil {
		return m, err
	}
	audit, err := auditFiles(b.paths.Audit)
	if err != nil {
		return m, err
	}
	key, err := seal.NewKey()
	if err != nil {
		return m, err
	}
	setup, err := v.Cluster()
	if err != nil {
		return m, err
	}
	st := v.State()
	m = Manifest{
		Format: Format, Version: b.opt.Version, Cluster: id.Cluster, Node: id.Node, Name: id.Name, Origin: setup.Origin, Taken: b.opt.Now.UTC(),
		Index: st.Index, Term: st.Term, StateHash: st.Hash.String(), Records: st.Records, Entries: st.Entries, Blobs: len(blobs), AuditFiles: len(audit),
	}
	if m.StateKey, err = key.Marshal(); err != nil {
		return m, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, fmt.Errorf("write manifest: %w", err)
	}
	if err := b.file(nameManifest, text); err != nil {
		return m, err
	}
	state := &pieces{b: b}
	if err := fsm.WriteSnapshot(state, key, v); err != nil {
		return m, err
	}
	if err := state.flush(); err != nil {
		return m, err
	}
	return m, b.files(ctx, blobs, audit)
}

// files writes the blobs and the audit log.
func (b *writer) files(ctx context.Context, blobs []watchlist.BlobID, audit []string) error {
	for i, id := range blobs {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("back up: %w", err)
		}
		plain, err := blob.Read(b.paths.Blobs, b.key, id)
		if err != nil {
			return err
		}
		if err := b.file(prefixBlob+string(id), plain); err != nil {
			return err
		}
		if b.opt.Progress != nil {
			b.opt.Progress(i+1, len(blobs))
		}
	}
	for _, name := range audit {
		content, err := os.ReadFile(filepath.Join(b.paths.Audit, name))
		if err != nil {
			return fmt.Errorf("read audit log: %w", err)
		}
		if err := b.file(prefixAudit+name, content); err != nil {
			return err
		}
	}
	key, err := b.key.Marshal()
	if err != nil {
		return err
	}
	return b.file(prefixAudit+cluster.AuditKeyName, key)
}

func (b *writer) file(name string, content []byte) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: b.opt.Now, Format: tar.FormatPAX}
	if err := b.tar.WriteHeader(h); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	if _, err := b.tar.Write(content); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

// pieces cuts a stream into files of the archive, whose sizes must be known.
type pieces struct {
	b   *writer
	n   int
	buf []byte
}

// Write implements io.Writer.
func (p *pieces) Write(b []byte) (int, error) {
	p.buf = append(p.buf, b...)
	for len(p.buf) >= piece {
		if err := p.put(p.buf[:piece]); err != nil {
			return 0, err
		}
		p.buf = slices.Clone(p.buf[piece:])
	}
	return len(b), nil
}

func (p *pieces) put(b []byte) error {
	name := fmt.Sprintf("%s%06d", prefixState, p.n)
	p.n++
	return p.b.file(name, b)
}

func (p *pieces) flush() error {
	if len(p.buf) == 0 {
		return nil
	}
	return p.put(p.buf)
}

// refs lists the blobs that the registry refers to, sorted.
func refs(v *registry.View) ([]watchlist.BlobID, error) {
	set := map[watchlist.BlobID]struct{}{}
	for r, err := range v.Records() {
		if err != nil {
			return nil, err
		}
		ids, before := registry.Blobs(r)
		if before {
			continue // of versions that only an undo brings back; they may be gone
		}
		for _, id := range ids {
			set[id] = struct{}{}
		}
	}
	out := make([]watchlist.BlobID, 0, len(set))
	for id := range set {
		out = append(out, id)
	}
	slices.Sort(out)
	return out, nil
}

// auditFiles lists the files of an audit log; a node that never served has none.
func auditFiles(dir string) ([]string, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list audit log: %w", err)
	}
	var out []string
	for _, e := range list {
		// Nothing but the segments and the head: the log keeps spare space there too.
		if name := e.Name(); e.Type().IsRegular() && (name == "head" || filepath.Ext(name) == ".seg") {
			out = append(out, e.Name())
		}
	}
	return out, nil
}
