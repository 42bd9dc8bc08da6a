package feed

import (
	"vigie/watchlist"
	"vigie/watchlist/sharing"
)

// Last is what a feed last said of a record that is live in it.
type Last struct {
	Revision uint64
	Groups   sharing.Groups
}

// Publisher decides what a feed says next of a record. It is a function of replicated
// state alone, so all nodes of the origin decide alike. It is immutable.
type Publisher struct {
	to    sharing.Recipient
	salts *Salts
}

// NewPublisher makes the Publisher of one feed. salts are those of the epoch that
// leaves are appended in.
func NewPublisher(to sharing.Recipient, salts *Salts) *Publisher {
	return &Publisher{to: to, salts: salts}
}

// Entry gives the leaf that an entry needs after it changed, or after the policy did:
// a Put when the recipient may see it, as it is or as much of it, for the first time; a
// Tombstone when it saw it and may no longer; ok is false when nothing is to be said.
// last is nil for an entry that is not live in the feed. index and time are those of
// the command being applied. An entry whose end has come is withdrawn by the same rule
// once ended says so; until then it ends on each node by itself.
func (p *Publisher) Entry(pol *sharing.Policy, e *watchlist.Entry, last *Last, ended bool, index uint64, time int64) (pub Published, ok bool, err error) {
	v := sharing.Decide(pol, p.to, e)
	if !v.Shared() || ended {
		return p.tombstone(KindEntry, string(e.ID), e.Revision, last, index, time)
	}
	if last != nil && *last == (Last{e.Revision, v.Groups}) {
		return Published{}, false, nil
	}
	pub, err = PublishEntry(p.salts, e, v, index, time)
	return pub, err == nil, err
}

// Report does the same for a reported document.
func (p *Publisher) Report(pol *sharing.Policy, r *watchlist.ReportedDocument, last *Last, ended bool, index uint64, time int64) (pub Published, ok bool, err error) {
	v := sharing.DecideReport(pol, p.to, r)
	if !v.Shared() || ended {
		return p.tombstone(KindReport, string(r.ID), r.Revision, last, index, time)
	}
	if last != nil && *last == (Last{r.Revision, v.Groups}) {
		return Published{}, false, nil
	}
	pub, err = PublishReport(p.salts, r, v, index, time)
	return pub, err == nil, err
}

func (p *Publisher) tombstone(k Kind, record string, revision uint64, last *Last, index uint64, time int64) (Published, bool, error) {
	if last == nil {
		return Published{}, false, nil
	}
	pub, err := PublishPlain(p.salts.feed, Leaf{Type: Tombstone, Kind: k, Record: record, Revision: max(revision, last.Revision), Index: index, Time: time})
	return pub, err == nil, err
}
