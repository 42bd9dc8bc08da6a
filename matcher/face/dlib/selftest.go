//go:build cgo && !nodlib

package dlib

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"time"
)

// slowForward is the time above which one encoding is called slow: OpenBLAS
// needs some 15 ms, reference BLAS 210 ms.
const slowForward = 90 * time.Millisecond

// SelfTest encodes the drawn specimen three times and gives the best time of a
// pass through the encoder, so that a busy machine isn't blamed. It fails when
// the engine does not find the specimen or gives another template the next
// time; it warns when BLAS is slow or threaded.
func (r *Recognizer) SelfTest() (Report, error) {
	p := pixelsOf(Specimen())
	rep := Report{Forward: math.MaxInt64}
	var want [128]float32
	for i := range 3 {
		a, err := r.one(p)
		if err != nil {
			return Report{}, fmt.Errorf("face engine self-test: %w", err)
		}
		start := time.Now()
		got, err := r.Embed(a.Chip)
		if err != nil {
			return Report{}, err
		}
		rep.Forward = min(rep.Forward, time.Since(start))
		if i == 0 {
			want = got
		}
		if err := checkSpecimen(want, got); err != nil {
			return Report{}, err
		}
	}
	rep.BLASThreads = singleBLASThread()
	rep.Warning = warning(rep)
	return rep, nil
}

// one finds and aligns the only face of a picture.
func (r *Recognizer) one(p Pixels) (Aligned, error) {
	faces, err := r.Detect(p)
	if err != nil {
		return Aligned{}, err
	}
	if len(faces) != 1 {
		return Aligned{}, fmt.Errorf("%d faces found instead of 1", len(faces))
	}
	return r.Align(p, faces[0].Box)
}

// CheckReference encodes the drawn specimen with go-face and with a Recognizer
// and fails unless the templates are the same bits. It loads the models of dir
// twice, about a second.
func CheckReference(dir string) error {
	file, err := encode(Specimen())
	if err != nil {
		return err
	}
	ref, err := OpenReference(dir)
	if err != nil {
		return err
	}
	defer ref.Close()
	own, err := Open(dir)
	if err != nil {
		return err
	}
	defer own.Close()
	want, err := ref.Faces(file)
	if err != nil {
		return err
	}
	size := Specimen().Rect.Size()
	p, err := JPEG{Bytes: file, Width: size.X, Height: size.Y, Components: 3, MaxScans: 1, MaxMemory: 1 << 20}.
		Decode(context.Background(), 8, image.Rectangle{})
	if err != nil {
		return err
	}
	a, err := own.one(p)
	if err != nil {
		return fmt.Errorf("compare with go-face: %w", err)
	}
	got, err := own.Embed(a.Chip)
	if err != nil {
		return err
	}
	if len(want) != 1 || want[0].Template != got {
		return errors.New("the face engine and go-face give different templates of the specimen")
	}
	return nil
}

func checkSpecimen(first, again [128]float32) error {
	if first != again {
		return errors.New("face engine self-test: the same photo gave two templates")
	}
	for _, v := range first {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return errors.New("face engine self-test: the template is not finite")
		}
	}
	return nil
}

func warning(rep Report) string {
	switch {
	case rep.Forward > slowForward:
		return fmt.Sprintf("encoding one face takes %d ms instead of about 15: libblas.so.3 is probably reference BLAS; install libopenblas0-pthread and select it by `update-alternatives --config libblas.so.3-x86_64-linux-gnu`", rep.Forward.Milliseconds())
	case rep.BLASThreads > 1:
		return fmt.Sprintf("OpenBLAS runs %d threads beside the face workers; set OPENBLAS_NUM_THREADS=1", rep.BLASThreads)
	}
	return ""
}

func encode(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		return nil, fmt.Errorf("face engine self-test: %w", err)
	}
	return b.Bytes(), nil
}

func pixelsOf(m *image.RGBA) Pixels {
	p := NewPixels(m.Rect.Dx(), m.Rect.Dy())
	for i := range p.W * p.H {
		copy(p.Pix[3*i:3*i+3], m.Pix[4*i:])
	}
	return p
}
