package feed

import (
	"bytes"
	"slices"
)

// Limits bound what a receiver takes at once.
type Limits struct {
	// Ahead is the most leaves that a checkpoint may lie ahead of what was taken over;
	// a receiver that has taken over nothing yet may begin anywhere.
	Ahead uint64
	// Live is the most live records.
	Live uint64
	// Skew is how far ahead of a trusted clock a checkpoint may be issued, in
	// milliseconds.
	Skew int64
}

// DefaultLimits are a million leaves, a million records and one day.
func DefaultLimits() Limits { return Limits{Ahead: 1 << 20, Live: 1 << 20, Skew: 24 * 3600 * 1000} }

// News says what an accepted checkpoint means.
type News string

// The news.
const (
	// Nothing: the same leaves as before, signed again.
	Nothing News = "nothing_new"
	// Leaves: there are leaves to fetch.
	Leaves News = "leaves"
	// NewEpoch: the origin has opened another epoch that continues what was taken
	// over; nothing is lost. A person should know.
	NewEpoch News = "new_epoch"
	// Cut: the origin has opened another epoch that does not continue what was taken
	// over: it lost leaves that this receiver holds, or revoked them. The state must be
	// fetched; what the receiver holds beyond it is worth offering to the origin.
	Cut News = "new_epoch_cut"
)

// AcceptCheckpoint judges a signed checkpoint. proof is Consistency from the size of
// Head (of Size, if there is no Head) to the checkpoint's; for a new epoch from Size.
// It is not needed where nothing was taken over yet.
func (r Ratchet) AcceptCheckpoint(b []byte, proof [][]byte, clock Clock, lim Limits) (Ratchet, News, error) {
	text, signed, err := openNote(b, r.keyList())
	if err != nil {
		return r, "", err
	}
	c, err := parseCheckpoint(text)
	if err != nil {
		return r, "", err
	}
	if c.Feed != r.Feed {
		return r, "", reject(WrongFeed, "")
	}
	if err := r.judge(c, signed, clock, lim); err != nil {
		return r, "", err
	}
	if !hashesValid(proof) {
		return r, "", reject(Malformed, "proof")
	}
	news, err := r.follow(c, proof)
	if err != nil {
		return r, "", err
	}
	next := r
	next.Head, next.Skip = text, news == Cut
	next.HeadKey = signed[slices.IndexFunc(signed, func(k string) bool { return r.covered([]string{k}, c.Epoch, c.Size, c.Issued) })]
	switch {
	case news == NewEpoch:
		// The restored cluster's raft index may lie behind the one before.
		next.Epoch, next.Index = c.Epoch, 0
	case news == Cut:
		next.Unsynced = false
	case r.Epoch == 0:
		next.Epoch = c.Epoch
	}
	return next, news, nil
}

// judge checks what needs no proof.
func (r Ratchet) judge(c Checkpoint, signed []string, clock Clock, lim Limits) error {
	if !r.covered(signed, c.Epoch, c.Size, c.Issued) {
		return reject(KeyNotValid, "")
	}
	if c.Epoch < r.Epoch {
		return reject(OldEpoch, "")
	}
	if clock.Trusted && c.Issued > clock.Now+lim.Skew {
		return reject(Future, "")
	}
	if c.Live > lim.Live || (r.Size > 0 || r.Head != "") && c.Size > r.Size && c.Size-r.Size > lim.Ahead {
		return reject(Flood, "")
	}
	h, ok := r.head()
	switch {
	case !ok || c.Epoch > h.Epoch:
		if c.Epoch == r.Epoch && c.Size < r.Size {
			return reject(Rollback, "")
		}
		return nil
	case c.Epoch < h.Epoch:
		return reject(OldEpoch, "")
	case c.Size == h.Size && (!bytes.Equal(c.Root, h.Root) || !bytes.Equal(c.State, h.State) || c.Live != h.Live):
		return reject(SplitView, "")
	case c.Issued < h.Issued && c.Size <= h.Size:
		return reject(Replay, "")
	case c.Size < h.Size:
		return reject(Rollback, "")
	case c.Issued < h.Issued:
		return reject(Replay, "")
	case c.Policy < h.Policy || c.Oldest < h.Oldest || c.Index < h.Index:
		return reject(Regressed, "")
	case !sameFork(c.Fork, h.Fork):
		return reject(SplitView, "fork")
	}
	return nil
}

func sameFork(a, b *Fork) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Epoch == b.Epoch && a.Size == b.Size && bytes.Equal(a.Root, b.Root)
}

// follow checks that c continues what was accepted.
func (r Ratchet) follow(c Checkpoint, proof [][]byte) (News, error) {
	h, ok := r.head()
	if ok && c.Epoch == h.Epoch {
		if !consistent(h.Size, c.Size, proof, h.Root, c.Root) {
			return "", reject(Inconsistent, "")
		}
		if r.Skip {
			return Cut, nil
		}
		if c.Size == r.Size {
			return Nothing, nil
		}
		return Leaves, nil
	}
	if c.Epoch > r.Epoch && r.Epoch > 0 {
		return r.followEpoch(c, proof)
	}
	if !consistent(r.Size, c.Size, proof, r.Root, c.Root) {
		return "", reject(Inconsistent, "")
	}
	return Leaves, nil
}

// followEpoch judges the first checkpoint of a new epoch. If it begins with all that
// was taken over, nothing was lost. Otherwise it must own to the cut: its fork lies
// before what was taken over.
func (r Ratchet) followEpoch(c Checkpoint, proof [][]byte) (News, error) {
	if consistent(r.Size, c.Size, proof, r.Root, c.Root) {
		return NewEpoch, nil
	}
	if c.Fork.Epoch < r.Epoch || c.Fork.Epoch == r.Epoch && c.Fork.Size < r.Size {
		return Cut, nil
	}
	if c.Fork.Epoch > r.Epoch {
		// Epochs were missed in between; what they cut can't be told from here.
		return Cut, nil
	}
	return "", reject(Inconsistent, "fork")
}

// AcceptFrame verifies a frame and gives its changes that are new, in order. proof is
// Consistency from the frame's end to Head, empty if it ends there. The changes count
// once they are persisted with the Ratchet. revision gives the revision of the
// receiver's copy of a record, 0 for none; nil: not compared.
func (r Ratchet) AcceptFrame(c *Codec, b []byte, keys ContentKeys, proof [][]byte, revision func(record string) uint64) (Ratchet, []Change, error) {
	h, ok := r.head()
	if !ok || r.Skip || r.Unsynced {
		return r, nil, reject(NeedsState, "")
	}
	head, plain, err := c.open(b, boxFrame, r.Feed, keys)
	if err != nil {
		return r, nil, err
	}
	end := head.first + uint64(head.count)
	switch {
	case head.count == 0 || head.count > FrameLeaves || end < head.first || head.size != 0 || head.first/FrameLeaves != (end-1)/FrameLeaves:
		return r, nil, reject(Malformed, "frame")
	case head.plain > head.count*maxPlainItem:
		return r, nil, reject(Flood, "items")
	case head.epoch != h.Epoch:
		return r, nil, reject(OldEpoch, "frame")
	case head.first > r.Size || end <= r.Size:
		return r, nil, reject(Gap, "")
	case end > h.Size:
		return r, nil, reject(BeyondCheckpoint, "")
	}
	items, err := decodeItems(plain, int(head.count))
	if err != nil {
		return r, nil, err
	}
	next, changes, err := r.append(items[r.Size-head.first:], revision)
	if err != nil {
		return r, nil, err
	}
	if end == h.Size && len(proof) > 0 || !hashesValid(proof) {
		return r, nil, reject(Malformed, "proof")
	}
	if end == h.Size && !bytes.Equal(next.Root, h.Root) || end < h.Size && !consistent(end, h.Size, proof, next.Root, h.Root) {
		return r, nil, reject(RootMismatch, "")
	}
	return next, changes, nil
}

// OpenItem checks one item by itself: all but whether it is in the feed. It serves an
// origin that takes its own lost leaves back from a partner.
func (r Ratchet) OpenItem(it Item) (Change, error) { return it.open(r.Feed.Origin()) }

// append opens the items and appends their leaves.
func (r Ratchet) append(items []Item, revision func(string) uint64) (Ratchet, []Change, error) {
	rng, err := ranges().NewRange(0, r.Size, slices.Clone(r.Frontier))
	if err != nil {
		return r, nil, reject(Malformed, "frontier")
	}
	next, changes := r, make([]Change, 0, len(items))
	seen := map[string]uint64{}
	for i, it := range items {
		c, err := it.open(r.Feed.Origin())
		if err != nil {
			return r, nil, err
		}
		c.Seq = r.Size + uint64(i)
		if err := rng.Append(c.Hash, nil); err != nil {
			return r, nil, reject(Malformed, "leaf")
		}
		if !c.Elided {
			if c.Leaf.Index < next.Index {
				return r, nil, reject(Regressed, "index")
			}
			next.Index = c.Leaf.Index
			if err := rising(c.Leaf, seen, revision); err != nil {
				return r, nil, err
			}
		}
		changes = append(changes, c)
	}
	next.Size, next.Frontier = rng.End(), slices.Clone(rng.Hashes())
	if next.Root, err = rootOfRange(rng); err != nil {
		return r, nil, err
	}
	return next, changes, nil
}

// rising refuses a leaf whose record falls back to an earlier revision.
func rising(l Leaf, seen map[string]uint64, revision func(string) uint64) error {
	if l.Record == "" {
		return nil
	}
	last, ok := seen[l.Record]
	if !ok && revision != nil {
		last = revision(l.Record)
	}
	if l.Revision < last {
		return reject(Regressed, "revision")
	}
	seen[l.Record] = l.Revision
	return nil
}
