package clusterbench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Share is how much of one node's processor time went where.
type Share struct {
	What    string  `json:"what"`
	Percent float64 `json:"percent"`
}

// NodeProfile is where one node spends its time while 64 clients write to the
// leader: what the processor does, sampled by perf from outside, and for how much of
// the time a sync was under way.
type NodeProfile struct {
	Node      string  `json:"node"` // "leader" or "follower"
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"writes_per_second"`
	// Cores is the processor time used per second.
	Cores   float64 `json:"cores"`
	Samples int     `json:"samples"`
	Shares  []Share `json:"shares"`
	// Owners are the same, but that allocation counts with whoever allocates; what
	// the collector does in the background stays apart.
	Owners []Share `json:"owners"`
	// Top are the functions in which most samples end, with their percent.
	Top []Share `json:"top"`
}

// rule says what a stack belongs to: the first rule of which a function is on it,
// looked for from the innermost function outwards, rule by rule.
type rule struct {
	what string
	// any are parts of functions' names.
	any []string
}

// rules are tried in this order. What is called by others' code comes first, so
// that a sync counts as a sync wherever it was asked for.
var rules = []rule{
	{"garbage collection and allocation", []string{"runtime.gcBgMarkWorker", "runtime.gcAssist", "runtime.bgsweep", "runtime.bgscavenge", "runtime.mallocgc", "runtime.growslice", "runtime.gcStart", "runtime.(*mheap)", "runtime.wbBufFlush", "runtime.sweepone", "runtime.gcDrain"}},
	{"sync and file writes", []string{"syscall.Fsync", "syscall.Fdatasync", "os.(*File).Sync", "internal/poll.(*FD).Fsync", "bbolt.fdatasync", "unix.Fdatasync", "internal/poll.(*FD).Pwrite", "os.(*File).Write"}},
	{"sealing (AEAD of commands and records)", []string{"vigie/cluster/seal.", "tink-go"}},
	{"TLS", []string{"crypto/tls.", "crypto/internal/fips140/aes", "crypto/x509."}},
	{"indexes: face", []string{"vigie/index/face", "internal/spaces"}},
	{"indexes: name", []string{"vigie/index/name", "vigie/watchlist/names"}},
	{"indexes: text", []string{"vigie/index/text", "blevesearch"}},
	{"indexes: document", []string{"vigie/index/document"}},
	{"audit", []string{"vigie/cluster/audit"}},
	{"bbolt", []string{"go.etcd.io/bbolt"}},
	{"command encoding and state hash (CBOR, SHA-256)", []string{"fxamacker/cbor", "vigie/watchlist/command", "crypto/sha256", "crypto/internal/fips140/sha256"}},
	{"state machine and registry, the rest", []string{"vigie/cluster/fsm", "vigie/cluster/registry"}},
	{"API: JSON and validation", []string{"encoding/json", "kin-openapi", "vigie/api", "labstack/echo"}},
	{"raft, its log and transport", []string{"hashicorp/raft", "raft-wal", "vigie/cluster/disk", "vigie/cluster.", "go-msgpack", "vigie/cluster/transport"}},
	{"HTTP", []string{"net/http", "net/textproto", "bufio."}},
	{"network system calls", []string{"internal/poll.(*FD).Read", "internal/poll.(*FD).Write", "net.(*netFD)", "runtime.netpoll"}},
	{"Go's scheduler and timers", []string{"runtime.schedule", "runtime.findRunnable", "runtime.mcall", "runtime.futex", "runtime.sysmon", "runtime.park_m", "runtime.goexit0", "runtime.mstart", "runtime.gopreempt", "runtime.morestack", "runtime.checkTimers"}},
}

// background is what of the first rule no caller asked for.
var background = rule{"garbage collection in the background", []string{"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge"}}

// owned are the rules with background in place of the first.
func owned() []rule { return append([]rule{background}, rules[1:]...) }

// other is what no rule knows.
const other = "other"

// classify gives the rule of a stack.
func classify(rules []rule, stack []string) string {
	for _, r := range rules {
		for _, f := range stack {
			if slices.ContainsFunc(r.any, func(part string) bool { return strings.Contains(f, part) }) {
				return r.what
			}
		}
	}
	return other
}

// parseScript reads `perf script`: a line per sample, and its functions indented
// below, the innermost first. each is called with every stack.
func parseScript(r io.Reader, each func(stack []string)) error {
	var stack []string
	flush := func() {
		if len(stack) > 0 {
			each(stack)
		}
		stack = nil
	}
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		line := sc.Text()
		if line == "" || line[0] != '\t' && line[0] != ' ' {
			flush()
			continue
		}
		_, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, " (/") // the file; a name may hold " ("
		if at := strings.LastIndex(name, "+0x"); at > 0 {
			name = name[:at]
		}
		stack = append(stack, name)
	}
	flush()
	return sc.Err() //nolint:wrapcheck // nothing to add
}

// profileClients write while perf listens.
const profileClients = 64

// profile samples the leader and a follower while clients write.
func (b *bench) profile(ctx context.Context) error {
	if _, err := exec.LookPath("perf"); err != nil {
		b.report.Skipped = append(b.report.Skipped, "profile: no perf")
		return nil
	}
	leader, err := b.c.Leader(ctx)
	if err != nil {
		return err
	}
	list, err := b.entries(99, bodies, true)
	if err != nil {
		return err
	}
	if _, _, err := b.hammer(ctx, leader, profileClients, list, b.Warm); err != nil {
		return err
	}
	for what, node := range map[string]int{"leader": leader, "follower": (leader + 1) % b.c.Len()} {
		b.Progress("profile of the " + what)
		p, err := b.sample(ctx, leader, node, list)
		if errors.Is(err, errNoPerf) {
			b.report.Skipped = append(b.report.Skipped, "profile: "+err.Error())
			return nil
		}
		if err != nil {
			return err
		}
		p.Node = what
		b.report.Profile = append(b.report.Profile, *p)
	}
	slices.SortFunc(b.report.Profile, func(x, y NodeProfile) int { return strings.Compare(y.Node, x.Node) })
	return nil
}

// errNoPerf: the kernel does not let perf look.
var errNoPerf = errors.New("perf does not work here")

// sample has perf look at one node for WriteTime, under writes to the leader.
func (b *bench) sample(ctx context.Context, leader, node int, list [][]byte) (*NodeProfile, error) {
	dir, err := os.MkdirTemp("", "vigie-perf-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	data := filepath.Join(dir, "perf.data")
	pid := b.c.PID(node)
	// Frame pointers: Go keeps them, and so kernel and user stacks come whole.
	perf := exec.CommandContext(ctx, "perf", "record", "-F", "499", "--call-graph", "fp", "-o", data, "-p", fmt.Sprint(pid), "--", "sleep", fmt.Sprint(b.WriteTime.Seconds()))
	before, err := cpuOf(pid)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	done := make(chan error, 1)
	go func() {
		out, err := perf.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %w: %.300s", errNoPerf, err, out)
		}
		done <- err
	}()
	times, _, err := b.hammer(ctx, leader, profileClients, list, b.WriteTime)
	took := time.Since(begin).Seconds()
	after, cerr := cpuOf(pid)
	if err := errors.Join(err, cerr, <-done); err != nil {
		return nil, err
	}
	p := &NodeProfile{Seconds: took, PerSecond: float64(len(times)) / took}
	p.Cores = (after.User + after.System - before.User - before.System) / took
	return p, p.read(ctx, data)
}

// read counts the samples of a file that perf wrote.
func (p *NodeProfile) read(ctx context.Context, data string) error {
	cmd := exec.CommandContext(ctx, "perf", "script", "-i", data, "-F", "ip,sym")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start perf script: %w", err)
	}
	by, owners, top := map[string]int{}, map[string]int{}, map[string]int{}
	inOwned := owned()
	err = parseScript(out, func(stack []string) {
		p.Samples++
		by[classify(rules, stack)]++
		owners[classify(inOwned, stack)]++
		top[stack[0]]++
	})
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return fmt.Errorf("read what perf wrote: %w", err)
	}
	if p.Samples == 0 {
		return fmt.Errorf("%w: it saw nothing", errNoPerf)
	}
	p.Shares, p.Owners, p.Top = shares(by, p.Samples), shares(owners, p.Samples), shares(top, p.Samples)
	p.Top = p.Top[:min(len(p.Top), 15)]
	return nil
}

// shares sorts counts, the largest first.
func shares(counts map[string]int, of int) []Share {
	out := make([]Share, 0, len(counts))
	for what, n := range counts {
		out = append(out, Share{what, float64(n) * 100 / float64(of)})
	}
	slices.SortFunc(out, func(x, y Share) int {
		if x.Percent != y.Percent {
			if x.Percent > y.Percent {
				return -1
			}
			return 1
		}
		return strings.Compare(x.What, y.What)
	})
	return out
}
