package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/specimen"
)

// failover kills the leader, asks the survivors the same question, and writes as
// soon as that is possible again.
func (d *demo) failover(ctx context.Context) error {
	leader, err := d.cluster.Leader(ctx)
	if err != nil {
		return err
	}
	d.title("kill -9 of the leader, %s (pid %d)", d.cluster.Name(leader), d.cluster.PID(leader))
	killed := time.Now()
	d.cluster.Kill9(leader)
	var survivors []int
	for i := range d.cluster.Len() {
		if i != leader {
			survivors = append(survivors, i)
		}
	}
	for _, i := range survivors {
		if err := d.askSurvivor(ctx, i, killed); err != nil {
			return err
		}
	}
	entry := specimen.Person(9998, "Ousmane Camara-Démo", time.Now())
	w, tries, err := d.writeUntilDone(ctx, survivors, entryInput(&entry), killed)
	if err != nil {
		return err
	}
	gap := time.Since(killed)
	d.say("   A write on the survivors succeeded %.0f ms after the kill (try %d): entry %s, index %d.", float64(gap.Microseconds())/1000, tries, w.Id, w.Index)
	d.lastIndex = w.Index
	for _, i := range survivors {
		e, err := answer[client.Entry](d.admin[i].GetEntry(ctx, w.Id, &client.GetEntryParams{Consistency: "local", MinIndex: w.Index}))
		d.expect(err == nil && e.Id == w.Id, "%s does not have the entry that was written after the failover", d.cluster.Name(i))
	}
	begin := time.Now()
	if err := d.cluster.Restart(ctx, leader); err != nil {
		return fmt.Errorf("restart %s: %w", d.cluster.Name(leader), err)
	}
	d.say("   %s is started again and was ready after %.1f s.", d.cluster.Name(leader), time.Since(begin).Seconds())
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	stamps, err := d.cluster.Converge(ctx, uint64(w.Index))
	d.expect(err == nil, "the nodes did not converge: %v", err)
	if err == nil {
		d.say("   All three have index %d and state %.16s….", stamps[0].AppliedIndex, stamps[0].StateHash)
	}
	return nil
}

// askSurvivor sends the misspelt name again and shows the stamp.
func (d *demo) askSurvivor(ctx context.Context, i int, killed time.Time) error {
	lead, err := sendMatch(ctx, d.admin[i], d.nameProbe(), nil)
	if err != nil {
		return fmt.Errorf("ask %s after the kill: %w", d.cluster.Name(i), err)
	}
	found := len(lead.Candidates) > 0 && lead.Candidates[0].EntryId == d.byName
	d.expect(found, "%s does not find the person after the kill", d.cluster.Name(i))
	d.say("   %s answers the same question %.0f ms after the kill: found %v.\n      %s", d.cluster.Name(i),
		float64(time.Since(killed).Microseconds())/1000, found, stampLine(lead.Stamp))
	return nil
}

// writeUntilDone sends one write to the survivors in turn until one accepts it,
// always under the same key, so that it takes effect once.
func (d *demo) writeUntilDone(ctx context.Context, nodes []int, in client.EntryInput, since time.Time) (*client.EntryWritten, int, error) {
	var last error
	for try := 1; time.Since(since) < 30*time.Second; try++ {
		one, cancel := context.WithTimeout(ctx, 5*time.Second)
		w, err := answer[client.EntryWritten](d.admin[nodes[try%len(nodes)]].CreateEntry(one, &client.CreateEntryParams{IdempotencyKey: "demo-after-failover"}, in))
		cancel()
		if err == nil {
			return w, try, nil
		}
		var pe *problemError
		if errors.As(err, &pe) && pe.Status != 503 {
			return nil, try, fmt.Errorf("write after the failover: %w", err)
		}
		last = err
		select {
		case <-ctx.Done():
			return nil, try, errors.New("interrupted")
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil, 0, fmt.Errorf("no write succeeded within 30 s after the kill: %w", last)
}

// showState prints the cluster, its addresses, the credentials and a curl line.
func (d *demo) showState(ctx context.Context) error {
	d.title("The cluster now")
	leader, err := d.cluster.Leader(ctx)
	if err != nil {
		return err
	}
	st, err := d.settled(ctx, leader)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(d.out, 0, 4, 2, ' ', 0)
	writeStatus(w, st)
	if err := w.Flush(); err != nil {
		return err
	}
	a := d.cluster.Admin
	d.title("Try it (DEMO credentials, gone with the demo)")
	d.say("   API            %s (also %s)", d.cluster.URL(leader), strings.Join(d.otherURLs(leader), ", "))
	d.say("   administrator  login %s, one-time password %s", a.Login, a.Password)
	d.say("   officer        API key %s", d.officer)
	d.say("   CA             %s, SHA-256 %s", a.CAFile, a.CAFingerprint)
	d.say("   commands       export VIGIE_CONTEXT=%s; vigie status", shellQuote(a.ContextFile))
	d.say("\nThe same question by curl:\n")
	line, err := d.curlLine(leader)
	if err != nil {
		return err
	}
	d.say("%s", line)
	return nil
}

// settled gives the leader's status once it has heard from every node again, or
// as it is after ten seconds.
func (d *demo) settled(ctx context.Context, leader int) (*client.ClusterStatus, error) {
	for begin := time.Now(); ; {
		st, err := answer[client.ClusterStatus](d.admin[leader].GetCluster(ctx))
		if err != nil {
			return nil, err
		}
		silent := slices.ContainsFunc(st.Members, func(m client.Member) bool { return !m.Reachable || m.Lag > 0 })
		if !silent || time.Since(begin) > 10*time.Second {
			return st, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.New("interrupted")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (d *demo) otherURLs(but int) []string {
	var out []string
	for i := range d.cluster.Len() {
		if i != but {
			out = append(out, d.cluster.URL(i))
		}
	}
	return out
}

// demoSummary is what the demonstration prints under --json, once, when the run
// is over.
type demoSummary struct {
	OK       bool     `json:"ok"`
	Failures []string `json:"failures"`
	TookMS   int64    `json:"took_ms"`
	Nodes    []string `json:"nodes"`
	CA       string   `json:"ca"`
	Context  string   `json:"context"`
	// Curl asks the misspelt name again.
	Curl string `json:"curl"`
}

// summary prints the outcome as JSON, when that is asked for.
func (d *demo) summary(took time.Duration) error {
	if !d.p.json {
		return nil
	}
	s := demoSummary{
		OK: len(d.failures) == 0, Failures: append([]string{}, d.failures...), TookMS: took.Milliseconds(),
		CA: d.cluster.Admin.CAFile, Context: d.cluster.Admin.ContextFile,
	}
	for i := range d.cluster.Len() {
		s.Nodes = append(s.Nodes, d.cluster.URL(i))
	}
	var err error
	if s.Curl, err = d.curlLine(0); err != nil {
		return err
	}
	return d.p.emitJSON(s)
}

// curlLine gives the name probe as a command line of curl.
func (d *demo) curlLine(node int) (string, error) {
	body, err := json.Marshal(d.nameProbe())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("curl --silent --show-error --cacert %s -H %s -H 'Content-Type: application/json' --data %s %s/v1/match",
		shellQuote(d.cluster.Admin.CAFile), shellQuote("Authorization: Bearer "+d.officer), shellQuote(string(body)), d.cluster.URL(node)), nil
}

// shellQuote quotes a word for a POSIX shell when that is needed.
func shellQuote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-:=@%+,", r))
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
