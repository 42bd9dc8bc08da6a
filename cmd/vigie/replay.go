package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

// replayFlags are what a replay asks for.
type replayFlags struct {
	photos, templates          []string
	asOf                       int64
	minScore, secondScore, fmr float64
	purpose, reason            string
	calibration                string
	limit                      int
}

func (p *program) auditReplayCmd() *cobra.Command {
	f := &replayFlags{}
	cmd := &cobra.Command{
		Use: "replay --photo FILE --as-of N", Short: "Search the faces of an earlier list again", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `Searches the faces that the list held at an earlier index, with the search and the
scores of a match: what an officer could be shown then, and what was withdrawn since.
'vigie audit list' shows the index and the threshold of every search; a node can answer
for a limited span, which 'vigie status' shows. Ask the node that the event is from.
A search under an earlier calibration is replayed under that one.

Entries are named by id, with their status now. One whose end date had passed at the
time is listed too: end dates go by the clock. Only auditors and administrators may
replay, and each replay is audited with purpose and reason.`,
		Example: "  vigie audit list\n  vigie audit replay --photo probe.jpg --as-of 812 --min-score 0.6912 --purpose investigation --reason 'complaint 2026-17'\n  vigie audit replay --photo a.jpg --photo b.jpg --as-of 812 --fmr 1e-6 --purpose investigation --reason 'complaint 2026-17' --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			req, photos, err := f.request(cmd)
			if err != nil {
				return err
			}
			return p.replay(cmd.Context(), req, photos)
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.photos, "photo", nil, "a photo of the person, JPEG, PNG or WebP; up to four times")
	fl.StringArrayVar(&f.templates, "template", nil, "a file with a template in place of a photo, JSON: {\"model\": …, \"values\": […]}; up to four times")
	fl.Int64Var(&f.asOf, "as-of", 0, "the index of the search's audit event (required)")
	fl.Float64Var(&f.minScore, "min-score", 0, "lowest score to list: the threshold of the audit event")
	fl.Float64Var(&f.secondScore, "second-min-score", 0, "the same for scores of a second encoder: the second_threshold of the audit event")
	fl.Float64Var(&f.fmr, "fmr", 0, "take the threshold of this false match rate per comparison instead; without both: the node's present operating point")
	fl.StringVar(&f.calibration, "calibration", "", "the calibration of the audit event (default: the one that the node searched with at that index)")
	fl.IntVar(&f.limit, "limit", 20, "most entries to list, 1 to 200")
	fl.StringVar(&f.purpose, "purpose", "", "border_check, second_line_check, investigation or test (required)")
	fl.StringVar(&f.reason, "reason", "", "why the search is looked at again (required)")
	_ = cmd.RegisterFlagCompletionFunc("purpose", cobra.FixedCompletions(purposes, cobra.ShellCompDirectiveNoFileComp))
	p.linkTo(cmd)
	return cmd
}

// request reads the flags and files of a replay.
func (f *replayFlags) request(cmd *cobra.Command) (req client.ReplayRequest, photos [][]byte, err error) {
	switch {
	case len(f.photos)+len(f.templates) == 0:
		return req, nil, usagef("give the face: --photo FILE or --template FILE")
	case len(f.photos) > 4 || len(f.templates) > 4:
		return req, nil, usagef("at most four photos and four templates")
	case f.asOf < 1:
		return req, nil, usagef("give --as-of: the index of the search's audit event; 'vigie audit list' shows it")
	case f.purpose == "" || f.reason == "":
		return req, nil, usagef("every replay needs --purpose and --reason; both are audited")
	}
	if err := oneOf("--purpose", f.purpose, purposes); err != nil {
		return req, nil, err
	}
	req = client.ReplayRequest{AsOfIndex: f.asOf, MaxCandidates: f.limit, Purpose: client.Purpose(f.purpose), Reason: f.reason, Calibration: client.CalibrationVersion(f.calibration)}
	score, second, rate := cmd.Flags().Changed("min-score"), cmd.Flags().Changed("second-min-score"), cmd.Flags().Changed("fmr")
	if second {
		req.SecondMinScore = &f.secondScore
	}
	switch {
	case second && !score:
		return req, nil, usagef("--second-min-score goes with --min-score")
	case score && rate:
		return req, nil, usagef("--min-score and --fmr both set the threshold: give one")
	case score:
		req.MinScore = &f.minScore
	case rate:
		req.Fmr = &f.fmr
	}
	for _, path := range f.photos {
		b, err := readPhoto(path)
		if err != nil {
			return req, nil, err
		}
		photos = append(photos, b)
	}
	for _, path := range f.templates {
		t, err := readTemplate(path)
		if err != nil {
			return req, nil, err
		}
		req.Templates = append(req.Templates, t)
	}
	return req, photos, nil
}

func readTemplate(path string) (t client.TemplateInput, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return t, err
	}
	if json.Unmarshal(b, &t) != nil || t.Model == "" || len(t.Values) == 0 {
		return t, fmt.Errorf(`%s holds no template: want {"model": "…", "values": […]}`, path)
	}
	return t, nil
}

func (p *program) replay(ctx context.Context, req client.ReplayRequest, photos [][]byte) error {
	c, err := p.dial()
	if err != nil {
		return err
	}
	var out *client.Replay
	if len(photos) == 0 {
		out, err = answer[client.Replay](c.ReplaySearch(ctx, req))
	} else {
		out, err = answer[client.Replay](c.ReplayPhotos(ctx, req, photos...))
	}
	if err != nil {
		return err
	}
	return p.emit(out, func(w io.Writer) { writeReplay(w, out) })
}

// writeReplay shows the ranked entries, then what the answer rests on.
func writeReplay(w io.Writer, r *client.Replay) {
	if len(r.Candidates) == 0 {
		row(w, fmt.Sprintf("No face of the list as of index %d reaches the threshold.", r.AsOfIndex))
	} else {
		row(w, "RANK", "ENTRY", "FACE", "SCORE", "LLR", "STATUS NOW", encoderHead(r))
	}
	for _, c := range r.Candidates {
		face := c.FaceId
		if n := len(c.OtherFaceIds); n > 0 {
			face += fmt.Sprintf(" and %d more", n)
		}
		row(w, c.Rank, c.EntryId, face, c.Score, fmt.Sprintf("%+.1f", c.Llr), c.Status, c.Encoder)
	}
	if r.Truncated {
		row(w, "More entries reach the threshold: raise --limit to see them.")
	}
	row(w, fmt.Sprintf("As of index %d; this node can answer from index %d on.", r.AsOfIndex, r.OldestIndex))
	row(w, fmt.Sprintf("Threshold %v (%s), calibration %s; %d templates can be found now.", r.Threshold, thresholdWords(r), r.Calibration, r.GallerySize))
	if o := r.SecondOperatingPoint; o.Calibration != "" {
		row(w, fmt.Sprintf("Second encoder: threshold %v, calibration %s.", o.Threshold, o.Calibration))
	}
	row(w, r.Notice)
	if r.NameFamilies.Differs {
		row(w, r.NameFamilies.Notice.Fr)
	}
	row(w, "Now: "+stampLine(r.Stamp))
	row(w, stageLine(r.Stages))
	row(w, "Query "+r.QueryId)
}

// encoderHead is the head of the column that tells two encoders apart, "" with one.
func encoderHead(r *client.Replay) string {
	if r.SecondOperatingPoint.Calibration == "" {
		return ""
	}
	return "ENCODER"
}

// thresholdWords says where the threshold of a replay came from.
func thresholdWords(r *client.Replay) string {
	switch r.ThresholdSource {
	case "min_score":
		return "as given"
	case "fmr":
		return fmt.Sprintf("of FMR %g", r.Fmr)
	}
	return fmt.Sprintf("the present operating point, FPIR %g", r.TargetFpir)
}
