package api

import (
	"context"
	"errors"
	"strconv"

	"vigie/api/gen"
	"vigie/watchlist"
)

// ReplaySearch searches the faces of an earlier list again. The audit event is a
// search's, and its subject is the index that was asked for.
func (s *service) ReplaySearch(ctx context.Context, req gen.ReplaySearchRequestObject) (gen.ReplaySearchResponseObject, error) {
	c := callOf(ctx)
	in := req.JSONBody
	if req.MultipartBody != nil {
		var err error
		if in, err = s.replayForm(req.MultipartBody); err != nil {
			return nil, err
		}
	}
	c.event.Purpose, c.event.Reason = watchlist.Purpose(in.Purpose), in.Reason
	c.event.Subject = "index:" + strconv.FormatInt(in.AsOfIndex, 10)
	q := watchlist.ReplayQuery{
		AsOf: uint64(in.AsOfIndex), MinScore: in.MinScore, SecondMinScore: in.SecondMinScore, FMR: in.Fmr, Limit: in.MaxCandidates, Calibration: string(in.Calibration),
		Purpose: watchlist.Purpose(in.Purpose), Reason: in.Reason,
	}
	var err error
	if q.Photos, q.Templates, err = s.samples(in.Photos, in.Templates); err != nil {
		return nil, err
	}
	if len(q.Photos)+len(q.Templates) > 0 {
		c.event.Evidence = []watchlist.EvidenceKind{watchlist.EvidenceFace}
	}
	var out *watchlist.Replay
	if err := s.inSlot(ctx, func() (err error) { out, err = s.deps.Matcher.Replay(ctx, q); return err }); err != nil {
		var face *watchlist.FaceError
		if errors.As(err, &face) {
			return nil, faceError(err, len(in.Photos), len(in.Templates))
		}
		return nil, err
	}
	c.stamp(out.Stamp)
	c.event.Query, c.event.Models, c.event.Threshold = out.Query, out.Models, finite(out.Point.Threshold)
	c.secondThreshold(out.SecondPoint)
	for _, x := range out.Candidates {
		c.event.Entries = append(c.event.Entries, x.Entry)
	}
	answer := replayOut(out)
	if answer.NameFamilies, err = s.familyDrift(out.AsOf); err != nil {
		return nil, err
	}
	return gen.ReplaySearch200JSONResponse(answer), nil
}

// familyDrift says how the table of spelling families stands to that of an index.
func (s *service) familyDrift(asOf uint64) (gen.FamilyDrift, error) {
	changes, err := s.deps.Families.FamilyChanges()
	if err != nil {
		return gen.FamilyDrift{}, err
	}
	d := watchlist.FamilyDrift{AsOf: watchlist.FamilyVersionAsOf(changes, asOf), Now: watchlist.FamilyVersion(changes)}
	return gen.FamilyDrift{AsOf: int64(d.AsOf), Now: int64(d.Now), Differs: d.AsOf != d.Now, Notice: adviceOut(d.Notice())}, nil
}

func replayOut(r *watchlist.Replay) gen.Replay {
	return gen.Replay{
		QueryId: string(r.Query), Notice: notice, AsOfIndex: int64(r.AsOf), OldestIndex: int64(r.Oldest),
		Candidates: list(r.Candidates, func(c watchlist.ReplayCandidate) gen.ReplayCandidate {
			return gen.ReplayCandidate{
				Rank: c.Rank, EntryId: string(c.Entry), FaceId: c.Face, OtherFaceIds: c.Others.List(), Score: finite(c.Score), Llr: finite(c.LLR),
				Encoder: c.Encoder, Status: gen.ReplayCandidateStatus(c.Status),
			}
		}),
		Threshold: finite(r.Point.Threshold), ThresholdSource: gen.ReplayThresholdSource(r.Source),
		LowQualityThreshold: finite(r.Point.LowQualityThreshold), Frames: r.Frames,
		Fmr: finite(r.Point.FMR), TargetFpir: finite(r.Point.TargetFPIR), GallerySize: r.Point.GallerySize,
		Calibration: r.Point.Calibration, Cohort: r.Point.Cohort, SecondOperatingPoint: secondPointOut(r.SecondPoint), Stamp: stampOut(r.Stamp), Models: modelsOut(r.Models),
		Stages: list(r.Stages, stageOut), Faces: list(r.Faces, probeFaceOut), Truncated: r.Truncated,
	}
}
