package sim

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

// act is what a client asked: a write with compare-and-set, or a linearizable
// read.
type act struct {
	Entry watchlist.EntryID
	Read  bool
	Op    command.Op
	If    uint64
	Text  string
}

// outcome is what it was told. Unknown: the write may have happened, may still
// happen, or never.
type outcome struct {
	Unknown bool
	Code    command.Code
	Found   value // of a read; of a write only Rev
}

// register is the sequential specification of one entry, written down from the
// interface's documents and not from the state machine's code.
var register = porcupine.Model{
	Init: func() any { return value{} },
	Step: func(state, input, output any) (bool, any) {
		st, in, out := state.(value), input.(act), output.(outcome)
		if in.Read {
			return out.Found == st, st
		}
		code, next := writeOf(st, in)
		if out.Unknown {
			return true, next
		}
		if code != out.Code {
			return false, st
		}
		// A refusal names the stored revision, a success the new one.
		return out.Found.Rev == next.Rev || code == command.NotFound, next
	},
	Equal: func(a, b any) bool { return a == b },
	DescribeOperation: func(input, output any) string {
		return fmt.Sprintf("%+v -> %+v", input, output)
	},
}

// writeOf is what a write does to an entry.
func writeOf(st value, in act) (command.Code, value) {
	switch {
	case st.Rev > 0 && in.If == 0:
		return command.Exists, st
	case st.Rev != in.If:
		if st.Rev == 0 {
			return command.NotFound, st
		}
		return command.Conflict, st
	case st.Withdrawn:
		return command.BadTransition, st
	}
	return command.OK, value{Rev: st.Rev + 1, Text: in.Text, Withdrawn: in.Op == command.OpWithdraw}
}

// checkLimit is how long one history may take to check, real time.
const checkLimit = 20 * time.Second

// history is what all clients of one run saw.
type history struct {
	start time.Time

	mu     sync.Mutex
	ops    map[watchlist.EntryID][]porcupine.Operation
	acked  map[watchlist.EntryID][]ack
	hashes map[uint64]string
	res    *result
}

// ack is an acknowledged write.
type ack struct {
	value
	index uint64
	at    time.Time
}

func newHistory(res *result) *history {
	return &history{
		start: time.Now(), res: res, ops: make(map[watchlist.EntryID][]porcupine.Operation),
		acked: make(map[watchlist.EntryID][]ack), hashes: make(map[uint64]string),
	}
}

// violated notes a broken promise; the first few are kept in words.
func (h *history) violated(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.violatedLocked(format, args...)
}

// count adds one to a number of the result.
func (h *history) count(n *int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*n++
}

func (h *history) violatedLocked(format string, args ...any) {
	h.res.Violations++
	if len(h.res.Details) < 8 {
		h.res.Details = append(h.res.Details, fmt.Sprintf("%s: ", time.Since(h.start).Round(time.Millisecond))+fmt.Sprintf(format, args...))
	}
}

// done records an operation that has an answer or an unknown end.
func (h *history) done(client int, in act, called time.Time, out outcome, index uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	op := porcupine.Operation{
		ClientId: client, Input: in, Call: int64(called.Sub(h.start)), Output: out, Return: int64(time.Since(h.start)),
	}
	switch {
	case out.Unknown:
		op.Return = math.MaxInt64
		h.res.Unknown++
	case in.Read:
		h.res.Reads++
	case out.Code == command.OK:
		h.res.Acked++
		_, v := writeOf(value{Rev: in.If}, in)
		h.acked[in.Entry] = append(h.acked[in.Entry], ack{v, index, time.Now()})
	default:
		h.res.Conflicts++
	}
	h.ops[in.Entry] = append(h.ops[in.Entry], op)
}

// moved records a node's state hash at an index and compares it with the others'.
func (h *history) moved(node int, index uint64, hash string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.res.Hashes++
	old, seen := h.hashes[index]
	if !seen {
		h.hashes[index] = hash
		return
	}
	if old != hash {
		h.res.HashMismatches++
		h.violatedLocked("node %d has another state hash at index %d than an earlier node", node, index)
	}
}

// newest is the last write of an entry that was acknowledged by a time.
func (h *history) newest(id watchlist.EntryID, by time.Time) (ack, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var best ack
	for _, a := range h.acked[id] {
		if !a.at.After(by) && a.Rev > best.Rev {
			best = a
		}
	}
	return best, best.Rev > 0
}

// fits checks a value against the write that was acknowledged for its revision.
func (h *history) fits(where string, id watchlist.EntryID, v value) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.acked[id] {
		if a.Rev == v.Rev && a.value != v {
			h.violatedLocked("%s: revision %d of an entry is %+v, acknowledged was %+v", where, v.Rev, v, a.value)
		}
	}
}

// lost counts acknowledged writes that a final state does not contain.
func (h *history) lost(node int, final func(watchlist.EntryID) value) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(h.acked)) {
		v := final(id)
		for _, a := range h.acked[id] {
			if a.Rev > v.Rev || a.Rev == v.Rev && a.value != v {
				h.res.AckedLost++
				h.violatedLocked("node %d lost an acknowledged write: revision %d %q of raft index %d; it holds %+v", node, a.Rev, a.Text, a.index, v)
			}
		}
	}
}

// check runs porcupine over each entry. It gives up on an entry after a while of
// real time, which is counted.
func (h *history) check() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(h.ops)) {
		ops := decided(h.ops[id])
		switch porcupine.CheckOperationsTimeout(register, ops, checkLimit) {
		case porcupine.Illegal:
			h.violatedLocked("the history of an entry is not linearizable:%s", told(ops))
		case porcupine.Unknown:
			h.res.Undecided++
		default:
			h.res.Histories++
		}
	}
}

// decided leaves out writes of unknown outcome that cannot have happened: each
// revision has one author, so a write is out when another one was acknowledged
// for its revision, or when a read shows another's text there. Every subset of
// what is unknown would have to be tried otherwise.
func decided(ops []porcupine.Operation) []porcupine.Operation {
	author := map[uint64]string{}
	for _, op := range ops {
		switch in, out := op.Input.(act), op.Output.(outcome); {
		case in.Read && out.Found.Rev > 0 && author[out.Found.Rev] == "":
			author[out.Found.Rev] = out.Found.Text
		case !in.Read && !out.Unknown && out.Code == command.OK:
			author[in.If+1] = in.Text
		}
	}
	var out []porcupine.Operation
	for _, op := range ops {
		in := op.Input.(act)
		if by := author[in.If+1]; op.Output.(outcome).Unknown && by != "" && by != in.Text {
			continue
		}
		out = append(out, op)
	}
	return out
}

// told writes a history down.
func told(ops []porcupine.Operation) string {
	var text strings.Builder
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	for _, op := range ops {
		ret := "never"
		if op.Return != math.MaxInt64 {
			ret = time.Duration(op.Return).String()
		}
		fmt.Fprintf(&text, "\n      [%s .. %s] %s", time.Duration(op.Call), ret, register.DescribeOperation(op.Input, op.Output))
	}
	return text.String()
}
