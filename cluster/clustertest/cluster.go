package clustertest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"vigie/watchlist"
)

const contextName = "context.json"

// Admin is what `vigie init` printed for the operator. All of it is secret.
type Admin struct {
	Login    string `json:"admin_login"`
	Password string `json:"admin_password"`
	// Key is an API key of the role administrator.
	Key           string `json:"admin_key"`
	CAFile        string `json:"ca_file"`
	CAFingerprint string `json:"ca_fingerprint"`
	ContextFile   string `json:"context_file"`
	ClusterID     string `json:"cluster_id"`
}

// Cluster is a running cluster. See the package documentation for its life.
type Cluster struct {
	// Admin holds the operator's credentials, and ContextFile the same as the
	// command line tool reads it.
	Admin Admin

	opt    Options
	env    []string
	spawn  *spawner
	nodes  []*node
	client *http.Client
	once   sync.Once
}

// node is one place of the cluster: its files, and the process when it runs.
type node struct {
	name, dir, api, cluster string

	mu   sync.Mutex // held while the process is started, stopped or replaced
	proc *process
}

// Start makes a new cluster and waits until all its nodes are ready. When it
// fails, everything that was started has been stopped; the logs stay in Dir.
func Start(ctx context.Context, opt Options) (*Cluster, error) {
	if err := opt.fill(); err != nil {
		return nil, err
	}
	addrs, err := freePorts(2 * opt.Nodes)
	if err != nil {
		return nil, err
	}
	c := &Cluster{opt: opt, spawn: newSpawner()}
	for _, kv := range opt.Env {
		if !strings.HasPrefix(kv, "VIGIE_") {
			c.env = append(c.env, kv)
		}
	}
	c.env = append(c.env, "VIGIE_CONTEXT="+filepath.Join(opt.Dir, contextName))
	for i := range opt.Nodes {
		name := fmt.Sprintf("node%d", i+1)
		c.nodes = append(c.nodes, &node{name: name, dir: filepath.Join(opt.Dir, name), api: addrs[2*i], cluster: addrs[2*i+1]})
	}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	c.opt.Progress("node1: vigie init")
	if err := c.vigie(ctx, &c.Admin, append([]string{"init"}, c.newNodeArgs(c.nodes[0])...)...); err != nil {
		return err
	}
	pem, err := os.ReadFile(c.Admin.CAFile)
	if err != nil {
		return fmt.Errorf("read the CA that init wrote: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", c.Admin.CAFile)
	}
	c.client = &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}, MaxIdleConnsPerHost: 64},
	}
	for i, n := range c.nodes {
		if i > 0 {
			if err := c.join(ctx, n, "voter"); err != nil {
				return err
			}
		}
		c.opt.Progress(n.name + ": vigie serve")
		if err := c.Restart(ctx, i); err != nil {
			return err
		}
	}
	return c.waitVoting(ctx)
}

// join admits a node with a fresh token, as an operator would.
func (c *Cluster) join(ctx context.Context, n *node, role string) error {
	c.opt.Progress(n.name + ": vigie token create, vigie join")
	var token struct {
		Token string `json:"token"`
	}
	if err := c.vigie(ctx, &token, "token", "create", "--role", role); err != nil {
		return err
	}
	return c.vigie(ctx, nil, append([]string{"join", "--token", token.Token}, c.newNodeArgs(n)...)...)
}

// newNodeArgs are the flags of init and join that write a node's configuration.
func (c *Cluster) newNodeArgs(n *node) []string {
	engine := "off"
	if c.opt.Faces {
		engine = "on"
	}
	args := []string{
		"--config", filepath.Join(n.dir, "vigie.yaml"), "--name", n.name, "--data-dir", filepath.Join(n.dir, "data"),
		"--country", c.opt.Country, "--authority", c.opt.Authority, "--api", n.api, "--cluster", n.cluster,
		"--set", "faces.engine=" + engine, "--set", "faces.models_dir=" + c.opt.ModelsDir,
		"--set", fmt.Sprintf("faces.workers=%d", c.opt.Workers), "--set", "log.format=text",
	}
	for k, v := range c.opt.Set {
		args = append(args, "--set", k+"="+v)
	}
	return args
}

// vigie runs one command with --json to its end and decodes what it prints. Its
// standard error becomes the error's text; its arguments don't, since a join
// token may be among them.
func (c *Cluster) vigie(ctx context.Context, into any, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.opt.Binary, append(args, "--json")...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = c.env, &out, &errs, childAttr()
	cmd.WaitDelay = 5 * time.Second
	if err := c.spawn.start(cmd); err != nil {
		return fmt.Errorf("start %s: %w", c.opt.Binary, err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("vigie %s: %w: %s", args[0], err, strings.TrimSpace(errs.String()))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		return fmt.Errorf("vigie %s printed no JSON: %w", args[0], err)
	}
	return nil
}

// Len is the number of nodes, running or not.
func (c *Cluster) Len() int { return len(c.nodes) }

// Addr is the API address of node i, host:port. Nodes count from 0.
func (c *Cluster) Addr(i int) string { return c.nodes[i].api }

// URL is the API of node i.
func (c *Cluster) URL(i int) string { return "https://" + c.nodes[i].api }

// Name is the name of node i, Dir its folder and LogFile what it printed.
func (c *Cluster) Name(i int) string { return c.nodes[i].name }

// Dir is the folder of node i.
func (c *Cluster) Dir(i int) string { return c.nodes[i].dir }

// LogFile holds what node i printed since the cluster was made.
func (c *Cluster) LogFile(i int) string { return filepath.Join(c.nodes[i].dir, "serve.log") }

// Client trusts the cluster's CA. It adds no credentials.
func (c *Cluster) Client() *http.Client { return c.client }

// Running reports whether the process of node i is alive.
func (c *Cluster) Running(i int) bool {
	n := c.nodes[i]
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.proc != nil && n.proc.running()
}

// PID is the process id of node i, 0 when it does not run.
func (c *Cluster) PID(i int) int {
	n := c.nodes[i]
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.proc == nil || !n.proc.running() {
		return 0
	}
	return n.proc.cmd.Process.Pid
}

// Kill9 kills node i with SIGKILL, as a power cut would end it, and waits until
// it is gone. Killing a dead node does nothing.
func (c *Cluster) Kill9(i int) {
	n := c.nodes[i]
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.proc != nil {
		n.proc.kill()
	}
}

// Stop ends node i with SIGTERM and waits up to 30 s; the error tells when it
// had to be killed or did not exit with 0.
func (c *Cluster) Stop(i int) error {
	n := c.nodes[i]
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.proc == nil || !n.proc.running() {
		return nil
	}
	if err := n.proc.stop(30 * time.Second); err != nil {
		return fmt.Errorf("%s: %w", n.name, err)
	}
	return nil
}

// Restart starts node i, which must not run, and waits until it is ready.
func (c *Cluster) Restart(ctx context.Context, i int) error {
	n := c.nodes[i]
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.proc != nil && n.proc.running() {
		return fmt.Errorf("%s runs already", n.name)
	}
	p, err := c.spawn.run(c.opt.Binary, c.LogFile(i), c.env, "serve", "--config", filepath.Join(n.dir, "vigie.yaml"))
	if err != nil {
		return err
	}
	n.proc = p
	return c.waitReady(ctx, n)
}

// waitReady polls /health/ready until it answers 200 with a leader in sight, the
// process ends, or the timeout passes.
func (c *Cluster) waitReady(ctx context.Context, n *node) error {
	ctx, cancel := context.WithTimeout(ctx, c.opt.ReadyTimeout)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		var h struct {
			Connected bool `json:"connected"`
		}
		if err := c.get(ctx, n, "/health/ready", &h); err == nil && h.Connected {
			return nil
		}
		select {
		case <-n.proc.done:
			return fmt.Errorf("%s ended before it was ready (%v); its log %s ends:\n%s", n.name, n.proc.err, filepath.Join(n.dir, "serve.log"), tail(n.dir))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w; its log %s ends:\n%s", n.name, ctx.Err(), filepath.Join(n.dir, "serve.log"), tail(n.dir))
		case <-tick.C:
		}
	}
}

func tail(dir string) string {
	b, _ := os.ReadFile(filepath.Join(dir, "serve.log"))
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// get reads a JSON document from a node with the administrator's key.
func (c *Cluster) get(ctx context.Context, n *node, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+n.api+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Admin.Key)
	res, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: GET %s: %s", n.name, path, res.Status)
	}
	return json.Unmarshal(b, into)
}

// Status is what a node says of itself.
type Status struct {
	State string              `json:"state"`
	Term  uint64              `json:"term"`
	Stamp watchlist.ListStamp `json:"stamp"`
	// Members are the nodes that the node knows of.
	Members []struct {
		Name   string `json:"name"`
		Voting bool   `json:"voting"`
	} `json:"members"`
}

// Status asks node i for its state.
func (c *Cluster) Status(ctx context.Context, i int) (Status, error) {
	var s Status
	return s, c.get(ctx, c.nodes[i], "/v1/cluster", &s)
}

// Leader waits until a running node says that it leads and that it is connected
// to a quorum, and gives its number.
func (c *Cluster) Leader(ctx context.Context) (int, error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		for i := range c.nodes {
			if !c.Running(i) {
				continue
			}
			if s, err := c.Status(ctx, i); err == nil && s.State == "leader" && s.Stamp.Connected {
				return i, nil
			}
		}
		select {
		case <-ctx.Done():
			return -1, fmt.Errorf("no leader: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// Converge waits until all running nodes have the same applied index, at least
// atLeast, and gives their stamps by node. It fails when the state hashes
// differ at the same index.
func (c *Cluster) Converge(ctx context.Context, atLeast uint64) (map[int]watchlist.ListStamp, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		stamps := map[int]watchlist.ListStamp{}
		same := true
		var first watchlist.ListStamp
		for i := range c.nodes {
			if !c.Running(i) {
				continue
			}
			s, err := c.Status(ctx, i)
			if err != nil {
				same = false
				break
			}
			if len(stamps) == 0 {
				first = s.Stamp
			}
			same = same && s.Stamp.AppliedIndex == first.AppliedIndex && s.Stamp.AppliedIndex >= atLeast
			stamps[i] = s.Stamp
		}
		if same && len(stamps) > 0 {
			for i, s := range stamps {
				if s.StateHash != first.StateHash {
					return stamps, fmt.Errorf("%s has another state hash at index %d", c.nodes[i].name, s.AppliedIndex)
				}
			}
			return stamps, nil
		}
		select {
		case <-ctx.Done():
			return stamps, fmt.Errorf("the nodes did not reach the same index of at least %d: %w", atLeast, ctx.Err())
		case <-tick.C:
		}
	}
}

// Close stops all nodes at once, followers and leader together, and waits. It
// does not remove Dir. Further calls do nothing.
func (c *Cluster) Close() error {
	var all error
	c.once.Do(func() {
		errs := make([]error, len(c.nodes))
		var wg sync.WaitGroup
		for i := range c.nodes {
			wg.Go(func() { errs[i] = c.Stop(i) })
		}
		wg.Wait()
		if c.client != nil {
			c.client.CloseIdleConnections()
		}
		c.spawn.close()
		all = errors.Join(errs...)
	})
	return all
}
