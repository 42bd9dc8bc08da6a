package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"vigie/watchlist"
)

// The identity of a recipe file. A binary refuses a format version that it does
// not know.
const (
	RecipeFormat        = "vigie-encoder-recipe"
	RecipeFormatVersion = 1
)

// RecipeSide is the side, in pixels, of the face picture that ArcFace-shaped
// encoders see.
const RecipeSide = 112

// maxRecipeBytes bounds what ParseRecipe reads.
const maxRecipeBytes = 64 << 10

// Recipe says how an ONNX face encoder is to be fed, and what may be done with
// it: everything that its templates depend on besides the photo.
type Recipe struct {
	Format        string `json:"format"`
	FormatVersion int    `json:"format_version"`
	// ID names encoder and recipe in template models; another recipe needs another
	// ID, since its templates can't be compared with these.
	ID string `json:"id"`
	// File is the model file, with its digest, licence, source and card.
	File File `json:"file"`
	// Use is UseOperation or UseEvaluation.
	Use string `json:"use"`

	Input     RecipeInput     `json:"input"`
	Alignment RecipeAlignment `json:"alignment"`
	Output    RecipeOutput    `json:"output"`
	// Mirror says whose encoding is the mean direction of the face and its mirror
	// image: MirrorNone, MirrorReferences or MirrorBoth. Each costs a forward pass.
	Mirror string `json:"mirror"`
	// Comparison is how a calibration joins the encoder with dlib; templates do not
	// depend on it.
	Comparison RecipeComparison `json:"comparison"`
}

// RecipeComparison holds the choices of a composite calibration that are not
// fitted.
type RecipeComparison struct {
	// Weight is the encoder's share of the score, dlib has the rest.
	Weight float64 `json:"weight"`
	// Lambda is the share of the mean variance that is added before whitening, Keep
	// the number of leading whitened dimensions that count.
	Lambda float64 `json:"lambda"`
	Keep   int     `json:"keep"`
}

// What a model may be used for. UseEvaluation is for weights whose training data
// is undocumented: measuring is allowed, and a node that runs them says so.
const (
	UseOperation  = "operation"
	UseEvaluation = "evaluation"
)

// Whose encoding includes the mirror image.
const (
	MirrorNone       = "none"
	MirrorReferences = "references"
	MirrorBoth       = "both"
)

// RecipeInput is how pixels become the input tensor of 1 x 3 x 112 x 112 ("nchw")
// or 1 x 112 x 112 x 3 ("nhwc") float32: (level - Subtract) / Divide, levels being
// 0 to 255.
type RecipeInput struct {
	// Name is the input's name in the model; empty takes its only input.
	Name     string  `json:"name,omitempty"`
	Channels string  `json:"channels"` // "rgb" or "bgr"
	Layout   string  `json:"layout"`   // "nchw" or "nhwc"
	Subtract float64 `json:"subtract"`
	Divide   float64 `json:"divide"`
}

// RecipeAlignment says where three points of the face lie in the picture of
// 112 x 112 pixels: the similarity with the least squares brings them there. Eyes
// are named as on the picture; an eye's centre is the middle of its two corners,
// the nose's base is the fifth landmark of dlib.
type RecipeAlignment struct {
	LeftEye  [2]float64 `json:"left_eye"`
	RightEye [2]float64 `json:"right_eye"`
	NoseBase [2]float64 `json:"nose_base"`
}

// RecipeOutput is what the model gives.
type RecipeOutput struct {
	// Name is the output's name in the model; empty takes its only output.
	Name string `json:"name,omitempty"`
	// Dim is 128 or 512.
	Dim int `json:"dim"`
	// Normalise is "l2" when only the direction of the output counts, "none" when
	// its length does too: it weighs the mirror image.
	Normalise string `json:"normalise"`
}

var recipeID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,39}(/[a-z0-9][a-z0-9._-]{0,39})?$`)

// ParseRecipe reads a recipe and checks every field. Unknown fields and anything
// after the recipe are errors.
func ParseRecipe(r io.Reader) (Recipe, error) {
	var out Recipe
	b, err := io.ReadAll(io.LimitReader(r, maxRecipeBytes+1))
	if err != nil {
		return out, fmt.Errorf("read recipe: %w", err)
	}
	if len(b) > maxRecipeBytes {
		return out, fmt.Errorf("read recipe: more than %d bytes", maxRecipeBytes)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		return Recipe{}, fmt.Errorf("read recipe: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Recipe{}, errors.New("read recipe: something follows the recipe")
	}
	if err := out.Check(); err != nil {
		return Recipe{}, err
	}
	return out, nil
}

// Check reports the first fault of a recipe, with its field, or nil.
func (r Recipe) Check() error {
	oneOf := func(v string, of ...string) bool { return slices.Contains(of, v) }
	square := func(p [2]float64) bool {
		return p[0] >= 0 && p[0] <= RecipeSide && p[1] >= 0 && p[1] <= RecipeSide
	}
	a := r.Alignment
	for _, rule := range []struct {
		ok           bool
		field, wants string
	}{
		{r.Format == RecipeFormat, "format", fmt.Sprintf("must be %q", RecipeFormat)},
		{r.FormatVersion == RecipeFormatVersion, "format_version", fmt.Sprintf("this program knows %d", RecipeFormatVersion)},
		{recipeID.MatchString(r.ID), "id", "use NAME/VERSION of small letters, digits, dots and dashes"},
		{plainName(r.File.Name), "file.name", "name the model file, without a folder"},
		{r.File.Size > 0 && r.File.Size <= 1<<30, "file.size", "give the size in bytes, at most 1 GiB"},
		{digestRE.MatchString(r.File.SHA256), "file.sha256", "give 64 small hexadecimal digits"},
		{len(r.File.Licence) >= 3, "file.licence", "say under which terms the weights may be used"},
		{len(r.File.Source) >= 3, "file.source", "say where the weights come from"},
		{len(r.File.Card) >= 100, "file.card", "say what it is, what it was trained on, what is published of it and how it fails"},
		{oneOf(r.Use, UseOperation, UseEvaluation), "use", `use "operation" or "evaluation"`},
		{oneOf(r.Input.Channels, "rgb", "bgr"), "input.channels", `use "rgb" or "bgr"`},
		{oneOf(r.Input.Layout, "nchw", "nhwc"), "input.layout", `use "nchw" or "nhwc"`},
		{r.Input.Subtract >= 0 && r.Input.Subtract <= 255, "input.subtract", "use 0 to 255"},
		{r.Input.Divide >= 1 && r.Input.Divide <= 255, "input.divide", "use 1 to 255"},
		{square(a.LeftEye), "alignment.left_eye", "use 0 to 112"},
		{square(a.RightEye) && a.RightEye[0]-a.LeftEye[0] >= 10, "alignment.right_eye", "use 0 to 112, at least 10 right of the left eye"},
		{square(a.NoseBase) && a.NoseBase[1] > max(a.LeftEye[1], a.RightEye[1]), "alignment.nose_base", "use 0 to 112, below the eyes"},
		{r.Output.Dim == 128 || r.Output.Dim == 512, "output.dim", "use 128 or 512"},
		{oneOf(r.Output.Normalise, "l2", "none"), "output.normalise", `use "l2" or "none"`},
		{oneOf(r.Mirror, MirrorNone, MirrorReferences, MirrorBoth), "mirror", `use "none", "references" or "both"`},
		{r.Comparison.Weight > 0 && r.Comparison.Weight < 1, "comparison.weight", "use a share between 0 and 1"},
		{r.Comparison.Lambda >= 0.01 && r.Comparison.Lambda <= 100, "comparison.lambda", "use 0.01 to 100"},
		{r.Comparison.Keep >= 16 && r.Comparison.Keep <= r.Output.Dim, "comparison.keep", "use 16 to output.dim"},
	} {
		if !rule.ok {
			return fmt.Errorf("recipe: %s: %s", rule.field, rule.wants)
		}
	}
	return nil
}

var digestRE = regexp.MustCompile(`^[0-9a-f]{64}$`)

func plainName(s string) bool {
	return s != "" && len(s) <= 200 && s != "." && s != ".." && !strings.ContainsAny(s, "/\\\x00")
}

// CompositeModel names templates that hold a dlib template and, after it, the
// recipe's encoding of the same face.
func (r Recipe) CompositeModel() string { return DlibModel + watchlist.ModelJoin + r.ID }
