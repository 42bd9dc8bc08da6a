//go:build cgo && !nodlib

package onnx_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"vigie/matcher/face/onnx"
	"vigie/matcher/face/onnx/onnxtest"
)

const root = "../../.."

// colours is a chip with a gradient in each channel.
func colours() *onnx.Chip {
	c := new(onnx.Chip)
	for i := range c {
		pixel := i / 3
		c[i] = float32((pixel%onnx.Side*(i%3+1) + pixel/onnx.Side) % 256)
	}
	return c
}

// A model of SFace's shape gives what its weights say, whatever the layout, and
// the same bits from every worker.
func TestEmbed(t *testing.T) {
	lib := onnxtest.Library(t, root)
	var first []float32
	for _, layout := range []string{"nchw", "nhwc"} {
		pool, err := onnx.Open(onnx.Options{Library: lib, Model: onnxtest.Write(t, 128, layout), Recipe: onnxtest.Recipe(128, layout)}, 3)
		if err != nil {
			t.Fatal(err)
		}
		out := make([][]float32, 3*20)
		var wg sync.WaitGroup
		for w, e := range pool {
			wg.Go(func() {
				for i := range 20 {
					got, err := e.Embed(colours())
					if err != nil {
						t.Error(err)
					}
					out[20*w+i] = got
				}
			})
		}
		wg.Wait()
		for _, got := range out {
			if !slices.Equal(got, out[0]) {
				t.Fatalf("%s: two encodings of one chip differ", layout)
			}
		}
		if first == nil {
			first = out[0]
		}
		// Another order of the sums may change the last bits.
		for i, v := range out[0] {
			if math.Abs(float64(v-first[i])) > 1e-2 {
				t.Fatalf("%s: value %d is %v, not %v", layout, i, v, first[i])
			}
		}
		for _, e := range pool {
			e.Close()
			e.Close()
		}
		if _, err := pool[0].Embed(colours()); !errors.Is(err, onnx.ErrClosed) {
			t.Errorf("a closed encoder answers %v", err)
		}
	}
	// The first weight of the mix, by hand: a chip with light in one square only.
	pool, err := onnx.Open(onnx.Options{Library: lib, Model: onnxtest.Write(t, 512, "nchw"), Recipe: onnxtest.Recipe(512, "nchw")}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool[0].Close()
	c := new(onnx.Chip)
	for y := range 28 {
		for x := range 28 {
			c[3*(y*onnx.Side+x)] = 100
		}
	}
	got, err := pool[0].Embed(c)
	if err != nil || len(got) != 512 {
		t.Fatalf("%d values, %v", len(got), err)
	}
	for i, v := range got {
		if want := 100 * math.Sin(float64(i)+float64(i)*float64(i)/977); math.Abs(float64(v)-want) > 1e-3 {
			t.Fatalf("value %d is %v, not %v", i, v, want)
		}
	}
}

// What is absent, changed or of another shape is named, and nothing crashes.
func TestOpenRefuses(t *testing.T) {
	lib := onnxtest.Library(t, root)
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	if err := os.WriteFile(text, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := onnx.Options{Library: lib, Model: onnxtest.Write(t, 128, "nchw"), Recipe: onnxtest.Recipe(128, "nchw")}
	broken := filepath.Join(dir, "broken.onnx")
	if err := os.WriteFile(broken, []byte(strings.Repeat("x", int(good.Recipe.File.Size))), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(o *onnx.Options)
		want   string
	}{
		"no library":      {func(o *onnx.Options) { o.Library = filepath.Join(dir, "none.so") }, "none.so"},
		"another library": {func(o *onnx.Options) { o.Library = text }, "text.so has SHA-256"},
		"no model":        {func(o *onnx.Options) { o.Model = filepath.Join(dir, "none.onnx") }, "none.onnx"},
		"another model":   {func(o *onnx.Options) { o.Model = broken }, "broken.onnx has SHA-256"},
		"another size":    {func(o *onnx.Options) { o.Recipe.File.Size++ }, "does not have the recipe's"},
		"another output":  {func(o *onnx.Options) { o.Recipe.Output.Dim = 512 }, "its output is"},
		"another layout":  {func(o *onnx.Options) { o.Recipe.Input.Layout = "nhwc" }, "its input is"},
		"unknown input":   {func(o *onnx.Options) { o.Recipe.Input.Name = "pixels" }, `no input "pixels"`},
		"broken recipe":   {func(o *onnx.Options) { o.Recipe.Mirror = "" }, "recipe: mirror"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			tc.change(&o)
			if _, err := onnx.Open(o, 1); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	t.Run("not a model", func(t *testing.T) {
		o := good
		o.Model = broken
		o.Recipe.File.SHA256 = sum(t, broken)
		if _, err := onnx.Open(o, 1); err == nil || !strings.Contains(err.Error(), "broken.onnx") {
			t.Errorf("bytes that are no model: %v", err)
		}
	})
	t.Run("not a library", func(t *testing.T) {
		o := good
		o.Library, o.LibrarySHA256 = text, sum(t, text)
		if _, err := onnx.Open(o, 1); err == nil || !strings.Contains(err.Error(), "ONNX Runtime") {
			t.Errorf("bytes that are no library: %v", err)
		}
	})
}
