package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vigie/api/client"
	"vigie/cluster/audit"
	"vigie/cluster/seal"
)

func (p *program) auditCmd() *cobra.Command {
	return group("audit", "List and verify the record of who did what, and replay a search", "", p.auditListCmd(), p.auditVerifyCmd(), p.auditReplayCmd())
}

func (p *program) auditListCmd() *cobra.Command {
	params := &client.ListAuditParams{}
	cmd := &cobra.Command{
		Use: "list", Short: "List the events of the node that is asked", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `INDEX is the list that a search or a read saw, or what a write got; THRESHOLD is the
lowest face score that a search admitted. 'vigie audit replay' takes both, as --as-of
and --min-score; a second encoder's threshold follows a slash (--second-min-score).
VERSIONS names the encoder, the calibration and the name rules of a
search. --json shows every field.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			page, err := answer[client.AuditPage](c.ListAudit(cmd.Context(), params))
			if err != nil {
				return err
			}
			return p.emit(page, func(w io.Writer) {
				row(w, "SEQ", "TIME", "KIND", "OPERATION", "WHO", "ROLE", "PURPOSE", "OUTCOME", "INDEX", "THRESHOLD", "VERSIONS", "ENTRIES")
				for _, e := range page.Items {
					row(w, e.Seq, e.Time.UTC().Format(dateFormat), e.Kind, e.Operation, fmt.Sprintf("%.13s", e.Principal), dash(e.Role), dash(e.Purpose), e.Outcome,
						numberCell(e.Index), thresholds(e), dash(versions(e.Models)), dash(strings.Join(e.Entries, " ")))
				}
				if page.Next != "" {
					row(w, "more:", "vigie audit list --cursor "+page.Next)
				}
			})
		},
	}
	cmd.Flags().IntVar(&params.Limit, "limit", 100, "most events to show, 1 to 500")
	cmd.Flags().StringVar(&params.Cursor, "cursor", "", "go on where the last page ended")
	p.linkTo(cmd)
	return cmd
}

// thresholds shows that of the first encoder, and that of a second one if there is
// one.
func thresholds(e client.AuditEvent) string {
	if e.SecondThreshold == 0 {
		return numberCell(e.Threshold)
	}
	return numberCell(e.Threshold) + "/" + numberCell(e.SecondThreshold)
}

// numberCell shows a number with all its digits, so that it can be given back; a
// missing one as "-".
func numberCell[N int64 | float64](n N) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// versions lists what took part in a search, such as "calibration=c41e encoder=…".
func versions(m map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+m[k])
	}
	return strings.Join(parts, " ")
}

// auditReport is audit.Report as JSON.
type auditReport struct {
	Segments  int       `json:"segments"`
	Events    uint64    `json:"events"`
	LastTime  time.Time `json:"last_time"`
	Head      string    `json:"head"`
	HeadCount uint64    `json:"vouched_for"`
	TornBytes int64     `json:"unfinished_bytes"`
}

func (p *program) auditVerifyCmd() *cobra.Command {
	var dir, key string
	cmd := &cobra.Command{
		Use: "verify", Short: "Verify the chain of this machine's audit log, offline", Args: usage(cobra.NoArgs, "no arguments"),
		Long:    "Reads every event and checks that none was changed, dropped, repeated or moved. Needs\nthe node key; works on a copy of the folder, and beside a running node.",
		Example: "  vigie audit verify --config /etc/vigie/vigie.yaml\n  vigie audit verify --dir backup/audit --key-file node.key",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (dir == "") != (key == "") {
				return usagef("give --dir and --key-file together, or neither")
			}
			if dir == "" {
				c, err := p.loadConfig()
				if err != nil {
					return err
				}
				dir, key = filepath.Join(c.Node.DataDir, "audit"), c.Node.NodeKeyFile
			}
			k, err := seal.Load(key)
			if err != nil {
				return fmt.Errorf("load the node key: %w", err)
			}
			if _, err := os.Stat(dir); err != nil {
				return withHint(fmt.Errorf("there is no audit log: %w", err), "The log begins when the node first serves. Is it the right folder?")
			}
			r, err := audit.Verify(dir, k)
			if err != nil {
				return withHint(err, "Keep the folder as it is: it is evidence. Compare with a backup to see what was changed.")
			}
			return p.emit(auditReport{r.Segments, r.Events, time.UnixMilli(r.LastTime).UTC(), r.Head, r.HeadCount, r.TornBytes}, func(w io.Writer) {
				row(w, "ok", fmt.Sprintf("%d events in %d segments, none changed, dropped, repeated or moved", r.Events, r.Segments))
				row(w, "last event", showTime(r.LastTime))
				row(w, "head", r.Head)
				row(w, "vouched for", fmt.Sprintf("%d events; fewer than all while the node runs or after a power cut", r.HeadCount))
				if r.TornBytes > 0 {
					row(w, "unfinished", fmt.Sprintf("%d bytes at the end, never acknowledged", r.TornBytes))
				}
			})
		},
	}
	p.configFlag(cmd)
	cmd.Flags().StringVar(&dir, "dir", "", "folder of the log, when it is not this machine's own")
	cmd.Flags().StringVar(&key, "key-file", "", "node key that the log is sealed with")
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}
