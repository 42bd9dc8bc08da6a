package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"vigie/cluster/clustertest"
)

// Options set up a Run. Binary and Dir are required.
type Options struct {
	// Binary is the vigie executable, Dir an empty folder.
	Binary, Dir string
	// Rounds is how many faults are made, Seed draws them.
	Rounds int
	Seed   uint64
	// Say, when not nil, is told each round in one line.
	Say func(string)
}

// Result is what a Run found. Counts are of the whole run.
type Result struct {
	Seed uint64 `json:"seed"`
	// Runs counts the rounds, Kinds them by fault.
	Runs  int            `json:"runs"`
	Kinds map[string]int `json:"kinds"`
	// Acked counts acknowledged writes; AckedLost those that a node lacked at the
	// end, Violations the entries that a node held twice or under another id.
	Acked      int `json:"acked"`
	AckedLost  int `json:"acked_lost"`
	Violations int `json:"violations"`
	// HashMismatches counts different state hashes at one raft index.
	HashMismatches int `json:"hash_mismatches"`
	// Searches counts the answered ones; MatchUnavailable those that a living node
	// did not answer with 200, the reasons by problem code.
	Searches         int            `json:"searches"`
	MatchUnavailable int            `json:"match_unavailable"`
	Unavailable      map[string]int `json:"unavailable,omitempty"`
	// FlipsRefused counts flipped bits that kept a node from starting, FlipsHarmless
	// those with which it started and agreed; Died the nodes that ended by
	// themselves under failing syncs and were started again.
	FlipsRefused  int `json:"flips_refused"`
	FlipsHarmless int `json:"flips_harmless"`
	Died          int `json:"died"`
	// PlantedBugs and PlantedBugsCaught are 0: none is planted yet.
	PlantedBugs       int `json:"planted_bugs"`
	PlantedBugsCaught int `json:"planted_bugs_caught"`
	// RecoveryMillis is the longest time from the end of a fault to one index and
	// hash on all nodes.
	RecoveryMillis int64 `json:"recovery_ms_max"`
	// Skipped says which faults could not be made here.
	Skipped []string `json:"skipped,omitempty"`
}

// Failed tells whether something was found that must never be.
func (r *Result) Failed() bool {
	return r.AckedLost+r.Violations+r.HashMismatches+r.MatchUnavailable > 0
}

const nodes = 3

// settleTime is how long the nodes get to agree after a fault.
const settleTime = 60 * time.Second

// run is one Run.
type run struct {
	opt     Options
	c       *clustertest.Cluster
	rnd     *rand.Rand
	res     Result
	traffic *traffic
}

// Run breaks a cluster for Options.Rounds rounds. The error is of the harness, or
// of a cluster that did not come back; what was lost is in the Result.
func Run(ctx context.Context, opt Options) (_ *Result, err error) {
	if opt.Say == nil {
		opt.Say = func(string) {}
	}
	r := &run{opt: opt, rnd: rand.New(rand.NewPCG(opt.Seed, 1)), res: Result{Seed: opt.Seed, Kinds: map[string]int{}}}
	for i := range nodes {
		release, err := smallDisk(filepath.Join(opt.Dir, fmt.Sprintf("node%d", i+1), "data"))
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, release()) }()
	}
	if r.c, err = clustertest.Start(ctx, clustertest.Options{Binary: opt.Binary, Dir: opt.Dir, Nodes: nodes}); err != nil {
		return nil, fmt.Errorf("starting the nodes: %w", err)
	}
	defer func() { err = errors.Join(err, r.c.Close()) }()
	kinds := faults()
	if reason := noStrace(); reason != "" {
		r.res.Skipped = append(r.res.Skipped, "failing syncs: "+reason)
		kinds = slices.DeleteFunc(kinds, func(k kind) bool { return k.strace })
	}
	r.traffic = startTraffic(ctx, r.c)
	err = r.rounds(ctx, kinds)
	r.traffic.stop()
	if err != nil {
		return &r.res, err
	}
	return &r.res, r.finish(ctx)
}

func (r *run) rounds(ctx context.Context, kinds []kind) error {
	for n := range r.opt.Rounds {
		if n%len(kinds) == 0 {
			r.rnd.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		}
		k := kinds[n%len(kinds)]
		node := r.rnd.IntN(nodes)
		begin := time.Now()
		if err := k.do(ctx, r, node); err != nil {
			return fmt.Errorf("round %d, %s on %s: %w", n+1, k.name, r.c.Name(node), err)
		}
		healed := time.Now()
		if err := r.agree(ctx); err != nil {
			return fmt.Errorf("after round %d, %s on %s: %w", n+1, k.name, r.c.Name(node), err)
		}
		r.res.Runs++
		r.res.Kinds[k.name]++
		r.res.RecoveryMillis = max(r.res.RecoveryMillis, time.Since(healed).Milliseconds())
		r.opt.Say(fmt.Sprintf("%3d %-16s %s: %v, agreed after %v, %d writes acknowledged", n+1, k.name, r.c.Name(node), healed.Sub(begin).Round(time.Millisecond), time.Since(healed).Round(time.Millisecond), r.traffic.count()))
	}
	return nil
}

// agree pauses the writers until all nodes are at one index with one hash.
func (r *run) agree(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	resume := r.traffic.pause()
	defer resume()
	_, err := r.c.Converge(ctx, r.traffic.last())
	if err != nil && ctx.Err() == nil {
		r.res.HashMismatches++
	}
	return err
}

func (r *run) finish(ctx context.Context) error {
	acked := r.traffic.acked()
	r.res.Acked = len(acked)
	r.res.Searches, r.res.Unavailable = r.traffic.searches()
	for _, n := range r.res.Unavailable {
		r.res.MatchUnavailable += n
	}
	for i := range nodes {
		held, err := list(ctx, r.c, i)
		if err != nil {
			return fmt.Errorf("listing the entries of %s: %w", r.c.Name(i), err)
		}
		lost, wrong := check(acked, held)
		r.res.AckedLost += lost
		r.res.Violations += wrong
	}
	return nil
}

// entry is what the check knows of one: the writers give each a name of its own.
type entry struct{ id, name string }

// check holds what a node has against what was acknowledged, name by id.
func check(acked map[string]string, held []entry) (lost, wrong int) {
	byName := map[string]string{}
	for _, e := range held {
		if _, twice := byName[e.name]; twice {
			wrong++
		}
		byName[e.name] = e.id
	}
	for ref, id := range acked {
		switch got, ok := byName[ref]; {
		case !ok:
			lost++
		case got != id:
			wrong++
		}
	}
	return lost, wrong
}
