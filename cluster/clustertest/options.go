package clustertest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Options says which cluster to start. Binary and Dir are required.
type Options struct {
	// Binary is the vigie executable.
	Binary string
	// Dir receives everything: DIR/context.json (the operator's credentials) and
	// DIR/node1, DIR/node2, … with configuration, data and logs. It is created;
	// a cluster that is already in it is refused.
	Dir string
	// Nodes is the number of voters, 1 to 9; default 3.
	Nodes int
	// Faces turns the face engine on; ModelsDir says where its models are
	// (default: where vigie finds them), Workers how many photos each node
	// encodes at once (default 1: the nodes share one machine).
	Faces     bool
	ModelsDir string
	Workers   int
	// Set gives further configuration values by dotted path, such as
	// "link.profile": "regional".
	Set map[string]string
	// Country and Authority are the origin; default SEN and "Clustertest".
	Country, Authority string
	// Env is the environment of the processes, default os.Environ. Variables
	// that begin with VIGIE_ are removed, so that the user's own don't leak in.
	Env []string
	// ReadyTimeout bounds the start of each node, default 60 s.
	ReadyTimeout time.Duration
	// Progress, when set, is told each step in one line.
	Progress func(string)
}

func (o *Options) fill() error {
	if o.Binary == "" || o.Dir == "" {
		return errors.New("clustertest: Binary and Dir are required")
	}
	if o.Nodes == 0 {
		o.Nodes = 3
	}
	if o.Nodes < 1 || o.Nodes > 9 {
		return fmt.Errorf("clustertest: %d nodes; 1 to 9 are possible", o.Nodes)
	}
	if o.Workers == 0 {
		o.Workers = 1
	}
	if o.Country == "" {
		o.Country = "SEN"
	}
	if o.Authority == "" {
		o.Authority = "Clustertest"
	}
	if o.Env == nil {
		o.Env = os.Environ()
	}
	if o.ReadyTimeout == 0 {
		o.ReadyTimeout = 60 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	abs, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	o.Dir = abs
	if _, err := os.Stat(filepath.Join(abs, contextName)); err == nil {
		return fmt.Errorf("clustertest: %s holds a cluster already; remove it or choose another folder", abs)
	}
	return os.MkdirAll(abs, 0o700)
}
