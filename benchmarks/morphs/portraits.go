package morphs

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

// Encoder makes the probe template of a photo; *face.Engine is one.
type Encoder interface {
	Extract(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error)
}

// Landmarks finds a face and its five landmarks; *dlib.Recognizer is one.
type Landmarks interface {
	Detect(p dlib.Pixels) ([]dlib.Detection, error)
	Align(p dlib.Pixels, box image.Rectangle) (dlib.Aligned, error)
}

// portrait is one person of the set: a neutral picture, which a document shows,
// and a smiling one, which is the live photo.
type portrait struct {
	group, sex string
	pixels     dlib.Pixels
	points     []point
	document   []float32 // projected templates
	live       []float32
}

// readPortraits reads the London set: london_info.csv and
// img_675/{neutral,smiling}_front__<id>_*.jpg.
func (r *run) readPortraits(ctx context.Context, dir string) ([]portrait, error) {
	f, err := os.Open(filepath.Join(dir, "london_info.csv"))
	if err != nil {
		return nil, fmt.Errorf("read the list of portraits: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the list of portraits: %w", err)
	}
	var out []portrait
	for i, row := range rows {
		if i == 0 || len(row) < 4 {
			continue
		}
		p := portrait{sex: row[2], group: row[3]}
		document, err := r.picture(dir, "neutral", row[0])
		if err != nil {
			return nil, err
		}
		live, err := r.picture(dir, "smiling", row[0])
		if err != nil {
			return nil, err
		}
		if p.document, err = r.template(ctx, document); err != nil {
			return nil, err
		}
		if p.live, err = r.template(ctx, live); err != nil {
			return nil, err
		}
		if p.document == nil || p.live == nil {
			r.report.Refused++
			continue
		}
		if p.pixels, p.points, err = r.landmarks(document); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, errors.New("the set has no portraits")
	}
	return out, nil
}

func (r *run) picture(dir, kind, id string) ([]byte, error) {
	found, err := filepath.Glob(filepath.Join(dir, "img_675", kind+"_front__"+id+"_*.jpg"))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("%d %s pictures of one person", len(found), kind)
	}
	return os.ReadFile(found[0])
}

// template gives the projected template of a photo, nil for one that the face
// engine refuses.
func (r *run) template(ctx context.Context, photo []byte) ([]float32, error) {
	s, _, err := r.encoder.Extract(ctx, watchlist.Photo{Bytes: photo})
	var refused *watchlist.FaceError
	if errors.As(err, &refused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r.cal.Project(s.Template)
}

// landmarks decodes a picture and finds the landmarks of its one face.
func (r *run) landmarks(photo []byte) (dlib.Pixels, []point, error) {
	img, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return dlib.Pixels{}, nil, err
	}
	p := toPixels(img)
	found, err := r.finder.Detect(p)
	if err != nil || len(found) == 0 {
		return p, nil, errors.Join(errors.New("no face in a portrait of the set"), err)
	}
	face, err := r.finder.Align(p, found[0].Box)
	if err != nil {
		return p, nil, err
	}
	points := make([]point, len(face.Points))
	for i, q := range face.Points {
		points[i] = point{float64(q.X), float64(q.Y)}
	}
	return p, points, nil
}

func toPixels(img image.Image) dlib.Pixels {
	b := img.Bounds()
	p := dlib.NewPixels(b.Dx(), b.Dy())
	for y := range p.H {
		for x := range p.W {
			r, g, bl, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			copy(p.Pix[3*(y*p.W+x):], []byte{byte(r >> 8), byte(g >> 8), byte(bl >> 8)})
		}
	}
	return p
}

// toJPEG is how a morph gets into a document: as a JPEG like any other.
func toJPEG(p dlib.Pixels) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, p.W, p.H))
	for i := range p.W * p.H {
		copy(img.Pix[4*i:], p.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92})
	return b.Bytes(), err
}

// partners gives, for every person, the one of the same sex and group whose
// document looks most like theirs: whom an attacker would choose. Each pair is
// given once.
func partners(list []portrait) (pairs [][2]int) {
	seen := map[[2]int]bool{}
	for i, p := range list {
		best, score := -1, -2.0
		for j, q := range list {
			if s := cosine(p.document, q.document); i != j && p.sex == q.sex && p.group == q.group && s > score {
				best, score = j, s
			}
		}
		pair := [2]int{min(i, best), max(i, best)}
		if best >= 0 && !seen[pair] {
			seen[pair] = true
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

// cosine of two unit vectors.
func cosine(a, b []float32) (s float64) {
	for i, v := range a {
		s += float64(v) * float64(b[i])
	}
	return s
}
