package fsck

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"vigie/cluster/audit"
	"vigie/cluster/blob"
)

// blobs checks every blob against its name, and the references of the registry
// against the blobs.
func (c *checker) blobs(ctx context.Context) error {
	begin := time.Now()
	total, n := blob.Count(c.paths.Blobs), 0
	in, err := blob.Inspect(ctx, c.paths.Blobs, c.nodeKey, func() {
		n++
		c.step("blobs", n, total)
	})
	if err != nil {
		return err
	}
	where := c.rel(c.paths.Blobs)
	for id := range in.Damaged {
		c.rep.Add(BlobDamaged, c.rel(filepath.Join(c.paths.Blobs, string(id[:2]), string(id))), 0, "")
	}
	if in.Left > 0 {
		c.rep.AddCount(Leftover, where, 0, in.Left, "of an interrupted write or fetch")
	}
	if in.Strange > 0 {
		c.rep.AddCount(StrangeFile, where, 0, in.Strange, "")
	}
	c.rep.part("blobs", n, "files", begin)
	if c.reg == nil {
		return nil
	}
	missing, orphans := 0, 0
	for id := range c.wanted.now {
		_, sound := in.Sound[id]
		_, damaged := in.Damaged[id]
		if !sound && !damaged {
			missing++
		}
	}
	for id := range in.Sound {
		_, now := c.wanted.now[id]
		_, before := c.wanted.before[id]
		if !now && !before {
			orphans++
		}
	}
	if missing > 0 {
		code := BlobMissing
		if c.others > 0 {
			code = BlobAbsent
		}
		c.rep.AddCount(code, where, 0, missing, "of %d that the registry refers to", len(c.wanted.now))
	}
	if orphans > 0 {
		c.rep.AddCount(BlobOrphan, where, 0, orphans, "of %d", len(in.Sound))
	}
	return nil
}

// auditLog checks the chain.
func (c *checker) auditLog(context.Context) error {
	begin := time.Now()
	if !exists(c.paths.Audit) {
		// A node that never served has none; one that served has blobs' folders too.
		if exists(c.paths.Blobs) {
			c.rep.Add(AuditMissing, "audit", 0, "")
		}
		return nil
	}
	c.step("audit", 0, 0)
	written, sound, err := audit.HeadSlots(c.paths.Audit, c.nodeKey)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if sound < written && sound > 0 {
		c.rep.Add(AuditHead, "audit/head", 0, "")
	}
	r, err := audit.Verify(c.paths.Audit, c.nodeKey)
	var bad *audit.CorruptError
	switch {
	case errors.As(err, &bad):
		c.rep.Add(AuditDamaged, filepath.Join("audit", bad.Segment), 0, "%v", bad)
	case err != nil:
		c.rep.Add(AuditDamaged, "audit", 0, "%v", err)
	case r.TornBytes > 0:
		c.rep.Add(AuditTorn, "audit", 0, "%d bytes", r.TornBytes)
	}
	c.rep.part("audit", int(r.Events), "events", begin)
	return nil
}
