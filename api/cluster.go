package api

import (
	"context"
	"slices"
	"time"

	"vigie/api/gen"
	"vigie/watchlist"
)

const defaultTokenLife = time.Hour

// GetCluster tells the state of the cluster as this node sees it.
func (s *service) GetCluster(ctx context.Context, _ gen.GetClusterRequestObject) (gen.GetClusterResponseObject, error) {
	origin, err := s.deps.Cluster.Origin()
	if err != nil {
		return nil, err
	}
	stamp := s.deps.Consistency.Stamp()
	callOf(ctx).stamp(stamp)
	st := s.deps.Cluster.Status()
	return gen.GetCluster200JSONResponse{
		Node: gen.Node{
			Id: string(st.Node.ID), Name: st.Node.Name, Role: gen.NodeRole(st.Node.Role),
			ClusterAddr: st.Node.ClusterAddr, ApiAddr: st.Node.APIAddr,
		},
		State: st.State, Leader: string(st.Leader), Term: int64(st.Term),
		CommitIndex: int64(st.Committed), AppliedIndex: int64(st.Applied), Version: st.Version,
		Origin: gen.Origin{Country: string(origin.Country), Authority: origin.Authority},
		Stamp:  stampOut(stamp), Members: list(st.Members, memberOut), Gallery: galleryOut(st.Gallery), SecondEncoder: secondOut(st.Second),
		Text: textOut(st.Text), Divergence: st.Divergence, Disk: diskOut(st.Disk), Replication: replicationOut(&st.Replication),
	}, nil
}

func diskOut(d DiskStatus) gen.Disk {
	return gen.Disk{
		State: gen.DiskState(d.State), Problem: d.Problem, Since: d.Since.UTC(), FreeBytes: d.Free, SizeBytes: d.Size,
		ReserveBytes: d.Reserve, SyncMs: float32(d.Sync.Seconds() * 1000), Errors: int64(d.Errors),
	}
}

func replicationOut(r *Replication) gen.Replication {
	ms := func(d time.Duration) float32 { return float32(d.Seconds() * 1000) }
	out := gen.Replication{
		Elections: int64(r.Elections), ElectionsWon: int64(r.Won), LeaderChanges: int64(r.LeaderChanges), LeaderlessMs: r.Leaderless.Milliseconds(),
		Commits: int64(r.Commits), CommitP50Ms: ms(r.CommitP50), CommitP99Ms: ms(r.CommitP99),
		Applied: int64(r.Applied), ApplyP50Ms: ms(r.ApplyP50), ApplyP99Ms: ms(r.ApplyP99), ApplyLag: int64(r.Lag),
		Snapshots: int64(r.Snapshots), SnapshotFailures: int64(r.SnapshotFailures), SnapshotsReceived: int64(r.SnapshotsReceived),
		BlobsWanted: int64(r.BlobsWanted), BlobsFetched: int64(r.BlobsFetched), BlobFetchFailures: int64(r.BlobFetchFailures),
	}
	if !r.LeaderSince.IsZero() {
		out.LeaderSince = r.LeaderSince.UTC()
	}
	if !r.SnapshotAt.IsZero() {
		out.LastSnapshot = gen.Snapshot{Index: int64(r.SnapshotIndex), At: r.SnapshotAt.UTC(), TookMs: r.SnapshotTook.Milliseconds(), Bytes: r.SnapshotBytes}
	}
	return out
}

func secondOut(e *SecondEncoder) gen.SecondEncoder {
	if e == nil {
		return gen.SecondEncoder{}
	}
	return gen.SecondEncoder{
		Recipe: e.Recipe, Model: e.Model, Licence: e.Licence, Use: gen.SecondEncoderUse(e.Use),
		Calibration: e.Calibration, CalibrationInForce: e.InForce, Cohort: e.Cohort, Gallery: galleryOut(e.Gallery),
	}
}

func galleryOut(g GalleryStatus) gen.Gallery {
	out := gen.Gallery{
		Kernel: g.Kernel, Model: g.Model, Templates: g.Templates, Rows: g.Rows, Skipped: g.Skipped, Segments: g.Segments,
		HotBytes: g.HotBytes, AppliedIndex: int64(g.Applied), OldestIndex: int64(g.Oldest),
	}
	if f := g.Files; f != nil {
		out.Files = gen.GalleryFiles{Index: int64(f.Index), Saves: int64(f.Saves), Failures: int64(f.Failures), WrittenBytes: int64(f.Bytes)}
	}
	return out
}

func textOut(t TextStatus) gen.TextIndex {
	state := gen.TextIndexStateBuilding
	switch {
	case t.Ready && t.Building:
		state = gen.TextIndexStateRefreshing
	case t.Ready:
		state = gen.TextIndexStateReady
	}
	return gen.TextIndex{
		State: state, Entries: t.Entries, AppliedIndex: int64(t.Applied), Lag: int64(t.Lag),
		Done: t.Done, Total: t.Total, Failures: int64(t.Failures),
	}
}

func memberOut(m MemberStatus) gen.Member {
	out := gen.Member{
		Id: string(m.ID), Name: m.Name, Role: gen.NodeRole(m.Role), Voting: m.Voting, ClusterAddr: m.ClusterAddr, ApiAddr: m.APIAddr,
		Calibration: m.Calibration, Diverged: m.Diverged, Disk: gen.DiskState(m.Disk),
	}
	if m.Known {
		reachable, lag, contact := m.Reachable, int64(m.Lag), m.LastContact.Milliseconds()
		out.Reachable, out.Lag, out.LastContactMs = &reachable, &lag, &contact
		if m.ListAge >= 0 {
			age := m.ListAge.Milliseconds()
			out.ListAgeMs = &age
		}
	}
	return out
}

// CreateJoinToken makes a token that admits one node.
func (s *service) CreateJoinToken(ctx context.Context, req gen.CreateJoinTokenRequestObject) (gen.CreateJoinTokenResponseObject, error) {
	callOf(ctx).event.Changes = []string{"role=" + string(req.Body.Role)}
	ttl := time.Duration(req.Body.TtlSeconds) * time.Second
	def(&ttl, defaultTokenLife)
	wctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opt.WritePatience)
	defer cancel()
	token, err := s.deps.ClusterAdmin.NewToken(wctx, watchlist.NodeRole(req.Body.Role), ttl)
	if err != nil {
		return nil, err
	}
	return gen.CreateJoinToken201JSONResponse{Token: token, Role: req.Body.Role, ExpiresAt: millis(s.opt.Now().Add(ttl).UnixMilli())}, nil
}

// RemoveMember takes a node out of the cluster.
func (s *service) RemoveMember(ctx context.Context, req gen.RemoveMemberRequestObject) (gen.RemoveMemberResponseObject, error) {
	callOf(ctx).event.Subject = req.Member
	if !s.voterBeside(watchlist.NodeID(req.Member)) {
		return nil, fail("no_other_voter")
	}
	wctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opt.WritePatience)
	defer cancel()
	if err := s.deps.ClusterAdmin.Remove(wctx, watchlist.NodeID(req.Member)); err != nil {
		return nil, err
	}
	return gen.RemoveMember204Response{}, nil
}

// TransferLeadership hands leadership to another node.
func (s *service) TransferLeadership(ctx context.Context, _ gen.TransferLeadershipRequestObject) (gen.TransferLeadershipResponseObject, error) {
	if leader := s.deps.Cluster.Status().Leader; leader != "" && !s.voterBeside(leader) {
		return nil, fail("no_other_voter")
	}
	wctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opt.WritePatience)
	defer cancel()
	if err := s.deps.ClusterAdmin.TransferLeadership(wctx); err != nil {
		return nil, err
	}
	return gen.TransferLeadership204Response{}, nil
}

// voterBeside tells whether the cluster has a voter other than id.
func (s *service) voterBeside(id watchlist.NodeID) bool {
	return slices.ContainsFunc(s.deps.Cluster.Status().Members, func(m MemberStatus) bool {
		return m.Role == watchlist.NodeVoter && m.ID != id
	})
}

// GetLive answers as long as the process serves.
func (s *service) GetLive(context.Context, gen.GetLiveRequestObject) (gen.GetLiveResponseObject, error) {
	return gen.GetLive200JSONResponse{Status: gen.HealthStatusLive}, nil
}

// GetReady answers 200 while this node can match.
func (s *service) GetReady(context.Context, gen.GetReadyRequestObject) (gen.GetReadyResponseObject, error) {
	stamp := s.deps.Consistency.Stamp()
	if s.stopping.Load() || stamp.AppliedIndex == 0 {
		return nil, fail("not_ready")
	}
	cal := s.deps.Calibrations.Status()
	current := cal.Used == cal.InForce
	return gen.GetReady200JSONResponse{Status: gen.HealthStatusReady, Connected: &stamp.Connected, Calibration: cal.Used, CalibrationCurrent: &current}, nil
}
