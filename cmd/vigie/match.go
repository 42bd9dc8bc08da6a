package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

// probeFlags are what every kind of match shares.
type probeFlags struct {
	birth, birthTo, sex, nationality, purpose, reason string
	face                                              string
	document                                          string
	names                                             []string
	limit                                             int
	explain, acceptErrors                             bool
	minIndex                                          int64
}

func (p *program) matchCmd() *cobra.Command {
	f := &probeFlags{}
	cmd := group("match", "Ask who a traveller may be",
		`Sends a probe to a node and prints the lead: ranked candidates with the evidence
for and against each. An empty list is not a clearance, and a first rank is not an
identification; a person decides. Every search is audited with purpose and reason.`,
		p.matchPhotoCmd(f), p.matchNameCmd(f), p.matchMRZCmd(f), p.matchDocumentCmd(f))
	pf := cmd.PersistentFlags()
	pf.StringVar(&f.birth, "birth", "", "date of birth: YYYY, YYYY-MM or YYYY-MM-DD")
	pf.StringVar(&f.birthTo, "birth-to", "", "end of a range of dates of birth")
	pf.StringVar(&f.sex, "sex", "", "M, F or X")
	pf.StringVar(&f.nationality, "nationality", "", "ISO 3166-1 alpha-3 code")
	pf.StringVar(&f.purpose, "purpose", "", "border_check, second_line_check, investigation or test (required)")
	pf.StringVar(&f.reason, "reason", "", "why this person is searched now (required)")
	pf.IntVar(&f.limit, "limit", 10, "most candidates to show, 1 to 50")
	pf.BoolVar(&f.explain, "explain", false, "show how names were compared, word by word")
	pf.Int64Var(&f.minIndex, "min-index", 0, "wait until the node has applied this index")
	_ = cmd.RegisterFlagCompletionFunc("purpose", cobra.FixedCompletions(purposes, cobra.ShellCompDirectiveNoFileComp))
	p.linkTo(cmd)
	return cmd
}

func (p *program) matchPhotoCmd(f *probeFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "photo FILE…", Short: "Match one to four photos of the same person",
		Example: "  vigie match photo probe.jpg --purpose border_check --reason 'primary inspection, lane 3'\n  vigie match photo a.jpg b.jpg --name 'Mamadu Djallo' --birth 1984 --purpose second_line_check --reason 'forged visa'",
		Args:    usage(cobra.RangeArgs(1, 4), "one to four photos"),
		RunE: func(cmd *cobra.Command, args []string) error {
			req, err := f.request()
			if err != nil {
				return err
			}
			photos, err := readPictures(args, f.document)
			if err != nil {
				return err
			}
			if f.face == "" {
				return p.match(cmd.Context(), req, photos)
			}
			if len(photos) != 1 {
				return usagef("--face goes with one photo")
			}
			box, err := parseBox(f.face)
			if err != nil {
				return err
			}
			req.Photos = []client.PhotoInput{{Image: photos[0].Bytes, Face: box}}
			return p.match(cmd.Context(), req, nil)
		},
	}
	cmd.Flags().StringVar(&f.face, "face", "", "LEFT,TOP,RIGHT,BOTTOM: which of several faces, as the refusal listed them")
	cmd.Flags().StringVar(&f.document, "document", "", "a photo of the portrait in the document; the others then show the person present, and both are compared")
	cmd.Flags().StringArrayVar(&f.names, "name", nil, "a name to compare as well; may be repeated")
	return cmd
}

// readPictures reads the photos of a probe, and the document's if there is one.
func readPictures(files []string, document string) ([]client.Picture, error) {
	var out []client.Picture
	for _, f := range files {
		b, err := readPhoto(f)
		if err != nil {
			return nil, err
		}
		p := client.Picture{Bytes: b}
		if document != "" {
			p.Source = client.PhotoInputSourceLive
		}
		out = append(out, p)
	}
	if document == "" {
		return out, nil
	}
	if len(files) > 3 {
		return nil, usagef("four photos at most, that of the document among them")
	}
	b, err := readPhoto(document)
	if err != nil {
		return nil, err
	}
	return append(out, client.Picture{Source: client.PhotoInputSourceDocument, Bytes: b}), nil
}

func (p *program) matchNameCmd(f *probeFlags) *cobra.Command {
	return &cobra.Command{
		Use: "name NAME…", Short: "Match a name, in any spelling",
		Long:    "All arguments together are one name: quotes are not needed.",
		Example: "  vigie match name Mamadu Djallo --birth 1984-05 --purpose border_check --reason 'primary inspection'",
		Args:    usage(cobra.MinimumNArgs(1), "a name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.names = []string{strings.Join(args, " ")}
			req, err := f.request()
			if err != nil {
				return err
			}
			return p.match(cmd.Context(), req, nil)
		},
	}
}

// request makes the part of the probe that all kinds share.
func (f *probeFlags) request() (client.MatchRequest, error) {
	if f.purpose == "" || f.reason == "" {
		return client.MatchRequest{}, usagef("every search needs --purpose and --reason; both are audited")
	}
	if err := oneOf("--purpose", f.purpose, purposes); err != nil {
		return client.MatchRequest{}, err
	}
	req := client.MatchRequest{
		Purpose: client.Purpose(f.purpose), Reason: f.reason, Limit: f.limit, Explain: f.explain, MinIndex: f.minIndex,
		Sex: client.Sex(strings.ToUpper(f.sex)), Nationality: strings.ToUpper(f.nationality),
	}
	if f.birth != "" {
		req.Birth = client.ProbeBirth{Date: f.birth, To: f.birthTo}
	}
	for _, n := range f.names {
		req.Names = append(req.Names, client.ProbeName{Full: n})
	}
	return req, nil
}

func (p *program) match(ctx context.Context, req client.MatchRequest, photos []client.Picture) error {
	c, err := p.dial()
	if err != nil {
		return err
	}
	lead, err := sendMatch(ctx, c, req, photos)
	if err != nil {
		return err
	}
	return p.printLead(lead)
}

// sendMatch sends a probe, as a form when it has photos.
func sendMatch(ctx context.Context, c *client.Client, req client.MatchRequest, photos []client.Picture) (*client.Lead, error) {
	if len(photos) == 0 {
		return answer[client.Lead](c.Match(ctx, req))
	}
	return answer[client.Lead](c.MatchPhotos(ctx, req, photos...))
}

// parseBox reads LEFT,TOP,RIGHT,BOTTOM in pixels.
func parseBox(text string) (client.Box, error) {
	var b client.Box
	var rest string
	n, _ := fmt.Sscanf(text+" ;", "%d,%d,%d,%d %s", &b.Left, &b.Top, &b.Right, &b.Bottom, &rest)
	if n != 5 || rest != ";" {
		return b, usagef("--face: use LEFT,TOP,RIGHT,BOTTOM in pixels, such as 120,80,310,270")
	}
	return b, nil
}

// maxPhoto is the largest photo that a node takes, in bytes.
const maxPhoto = 10 << 20

// readPhoto reads a photo file and refuses what a node would refuse for its
// size.
func readPhoto(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.IsDir() {
		return nil, fmt.Errorf("%s is a folder; name one photo", path)
	}
	if st.Size() > maxPhoto {
		return nil, withHint(fmt.Errorf("%s has %d bytes; at most %d are accepted", path, st.Size(), maxPhoto), "Make it smaller: 1280 pixels on the long side is plenty.")
	}
	b, err := os.ReadFile(path)
	if err == nil && len(b) == 0 {
		err = errors.New(path + " is empty")
	}
	return b, err
}
