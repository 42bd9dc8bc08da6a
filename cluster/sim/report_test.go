package sim

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"vigie/benchmarks"
)

// total adds up the results of many seeds.
type total struct {
	Runs         int     `json:"runs"`
	ClusterHours float64 `json:"virtual_cluster_hours"`
	CPUSeconds   float64 `json:"wall_seconds_of_seeds"`
	Faults       int     `json:"faults"`
	Crashes      int     `json:"crashes"`
	Starts       int     `json:"starts"`
	Acked        int     `json:"acked"`
	AckedLost    int     `json:"acked_lost"`
	Refused      int     `json:"refused"`
	Conflicts    int     `json:"conflicts"`
	Unknown      int     `json:"unknown"`
	Reads        int     `json:"linearizable_reads"`
	Histories    int     `json:"histories_checked"`
	Undecided    int     `json:"histories_undecided"`
	Matches      int     `json:"matches"`
	Unavailable  int     `json:"match_unavailable"`
	Unstamped    int     `json:"unstamped"`
	Hashes       int     `json:"hashes_compared"`
	Mismatches   int     `json:"hash_mismatches"`
	Violations   int     `json:"violations"`
	// FailedSeeds lists seeds with violations, the first ones.
	FailedSeeds []uint64 `json:"failed_seeds"`
}

func (s *total) add(r *result) {
	s.Runs++
	s.ClusterHours += float64(r.VirtualMs) / 3.6e6
	s.CPUSeconds += float64(r.WallMs) / 1000
	s.Faults += r.Faults
	s.Crashes += r.Crashes
	s.Starts += r.Starts
	s.Acked += r.Acked
	s.AckedLost += r.AckedLost
	s.Refused += r.Refused
	s.Conflicts += r.Conflicts
	s.Unknown += r.Unknown
	s.Reads += r.Reads
	s.Histories += r.Histories
	s.Undecided += r.Undecided
	s.Matches += r.Matches
	s.Unavailable += r.MatchUnavailable
	s.Unstamped += r.Unstamped
	s.Hashes += r.Hashes
	s.Mismatches += r.HashMismatches
	s.Violations += r.Violations
	if r.Violations > 0 && len(s.FailedSeeds) < 100 {
		s.FailedSeeds = append(s.FailedSeeds, r.Seed)
	}
}

// String sums up for people.
func (s *total) String() string {
	return fmt.Sprintf("%d seeds, %.1f cluster-hours, %d faults, %d crashes: %d writes acknowledged, %d lost; %d linearizable reads; %d of %d matches unavailable; %d hashes compared, %d differ; %d violations",
		s.Runs, s.ClusterHours, s.Faults, s.Crashes, s.Acked, s.AckedLost, s.Reads, s.Unavailable, s.Matches, s.Hashes, s.Mismatches, s.Violations)
}

// bugsFile is where the mutation gate leaves its table, below the repository.
const bugsFile = "../../var/sim/bugs.json"

// gate is the outcome of the mutation gate.
type gate struct {
	Commit string   `json:"commit"`
	Date   string   `json:"date"`
	Caught int      `json:"caught"`
	Bugs   []caught `json:"bugs"`
}

// caught is one planted bug and what became of it.
type caught struct {
	Bug     string  `json:"bug"`
	Caught  bool    `json:"caught"`
	Seconds float64 `json:"seconds"`
	Seed    uint64  `json:"seed,omitempty"`
	Seeds   int     `json:"seeds"`
	By      string  `json:"by,omitempty"`
}

// table is the gate as Markdown.
func (g *gate) table() string {
	var b strings.Builder
	b.WriteString("| planted bug | caught | after | seeds | by |\n|---|---|---:|---:|---|\n")
	for _, c := range g.Bugs {
		yes := "no"
		if c.Caught {
			yes = "yes"
		}
		fmt.Fprintf(&b, "| %s | %s | %.1f s | %d | %s |\n", c.Bug, yes, c.Seconds, c.Seeds, c.By)
	}
	return b.String()
}

// report writes benchmarks/out/sim.json and the section of RESULTS.md.
func report(m benchmarks.Machine, s *total) error {
	g := &gate{}
	if b, err := os.ReadFile(bugsFile); err == nil {
		if err := json.Unmarshal(b, g); err != nil {
			return err
		}
	}
	out := struct {
		Machine benchmarks.Machine `json:"machine"`
		*total
		Planted int   `json:"planted_bugs_caught"`
		Gate    *gate `json:"mutation_gate"`
	}{m, s, g.Caught, g}
	if err := benchmarks.WriteJSON("../../benchmarks/out", "sim", out); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "## The cluster in simulation\n\n`make sim`, commit %s, %s, %d cores (shared, load %s before), %s.\n\n", m.Commit, m.CPU, m.Cores, m.LoadAvg, m.Date)
	fmt.Fprintf(&b, "Whole nodes (state machine, raft, raft's log format, snapshots, forwarding, reads) in virtual time, over a network and a disk in memory that fail by the seed's schedule (`cluster/sim/DESIGN.md`). No processes, sockets, TLS or real disks: `make chaos` has those.\n\n")
	fmt.Fprintf(&b, "| | |\n|---|---:|\n| seeds | %d |\n| virtual cluster-hours | %.1f |\n| faults, of them crashes | %d, %d |\n| writes acknowledged | %d |\n| **acknowledged writes lost** | **%d** |\n| writes of unknown outcome, refused for certain | %d, %d |\n| linearizable reads | %d |\n| histories of one entry found linearizable, undecided | %d, %d |\n| **violations** | **%d** |\n| state hashes compared | %d |\n| **hash mismatches** | **%d** |\n| matches on living nodes | %d |\n| **matches unavailable, unstamped** | **%d, %d** |\n",
		s.Runs, s.ClusterHours, s.Faults, s.Crashes, s.Acked, s.AckedLost, s.Unknown, s.Refused, s.Reads, s.Histories, s.Undecided,
		s.Violations, s.Hashes, s.Mismatches, s.Matches, s.Unavailable, s.Unstamped)
	if len(g.Bugs) > 0 {
		fmt.Fprintf(&b, "\nMutation gate (`make sim-bugs`, commit %s, %s): %d of %d planted bugs caught, each within 2 minutes.\n\n%s", g.Commit, g.Date, g.Caught, len(g.Bugs), g.table())
	}
	return benchmarks.WriteSection("../../benchmarks/RESULTS.md", "sim", b.String())
}
