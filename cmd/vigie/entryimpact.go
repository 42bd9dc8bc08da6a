package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

func (p *program) entryImpactCmd() *cobra.Command {
	var req client.ImpactRequest
	var purpose string
	cmd := &cobra.Command{
		Use: "impact ID", Short: "Say what an entry does to the list", Args: usage(cobra.ExactArgs(1), "the id of an entry"),
		Long: `Says, without changing anything, how many strangers a day the faces of an entry are
expected to be shown for, and which active entries are like it: look-alikes, and the
same person listed twice. Look before you activate a draft ("status": "draft" in the
file of 'vigie entry add').

Where the node that is asked holds a population (see 'vigie population'), the entry is
shown to each of its people by the comparison that searches use. The table tells, per
group, how many of them reach the threshold, the exact 95 % interval of that share, and
what it means a day at the traffic. Some may be the listed person: that is a count, and
nobody is named. The digest names the population; 'vigie population show' prints it.

The expected number is an estimate from the calibration for the traffic that is configured
(match.travellers_per_day) or given, one photo a search. It knows how strangers'
scores spread with a face of this direction; it does not know who else resembles this
person, and real tails are heavier. Only an administrator may ask; it is audited like
a search.`,
		Example: "  vigie entry impact SEN-0192f0c1-3333-7abc-8def-0123456789ab --reason 'before activating DKR-2026-0012'\n  vigie entry impact ID --reason 'list review' --travellers 8000 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if req.Reason == "" {
				return usagef("give --reason: it is kept in the audit log")
			}
			if err := oneOf("--purpose", purpose, purposes); err != nil {
				return err
			}
			if cmd.Flags().Changed("travellers") && !(req.TravellersPerDay >= 1 && req.TravellersPerDay <= 1e9) {
				return usagef("--travellers: use 1 to 1000000000")
			}
			req.Purpose = client.Purpose(purpose)
			c, err := p.dial()
			if err != nil {
				return err
			}
			return p.impact(cmd.Context(), c, args[0], req)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&req.Reason, "reason", "", "why the entry is looked at (required)")
	fl.StringVar(&purpose, "purpose", "investigation", "border_check, second_line_check, investigation or test")
	fl.Float64Var(&req.TravellersPerDay, "travellers", 0, "searches a day at all posts together; default: as the node is configured")
	_ = cmd.RegisterFlagCompletionFunc("purpose", cobra.FixedCompletions(purposes, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (p *program) impact(ctx context.Context, c *client.Client, id string, req client.ImpactRequest) error {
	out, err := answer[client.Impact](c.EntryImpact(ctx, id, req))
	if err != nil {
		return err
	}
	return p.emit(out, func(w io.Writer) { writeImpact(w, out) })
}

// writeImpact shows the expected alerts, then the entries that are alike.
func writeImpact(w io.Writer, i *client.Impact) {
	row(w, "entry", i.EntryId)
	row(w, "status", fmt.Sprintf("%s, revision %d", i.Status, i.Revision))
	row(w, "expected false alerts", fmt.Sprintf("%.3g a day at %g travellers a day (as many typical faces: %.3g)", i.AlertsPerDay, i.TravellersPerDay, i.TypicalAlertsPerDay))
	writeReplayed(w, i)
	for _, f := range i.Faces {
		if f.Comparable {
			row(w, "face", f.FaceId, fmt.Sprintf("FMR %.2g at the threshold, %.2f x a typical face", f.Fmr, f.Fmr/max(f.TypicalFmr, 1e-300)))
		} else {
			row(w, "face", f.FaceId, "can't be compared: made by another model")
		}
	}
	if len(i.Faces) == 0 {
		row(w, "face", "none: this entry is found by name and document alone")
	}
	for _, line := range pointLines(i.OperatingPoint, i.SecondOperatingPoint, i.Models["encoder_second"]) {
		row(w, "", line)
	}
	row(w, "rests on", i.OperatingPoint.Cohort)
	if o := i.SecondOperatingPoint; o.Calibration != "" {
		row(w, "", "second encoder: "+o.Cohort)
	}
	if len(i.Alike) == 0 {
		row(w, "alike", "no active entry")
	}
	for _, c := range i.Alike {
		what := "alike"
		if slices.Contains(i.Duplicates, c.EntryId) {
			what = "LIKELY DUPLICATE"
		}
		row(w, what, c.EntryId)
		writeCandidate(w, c)
	}
	if i.Truncated {
		row(w, "More entries are like this one.")
	}
	row(w, i.Notice)
	row(w, stampLine(i.Stamp))
	row(w, "Query "+i.QueryId)
}

// writeReplayed shows what the held population says.
func writeReplayed(w io.Writer, i *client.Impact) {
	p := i.Population
	if p.State != "replayed" {
		row(w, "measured", p.Detail)
		return
	}
	for _, g := range append(slices.Clone(p.Groups), p.All) {
		doubt := ""
		if g.MayBeThisPerson > 0 {
			doubt = fmt.Sprintf("; %d OF THEM MAY BE THIS PERSON", g.MayBeThisPerson)
		}
		row(w, "measured", g.Name, fmt.Sprintf("%d of %d persons shown%s: %.3g a day (95 %%: %.3g to %.3g)", g.Shown, g.Persons, doubt, g.AlertsPerDay, g.AlertsPerDayLow, g.AlertsPerDayHigh))
	}
	row(w, "population", p.Digest, fmt.Sprintf("made %s; %s", p.CreatedAt.UTC().Format(dateFormat), p.Basis))
	row(w, "", p.Detail)
}
