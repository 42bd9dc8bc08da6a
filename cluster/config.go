package cluster

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vigie/cluster/blob"
	"vigie/cluster/disk"
	"vigie/cluster/internal/seam"
	"vigie/cluster/transport"
)

// Profile names the timing that suits the links between the nodes.
type Profile string

// The profiles. Lan: round trips of a few ms and 4 Mbit/s. Regional: a VPN with
// round trips up to 100 ms and 500 kbit/s. Satellite: about 600 ms and 64 kbit/s; voters on such links make every
// election slow, a nonvoter is the better choice there.
const (
	ProfileLAN       Profile = "lan"
	ProfileRegional  Profile = "regional"
	ProfileSatellite Profile = "satellite"
)

// timing is what a profile stands for.
type timing struct {
	heartbeat, election, lease, commit time.Duration
	// rpc bounds one raft RPC; a snapshot gets rpc for each 256 KiB.
	rpc time.Duration
	// batch is how many entries of at most 64 KiB one raft RPC carries, and so how
	// many proposals share one write. raft counts entries, never bytes, and sends
	// the same batch again when it was too slow: batch*64 KiB must pass within rpc
	// on the slowest link that the profile is for.
	batch int
	// poll is how often a node asks the others for their progress.
	poll time.Duration
	// confirm is how often a leader proves that it leads, and a follower asks for
	// that: a follower's list age goes up to about twice this.
	confirm time.Duration
}

func (p Profile) timing() (timing, error) {
	ms := time.Millisecond
	switch p {
	case ProfileLAN, "":
		return timing{heartbeat: 300 * ms, election: 300 * ms, lease: 300 * ms, commit: 20 * ms, rpc: 10 * time.Second, batch: 64, poll: time.Second, confirm: 250 * ms}, nil
	case ProfileRegional:
		return timing{heartbeat: time.Second, election: time.Second, lease: 500 * ms, commit: 50 * ms, rpc: 20 * time.Second, batch: 16, poll: 5 * time.Second, confirm: 5 * time.Second}, nil
	case ProfileSatellite:
		return timing{heartbeat: 5 * time.Second, election: 5 * time.Second, lease: 2500 * ms, commit: time.Second, rpc: time.Minute, batch: 4, poll: time.Minute, confirm: time.Minute}, nil
	default:
		return timing{}, fmt.Errorf("unknown link profile %q: use lan, regional or satellite", string(p))
	}
}

// Config says how to run a node. DataDir and ClusterListen are required.
type Config struct {
	// DataDir holds everything that the node keeps.
	DataDir string
	// NodeKeyFile and ClusterKeyFile hold the bare keys that everything else is
	// sealed with; "" means keys/node.key and keys/cluster.key in DataDir. Put
	// them on another medium so that a stolen disk yields nothing.
	NodeKeyFile, ClusterKeyFile string
	// ClusterListen is the host:port to bind for the other nodes, and
	// ClusterAdvertise the host:port as they reach it ("" for the bound address).
	ClusterListen, ClusterAdvertise string
	// APIAdvertise is the host:port of this node's REST API, as shown to others.
	APIAdvertise string
	// Name is shown to people; "" keeps the one given at Init or Join.
	Name    string
	Profile Profile
	Logger  *slog.Logger
	// Registerer takes the node's metrics; nil for none.
	Registerer prometheus.Registerer

	// OnBlobs, when not nil, gets the blob store before the state is loaded. Local
	// and Accept work at once, all else when Open has returned.
	OnBlobs func(*blob.Store)
	// Calibration tells the others which calibration this node compares with; nil
	// tells nothing. It must not block.
	Calibration func() string

	// SnapshotThreshold is how many log entries make a snapshot worthwhile (0:
	// 8192), SnapshotInterval how often that is checked (0: 2 min), and
	// TrailingLogs how many entries stay in the log behind a snapshot for
	// followers that lag (0: 10240).
	SnapshotThreshold, TrailingLogs uint64
	SnapshotInterval                time.Duration

	// DiskLimits say when the disk counts as slow, full or hung; the zero value is
	// right for a node.
	DiskLimits disk.Limits

	// ScrubEvery is how often everything on the disk is read back (0: 24 h).
	ScrubEvery time.Duration

	// Listener and Dial replace the network, for tests and tunnels.
	Listener net.Listener
	Dial     transport.DialFunc
	// Now is the wall clock for stamping and certificates; nil means time.Now.
	Now func() time.Time
	// MaxClockJump is how far the first write after a pause may lie past the last
	// one before it (0: 400 days). Raise it only to write again after a longer
	// pause: a stamped time can't be taken back.
	MaxClockJump time.Duration
	// Seams replaces what lies outside the process; for cluster/sim.
	Seams seam.Seams
	// uptime never jumps; tests replace it.
	uptime func() time.Duration
}

// setDefaults fills what was left out and checks the rest.
func (c *Config) setDefaults() error {
	if c.DataDir == "" {
		return errors.New("a node needs a data folder")
	}
	if _, err := c.Profile.timing(); err != nil {
		return err
	}
	if c.NodeKeyFile == "" {
		c.NodeKeyFile = filepath.Join(c.DataDir, "keys", "node.key")
	}
	if c.ClusterKeyFile == "" {
		c.ClusterKeyFile = filepath.Join(c.DataDir, "keys", "cluster.key")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxClockJump == 0 {
		c.MaxClockJump = maxIdleTime
	}
	if c.uptime == nil {
		c.uptime = c.Seams.Uptime
	}
	if c.uptime == nil {
		c.uptime = uptime
	}
	if c.SnapshotThreshold == 0 {
		c.SnapshotThreshold = 8192
	}
	if c.SnapshotInterval == 0 {
		c.SnapshotInterval = 2 * time.Minute
	}
	if c.ScrubEvery == 0 {
		c.ScrubEvery = 24 * time.Hour
	}
	if c.TrailingLogs == 0 {
		c.TrailingLogs = 10240
	}
	return nil
}

// layout names the parts of a data folder.
type layout string

func (l layout) identity() string { return filepath.Join(string(l), "identity") }
func (l layout) keys() string     { return filepath.Join(string(l), "keys") }
func (l layout) raft() string     { return filepath.Join(string(l), "raft") }
func (l layout) registry() string { return filepath.Join(string(l), "registry.db") }
func (l layout) blobs() string    { return filepath.Join(string(l), "blobs") }
func (l layout) audit() string    { return filepath.Join(string(l), "audit") }

// auditBefore holds the audit log of the node whose backup was restored here.
func (l layout) auditBefore() string { return filepath.Join(string(l), "audit-before") }
func (l layout) lock() string        { return filepath.Join(string(l), "lock") }
func (l layout) in(n string) string  { return filepath.Join(l.identity(), n) }
