package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"vigie/watchlist"
	"vigie/watchlist/command"
)

const (
	testModel = "dlib-resnet-v1/test"
	testOwner = watchlist.Country("SEN")
)

// world stands in for the rest of the node: a registry with a state machine of
// its own, a matcher, a blob store, an audit log.
type world struct {
	apart    []int // the faces that Apart lists
	mu       sync.Mutex
	index    uint64
	now      int64
	entries  map[watchlist.EntryID]*watchlist.Entry
	users    map[watchlist.UserID]watchlist.User
	sessions map[string]watchlist.Session
	keys     map[watchlist.KeyID]watchlist.APIKey
	reported reportsFake
	families familiesFake
	blobs    map[watchlist.BlobID][]byte
	batches  map[watchlist.BatchID][]watchlist.EntryID
	idem     map[string]idemRecord
	events   []watchlist.AuditEvent
	log      []command.Envelope

	// What goes wrong, when a test says so.
	writeErr, auditErr, leaderErr, waitErr, readErr, adminErr error
	// match answers a probe; nil gives an empty lead.
	match func(ctx context.Context, p watchlist.Probe) (*watchlist.Lead, error)
	// replay answers a replay; nil gives an empty answer.
	replay  func(q watchlist.ReplayQuery) (*watchlist.Replay, error)
	replays []watchlist.ReplayQuery
	impact  func(q watchlist.ImpactQuery) (*watchlist.Impact, error)
	impacts []watchlist.ImpactQuery
	enrol   func(p watchlist.Photo) (watchlist.FaceSample, []byte, error)
	judge   func(p watchlist.Photo, reference bool) (watchlist.FaceSample, error)
	// onAudit runs before an event is kept.
	onAudit func(e watchlist.AuditEvent)
	probes  []watchlist.Probe
	removed []watchlist.NodeID
	// decisions are those on the calibration.
	decisions  []watchlist.CalibrationDecision
	putErr     error // of the blob store
	others     []MemberStatus
	second     *SecondEncoder
	moved      int
	textErr    error
	textBehind bool
}

type idemRecord struct {
	hash   []byte
	result command.Result
}

func newWorld() *world {
	return &world{
		others: []MemberStatus{{Member: watchlist.Member{ID: "b", Name: "b", Role: watchlist.NodeVoter}}},
		index:  10, now: testNow.UnixMilli(),
		entries: map[watchlist.EntryID]*watchlist.Entry{}, users: map[watchlist.UserID]watchlist.User{},
		sessions: map[string]watchlist.Session{}, keys: map[watchlist.KeyID]watchlist.APIKey{},
		blobs: map[watchlist.BlobID][]byte{}, batches: map[watchlist.BatchID][]watchlist.EntryID{}, idem: map[string]idemRecord{},
	}
}

func (w *world) deps() Deps {
	return Deps{
		Writer: w, Entries: w, Reports: w, Accounts: w, AccountList: w, Matcher: w, Enroller: w, Faces: w, Blobs: w,
		Auditor: w, AuditReader: w, Consistency: w, Names: nameFake{w}, Texts: textFake{w}, Cluster: w, ClusterAdmin: w, Calibrations: calibFake{w}, Families: &w.families,
	}
}

// Apart is what a test tells it to be, for entries of several faces.
func (w *world) Apart(faces []watchlist.Face) []int {
	if len(faces) < 2 {
		return nil
	}
	return w.apart
}

func (w *world) Propose(ctx context.Context, e command.Envelope) (command.Result, error) {
	if _, err := e.Encode(); err != nil {
		return command.Result{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.writeErr != nil {
		return command.Result{}, w.writeErr
	}
	if err := ctx.Err(); err != nil {
		return command.Result{}, err
	}
	w.log = append(w.log, e)
	if e.IdemKey != "" {
		if r, ok := w.idem[e.Actor+"|"+e.IdemKey]; ok {
			if !bytes.Equal(r.hash, e.IdemHash) {
				return command.Result{Code: command.IdemMismatch}, nil
			}
			r.result.Replayed = true
			return r.result, nil
		}
	}
	w.index++
	w.families.actor = e.Actor
	r := w.apply(e.Body)
	r.Index = w.index
	if e.IdemKey != "" {
		w.idem[e.Actor+"|"+e.IdemKey] = idemRecord{e.IdemHash, r}
	}
	return r, nil
}

func (w *world) apply(b command.Body) command.Result {
	switch x := b.(type) {
	case command.CalibrationPut:
		return w.decide(x)
	case command.EntryPut:
		return w.putEntry(x)
	case command.ReportPut:
		return w.reported.put(x, w.now)
	case command.ReportUndo:
		return w.reported.undo(x)
	case command.FamilyPropose:
		return w.families.propose(x, w.index, w.now)
	case command.FamilyReview:
		return w.families.review(x, w.index, w.now)
	case command.EntryBatch:
		r := command.Result{Code: command.OK}
		for _, it := range x.Items {
			one := w.putEntry(it)
			r.Items = append(r.Items, one)
			if one.Code == command.OK {
				w.batches[x.Batch] = append(w.batches[x.Batch], one.Entry)
			}
		}
		return r
	case command.BatchUndo:
		ids, ok := w.batches[x.Batch]
		if !ok {
			return command.Result{Code: command.NotFound}
		}
		// One entry at a time, so that the caller has to come back.
		r := command.Result{Code: command.OK, More: len(ids) > 1}
		if len(ids) > 0 {
			w.entries[ids[0]].Status = watchlist.StatusWithdrawn
			r.Items = []command.Result{{Code: command.OK, Entry: ids[0]}}
			w.batches[x.Batch] = ids[1:]
		}
		return r
	case command.UserPut:
		for _, u := range w.users {
			if u.Login == x.User.Login && u.ID != x.User.ID {
				return command.Result{Code: command.Exists}
			}
		}
		if _, ok := w.users[x.User.ID]; ok && x.Create {
			return command.Result{Code: command.Exists}
		}
		w.users[x.User.ID] = x.User
	case command.SessionPut:
		w.sessions[x.Session.TokenHash] = x.Session
	case command.SessionDrop:
		if x.TokenHash != "" {
			delete(w.sessions, x.TokenHash)
		}
		for k, s := range w.sessions {
			if s.User == x.User {
				delete(w.sessions, k)
			}
		}
	case command.APIKeyPut:
		w.keys[x.Key.ID] = x.Key
	default:
		return command.Result{Code: "unexpected"}
	}
	return command.Result{Code: command.OK}
}

func (w *world) putEntry(p command.EntryPut) command.Result {
	old := w.entries[p.Entry.ID]
	switch {
	case old == nil && p.IfRevision != 0:
		return command.Result{Code: command.NotFound}
	case old != nil && p.IfRevision == 0:
		return command.Result{Code: command.Exists}
	case old != nil && old.Revision != p.IfRevision:
		return command.Result{Code: command.Conflict, Revision: old.Revision}
	case old != nil && !old.Status.CanBecome(p.Entry.Status):
		return command.Result{Code: command.BadTransition}
	}
	if err := p.Entry.Validate(); err != nil {
		var v watchlist.ValidationError
		errors.As(err, &v)
		return command.Result{Code: command.Invalid, Fields: v}
	}
	e := p.Entry.Clone()
	e.Revision, e.UpdatedAt = p.IfRevision+1, w.now
	if old == nil {
		e.CreatedAt = w.now
	}
	w.entries[e.ID] = e
	return command.Result{Code: command.OK, Entry: e.ID, Revision: e.Revision}
}

func lookup[K comparable, V any](w *world, m map[K]V, k K) (V, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var zero V
	if w.readErr != nil {
		return zero, w.readErr
	}
	v, ok := m[k]
	if !ok {
		return zero, fmt.Errorf("fake: %w", watchlist.ErrNotFound)
	}
	return v, nil
}

func (w *world) Entry(id watchlist.EntryID) (*watchlist.Entry, error) {
	return lookup(w, w.entries, id)
}

func (w *world) User(id watchlist.UserID) (watchlist.User, error) { return lookup(w, w.users, id) }

func (w *world) Session(h string) (watchlist.Session, error) { return lookup(w, w.sessions, h) }

func (w *world) APIKey(id watchlist.KeyID) (watchlist.APIKey, error) { return lookup(w, w.keys, id) }

func (w *world) UserByLogin(login string) (watchlist.User, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range w.users {
		if u.Login == login {
			return u, nil
		}
	}
	return watchlist.User{}, watchlist.ErrNotFound
}

func (w *world) Users() ([]watchlist.User, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []watchlist.User
	for _, u := range w.users {
		out = append(out, u)
	}
	return out, nil
}

func (w *world) APIKeys() ([]watchlist.APIKey, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []watchlist.APIKey
	for _, k := range w.keys {
		out = append(out, k)
	}
	return out, nil
}

func (w *world) Entries(after watchlist.EntryID, limit int, keep func(*watchlist.Entry) bool) ([]*watchlist.Entry, watchlist.EntryID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []watchlist.EntryID
	for id := range w.entries {
		if id > after {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var out []*watchlist.Entry
	for _, id := range ids {
		if len(out) == limit {
			return out, out[limit-1].ID, nil
		}
		if e := w.entries[id]; keep == nil || keep(e) {
			out = append(out, e)
		}
	}
	return out, "", nil
}

func (w *world) Match(ctx context.Context, p watchlist.Probe) (*watchlist.Lead, error) {
	w.mu.Lock()
	w.probes = append(w.probes, p)
	f := w.match
	w.mu.Unlock()
	if f != nil {
		return f(ctx, p)
	}
	return &watchlist.Lead{Query: "0192f0c1-2222-7abc-8def-0123456789ab", Stamp: w.Stamp()}, nil
}

func (w *world) Impact(_ context.Context, q watchlist.ImpactQuery) (*watchlist.Impact, error) {
	w.mu.Lock()
	w.impacts = append(w.impacts, q)
	f := w.impact
	w.mu.Unlock()
	if f != nil {
		return f(q)
	}
	return &watchlist.Impact{Query: "q-3", Entry: q.Entry, Status: watchlist.StatusDraft, Stamp: w.Stamp(), Population: watchlist.PopulationImpact{Population: watchlist.Population{State: watchlist.PopulationNone}}}, nil
}

func (w *world) Replay(_ context.Context, q watchlist.ReplayQuery) (*watchlist.Replay, error) {
	w.mu.Lock()
	w.replays = append(w.replays, q)
	f := w.replay
	w.mu.Unlock()
	if f != nil {
		return f(q)
	}
	return &watchlist.Replay{Query: "q-2", AsOf: q.AsOf, Source: watchlist.ThresholdNow, Stamp: w.Stamp()}, nil
}

func (w *world) Enrol(_ context.Context, p watchlist.Photo) (watchlist.FaceSample, []byte, error) {
	if w.enrol != nil {
		return w.enrol(p)
	}
	// Another photo, another template.
	t, h := ramp(128), sha256.Sum256(p.Bytes)
	t[0] += float32(h[0])*256 + float32(h[1])
	return watchlist.FaceSample{Template: t, Model: testModel, Quality: watchlist.FaceQuality{InterEye: 60}}, []byte("kept:" + string(p.Bytes)), nil
}

func (w *world) Judge(_ context.Context, p watchlist.Photo, reference bool) (watchlist.FaceSample, error) {
	if w.judge != nil {
		return w.judge(p, reference)
	}
	return watchlist.FaceSample{Box: watchlist.Box{Right: 9, Bottom: 9}, Quality: watchlist.FaceQuality{InterEye: 60}}, nil
}

func (w *world) Model() string { return testModel }

func (w *world) Put(_ context.Context, b []byte) (watchlist.BlobID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.putErr != nil {
		return "", w.putErr
	}
	id := watchlist.BlobID(fmt.Sprintf("%x", sha256.Sum256(b)))
	w.blobs[id] = b
	return id, nil
}

func (w *world) Get(_ context.Context, id watchlist.BlobID) ([]byte, error) {
	return lookup(w, w.blobs, id)
}

func (w *world) Append(_ context.Context, e watchlist.AuditEvent) (uint64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.onAudit != nil {
		w.onAudit(e)
	}
	if w.auditErr != nil {
		return 0, w.auditErr
	}
	e.Seq, e.Time = uint64(len(w.events)+1), w.now
	w.events = append(w.events, e)
	return e.Seq, nil
}

func (w *world) Read(from uint64, limit int) ([]watchlist.AuditEvent, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if from > uint64(len(w.events)) {
		return nil, nil
	}
	rest := w.events[from-1:]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

func (w *world) WaitIndex(ctx context.Context, index uint64) error {
	w.mu.Lock()
	err, ok := w.waitErr, index <= w.index
	w.mu.Unlock()
	if err != nil || ok {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (w *world) Linearizable(context.Context) error { return w.leaderErr }

func (w *world) Stamp() watchlist.ListStamp {
	w.mu.Lock()
	defer w.mu.Unlock()
	return watchlist.ListStamp{
		Node: "7f0c1d52-0b7c-4b1e-9a55-0d5a3a1b2c3d", AppliedIndex: w.index, StateHash: strings.Repeat("ab", 32),
		AgeMillis: 12, Connected: true, Entries: len(w.entries),
	}
}

func (w *world) Status() ClusterStatus {
	n := watchlist.Member{ID: "7f0c1d52-0b7c-4b1e-9a55-0d5a3a1b2c3d", Name: "dakar-1", Role: watchlist.NodeVoter, ClusterAddr: "127.0.0.1:1", APIAddr: "127.0.0.1:2"}
	return ClusterStatus{
		Node: n, State: "leader", Leader: n.ID, Term: 1, Committed: w.index, Applied: w.index, Version: "test",
		Members: append([]MemberStatus{{Member: n, Known: true, Reachable: true}}, w.others...), Second: w.second,
		Gallery: GalleryStatus{
			Kernel: "portable", Model: testModel, Templates: 50, Rows: 52, Skipped: 1, Segments: 2, HotBytes: 3400, Oldest: 3, Applied: w.index,
			Files: &GalleryFiles{Index: 9, Saves: 2, Failures: 1, Bytes: 4096},
		},
		Text: TextStatus{Ready: true, Entries: 5, Applied: w.index, Done: 4, Total: 4},
	}
}

func (w *world) Origin() (watchlist.Origin, error) {
	return watchlist.Origin{Country: testOwner, Authority: "Direction nationale"}, nil
}

func (w *world) NewToken(context.Context, watchlist.NodeRole, time.Duration) (string, error) {
	return "vj1.token", w.adminErr
}

func (w *world) Remove(_ context.Context, id watchlist.NodeID) error {
	w.removed = append(w.removed, id)
	return w.adminErr
}

func (w *world) TransferLeadership(context.Context) error { w.moved++; return w.adminErr }

// nameFake finds the entries whose first name contains the query.
type nameFake struct{ w *world }

func (n nameFake) Search(_ context.Context, q watchlist.NameQuery) ([]watchlist.NameMatch, error) {
	n.w.mu.Lock()
	defer n.w.mu.Unlock()
	var out []watchlist.NameMatch
	for id, e := range n.w.entries {
		if len(e.Names) > 0 && strings.Contains(strings.ToLower(e.Names[0].Full), strings.ToLower(q.Names[0].Full)) {
			out = append(out, watchlist.NameMatch{Entry: id})
		}
	}
	slices.SortFunc(out, func(a, b watchlist.NameMatch) int { return strings.Compare(string(a.Entry), string(b.Entry)) })
	return out, nil
}

// textFake finds the entries whose facts contain the query.
type textFake struct{ w *world }

func (f textFake) Wait(ctx context.Context, index uint64) error {
	f.w.mu.Lock()
	err, behind := f.w.textErr, f.w.textBehind && index > 0
	f.w.mu.Unlock()
	if behind {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (f textFake) Search(_ context.Context, q watchlist.TextQuery) (watchlist.TextResult, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if strings.HasPrefix(q.Text, "*") {
		return watchlist.TextResult{}, watchlist.FieldError{Pointer: "/text", Code: "wildcard", Detail: "d"}
	}
	out := watchlist.TextResult{Index: f.w.index}
	for id, e := range f.w.entries {
		if strings.Contains(e.Facts, q.Text) && (q.Status == "" || e.Status == q.Status) && (q.Category == "" || e.Category == q.Category) {
			out.Matches = append(out.Matches, watchlist.TextMatch{Entry: id, Fields: []string{"facts"}})
		}
	}
	slices.SortFunc(out.Matches, func(a, b watchlist.TextMatch) int { return strings.Compare(string(a.Entry), string(b.Entry)) })
	out.Total = len(out.Matches)
	return out, f.w.textErr
}

func ramp(n int) []float32 {
	t := make([]float32, n)
	for i := range t {
		t[i] = float32(i+1) / 1000
	}
	return t
}

var errFake = errors.New("fake failure")
