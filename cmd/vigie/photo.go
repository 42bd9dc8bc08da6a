package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

// languages are those that advice is written in, the first by default.
var languages = []string{"fr", "en", "pt"}

// photoChecked is one file's line under --json.
type photoChecked struct {
	File    string              `json:"file"`
	Verdict client.PhotoVerdict `json:"verdict"`
}

func (p *program) photoCmd() *cobra.Command {
	cmd := group("photo", "Judge photos before they are used", "", p.photoCheckCmd())
	p.linkTo(cmd)
	return cmd
}

func (p *program) photoCheckCmd() *cobra.Command {
	var enrol bool
	lang, face := languages[0], ""
	cmd := &cobra.Command{
		Use: "check FILE…", Short: "Say whether photos are good enough, and what to mend",
		Long: `Asks a node to judge each photo as a search would (or, with --enrol, as an
enrolment would, which asks more). Nothing is searched and nothing is kept. The exit
code is 1 when a photo would be refused.`,
		Example: "  vigie photo check probe.jpg\n  vigie photo check portraits/*.jpg --enrol --json",
		Args:    usage(cobra.MinimumNArgs(1), "at least one photo"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--lang", lang, languages); err != nil {
				return err
			}
			photo := client.PhotoInput{}
			if face != "" {
				if len(args) != 1 {
					return usagef("--face goes with one photo")
				}
				var err error
				if photo.Face, err = parseBox(face); err != nil {
					return err
				}
			}
			params := &client.JudgePhotoParams{Use: "probe"}
			if enrol {
				params.Use = "reference"
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			all := make([]photoChecked, len(args))
			refused := false
			for i, path := range args {
				if photo.Image, err = readPhoto(path); err != nil {
					return err
				}
				v, err := answer[client.PhotoVerdict](c.JudgePhoto(cmd.Context(), params, client.QualityRequest{Photo: photo}))
				if err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				all[i] = photoChecked{path, *v}
				refused = refused || !v.Accepted
			}
			if err := p.emit(all, func(w io.Writer) { writeVerdicts(w, all, lang) }); err != nil {
				return err
			}
			if refused {
				return errQuiet
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&enrol, "enrol", false, "judge as a photo that an entry keeps")
	f.StringVar(&lang, "lang", lang, "language of the advice: fr, en or pt")
	f.StringVar(&face, "face", "", "LEFT,TOP,RIGHT,BOTTOM: which of several faces, as the verdict listed them")
	_ = cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(languages, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// writeVerdicts writes a line for each photo and, for a single one, its
// components too.
func writeVerdicts(w io.Writer, all []photoChecked, lang string) {
	row(w, "PHOTO", "VERDICT", "EYES PX", "FLAGS", "ADVICE")
	for _, x := range all {
		v := x.Verdict
		eyes := "-"
		if v.Quality.Measures != "" {
			eyes = fmt.Sprintf("%.0f", v.Quality.InterEyePx)
		}
		verdict := "accepted"
		if !v.Accepted {
			verdict = "REFUSED " + v.Code
			if m := v.Measured; m.Component != "" {
				verdict += fmt.Sprintf(" (%s %.3g, limit %.3g)", m.Component, m.Value, m.Limit)
			}
		}
		row(w, x.File, verdict, eyes, dash(strings.Join(v.Quality.Flags, " ")), dash(adviceIn(v.Advice, lang)))
		for _, b := range v.Boxes {
			row(w, "", fmt.Sprintf("a face at %d,%d,%d,%d", b.Left, b.Top, b.Right, b.Bottom), "", "", "")
		}
	}
	if len(all) != 1 {
		return
	}
	for _, c := range all[0].Verdict.Quality.Components {
		row(w, "  "+c.Name, fmt.Sprintf("%.4g, score %d", c.Value, c.Score), "", "", "")
	}
}

func adviceIn(a client.Advice, lang string) string {
	return map[string]string{"fr": a.Fr, "en": a.En, "pt": a.Pt}[lang]
}
