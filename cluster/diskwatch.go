package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/cluster/disk"
	"vigie/watchlist"
)

const (
	// diskEvery is how often a leader looks at its disk's state, handEvery how long
	// it waits between two tries to give leadership away.
	diskEvery = 100 * time.Millisecond
	handEvery = 2 * time.Second
)

// watchDisk begins to watch the disk of the data folder.
func (n *Node) watchDisk() error {
	var err error
	n.disk, err = disk.Watch(string(n.dir), n.cfg.DiskLimits, n.log)
	n.veto = &veto{disk: n.disk, healthier: n.healthier, patience: softVeto * n.timing.election}
	return err
}

// Disk is the state of the disk under the data folder.
func (n *Node) Disk() disk.Status { return n.disk.Status() }

// healthy reports whether a member may take over for its disk. One that says
// nothing is of a release that does not know its disk.
func (p progressReply) healthy() bool {
	return p.Disk == "" || p.Disk == disk.Healthy.String()
}

// diskLoop gives leadership to a voter with a healthy disk while this node's is
// not. A leader whose disk hangs has lost it by then, see veto.
func (n *Node) diskLoop(ctx context.Context) {
	tick := time.NewTicker(diskEvery)
	defer tick.Stop()
	var tried time.Time
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		state := n.disk.State()
		if state == disk.Healthy || !n.leads() || !n.hasOtherVoter() || time.Since(tried) < handEvery {
			continue
		}
		tried = time.Now()
		hctx, cancel := context.WithTimeout(ctx, n.electionWait())
		err := n.handOver(hctx, progressReply.healthy)
		cancel()
		if err != nil {
			n.log.Warn("leadership could not be given to a voter with a healthy disk", "event", "disk_handover_failed", "disk", state.String(), "error", err)
			continue
		}
		n.log.Warn("leadership was given to a voter with a healthy disk", "event", "disk_handover", "disk", state.String())
	}
}

// writable refuses what this node's disk can't take, as the leader: at once, and
// before anything is proposed. While another voter can take over, the refusal
// wraps watchlist.ErrNoLeader besides: another try finds that one.
func (n *Node) writable() error {
	err := n.disk.Writable()
	if err != nil && n.healthier() {
		return fmt.Errorf("%w: %w", watchlist.ErrNoLeader, err)
	}
	return err
}

// alone adds what this node's own disk has to do with the lack of a leader: with
// a hung disk it can't follow one.
func (n *Node) alone(err error) error {
	if errors.Is(err, watchlist.ErrNoLeader) && n.disk.State() == disk.Hung {
		return disk.ErrHung
	}
	return err
}
