package config

import (
	"fmt"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"
)

// Config is the whole file. The zero value is not usable: begin with Default.
type Config struct {
	Node      Node      `yaml:"node"`
	Origin    Origin    `yaml:"origin"`
	Listen    Listen    `yaml:"listen"`
	Advertise Advertise `yaml:"advertise"`
	Link      Link      `yaml:"link"`
	Faces     Faces     `yaml:"faces"`
	Match     Match     `yaml:"match"`
	Log       Log       `yaml:"log"`

	path string
}

// Node says who this node is and where it keeps its data.
type Node struct {
	// Name is what operators call the node, such as "dakar-1"; default "vigie".
	// It is shown in status and metrics; the node's identity is a UUID of its
	// own, so the name may change.
	Name string `yaml:"name"`
	// Post is the border post that this node serves, "" (the default) for none.
	// It is written into the audit events of searches made without a post of
	// their own.
	Post string `yaml:"post"`
	// DataDir holds registry, raft log, photos, audit log and the gallery's
	// files, which alone can be deleted while the node is stopped; default
	// /var/lib/vigie. Losing it loses this node's copy only; moving it while
	// the node runs corrupts it.
	DataDir string `yaml:"data_dir"`
	// ClusterKeyFile seals what all nodes share; default DATA_DIR/keys/cluster.key.
	// Put it on another disk than the data, so that a stolen disk yields
	// nothing.
	ClusterKeyFile string `yaml:"cluster_key_file"`
	// NodeKeyFile seals what this node stores; default DATA_DIR/keys/node.key. Lost
	// key means lost data on this node: join it again.
	NodeKeyFile string `yaml:"node_key_file"`
	// StopGrace is how long a stopping node waits for requests in flight,
	// default 20s, at most 10m.
	StopGrace Duration `yaml:"stop_grace"`
	// MaxClockJump is how far the first write after a pause may lie past the
	// last one before it, default 9600h (400 days), at least 1h. Raise it only
	// to write again after a longer pause: a stamped time can't be taken back,
	// and a wrong one makes entries expire.
	MaxClockJump Duration `yaml:"max_clock_jump"`
}

// Origin is the authority that owns the entries written on this cluster. It has
// no default: `vigie init` asks for it and it can't change afterwards.
type Origin struct {
	// Country is an ISO 3166-1 alpha-3 code, such as SEN.
	Country string `yaml:"country"`
	// Authority is the office in full, such as "Direction nationale".
	Authority string `yaml:"authority"`
}

// Listen says on which addresses the node accepts connections.
type Listen struct {
	// API is the HTTPS address for officers and machines, default
	// 127.0.0.1:8443: this machine only, until you open it.
	API string `yaml:"api"`
	// Cluster is the address for the other nodes (TLS 1.3, both sides
	// authenticated), default 127.0.0.1:8444.
	Cluster string `yaml:"cluster"`
	// Metrics is a plain HTTP address for Prometheus, "" (the default) for
	// none: /metrics on the API then needs an account that may read it.
	Metrics string `yaml:"metrics"`
}

// Advertise says under which addresses others reach this node.
type Advertise struct {
	// API is host:port; default the listen address. It must be set when
	// listen.api is on all addresses.
	API string `yaml:"api"`
	// Cluster is host:port; default the listen address, as above.
	Cluster string `yaml:"cluster"`
	// Hosts are further host names and addresses for the API certificate, such
	// as "vigie.dakar.example"; default none. localhost is always in it.
	Hosts []string `yaml:"hosts"`
}

// Link tunes heartbeats and transfers to the network between nodes.
type Link struct {
	// Profile is lan (default), regional or satellite. A profile too fast for
	// the link makes elections flap; one too slow makes failover take longer.
	Profile string `yaml:"profile"`
}

// Faces tunes the face engine.
type Faces struct {
	// Engine is on (default) or off. Off needs no models; photos are then
	// refused with face_engine_absent, while templates, names and documents
	// match as before.
	Engine string `yaml:"engine"`
	// ModelsDir holds the three dlib files; default "": $VIGIE_MODELS,
	// ./var/models, /var/lib/vigie/models, /usr/share/vigie/models, in turn.
	ModelsDir string `yaml:"models_dir"`
	// Workers is the number of photos encoded at once, 0 (default) for one per
	// core, at most 64. Each takes about 150 MB.
	Workers int `yaml:"workers"`
	// MaxQueue is how many photos may wait for a worker, default 32, 1 to
	// 10000; beyond it the answer is 503 with Retry-After.
	MaxQueue int `yaml:"max_queue"`
	// MaxBytes caps one photo file, default 10485760 (10 MiB), 64 KiB to 64
	// MiB.
	MaxBytes int64 `yaml:"max_bytes"`
	// MaxPixels caps one photo's decoded size, default 40000000, 1 to 200
	// million. Decoding takes 1.5 to 15 bytes a pixel by the kind of file; a
	// photo that would take more than 160 MB is refused below this limit too.
	MaxPixels int `yaml:"max_pixels"`
	// Second adds a second face encoder; off by default.
	Second Second `yaml:"second"`
}

// Match sets the operating point, and how faces are searched.
type Match struct {
	// TargetFPIR is the share of searches for people who are not listed that
	// may still return a face candidate; default 0.01, 0.000001 to 0.5. Lower
	// means fewer false leads and more missed persons.
	TargetFPIR float64 `yaml:"target_fpir"`
	// BaseRate is the assumed share of travellers who are listed, default
	// 0.0001, 0.000000001 to 0.5. It moves the bands of all leads, not their
	// order.
	BaseRate float64 `yaml:"base_rate"`
	// Travellers is the number of searches a day at all posts together that the
	// entry-impact test assumes, default 1000, 1 to 1000000000.
	Travellers float64 `yaml:"travellers_per_day"`
	// Population is a file of 'vigie population build', relative to this file's
	// folder, "" (the default) for none: the people whom the entry-impact test
	// shows an entry to. A file that can't be used does not stop the node; the
	// test says so.
	Population string `yaml:"population"`
	// Kernel is the code that scans the faces: auto (default) for the fastest
	// that this CPU can run, else avx512vnni, avx2 or portable. All give the
	// same answers; one that the CPU can't run stops the start.
	Kernel string `yaml:"kernel"`
	// MaxWaiting is how many face searches may wait while all cores search,
	// default 64, 1 to 10000; beyond it the answer is 503 with Retry-After.
	MaxWaiting int `yaml:"max_waiting"`
	// History is for how many raft indexes back an audit can replay a search,
	// default 100000, 1 to 100000000. A withdrawn face stays in memory for so
	// long, hidden from every match.
	History int64 `yaml:"history"`
}

// Log sets what goes to standard error. Names, document numbers, photos and
// templates are never logged, at any level.
type Log struct {
	// Level is debug, info (default), warn or error.
	Level string `yaml:"level"`
	// Format is json (default) or text.
	Format string `yaml:"format"`
}

// Default gives the documented defaults. Origin is empty and must be filled.
func Default() Config {
	return Config{
		Node:   Node{Name: "vigie", DataDir: "/var/lib/vigie", StopGrace: Duration(20 * time.Second), MaxClockJump: Duration(9600 * time.Hour)},
		Listen: Listen{API: "127.0.0.1:8443", Cluster: "127.0.0.1:8444"},
		Link:   Link{Profile: "lan"},
		Faces:  Faces{Engine: "on", MaxQueue: 32, MaxBytes: 10 << 20, MaxPixels: 40_000_000},
		Match:  Match{TargetFPIR: 0.01, BaseRate: 0.0001, Travellers: 1000, Kernel: "auto", MaxWaiting: 64, History: 100_000},
		Log:    Log{Level: "info", Format: "json"},
	}
}

// Path is the file that Load read, absolute.
func (c *Config) Path() string { return c.path }

// resolve fills the defaults that follow from other fields, and makes relative
// paths relative to the folder of the file.
func (c *Config) resolve() {
	dir := filepath.Dir(c.path)
	abs := func(p string) string {
		if p == "" || filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, p)
	}
	c.Node.DataDir = abs(c.Node.DataDir)
	if c.Node.ClusterKeyFile == "" {
		c.Node.ClusterKeyFile = filepath.Join(c.Node.DataDir, "keys", "cluster.key")
	}
	if c.Node.NodeKeyFile == "" {
		c.Node.NodeKeyFile = filepath.Join(c.Node.DataDir, "keys", "node.key")
	}
	c.Node.ClusterKeyFile = abs(c.Node.ClusterKeyFile)
	c.Node.NodeKeyFile = abs(c.Node.NodeKeyFile)
	c.Faces.ModelsDir = abs(c.Faces.ModelsDir)
	c.Match.Population = abs(c.Match.Population)
	c.Faces.Second.resolve(abs)
	if c.Advertise.API == "" {
		c.Advertise.API = c.Listen.API
	}
	if c.Advertise.Cluster == "" {
		c.Advertise.Cluster = c.Listen.Cluster
	}
}

// Duration is a time.Duration written as "20s" or "1h30m"; a bare number is
// refused, since its unit would be a guess.
type Duration time.Duration

// UnmarshalYAML implements yaml.Unmarshaler; the error carries the line.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: a duration has a number and a unit, such as 20s or 1h30m", n.Line)}}
	}
	*d = Duration(v)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Std gives the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }
