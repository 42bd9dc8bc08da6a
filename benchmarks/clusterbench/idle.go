package clusterbench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"vigie/cluster/clustertest"
)

// ErrRights: listening to the wire needs Linux and the right to read packets.
var ErrRights = errors.New("listening to the loopback needs Linux and CAP_NET_RAW")

// IdleTraffic is what one idle node exchanges with all others, measured on the
// loopback as IP packets: payload, TLS, TCP and IP headers. A link adds its own
// framing.
type IdleTraffic struct {
	Profile string `json:"link_profile"`
	// Node is "leader", "voter" or "nonvoter".
	Node    string  `json:"node"`
	Seconds float64 `json:"seconds"`
	Packets int     `json:"packets"`
	Sent    int     `json:"bytes_sent"`
	Got     int     `json:"bytes_received"`
	// PerHour and GBPerMonth are extrapolated from Seconds, a month of 30 days.
	PerHour    float64 `json:"bytes_per_hour"`
	GBPerMonth float64 `json:"gb_per_30_days"`
	// CPUPerHour is the node's own processor time, in seconds, extrapolated.
	CPUPerHour CPU `json:"cpu_seconds_per_hour"`
}

// profiles are the link profiles whose idle clusters are listened to.
var profiles = []string{"lan", "regional", "satellite"}

// idleCluster is three voters and a nonvoter of one profile.
type idleCluster struct {
	profile string
	c       *clustertest.Cluster
	leader  int
	before  []CPU
}

// idle listens to one idle cluster per profile, all at once.
func (b *bench) idle(ctx context.Context) (err error) {
	var list []*idleCluster
	defer func() {
		for _, ic := range list {
			err = errors.Join(err, b.stop(ic.c))
		}
	}()
	for _, profile := range profiles {
		b.Progress("idle nodes, link profile " + profile)
		c, err := b.start(ctx, map[string]string{"link.profile": profile})
		if err != nil {
			return err
		}
		list = append(list, &idleCluster{profile: profile, c: c})
		i, err := c.Admit(ctx, "nonvoter")
		if err != nil {
			return err
		}
		if err := c.Restart(ctx, i); err != nil {
			return err
		}
		if _, err := c.Converge(ctx, 1); err != nil {
			return err
		}
	}
	if err := nap(ctx, b.Idle/10); err != nil { // what a new node has to do is over
		return err
	}
	w, err := listen(owners(list))
	if errors.Is(err, ErrRights) {
		b.report.Skipped = append(b.report.Skipped, "idle traffic: "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	return b.hear(ctx, list, w)
}

// owners gives the process and the port of every node.
func owners(list []*idleCluster) []owner {
	var out []owner
	for _, ic := range list {
		for _, i := range all(ic.c) {
			_, port, err := net.SplitHostPort(ic.c.ClusterAddr(i))
			n, cerr := strconv.Atoi(port)
			if err != nil || cerr != nil {
				panic("an address without a port") // clustertest makes them
			}
			out = append(out, owner{pid: ic.c.PID(i), port: uint16(n)})
		}
	}
	return out
}

// hear listens for a while and reports every node.
func (b *bench) hear(ctx context.Context, list []*idleCluster, w *wire) error {
	for _, ic := range list {
		var err error
		if ic.leader, err = ic.c.Leader(ctx); err != nil {
			return errors.Join(err, w.close())
		}
		for _, i := range all(ic.c) {
			used, err := cpuOf(ic.c.PID(i))
			if err != nil {
				return errors.Join(err, w.close())
			}
			ic.before = append(ic.before, used)
		}
	}
	b.Progress(fmt.Sprintf("listening to idle nodes for %v", b.Idle))
	w.reset()
	begin := time.Now()
	err := nap(ctx, b.Idle)
	took := time.Since(begin).Seconds()
	counts, herr := w.counts()
	if err := errors.Join(err, herr, w.close()); err != nil {
		return fmt.Errorf("listen to the wire: %w", err)
	}
	for _, ic := range list {
		if now, err := ic.c.Leader(ctx); err != nil || now != ic.leader {
			return errors.Join(fmt.Errorf("the leader of the idle cluster %s changed: it wasn't idle", ic.profile), err)
		}
		for _, i := range all(ic.c) {
			used, err := cpuOf(ic.c.PID(i))
			if err != nil {
				return err
			}
			n := counts[ic.c.PID(i)]
			t := IdleTraffic{Profile: ic.profile, Node: "voter", Seconds: took, Packets: n.packets, Sent: n.sent, Got: n.got}
			switch i {
			case ic.leader:
				t.Node = "leader"
			case ic.c.Len() - 1:
				t.Node = "nonvoter"
			}
			hours := took / time.Hour.Seconds()
			t.PerHour = float64(n.sent+n.got) / hours
			t.GBPerMonth = t.PerHour * 24 * 30 / 1e9
			t.CPUPerHour = CPU{User: (used.User - ic.before[i].User) / hours, System: (used.System - ic.before[i].System) / hours}
			b.report.Idle = append(b.report.Idle, t)
		}
	}
	return nil
}
