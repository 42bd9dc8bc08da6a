// Package sim runs whole nodes in virtual time, under faults that a seed decides,
// and checks that nothing acknowledged is lost, that reads are linearizable, that
// stamps are true, and that nodes at one index hold one state. It holds tests
// only; DESIGN.md says what is real in it, what is simulated, and what it can't
// see.
//
//	make sim-short             the short ring, part of `make test`
//	make sim SEEDS=10000       the long ring; goes on where it was ended
//	make sim SEED=42           one seed again
//	make sim-bugs              the planted bugs, each of which must be found
package sim
