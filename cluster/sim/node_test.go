package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft-wal/types"

	"vigie/cluster"
	disks "vigie/cluster/disk"
	"vigie/cluster/fsm"
	"vigie/cluster/internal/seam"
	"vigie/watchlist"
)

// member is one node over all its runs.
type member struct {
	c    *simulation
	i    int
	id   watchlist.NodeID
	dir  string
	disk *disk
	rng  *rand.Rand
	// skew is how far the wall clock is off, set by clock jumps.
	skew atomic.Int64
	// back is how far the wall clock was ever set back.
	back atomic.Int64
	// wanted tells that the node is to run; removed that it has left for good.
	wanted, removed bool

	mu  sync.Mutex
	run *run // nil while it is down
}

// run is one life of a node, from start to stop or crash.
type run struct {
	node   *cluster.Node
	shadow *shadow
	port   *port
	disk   *disk
	// over is closed when the run ends for its clients, gone when its goroutines
	// have ended.
	over, gone chan struct{}
	once       sync.Once
}

func (m *member) current() *run {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.run
}

// start opens the node on its disk.
func (m *member) start() {
	if m.current() != nil || m.removed {
		return
	}
	r := &run{disk: m.disk, over: make(chan struct{}), gone: make(chan struct{})}
	r.shadow = newShadow(rand.New(rand.NewPCG(m.rng.Uint64(), 1)), m.c.plan.SlowIndex, func(index uint64, hash string) {
		m.c.history.moved(m.i, index, hash)
	})
	begin := time.Now()
	cfg := cluster.Config{
		DataDir: m.dir, ClusterAdvertise: string(m.id), Profile: m.c.plan.Profile, Logger: m.c.logger(m.i),
		DiskLimits:        roomy(),
		SnapshotThreshold: m.c.plan.SnapshotEvery, TrailingLogs: m.c.plan.Trailing, SnapshotInterval: m.c.plan.SnapshotCheck,
		Now: func() time.Time { return time.Now().Add(m.c.base + time.Duration(m.skew.Load())) },
		Seams: seam.Seams{
			Network: func(srv seam.Server) seam.Network {
				r.port = m.c.net.listen(srv)
				return r.port
			},
			Disk:        func() (types.VFS, types.MetaStore) { return r.disk, metaStore{r.disk} },
			SegmentSize: m.c.plan.SegmentSize,
			Log:         func(l seam.Log) seam.Log { return slowLog{l, r.disk} },
			Uptime:      func() time.Duration { return time.Since(begin) + time.Hour },
		},
	}
	node, err := cluster.Open(context.Background(), cfg, []fsm.Index{r.shadow})
	if err != nil {
		m.startFailed(r, err)
		return
	}
	r.node = node
	r.shadow.reg.Store(node.Registry())
	m.mu.Lock()
	m.run = r
	m.mu.Unlock()
	m.c.history.count(&m.c.history.res.Starts)
	m.checkRollback(node)
}

// roomy limits the watch over a folder in memory: no reserve, few probes.
func roomy() disks.Limits {
	return disks.Limits{Low: 1 << 20, Reserve: -1, Probe: time.Minute}
}

// startFailed: only a power cut during the start may be the reason.
func (m *member) startFailed(r *run, err error) {
	if r.port != nil {
		r.port.cutOff(errReset)
	}
	image := r.disk.left()
	if image == nil {
		m.c.history.violated("node %d does not start: %v", m.i, err)
		m.removed = true
		return
	}
	m.disk = image
	time.Sleep(unit(m.c.plan.Profile))
	m.start()
}

// left is what a power cut left, or nil when there was none.
func (d *disk) left() *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.image
}

// checkRollback: what a node has applied stays applied.
func (m *member) checkRollback(n *cluster.Node) {
	// A snapshot that is restored at a start shows before Open returns.
	if now := n.Stamp().AppliedIndex; now < m.c.reached(m.i) {
		m.c.history.violated("node %d starts at raft index %d, it was at %d", m.i, now, m.c.reached(m.i))
	}
}

// crash ends a run with what its disk had synced. The others see a reset, or
// nothing when the power failed.
func (m *member) crash(power bool) {
	m.mu.Lock()
	r := m.run
	m.run = nil
	m.mu.Unlock()
	if r == nil {
		return
	}
	m.disk = r.disk.cut()
	m.c.history.count(&m.c.history.res.Crashes)
	var why error
	if !power {
		why = errReset
	}
	r.port.cutOff(why)
	r.end()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m.c.wg.Go(func() {
		// What it says of its dead disk and network does not matter.
		_ = r.node.Shutdown(ctx)
		close(r.gone)
	})
	<-r.gone
}

func (r *run) end() { r.once.Do(func() { close(r.over) }) }

// stop ends a run in good order.
func (m *member) stop() {
	m.mu.Lock()
	r := m.run
	m.run = nil
	m.mu.Unlock()
	if r == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*unit(m.c.plan.Profile))
	defer cancel()
	err := r.node.Shutdown(ctx)
	r.end()
	close(r.gone)
	if image := r.disk.left(); image != nil {
		m.disk = image // the power failed meanwhile
		return
	}
	if err != nil && !errors.Is(err, errIO) && !errors.Is(err, errFull) {
		m.c.history.violated("node %d does not stop in good order: %v", m.i, err)
	}
}

// logger is silent unless VIGIE_TEST_LOG is set.
func (c *simulation) logger(i int) *slog.Logger {
	if os.Getenv("VIGIE_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("sim", i)
}

// copyTree copies a node's folder. Blocks of zeros stay holes: a registry file is
// mostly that.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		return copySparse(path, filepath.Join(to, rel))
	})
}

func copySparse(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	block, zero := make([]byte, 4096), make([]byte, 4096)
	for off := int64(0); ; {
		n, rerr := io.ReadFull(in, block)
		if n > 0 && string(block[:n]) != string(zero[:n]) {
			if _, err := out.WriteAt(block[:n], off); err != nil {
				return err
			}
		}
		off += int64(n)
		if errors.Is(rerr, io.EOF) || errors.Is(rerr, io.ErrUnexpectedEOF) {
			return out.Truncate(off)
		}
		if rerr != nil {
			return fmt.Errorf("copying a node: %w", rerr)
		}
	}
}
