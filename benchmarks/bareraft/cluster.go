package bareraft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// size is how many nodes a Cluster has.
const size = 3

// Cluster is three nodes, each a process of its own. A process ends when this one
// does: its standard input ends then.
type Cluster struct {
	nodes []*process
}

type process struct {
	cmd  *exec.Cmd
	to   io.WriteCloser
	enc  *json.Encoder
	dec  *json.Decoder
	addr string
}

// Start runs the nodes with folders under dir. command gives the program and
// arguments that call Serve for a folder and an id.
func Start(ctx context.Context, dir string, command func(dir, id string) []string) (_ *Cluster, err error) {
	c := &Cluster{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	peers := map[string]string{}
	for i := range size {
		id := fmt.Sprintf("bare%d", i+1)
		home := filepath.Join(dir, id)
		if err := os.MkdirAll(home, 0o700); err != nil {
			return nil, fmt.Errorf("make a folder: %w", err)
		}
		p, err := start(command(home, id))
		if err != nil {
			return nil, err
		}
		c.nodes = append(c.nodes, p)
		peers[id] = p.addr
	}
	for _, p := range c.nodes {
		if _, err := p.ask(request{Peers: peers}); err != nil {
			return nil, err
		}
	}
	_, err = c.leader(ctx)
	return c, err
}

func start(args []string) (*process, error) {
	p := &process{cmd: exec.Command(args[0], args[1:]...)}
	p.cmd.Stderr = os.Stderr
	var err error
	if p.to, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	from, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	p.enc, p.dec = json.NewEncoder(p.to), json.NewDecoder(from)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a bare node: %w", err)
	}
	var hello reply
	if err := p.dec.Decode(&hello); err != nil {
		return nil, errors.Join(fmt.Errorf("hear a bare node's address: %w", err), p.close())
	}
	p.addr = hello.Addr
	return p, nil
}

func (p *process) ask(req request) (reply, error) {
	if err := p.enc.Encode(req); err != nil {
		return reply{}, fmt.Errorf("ask a bare node: %w", err)
	}
	var r reply
	if err := p.dec.Decode(&r); err != nil {
		return reply{}, fmt.Errorf("hear a bare node: %w", err)
	}
	if r.Error != "" {
		return reply{}, fmt.Errorf("a bare node: %s", r.Error)
	}
	return r, nil
}

func (p *process) close() error {
	_ = p.to.Close() // it ends by that
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("a bare node ended: %w", err)
	}
	return nil
}

// leader waits for a node that leads with a quorum.
func (c *Cluster) leader(ctx context.Context) (*process, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, p := range c.nodes {
			r, err := p.ask(request{State: true})
			if err != nil {
				return nil, err
			}
			if r.Leads {
				return p, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("no bare node leads: %w", ctx.Err())
		}
	}
}

// Write runs a load on the leader.
func (c *Cluster) Write(ctx context.Context, l Load) (Result, error) {
	p, err := c.leader(ctx)
	if err != nil {
		return Result{}, err
	}
	r, err := p.ask(request{Load: &l})
	if err != nil {
		return Result{}, err
	}
	if r.Result == nil {
		return Result{}, errors.New("a bare node gave no result")
	}
	return *r.Result, nil
}

// PIDs are the ids of the processes.
func (c *Cluster) PIDs() []int {
	var out []int
	for _, p := range c.nodes {
		out = append(out, p.cmd.Process.Pid)
	}
	return out
}

// Close ends the processes and waits.
func (c *Cluster) Close() error {
	var errs []error
	for _, p := range c.nodes {
		errs = append(errs, p.close())
	}
	c.nodes = nil
	return errors.Join(errs...)
}
