package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"vigie/api/client"
	"vigie/models"
	"vigie/watchlist"
)

func (p *program) calibrationCmd() *cobra.Command {
	cmd := group("calibration", "Show or change what a face score is worth, for the whole cluster",
		`The calibration turns face scores into evidence and thresholds. The one in force is
part of the replicated state; putting another in force is a decision with a reason,
recorded for good. 'vigie calibrate' makes a file.`,
		p.calibrationShowCmd(), p.calibrationAdoptCmd(), p.calibrationHistoryCmd())
	p.linkTo(cmd)
	return cmd
}

func (p *program) calibration(cmd *cobra.Command) (*client.Calibration, *client.Client, error) {
	c, err := p.dial()
	if err != nil {
		return nil, nil, err
	}
	cal, err := answer[client.Calibration](c.GetCalibration(cmd.Context()))
	return cal, c, err
}

func (p *program) calibrationShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the calibration in force and which node uses it", Args: usage(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cal, _, err := p.calibration(cmd)
			if err != nil {
				return err
			}
			return p.emit(cal, func(w io.Writer) { writeCalibration(w, cal) })
		},
	}
}

func (p *program) calibrationHistoryCmd() *cobra.Command {
	return &cobra.Command{
		Use: "history", Short: "List all decisions, the newest first", Args: usage(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cal, _, err := p.calibration(cmd)
			if err != nil {
				return err
			}
			return p.emit(cal.History, func(w io.Writer) {
				row(w, "NUMBER", "TIME", "INDEX", "VERSION", "BEFORE", "OF", "BY", "REASON")
				for _, d := range cal.History {
					row(w, d.Number, d.At.UTC().Format(dateFormat), d.Index, d.Version, dash(d.Previous), d.Model, fmt.Sprintf("%.13s", d.By), d.Reason)
				}
				if !cal.Recorded {
					row(w, "no decision yet: each node takes what its release ships")
				}
			})
		},
	}
}

func (p *program) calibrationAdoptCmd() *cobra.Command {
	var reason, previous string
	var dry, shipped bool
	cmd := &cobra.Command{
		Use: "adopt FILE --reason TEXT", Short: "Put a calibration file in force", Args: usage(cobra.MaximumNArgs(1), "one file"),
		Long: `Checks the file, brings it to a majority of the nodes and records the decision with who,
when and why. Every node then projects its gallery anew; until that is done it answers
with the earlier calibration, holds both galleries in memory, and every lead names the
one that was used. The answer shows the threshold and the groups now and then; --dry-run
shows that alone. Bring all nodes to a release with this command first: an older one
stops at the decision, which it does not know.

A file for two encoders (from 'vigie calibrate DIR --recipe') takes the place of what
the nodes with that second encoder compare by; ask one of them. The others keep it and
go on with dlib's.`,
		Example: "  vigie calibration adopt calibration.json --reason 'fitted on 400 more officials' --dry-run\n  vigie calibration adopt --shipped --reason 'the release of May brings a larger cohort'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == shipped {
				return usagef("give a calibration file, or --shipped for the one that this program brings")
			}
			if reason == "" {
				return usagef("say why: --reason TEXT, at least 10 characters; it is recorded for good")
			}
			file := models.ShippedCalibration()
			if !shipped {
				var err error
				if file, err = os.ReadFile(args[0]); err != nil {
					return err
				}
			}
			return p.adoptCalibration(cmd, client.CalibrationAdopt{File: file, Previous: client.CalibrationVersion(previous), Reason: reason, DryRun: dry})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, in at least 10 characters (required)")
	cmd.Flags().StringVar(&previous, "previous", "", "the version that must be in force (default: the one that is)")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only show what would change")
	cmd.Flags().BoolVar(&shipped, "shipped", false, "take the calibration that this program brings")
	return cmd
}

func (p *program) adoptCalibration(cmd *cobra.Command, in client.CalibrationAdopt) error {
	c, err := p.dial()
	if err != nil {
		return err
	}
	if in.Previous == "" {
		cal, err := answer[client.Calibration](c.GetCalibration(cmd.Context()))
		if err != nil {
			return err
		}
		in.Previous = client.CalibrationVersion(cal.Version)
		// The node says what is wrong with a file that can't be read here.
		if file, err := models.LoadCalibration(bytes.NewReader(in.File)); err == nil && watchlist.IsComposite(file.Model()) && cal.Second.Version != "" {
			in.Previous = client.CalibrationVersion(cal.Second.Version)
		}
	}
	out, err := answer[client.CalibrationChange](c.AdoptCalibration(cmd.Context(), &client.AdoptCalibrationParams{IdempotencyKey: freshKey()}, in))
	if err != nil {
		return err
	}
	return p.emit(out, func(w io.Writer) { writeChange(w, out) })
}

// writeCalibration shows what is in force, then the nodes, then on whom it rests.
func writeCalibration(w io.Writer, cal *client.Calibration) {
	row(w, "in force", cal.Version)
	row(w, "used here", cal.Used+" ("+calibrationState(string(cal.State), cal.Projected, cal.ToProject)+")")
	if !cal.Recorded {
		row(w, "decision", "none: each node takes what its release ships; 'vigie calibration adopt --shipped' records it")
	} else {
		writeDecided(w, "decided", cal.History, cal.Version)
	}
	if cal.Shipped != cal.Version {
		row(w, "shipped", cal.Shipped, "this node's release brings another; it takes effect only when it is adopted")
	}
	if s := cal.Second; s.Version != "" {
		row(w, "both encoders", s.Version)
		row(w, "  used here", s.Used+" ("+calibrationState(string(s.State), s.Projected, s.ToProject)+")")
		if !s.Recorded {
			row(w, "  decision", "none: each node takes what its configuration names; 'vigie calibration adopt' records one")
		} else {
			writeDecided(w, "  decided", cal.History, s.Version)
		}
		if s.Recorded && s.Configured != s.Version {
			row(w, "  configured", s.Configured, "this node's configuration names another; the decision counts")
		}
	}
	for _, n := range cal.Nodes {
		note := ""
		if !n.Current {
			note = "NOT THE ONE IN FORCE"
		}
		row(w, "node", n.Name, dash(n.Calibration), note)
	}
	row(w, "")
	if cal.Second.Version != "" {
		writeReports(w, cal.Report, cal.Second.Report)
		return
	}
	writeReports(w, cal.Report)
}

// writeDecided shows the last decision for a version; history is the newest first.
func writeDecided(w io.Writer, head string, history []client.CalibrationDecision, version string) {
	for _, d := range history {
		if d.Version == version {
			row(w, head, d.At.UTC().Format(dateFormat), "by "+d.By, d.Reason)
			return
		}
	}
}

// decidedAt says since when a version is in force; history is the newest first.
func decidedAt(history []client.CalibrationDecision, version string) string {
	for _, d := range history {
		if d.Version == version {
			return d.At.UTC().Format(dateFormat)
		}
	}
	return ""
}

// calibrationState says how a node stands to the calibration in force.
func calibrationState(state string, projected, toProject int64) string {
	switch state {
	case "current":
		return "current"
	case "changing":
		return fmt.Sprintf("CHANGING: %d of %d templates are projected", projected, toProject)
	case "no_file":
		return "NOT THE ONE IN FORCE: no node that answers has its file"
	case "unusable_file":
		return "NOT THE ONE IN FORCE: its file can't be used; see the node's log"
	case "other_model":
		return "NOT THE ONE IN FORCE: this node's engine makes templates of another model"
	}
	return "NOT THE ONE IN FORCE: see the node's log"
}

// writeChange shows two calibrations side by side.
func writeChange(w io.Writer, c *client.CalibrationChange) {
	if c.DryRun {
		row(w, fmt.Sprintf("Nothing was decided. %s in place of %s would change:", c.Then.Version, c.Now.Version))
	} else {
		row(w, fmt.Sprintf("Decided at index %d: %s in place of %s. 'vigie calibration show' tells which nodes use it.", c.Index, c.Then.Version, c.Now.Version))
	}
	row(w, fmt.Sprintf("Templates to project anew on this node: %d", c.Templates))
	row(w, "")
	writeReports(w, c.Now, c.Then)
}

// writeReports shows calibrations as tables, one after the other.
func writeReports(w io.Writer, list ...client.CalibrationReport) {
	row(w, "CALIBRATION", "TARGET FPIR", "TEMPLATES", "FMR", "THRESHOLD", "MEASURED ON")
	for _, r := range list {
		op := r.OperatingPoint
		row(w, r.Version, op.TargetFpir, op.GallerySize, fmt.Sprintf("%.3g", op.Fmr), fmt.Sprintf("%.4f", op.Threshold), r.Cohort)
	}
	row(w, "")
	row(w, "CALIBRATION", "GROUP", "WEIGHT", "PERSONS", "PHOTOS", "MATED PAIRS", "IMPOSTOR PAIRS")
	for _, r := range list {
		for _, g := range r.Groups {
			row(w, r.Version, g.Name, fmt.Sprintf("%.3f", g.Weight), g.Persons, g.Photos, g.MatedPairs, g.ImpostorPairs)
		}
	}
	row(w, "")
	row(w, "CALIBRATION", "TESTED", "GROUP", "MATED PAIRS", "IMPOSTOR PAIRS", "FNMR AT FMR 1E-3", "AT 1E-4", "FMR AT SHARED THRESHOLD", "FNMR")
	for _, r := range list {
		for _, f := range r.Folds {
			row(w, r.Version, f.Fold, f.Group, f.MatedPairs, f.ImpostorPairs, fmt.Sprintf("%.4f", f.FnmrAtFmr1e3), fmt.Sprintf("%.4f", f.FnmrAtFmr1e4), fmt.Sprintf("%.2g", f.SharedFmr), fmt.Sprintf("%.4f", f.SharedFnmr))
		}
	}
}
