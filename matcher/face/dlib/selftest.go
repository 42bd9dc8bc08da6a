//go:build cgo && !nodlib

package dlib

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"slices"
	"time"
)

// slowForward is the time above which one encoding is called slow: OpenBLAS
// needs some 15 ms, reference BLAS 210 ms.
const slowForward = 90 * time.Millisecond

// SelfTest encodes the drawn specimen and times one pass through landmarks and
// encoder: the time with the face less the time without it, the best of three,
// so that a busy machine isn't blamed. It fails when the engine does not find
// the specimen or gives another template the second time; it warns when BLAS is
// slow or threaded.
func (r *Recognizer) SelfTest() (Report, error) {
	with, err := encode(Specimen())
	if err != nil {
		return Report{}, err
	}
	without, err := encode(blank())
	if err != nil {
		return Report{}, err
	}
	var first *Face
	var full, empty []time.Duration
	for range 3 {
		start := time.Now()
		faces, err := r.Faces(with)
		if err != nil {
			return Report{}, err
		}
		full = append(full, time.Since(start))
		if len(faces) != 1 {
			return Report{}, fmt.Errorf("face engine self-test: %d faces found in the specimen instead of 1", len(faces))
		}
		if first == nil {
			first = &faces[0]
		}
		if err := checkSpecimen(first.Template, faces[0].Template); err != nil {
			return Report{}, err
		}
		start = time.Now()
		if _, err := r.Faces(without); err != nil {
			return Report{}, err
		}
		empty = append(empty, time.Since(start))
	}
	rep := Report{Forward: max(slices.Min(full)-slices.Min(empty), 0), BLASThreads: singleBLASThread()}
	rep.Warning = warning(rep)
	return rep, nil
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
