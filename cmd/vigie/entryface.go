package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

func (p *program) faceAddCmd() *cobra.Command {
	face := ""
	cmd := &cobra.Command{
		Use: "face-add ID PHOTO", Short: "Add a photo to an entry", Args: usage(cobra.ExactArgs(2), "the id of an entry and a photo"),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := readPhoto(args[1])
			if err != nil {
				return err
			}
			photo := client.PhotoInput{Image: b}
			if face != "" {
				if photo.Face, err = parseBox(face); err != nil {
					return err
				}
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			f, err := answer[client.FaceWritten](c.AddFace(cmd.Context(), args[0], &client.AddFaceParams{IdempotencyKey: freshKey()}, client.FaceInput{Photo: photo}))
			if err != nil {
				return err
			}
			return p.emit(f, func(w io.Writer) {
				row(w, "face", f.Face.Id)
				row(w, "quality", fmt.Sprintf("eyes %.0f px apart %s", f.Face.Quality.InterEyePx, strings.Join(f.Face.Quality.Flags, " ")))
				if a := f.Face.Quality.Advice; a.Fr != "" {
					row(w, "conseil", a.Fr)
				}
				row(w, "revision", f.Revision)
				writeWarnings(w, f.Warnings)
			})
		},
	}
	cmd.Flags().StringVar(&face, "face", "", "LEFT,TOP,RIGHT,BOTTOM: which of several faces, as the refusal listed them")
	return cmd
}

func (p *program) faceRemoveCmd() *cobra.Command {
	return &cobra.Command{
		Use: "face-rm ID FACE", Short: "Remove a photo and its template from an entry", Args: usage(cobra.ExactArgs(2), "the ids of an entry and of a face"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			e, err := answer[client.Entry](c.GetEntry(cmd.Context(), args[0], &client.GetEntryParams{}))
			if err != nil {
				return err
			}
			w, err := answer[client.EntryWritten](c.RemoveFace(cmd.Context(), e.Id, args[1], &client.RemoveFaceParams{IfMatch: etag(e.Revision), IdempotencyKey: freshKey()}))
			if err != nil {
				return err
			}
			return p.printWritten(w)
		},
	}
}

// sendFace adds a photo to an entry.
func sendFace(ctx context.Context, c *client.Client, entry string, photo []byte, key string) (*client.FaceWritten, error) {
	return answer[client.FaceWritten](c.AddPhoto(ctx, entry, &client.AddFaceParams{IdempotencyKey: key}, photo))
}

// writeWarnings says what to look at in something that was written all the same.
func writeWarnings(w io.Writer, warnings []client.Warning) {
	for _, x := range warnings {
		row(w, "WARNING", fmt.Sprintf("%s: %s", x.Pointer, x.Detail))
	}
}
