package main

import (
	"encoding/json"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"vigie/models"
)

func (p *program) modelsRecipesCmd() *cobra.Command {
	return &cobra.Command{
		Use: "recipes [RECIPE]", Short: "List the built-in recipes of second encoders, or print one", Args: usage(cobra.MaximumNArgs(1), "at most one recipe"),
		Long: `A recipe says how an ONNX face encoder is fed and which file it is, by digest. Without
an argument the built-in ones are listed. With one, a built-in name or a file NAME.json,
the recipe is checked and printed: a beginning for a recipe of your own.`,
		Example: "  vigie models recipes\n  vigie models recipes sface-2021dec > mine.json",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				r, err := models.OpenRecipe(args[0])
				if err != nil {
					return err
				}
				e := json.NewEncoder(p.out)
				e.SetIndent("", "  ")
				e.SetEscapeHTML(false)
				return e.Encode(r)
			}
			names, recipes, err := models.BuiltinRecipes()
			if err != nil {
				return err
			}
			return p.emit(recipes, func(w io.Writer) {
				row(w, "RECIPE", "USE", "VALUES", "MODEL FILE", "LICENCE")
				for i, r := range recipes {
					row(w, names[i], r.Use, r.Output.Dim, r.File.Name, r.File.Licence)
				}
			})
		},
	}
}

func (p *program) modelsAddCmd() *cobra.Command {
	recipe, file, to := "", "", secondDir
	cmd := &cobra.Command{
		Use: "add --recipe RECIPE --file FILE", Short: "Add the model file of a second encoder, checked", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `Copies FILE under the recipe's name to the folder of --to, if it is the file that the
recipe names: size and SHA-256. RECIPE is a built-in name or a file NAME.json. Then
'vigie calibrate --recipe' fits a calibration for dlib and that encoder together, and
'vigie evaluate faces --recipe' measures both and each alone. A node runs it when its
configuration says so: faces.second.`,
		Example: "  vigie models add --recipe sface-2021dec --file face_recognition_sface_2021dec.onnx --to /usr/share/vigie/models",
		RunE: func(*cobra.Command, []string) error {
			if recipe == "" || file == "" {
				return usagef("name the recipe and the model file: --recipe RECIPE --file FILE")
			}
			r, err := models.OpenRecipe(recipe)
			if err != nil {
				return err
			}
			if err := models.InstallFile(r.File, file, to); err != nil {
				return err
			}
			if r.Use == models.UseEvaluation {
				p.note("note: %s is for evaluation only: %s", r.ID, r.File.Licence)
			}
			return p.say("%s is right. Licence: %s", filepath.Join(to, r.File.Name), r.File.Licence)
		},
	}
	f := cmd.Flags()
	f.StringVar(&recipe, "recipe", "", "recipe of the encoder (required)")
	f.StringVar(&file, "file", "", "the model file (required)")
	f.StringVar(&to, "to", to, "folder to install into; calibrate and evaluate find it there by --recipe-dir")
	return cmd
}

func (p *program) modelsAddRuntimeCmd() *cobra.Command {
	from, to := "", secondDir
	cmd := &cobra.Command{
		Use: "add-runtime --from DIR", Short: "Add the ONNX Runtime that second encoders need, checked", Args: usage(cobra.NoArgs, "no arguments"),
		Long: `Copies the runtime's library for this machine out of an unpacked onnxruntime-node
1.24.3, if it has the SHA-256 that is compiled in.`,
		Example: "  vigie models add-runtime --from node_modules/onnxruntime-node --to /usr/share/vigie/models",
		RunE: func(*cobra.Command, []string) error {
			if from == "" {
				return usagef("say where the package is: --from DIR")
			}
			lib, err := runtimeLibrary()
			if err != nil {
				return err
			}
			if err := models.InstallFile(lib.File, filepath.Join(from, filepath.FromSlash(lib.Path)), to); err != nil {
				return err
			}
			return p.say("%s is right. Licence: %s", filepath.Join(to, lib.File.Name), lib.File.Licence)
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "folder of the package onnxruntime-node 1.24.3 (required)")
	f.StringVar(&to, "to", to, "folder to install into; calibrate and evaluate find it there by --recipe-dir")
	return cmd
}
