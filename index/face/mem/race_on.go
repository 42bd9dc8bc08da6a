//go:build race

package mem

// underRace keeps regions on the Go heap, because the race detector does not see
// accesses outside it.
const underRace = true
