package face

import (
	"context"
	"fmt"
	"image"
	"runtime"
	"strings"
	"time"

	"vigie/watchlist"
)

const (
	// keptSize is the long side of the photo that an entry keeps.
	keptSize = 1280
	// sameFace is the least overlap (intersection over union) at which a box
	// picks a face.
	sameFace = 0.5
)

// The stages of StageTime.
const (
	StageGate   = "face_gate"
	StageQueue  = "face_queue"
	StageDecode = "face_decode"
	StageDetect = "face_detect"
	StageAlign  = "face_align" // a closer look, landmarks and the first chip
	StageEmbed  = "face_embed" // and the steady chip
	// StageReference is what Both spends beyond a probe.
	StageReference = "face_embed_reference"
	StageQuality   = "face_quality" // and the photo that an entry keeps
)

// Extract finds the one face of a probe photo, or the one that p.Face picks,
// and makes its probe template. Every refusal of a photo is a
// *watchlist.FaceError; any other error is a fault of the engine. The stages done
// so far are given in each case.
// When ctx ends while the photo waits, the refusal wraps the cause.
func (e *Engine) Extract(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	j := job{engine: e, bar: probeBar}
	err := j.run(ctx, p)
	return j.sample, j.stages, err
}

// Enrol is Extract for a photo that an entry keeps: its template is a reference,
// which takes twice the encoding, quality flags are stricter, and the photo comes
// back as an upright JPEG of at most 1280 px without any metadata.
func (e *Engine) Enrol(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []byte, error) {
	j := job{engine: e, bar: enrolBar, keep: true, template: asReference}
	err := j.run(ctx, p)
	return j.sample, j.kept, err
}

// Both is Extract for measuring: it also gives the reference template that Enrol
// would make of the photo, and FlagLowQualityReference where Enrol would set it. Its extra
// time is in StageReference.
func (e *Engine) Both(ctx context.Context, p watchlist.Photo) (probe watchlist.FaceSample, reference []float32, stages []watchlist.StageTime, err error) {
	j := job{engine: e, bar: probeBar, template: asBoth}
	err = j.run(ctx, p)
	return j.sample, j.reference, j.stages, err
}

// purpose says what a job's template is for.
type purpose int

const (
	asProbe purpose = iota
	asReference
	asBoth
	asVerdict // none is made
)

// job is one photo on its way through the stages.
type job struct {
	engine *Engine
	bar    bar
	keep   bool

	template purpose

	head   header
	source source
	since  time.Time // when the stage in hand began

	sample    watchlist.FaceSample
	reference []float32 // asBoth
	kept      []byte
	stages    []watchlist.StageTime
}

// lap ends a stage and begins the next one. A stage done twice counts once, with
// both times.
func (j *job) lap(stage string) {
	now := time.Now()
	took := now.Sub(j.since).Microseconds()
	j.since = now
	for i := range j.stages {
		if j.stages[i].Stage == stage {
			j.stages[i].Micros += took
			return
		}
	}
	j.stages = append(j.stages, watchlist.StageTime{Stage: stage, Micros: took})
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
	j.since = time.Now()
	j.head, err = j.engine.gate.check(p.Bytes)
	j.lap(StageGate)
	if err != nil {
		return err
	}
	worker, release, err := j.engine.slot(ctx)
	j.lap(StageQueue)
	if err != nil {
		return err
	}
	defer release()
	if j.source, err = open(ctx, j.head, p.Bytes); err != nil {
		return refuseSource(ctx, err)
	}
	found, seen, fine, err := j.search(ctx, worker)
	if err != nil {
		return err
	}
	boxes := seen.boxes(found)
	i, err := pick(p.Face, boxes)
	if err != nil {
		return err
	}
	j.sample.Box = boxes[i]
	if err := j.encode(ctx, worker, fine, seen.between(found[i].Box, fine)); err != nil {
		return err
	}
	if j.keep {
		err = j.keepPhoto(ctx)
		j.lap(StageQuality)
	}
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

// pick gives the number of the face that is meant.
func pick(want *watchlist.Box, boxes []watchlist.Box) (int, error) {
	switch {
	case len(boxes) == 0:
		return 0, errNoFace()
	case want != nil:
		i := overlapping(*want, boxes)
		if i < 0 {
			return 0, errBoxUnknown(boxes)
		}
		return i, nil
	case len(boxes) > 1:
		return 0, errMultiple(boxes)
	}
	return 0, nil
}

// encode aligns the face in the box of fine, judges it and makes its template.
// A face that is refused is not encoded.
func (j *job) encode(ctx context.Context, worker encoder, fine view, box image.Rectangle) error {
	near, err := j.closer(ctx, fine, box)
	if err != nil {
		return err
	}
	box = fine.between(box, near)
	face, err := worker.Align(near.Pixels, box)
	j.lap(StageAlign)
	if err != nil {
		return err // our own pixels: not the sender's fault
	}
	w, h := j.head.upright()
	j.sample.Quality = qualityOf(poseOf(face.Points, near, w, h), lightOf(face.Chip))
	j.sample.Quality.Flags, err = j.bar.judge(&j.sample.Quality)
	if j.template == asBoth && enrolBar.weak(&j.sample.Quality) {
		j.sample.Quality.Flags = append(j.sample.Quality.Flags, watchlist.FlagLowQualityReference)
	}
	j.lap(StageQuality)
	if err != nil || j.template == asVerdict {
		return err
	}
	if err := j.embed(worker, &aligned{Aligned: face, seen: near.Pixels, box: box}); err != nil {
		return err
	}
	if err := j.second(near.Pixels, face.Points); err != nil {
		return err
	}
	if err := watchlist.CheckTemplate(j.sample.Template); err != nil {
		return errCorrupt(err)
	}
	return nil
}

// embed makes the templates that the job is for.
func (j *job) embed(worker encoder, face *aligned) error {
	var found encodings
	which := probeCrops
	if j.template == asReference {
		which = referenceCrops
	}
	err := j.engine.embed(worker, face, which, &found)
	j.lap(StageEmbed)
	if err == nil && j.template == asBoth {
		err = j.engine.embed(worker, face, otherCrops, &found)
		j.reference = found.join(referenceCrops)
		j.lap(StageReference)
	}
	if err != nil {
		return err
	}
	j.sample.Template, j.sample.Model = found.join(which), j.engine.Model()
	return nil
}

// keepPhoto makes the copy that an entry keeps.
func (j *job) keepPhoto(ctx context.Context) error {
	p, err := j.source.kept(ctx, keptSize)
	if err != nil {
		return refuseSource(ctx, err)
	}
	j.kept, err = p.turn(j.head.orientation).encode()
	return err
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
