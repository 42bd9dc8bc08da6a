package fsck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"vigie/cluster/registry"
	"vigie/watchlist"
)

// registry checks the registry by itself and against the identity.
func (c *checker) registry(ctx context.Context) error {
	begin := time.Now()
	if _, err := os.Stat(c.paths.Registry); err != nil {
		c.rep.Add(RegistryMissing, "registry.db", 0, "")
		return nil
	}
	c.step("registry", 0, 0)
	_, bad, err := walkBolt(c.paths.Registry)
	if err != nil {
		c.rep.Add(RegistryPages, "registry.db", 0, "%v", err)
		return nil
	}
	if bad > 0 {
		c.rep.Add(RegistryMeta, "registry.db", 0, "")
	}
	store, err := registry.OpenReadOnly(c.paths.Registry, c.nodeKey)
	if errors.Is(err, registry.ErrFormat) {
		c.rep.Add(RegistryNewer, "registry.db", 0, "%v", err)
		return nil
	} else if err != nil {
		c.rep.Add(RegistryDamaged, "registry.db", 0, "%v", err)
		return nil
	}
	c.store = store
	c.wanted = blobRefs{}
	n := 0
	in, err := store.Inspect(ctx, func(r registry.Record) error {
		n++
		c.step("registry", n, 0)
		c.wanted.add(r)
		return nil
	})
	if err != nil {
		return err
	}
	c.reg = &in
	c.rep.Index, c.rep.Term, c.rep.StateHash, c.rep.Entries = in.State.Index, in.State.Term, in.State.Hash.String(), in.State.Entries
	for _, p := range in.Problems {
		c.problem(p)
	}
	c.rep.part("registry", n, "records", begin)
	return c.members(store)
}

// problem turns what the registry says of itself into a finding.
func (c *checker) problem(p registry.Problem) {
	where := "registry.db"
	if p.Bucket != "" {
		where += " " + p.Bucket
	}
	code, text := RegistryRecord, ""
	switch p.Flaw {
	case registry.FlawValue:
		code = RegistryValue
	case registry.FlawSum:
		code = RegistryHash
		text = fmt.Sprintf("stored %.16s…, added up %.16s…", c.reg.State.Hash, c.reg.Sum)
	case registry.FlawTouched:
		code = RegistryNotes
	case registry.FlawPages:
		code = RegistryPages
	case registry.FlawKey:
		text = "under another record's key"
	case registry.FlawLogin:
		text = "logins and accounts differ"
	case registry.FlawBucket:
		text = "a bucket that no release makes"
	case registry.FlawRecord:
		text = "does not decode"
	}
	c.rep.AddCount(code, where, 0, p.Count, "%s", text)
}

// members checks identity and registry against each other.
func (c *checker) members(store *registry.Store) error {
	list, err := store.Members()
	if err != nil {
		return nil // told as a value that does not open
	}
	if c.id == nil {
		c.others = max(0, len(list)-1)
		return nil
	}
	known := false
	for _, m := range list {
		if m.ID != c.id.Node {
			c.others++
			continue
		}
		known = true
		if m.SPKI != c.id.SPKI {
			c.rep.Add(IdentityForeign, "identity", 0, "the registry pins another key for this node")
		}
	}
	if len(list) > 0 && !known {
		c.rep.Add(IdentityForeign, "identity", 0, "the registry does not list this node: it was removed, or this is another's registry")
	}
	setup, err := store.Cluster()
	switch {
	case errors.Is(err, watchlist.ErrNotFound):
	case err != nil:
	case setup.ClusterID != c.id.Cluster || !bytes.Equal(setup.CACert, c.id.Setup.CACert):
		c.rep.Add(IdentityForeign, "identity", 0, "the registry belongs to another cluster")
	}
	return nil
}

// blobRefs collects the blobs that records refer to: those that matter now, and
// those of earlier versions that a batch may bring back.
type blobRefs struct {
	now, before map[watchlist.BlobID]struct{}
}

func (b *blobRefs) add(r registry.Record) {
	if b.now == nil {
		b.now, b.before = map[watchlist.BlobID]struct{}{}, map[watchlist.BlobID]struct{}{}
	}
	ids, before := registry.Blobs(r)
	into := b.now
	if before {
		into = b.before
	}
	for _, id := range ids {
		into[id] = struct{}{}
	}
}
