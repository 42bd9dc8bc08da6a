package core

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"time"

	"golang.org/x/image/draw"

	"vigie/benchmarks"
	"vigie/benchmarks/gen"
)

// names asks for misspelt names of the list, one after the other, on a node
// that isn't the leader.
func (b *bench) names(ctx context.Context) error {
	listed := gen.Names(uint64(b.entries)+7, b.Queries)
	var bodies []json.RawMessage
	var want []string
	for i := range b.Queries {
		q, err := json.Marshal(map[string]any{
			"names":   []map[string]any{{"full": gen.Misspell(uint64(i), listed[i])}},
			"purpose": "test", "reason": "benchmark", "limit": 10,
		})
		if err != nil {
			return fmt.Errorf("encode a query: %w", err)
		}
		bodies, want = append(bodies, q), append(want, listed[i])
	}
	q, err := b.ask(ctx, bodies, want)
	if err != nil {
		return err
	}
	q.What = "name with one typing mistake"
	b.report.Names = append(b.report.Names, q)
	return nil
}

// photos asks with a 512 px portrait and with the same face in a 12-megapixel
// picture.
func (b *bench) photos(ctx context.Context) error {
	src, err := jpeg.Decode(bytes.NewReader(b.Portrait))
	if err != nil {
		return fmt.Errorf("decode the portrait: %w", err)
	}
	for _, p := range []struct {
		what         string
		w, h, margin int
	}{{"512 px portrait, JPEG", 512, 512, 0}, {"12-megapixel JPEG, 4000x3000", 4000, 3000, 500}} {
		pic, err := canvas(src, p.w, p.h, p.margin)
		if err != nil {
			return err
		}
		body, err := json.Marshal(map[string]any{
			"photos":  []map[string]any{{"image": base64.StdEncoding.EncodeToString(pic)}},
			"purpose": "test", "reason": "benchmark", "limit": 10,
		})
		if err != nil {
			return fmt.Errorf("encode a query: %w", err)
		}
		q, err := b.ask(ctx, slices.Repeat([]json.RawMessage{body}, b.Photos), nil)
		if err != nil {
			return fmt.Errorf("%s: %w", p.what, err)
		}
		q.What = fmt.Sprintf("%s, %d kB", p.what, len(pic)/1000)
		b.report.Photos = append(b.report.Photos, q)
	}
	return nil
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

// ask sends match queries one by one to a follower, after five that aren't
// counted. When want is given, it counts how often that name came first.
func (b *bench) ask(ctx context.Context, bodies []json.RawMessage, want []string) (Query, error) {
	leader, err := b.cluster.Leader(ctx)
	if err != nil {
		return Query{}, fmt.Errorf("find the leader: %w", err)
	}
	url := b.cluster.URL((leader+1)%b.cluster.Len()) + "/v1/match"
	for i := range min(5, len(bodies)) {
		if err := b.call(ctx, "POST", url, bodies[i], nil); err != nil {
			return Query{}, err
		}
	}
	stages := map[string][]time.Duration{}
	var took, node []time.Duration
	first := 0
	var q Query
	for i, body := range bodies {
		var l lead
		t := time.Now()
		if err := b.call(ctx, "POST", url, body, &l); err != nil {
			return Query{}, err
		}
		took = append(took, time.Since(t))
		var sum time.Duration
		for _, s := range l.Stages {
			d := time.Duration(s.Micros) * time.Microsecond
			stages[s.Stage] = append(stages[s.Stage], d)
			sum += d
		}
		node = append(node, sum)
		if want != nil && len(l.Candidates) > 0 && len(l.Candidates[0].Names) > 0 && l.Candidates[0].Names[0].Full == want[i] {
			first++
		}
		q.Entries, q.Gallery = l.Stamp.Entries, l.OperatingPoint.GallerySize
	}
	q.Latency, q.Node = benchmarks.Summarise(took), benchmarks.Summarise(node)
	q.Stages = map[string]float64{}
	for s, d := range stages {
		q.Stages[s] = benchmarks.Summarise(d).P50
	}
	if want != nil {
		q.Found = float64(first) / float64(len(want))
	}
	return q, nil
}
