package face

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"vigie/matcher/face/dlib"
	"vigie/watchlist"
)

const (
	// workingSize is the long side of the picture that is searched for faces.
	workingSize = 800
	// keptSize is the long side of the photo that an entry keeps.
	keptSize = 1280
	// sameFace is the least overlap (intersection over union) at which a box
	// picks a face.
	sameFace = 0.5
)

// The stages of StageTime.
const (
	StageGate    = "face_gate"
	StageQueue   = "face_queue"
	StageDecode  = "face_decode"
	StageEngine  = "face_engine"
	StageQuality = "face_quality"
)

// Extract finds the one face of a probe photo, or the one that p.Face picks,
// and encodes it. Every refusal of a photo is a *watchlist.FaceError; any other
// error is a fault of the engine. The stages done so far are given in each case.
// When ctx ends while the photo waits, the refusal wraps the cause.
func (e *Engine) Extract(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	j := job{engine: e, bar: probeBar}
	err := j.run(ctx, p)
	return j.sample, j.stages, err
}

// Enrol is Extract for a photo that an entry keeps: quality flags are stricter,
// and the photo comes back as an upright JPEG of at most 1280 px without any
// metadata.
func (e *Engine) Enrol(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []byte, error) {
	j := job{engine: e, bar: enrolBar, keep: true}
	err := j.run(ctx, p)
	return j.sample, j.kept, err
}

// job is one photo on its way through the stages.
type job struct {
	engine *Engine
	bar    bar
	keep   bool

	sample watchlist.FaceSample
	kept   []byte
	stages []watchlist.StageTime
}

// lap records the time since start and gives the start of the next stage.
func (j *job) lap(stage string, start time.Time) time.Time {
	now := time.Now()
	j.stages = append(j.stages, watchlist.StageTime{Stage: stage, Micros: now.Sub(start).Microseconds()})
	return now
}

func (j *job) run(ctx context.Context, p watchlist.Photo) (err error) {
	defer func() {
		if r := recover(); r != nil {
			// The panic's value may hold what was on the photo; its type and the
			// stack (functions and lines, no arguments) don't.
			kind := fmt.Sprintf("%T", r)
			j.engine.log.Error("the face pipeline panicked", "type", kind, "stack", stack())
			err = errCorrupt(fmt.Errorf("face pipeline panicked with a %s", kind))
		}
	}()
	t := time.Now()
	head, err := j.engine.gate.check(p.Bytes)
	t = j.lap(StageGate, t)
	if err != nil {
		return err
	}
	worker, release, err := j.engine.slot(ctx)
	t = j.lap(StageQueue, t)
	if err != nil {
		return err
	}
	defer release()
	whole, err := decode(ctx, head, p.Bytes)
	if err != nil {
		if ctx.Err() != nil {
			return errOverloaded(context.Cause(ctx))
		}
		return decodeError(err)
	}
	work := whole.scaled(workingSize, false).turn(head.orientation)
	t = j.lap(StageDecode, t)
	faces, seen, err := j.detect(ctx, worker, head, whole, work)
	t = j.lap(StageEngine, t)
	if err != nil {
		return err
	}
	err = j.choose(p.Face, head, faces, seen)
	if err == nil && j.keep {
		j.kept, err = whole.scaled(keptSize, false).turn(head.orientation).encode()
	}
	j.lap(StageQuality, t)
	return err
}

// stack gives the stack of a panic that was just recovered, without the frames'
// arguments: a line for each function, with its file and line.
func stack() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var b strings.Builder
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s %s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return b.String()
		}
	}
}

// detect searches the working picture, and once more at twice the size, cut
// from the full pixels, when it shows no face. It gives the picture that the
// faces were seen in.
func (j *job) detect(ctx context.Context, worker recogniser, head header, whole, work picture) ([]dlib.Face, picture, error) {
	for retry := false; ; retry = true {
		if retry {
			work = whole.scaled(2*work.long(), true).turn(head.orientation)
		}
		jpeg, err := work.encode()
		if err != nil {
			return nil, work, fmt.Errorf("face engine: %w", err)
		}
		faces, err := worker.Faces(jpeg)
		if err != nil {
			return nil, work, err // our own JPEG: not the sender's fault
		}
		if len(faces) > 0 || retry {
			return faces, work, nil
		}
		if ctx.Err() != nil {
			return nil, work, errOverloaded(context.Cause(ctx))
		}
	}
}

// choose picks the face and fills the sample.
func (j *job) choose(pick *watchlist.Box, head header, faces []dlib.Face, seen picture) error {
	if len(faces) == 0 {
		return errNoFace()
	}
	slices.SortStableFunc(faces, func(a, b dlib.Face) int {
		return cmp.Compare(b.Box.Dx()*b.Box.Dy(), a.Box.Dx()*a.Box.Dy())
	})
	width, height := head.upright()
	boxes := make([]watchlist.Box, len(faces))
	for i, f := range faces {
		boxes[i] = toOriginal(f, width, height, seen)
	}
	chosen := 0
	switch {
	case pick != nil:
		chosen = overlapping(*pick, boxes)
		if chosen < 0 {
			return errBoxUnknown(boxes)
		}
	case len(faces) > 1:
		return errMultiple(boxes)
	}
	f := faces[chosen]
	scale := float64(max(width, height)) / float64(seen.long())
	q := j.bar.measure(f, seen, scale)
	if q.InterEye < j.bar.hardInterEye {
		return errTooSmall(q.InterEye, j.bar.hardInterEye)
	}
	template := slices.Clone(f.Template[:])
	if err := watchlist.CheckTemplate(template); err != nil {
		return errCorrupt(err)
	}
	j.sample = watchlist.FaceSample{Template: template, Model: j.engine.Model(), Box: boxes[chosen], Quality: q}
	return nil
}

// toOriginal gives the box in pixels of the upright photo as sent, cut to it.
func toOriginal(f dlib.Face, width, height int, seen picture) watchlist.Box {
	sx, sy := float64(width)/float64(seen.y.w), float64(height)/float64(seen.y.h)
	at := func(v int, scale float64, limit int) int {
		return min(max(int(math.Round(float64(v)*scale)), 0), limit)
	}
	return watchlist.Box{
		Left: at(f.Box.Min.X, sx, width), Top: at(f.Box.Min.Y, sy, height),
		Right: at(f.Box.Max.X, sx, width), Bottom: at(f.Box.Max.Y, sy, height),
	}
}

// overlapping gives the box that fits pick best, or -1 when none fits well.
func overlapping(pick watchlist.Box, boxes []watchlist.Box) int {
	best, at := sameFace, -1
	for i, b := range boxes {
		if o := overlap(pick, b); o >= best {
			best, at = o, i
		}
	}
	return at
}

// overlap is intersection over union, 0 for boxes without area.
func overlap(a, b watchlist.Box) float64 {
	area := func(b watchlist.Box) float64 {
		return float64(max(b.Right-b.Left, 0)) * float64(max(b.Bottom-b.Top, 0))
	}
	both := area(watchlist.Box{
		Left: max(a.Left, b.Left), Top: max(a.Top, b.Top),
		Right: min(a.Right, b.Right), Bottom: min(a.Bottom, b.Bottom),
	})
	if both == 0 {
		return 0
	}
	return both / (area(a) + area(b) - both)
}
