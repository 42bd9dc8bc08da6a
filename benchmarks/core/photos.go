package core

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"time"

	"golang.org/x/image/draw"

	"vigie/benchmarks"
	"vigie/matcher/face/dlib"
)

// photo is a picture as it is asked about.
type photo struct {
	what string
	file []byte
	body json.RawMessage
	// perFace is how many queries follow one run of go-face, whose passes over
	// large pictures take seconds.
	perFace int
}

// pictures gives the 512 px portrait, and the same face in a 12-megapixel
// picture as a phone takes it.
func (b *bench) pictures() ([]photo, error) {
	src, err := jpeg.Decode(bytes.NewReader(b.Portrait))
	if err != nil {
		return nil, fmt.Errorf("decode the portrait: %w", err)
	}
	out := []photo{{what: "512 px portrait, JPEG", perFace: 1}, {what: "12-megapixel JPEG, 4000x3000", perFace: 10}}
	for i, size := range []struct{ w, h, margin int }{{512, 512, 0}, {4000, 3000, 500}} {
		p := &out[i]
		if p.file, err = canvas(src, size.w, size.h, size.margin); err != nil {
			return nil, err
		}
		p.what += fmt.Sprintf(", %d kB", len(p.file)/1000)
		p.body, err = json.Marshal(map[string]any{
			"photos":  []map[string]any{{"image": base64.StdEncoding.EncodeToString(p.file)}},
			"purpose": "test", "reason": "benchmark", "limit": 10,
		})
		if err != nil {
			return nil, fmt.Errorf("encode a query: %w", err)
		}
	}
	return out, nil
}

// canvas scales the portrait into the middle of a w x h picture, keeping its
// proportions, with a margin above and below.
func canvas(src image.Image, w, h, margin int) ([]byte, error) {
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.Gray{Y: 150}), image.Point{}, draw.Src)
	sh := h - 2*margin
	sw := src.Bounds().Dx() * sh / src.Bounds().Dy()
	if sw > w {
		sw, sh = w, src.Bounds().Dy()*w/src.Bounds().Dx()
	}
	at := image.Rect((w-sw)/2, (h-sh)/2, (w-sw)/2+sw, (h-sh)/2+sh)
	draw.CatmullRom.Scale(dst, at, src, src.Bounds(), draw.Src, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: 92}); err != nil {
		return nil, fmt.Errorf("encode the picture: %w", err)
	}
	return out.Bytes(), nil
}

// PhotoPass is one pass of queries with one picture; go-face, alone in the load
// generator, worked on the same file between them.
type PhotoPass struct {
	What    string             `json:"what"`
	Latency benchmarks.Latency `json:"latency"`
	GoFace  benchmarks.Latency `json:"go_face_latency"`
	// Ratio is photo to answer over go-face, by their medians.
	Ratio float64 `json:"ratio_to_go_face"`
}

// Rate is how many portraits a second two clients have answered while the node
// was held on one core, and while it had two.
type Rate struct {
	OneCore  float64 `json:"one_core_per_second"`
	TwoCores float64 `json:"two_cores_per_second"`
	Ratio    float64 `json:"ratio"`
}

// photoPath measures photo to answer on one node with two face workers: memory
// with an empty list, then everything else at the largest list.
func (b *bench) photoPath(ctx context.Context) error {
	photos, err := b.pictures()
	if err != nil {
		return err
	}
	b.Progress("photo to answer: memory with an empty list")
	if err := b.memory(ctx, photos); err != nil {
		return err
	}
	size := b.ListSizes[len(b.ListSizes)-1]
	b.Progress(fmt.Sprintf("photo to answer: import %d entries", size))
	if err := b.fill(ctx, size); err != nil {
		return fmt.Errorf("import %d entries: %w", size, err)
	}
	ref, err := dlib.OpenReference(b.ModelsDir)
	if err != nil {
		return fmt.Errorf("load go-face: %w", err)
	}
	defer ref.Close()
	for _, p := range photos {
		all := Query{What: p.what}
		for pass := range b.Passes {
			b.Progress(fmt.Sprintf("photo to answer: %s, pass %d", p.what, pass+1))
			if err := b.photoPass(ctx, ref, p, &all); err != nil {
				return fmt.Errorf("%s: %w", p.what, err)
			}
		}
		all.sum()
		b.report.Photos = append(b.report.Photos, all)
	}
	for range b.Passes {
		b.Progress("photo to answer: one core against two")
		if err := b.scaling(ctx, photos[0]); err != nil {
			return err
		}
	}
	return nil
}

// photoPass asks Photos times and runs go-face between the queries.
func (b *bench) photoPass(ctx context.Context, ref *dlib.Reference, p photo, all *Query) error {
	q, err := b.ask(ctx, p.body, p.perFace, func() (time.Duration, error) {
		start := time.Now()
		found, err := ref.Faces(p.file)
		if err == nil && len(found) != 1 {
			err = fmt.Errorf("go-face found %d faces", len(found))
		}
		return time.Since(start), err
	}, all)
	if err != nil {
		return err
	}
	q.What = p.what
	if q.GoFace.P50 == 0 {
		return errors.New("go-face was not measured")
	}
	q.Ratio = q.Latency.P50 / q.GoFace.P50
	b.report.PhotoPasses = append(b.report.PhotoPasses, q)
	return nil
}
