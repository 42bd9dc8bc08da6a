package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

func (p *program) statusCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Show the cluster as a node sees it, and who you are", Args: usage(cobra.NoArgs, "no arguments"),
		Example: "  vigie status\n  vigie status --server https://10.0.0.2:8443 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			me, err := answer[client.Me](c.GetMe(cmd.Context()))
			if err != nil {
				return err
			}
			st, err := answer[client.ClusterStatus](c.GetCluster(cmd.Context()))
			if code(err) == "forbidden" {
				st, err = nil, nil // an officer sees the list's age and the account
			}
			if err != nil {
				return err
			}
			return p.emit(struct {
				*client.ClusterStatus
				Me *client.Me `json:"me"`
			}{st, me}, func(w io.Writer) {
				if st != nil {
					writeStatus(w, st)
				} else {
					fmt.Fprintln(w, stampLine(me.Stamp))
				}
				fmt.Fprintln(w, printable(fmt.Sprintf("You: %s (%s, %s)", me.Name, me.Kind, me.Role)))
			})
		},
	}
	p.linkTo(cmd)
	return cmd
}

// writeStatus writes the table of status.
func writeStatus(w io.Writer, st *client.ClusterStatus) {
	row(w, "NODE", "ROLE", "STATE", "API", "CLUSTER", "LAG", "LIST AGE", "REACHABLE", "DISK", "CALIBRATION")
	for _, m := range st.Members {
		state, lag, reach := "", "-", "-"
		if m.Id == st.Leader {
			state = "leader"
		}
		if m.Reachable || m.LastContactMs > 0 {
			lag, reach = fmt.Sprint(m.Lag), fmt.Sprint(m.Reachable)
		}
		if m.Id == st.Node.Id {
			state, reach = st.State+" (asked)", "true"
		}
		role := string(m.Role)
		if m.Role == "voter" && !m.Voting {
			role = "voter (not voting yet)"
		}
		if m.Diverged {
			state = strings.TrimPrefix(state+", DIVERGED", ", ")
		}
		row(w, m.Name, role, dash(state), m.ApiAddr, m.ClusterAddr, lag, listAge(&m), reach, dash(string(m.Disk)), dash(m.Calibration))
	}
	fmt.Fprintln(w, stampLine(st.Stamp))
	fmt.Fprintln(w, printable(galleryLine(st.Gallery)))
	fmt.Fprintln(w, printable(diskLine(st.Disk)))
	for _, line := range replicationLines(&st.Replication, time.Now()) {
		fmt.Fprintln(w, printable(line))
	}
	for _, line := range secondLines(st.SecondEncoder) {
		fmt.Fprintln(w, printable(line))
	}
	fmt.Fprintln(w, printable(textLine(st.Text)))
	fmt.Fprintln(w, printable(fmt.Sprintf("Origin: %s, %s. Term %d, committed index %d, version %s.", st.Origin.Country, st.Origin.Authority, st.Term, st.CommitIndex, st.Version)))
	if line := mixedLine(st.Members); line != "" {
		fmt.Fprintln(w, line)
	}
	if st.Divergence != "" {
		fmt.Fprintln(w, "THE NODES' STATES DIFFER: "+printable(st.Divergence)+".")
	}
	if st.Leader == "" {
		fmt.Fprintln(w, "NO LEADER: matching goes on, writes wait for a majority of the voters.")
	}
}

// diskLine says how the node's disk does.
func diskLine(d client.Disk) string {
	if d.State == "" {
		return "Disk: the node is of a release that does not say"
	}
	text := fmt.Sprintf("Disk: %s, %d of %d MiB free, reserve %d MiB, slowest sync %.1f ms", d.State, d.FreeBytes>>20, d.SizeBytes>>20, d.ReserveBytes>>20, d.SyncMs)
	if d.Problem != "" {
		text = fmt.Sprintf("DISK %s since %s: %s. %s", strings.ToUpper(string(d.State)), d.Since.UTC().Format("2006-01-02 15:04 MST"), d.Problem, text)
	}
	return text
}

// mixedLine says that the nodes compare faces by different calibrations, "" when
// they agree as far as is known.
func mixedLine(members []client.Member) string {
	first := ""
	for _, m := range members {
		switch {
		case m.Calibration == "":
		case first == "":
			first = m.Calibration
		case first != m.Calibration:
			return "THE NODES USE DIFFERENT CALIBRATIONS: a change is under way, or a node can't follow; see 'vigie calibration show' on each."
		}
	}
	return ""
}

// secondLines say which second encoder the node runs and what its gallery holds; none
// without one.
func secondLines(e client.SecondEncoder) []string {
	if e.Recipe == "" {
		return nil
	}
	use := ""
	if e.Use == client.SecondEncoderUseEvaluation {
		use = ", FOR EVALUATION ONLY: base no decision about a person on it"
	}
	behind := ""
	if e.CalibrationInForce != e.Calibration {
		behind = ", BEHIND: " + e.CalibrationInForce + " is in force"
	}
	return []string{
		fmt.Sprintf("Second encoder: %s, calibration %s%s, licence: %s%s", e.Recipe, e.Calibration, behind, e.Licence, use),
		"Second " + strings.ToLower(galleryLine(e.Gallery)[:1]) + galleryLine(e.Gallery)[1:],
	}
}

// galleryLine says what the face index of the node holds.
func galleryLine(g client.Gallery) string {
	text := fmt.Sprintf("Gallery: %d templates (%d rows with the history) in %d segments, kernel %s, %.1f MB hot, replays from index %d to %d",
		g.Templates, g.Rows, g.Segments, dash(g.Kernel), float64(g.HotBytes)/1e6, g.OldestIndex, g.AppliedIndex)
	if g.Skipped > 0 {
		text += fmt.Sprintf(", %d TEMPLATES OF ANOTHER MODEL can't be found", g.Skipped)
	}
	if f := g.Files; f.Index > 0 {
		text += fmt.Sprintf(", files as of index %d", f.Index)
	}
	if f := g.Files; f.Failures > 0 {
		text += fmt.Sprintf(", %d FAILED WRITES of files", f.Failures)
	}
	return text
}
