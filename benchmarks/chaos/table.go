package chaos

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrRights: the rights or the system that the faults need are missing.
var ErrRights = errors.New("chaos needs Linux and the right to mount")

// Table shows a Result for people.
func (r *Result) Table() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "| %-34s | %s |\n", name, fmt.Sprintf(format, args...))
	}
	line("seed", "%d", r.Seed)
	line("rounds", "%d", r.Runs)
	for _, k := range slices.Sorted(maps.Keys(r.Kinds)) {
		line("  "+k, "%d", r.Kinds[k])
	}
	line("writes acknowledged", "%d", r.Acked)
	line("of them lost, over all nodes", "%d", r.AckedLost)
	line("held twice or under another id", "%d", r.Violations)
	line("state hashes that differed", "%d", r.HashMismatches)
	line("searches answered", "%d", r.Searches)
	line("not answered by a living node", "%d %v", r.MatchUnavailable, r.Unavailable)
	line("flipped bits refused at the start", "%d", r.FlipsRefused)
	line("flipped bits without effect", "%d", r.FlipsHarmless)
	line("nodes that ended under sync errors", "%d", r.Died)
	line("longest time until all agreed", "%d ms", r.RecoveryMillis)
	line("planted bugs caught", "%d of %d", r.PlantedBugsCaught, r.PlantedBugs)
	for _, s := range r.Skipped {
		line("SKIPPED", "%s", s)
	}
	return b.String()
}
