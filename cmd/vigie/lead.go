package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"vigie/api/client"
)

// printLead shows a lead: the candidates with their evidence, then what the
// answer rests on.
func (p *program) printLead(lead *client.Lead) error {
	if p.json {
		return p.emitJSON(lead)
	}
	return writeLead(p.out, lead)
}

func writeLead(out io.Writer, lead *client.Lead) error {
	if len(lead.Candidates) == 0 {
		fmt.Fprintln(out, "No candidate at this operating point. That does not mean that the person is not wanted.")
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, c := range lead.Candidates {
		writeCandidate(w, c)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if lead.Truncated {
		fmt.Fprintln(out, "More candidates met the operating point: raise --limit to see them.")
	}
	for _, d := range lead.Documents {
		writeFinding(out, d)
	}
	for _, c := range lead.Cues {
		fmt.Fprintf(out, "Note (%s): %s\n", printable(c.Code), printable(c.Reason))
		if c.EntryId != "" {
			fmt.Fprintf(out, "  listed person: entry %s, score %.3f\n", printable(string(c.EntryId)), c.Score)
		}
	}
	fmt.Fprintln(out, printable(lead.Notice))
	fmt.Fprintln(out, stampLine(lead.Stamp))
	if lead.OperatingPoint.GallerySize > 0 {
		for _, line := range pointLines(lead.OperatingPoint, lead.SecondOperatingPoint, lead.Models["encoder_second"]) {
			fmt.Fprintln(out, line)
		}
	}
	fmt.Fprintln(out, stageLine(lead.Stages))
	fmt.Fprintf(out, "Query %s\n", printable(lead.QueryId))
	return nil
}

// pointLines state what a face score must reach: dlib's, and that of a second encoder
// where there is one.
func pointLines(first, second client.OperatingPoint, encoder string) []string {
	out := []string{printable(fmt.Sprintf("Faces: threshold %.3f for FPIR %g over %d templates, %.3f for references of low quality (calibration %s)",
		first.Threshold, first.TargetFpir, first.GallerySize, first.LowQualityThreshold, first.Calibration))}
	if second.Calibration != "" {
		out = append(out, printable(fmt.Sprintf("Second encoder: threshold %.3f, %.3f for references of low quality (calibration %s, %s)",
			second.Threshold, second.LowQualityThreshold, second.Calibration, encoder)))
	}
	return out
}

func writeCandidate(w io.Writer, c client.Candidate) {
	name := "(no name)"
	if len(c.Names) > 0 {
		name = c.Names[0].Full
	}
	mark := ""
	if c.Specimen {
		mark = "SPECIMEN "
	}
	birth := ""
	if len(c.Births) > 0 {
		birth = ", born " + c.Births[0].Date
	}
	row(w, fmt.Sprintf("%d.", c.Rank), fmt.Sprintf("%s%s%s", mark, name, birth), strings.ToUpper(string(c.Band)), fmt.Sprintf("log odds %+.1f", c.LogOdds), fmt.Sprintf("%s, %s", c.Category, c.Action))
	for _, e := range c.Evidence {
		row(w, "", fmt.Sprintf("  %s: %s", e.Kind, e.Reason), fmt.Sprintf("similarity %.3f", e.Score), fmt.Sprintf("LLR %+.1f", e.Llr), e.Code)
		if by := e.Params["encoder"]; by != "" {
			row(w, "", "    compared by "+by+", calibration "+e.Params["calibration"], "", "", "")
		}
		for _, t := range e.Pairs {
			row(w, "", fmt.Sprintf("    %s ~ %s", dash(t.Probe), dash(t.Entry)), fmt.Sprintf("similarity %.3f", t.Score), fmt.Sprintf("LLR %+.1f", t.Llr), fmt.Sprintf("%s, borne by %.2g%% of names", t.Rule, 100*t.Frequency))
		}
	}
	for _, a := range c.Adjustments {
		row(w, "", "  dependence: "+a.Reason, "", fmt.Sprintf("LLR %+.1f", a.Llr), string(a.Code))
	}
	row(w, "", "  before any evidence", "", fmt.Sprintf("log odds %+.1f", c.Prior), "")
	told := func(what string, kinds []client.EvidenceKind) {
		if len(kinds) > 0 {
			row(w, "", "  "+what+": "+joined(kinds), "", "", "")
		}
	}
	told("carried by", c.CarriedBy)
	told("contradicted by", c.ContradictedBy)
	for _, s := range c.WouldSettle {
		row(w, "", "  would settle it: "+s.Advice.En, "", "", string(s.Code))
	}
	row(w, "", "  entry "+c.EntryId, "", "", "")
}

func joined(kinds []client.EvidenceKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}

// writeFinding says what is reported of a document, in French as the evidence is.
func writeFinding(out io.Writer, d client.DocumentFinding) {
	mark := ""
	if d.Specimen {
		mark = "SPECIMEN "
	}
	fmt.Fprintf(out, "DOCUMENT (%s): %s\n", printable(string(d.Kind)), printable(d.Notice.Fr))
	fmt.Fprintf(out, "  %sreported: %s\n", mark, printable(fmt.Sprintf("%s %s %s, %s, %s, reference %s, report %s", d.Issuer, d.Type, numbers(d.Number, d.NumberTo), d.Status, d.Reported, d.Reference, d.ReportId)))
}

// stampLine says which list was seen.
func stampLine(s client.Stamp) string {
	state := "connected"
	if !s.Connected {
		state = "CUT OFF from the cluster"
	}
	if s.Diverged {
		state += ", DIVERGED: this list differs from the other nodes', ask one of them"
	}
	return printable(fmt.Sprintf("List: %d entries, index %d, state %.12s, %s old, %s, node %.8s",
		s.Entries, s.AppliedIndex, s.StateHash, age(s.AgeMs), state, s.Node))
}

func age(ms int64) string {
	switch {
	case ms < 1000:
		return fmt.Sprintf("%d ms", ms)
	case ms < 120_000:
		return fmt.Sprintf("%.1f s", float64(ms)/1000)
	}
	return fmt.Sprintf("%d min", ms/60_000)
}

// stageLine lists the time of each stage.
func stageLine(stages []client.Stage) string {
	parts := make([]string, len(stages))
	for i, s := range stages {
		parts[i] = fmt.Sprintf("%s %.2f ms", printable(s.Stage), float64(s.Us)/1000)
	}
	return "Stages: " + strings.Join(parts, ", ")
}
