package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"vigie/api"
	"vigie/cluster"
	"vigie/index/text"
	"vigie/watchlist"
)

// clusterInfo shows a cluster node, its face index and its text index to the API,
// which knows none of these packages.
type clusterInfo struct {
	node  *cluster.Node
	faces func() (api.GalleryStatus, *api.SecondEncoder)
	text  func() text.Status
}

// Status implements api.ClusterInfo.
func (c clusterInfo) Status() api.ClusterStatus {
	st := c.node.Status()
	gallery, second := c.faces()
	out := api.ClusterStatus{
		State: st.State, Divergence: st.Divergence, Leader: st.Leader, Term: st.Term, Committed: st.CommitIndex, Applied: st.Stamp.AppliedIndex,
		Version: readBuild().Version, Gallery: gallery, Second: second, Text: textStatus(c.text()), Node: watchlist.Member{ID: st.ID, Name: st.Name, Role: st.Role},
	}
	out.Disk = api.DiskStatus{
		State: st.Disk.State.String(), Problem: st.Disk.Problem, Since: st.Disk.Since,
		Free: st.Disk.Free, Size: st.Disk.Size, Reserve: st.Disk.Reserve, Sync: st.Disk.Worst, Errors: st.Disk.Errors,
	}
	out.Replication = replicationStatus(&st)
	if st.State == "shutdown" {
		out.State = "stopped"
	}
	for _, m := range st.Members {
		if m.ID == st.ID {
			out.Node = m.Member
		}
		out.Members = append(out.Members, api.MemberStatus{
			Member: m.Member, Voting: m.Voting, Known: m.SeenMillis >= 0, Reachable: m.Reachable, Lag: m.Lag,
			LastContact: time.Duration(m.SeenMillis) * time.Millisecond, ListAge: m.ListAge, Calibration: m.Calibration, Diverged: m.Diverged, Disk: m.Disk,
		})
	}
	return out
}

// replicationStatus hands the cluster's counts to the API.
func replicationStatus(st *cluster.Status) api.Replication {
	r := &st.Replication
	out := api.Replication{
		Elections: r.Elections, Won: r.Won, LeaderChanges: r.LeaderChanges, Leaderless: r.Leaderless,
		Commits: r.Commits, Applied: r.Applied, Lag: r.Lag,
		CommitP50: r.CommitP50, CommitP99: r.CommitP99, ApplyP50: r.ApplyP50, ApplyP99: r.ApplyP99,
		Snapshots: r.Snapshots, SnapshotFailures: r.NotWritten, SnapshotsReceived: r.Restored,
		SnapshotIndex: r.Last.Index, SnapshotAt: r.Last.At, SnapshotTook: r.Last.Took, SnapshotBytes: r.Last.Bytes,
		BlobsWanted: r.Wanted, BlobsFetched: r.Fetched, BlobFetchFailures: r.FetchFailures,
	}
	if st.Leader != "" {
		out.LeaderSince = r.LeaderSince
	}
	return out
}

// Origin implements api.ClusterInfo.
func (c clusterInfo) Origin() (watchlist.Origin, error) {
	setup, err := c.node.Registry().Cluster()
	if err != nil {
		return watchlist.Origin{}, fmt.Errorf("read the cluster's origin: %w", err)
	}
	return setup.Origin, nil
}

// certLife is how long one API certificate is used before another is issued.
const certLife = 24 * time.Hour

// certSource gives the API's certificate and has it issued anew once a day, so
// that it never ends while the node runs. It is safe for concurrent use.
type certSource struct {
	issue func() (tls.Certificate, error)

	mu   sync.Mutex // guards the fields below
	cert *tls.Certificate
	born time.Time
}

// get implements tls.Config.GetCertificate. When a new certificate can't be
// issued, the old one goes on.
func (s *certSource) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cert != nil && time.Since(s.born) < certLife {
		return s.cert, nil
	}
	c, err := s.issue()
	if err != nil {
		if s.cert != nil {
			return s.cert, nil
		}
		return nil, err
	}
	s.cert, s.born = &c, time.Now()
	return s.cert, nil
}

// apiHosts lists the names and addresses that the API's certificate is for.
func apiHosts(advertise string, more []string) ([]string, error) {
	host, _, err := net.SplitHostPort(advertise)
	if err != nil {
		return nil, err
	}
	if host == "" {
		return nil, errors.New("the advertised API address has no host")
	}
	hosts := append([]string{host, "localhost", "127.0.0.1", "::1"}, more...)
	slices.Sort(hosts)
	return slices.Compact(hosts), nil
}
