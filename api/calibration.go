package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// maxCalibrationFile is what a blob takes, in bytes.
const maxCalibrationFile = 4 << 20

// shippedReason is the reason of the decision that records what a cluster of an
// earlier release had in force before its first decision.
const shippedReason = "in force until now, as shipped with the release"

// GetCalibration tells what is in force, what this node uses, and who decided
// what.
func (s *service) GetCalibration(ctx context.Context, _ gen.GetCalibrationRequestObject) (gen.GetCalibrationResponseObject, error) {
	stamp := s.deps.Consistency.Stamp()
	callOf(ctx).stamp(stamp)
	st := s.deps.Calibrations.Status()
	out := gen.Calibration{
		Version: st.InForce, Recorded: len(st.History) > 0, Used: st.Used, State: gen.CalibrationState(st.State), Shipped: st.Shipped,
		Report: calibrationOut(st.Report), History: list(st.All, decisionOut), Second: secondCalibrationOut(st.Second),
		Nodes: list(s.deps.Cluster.Status().Members, func(m MemberStatus) gen.CalibrationNode {
			return gen.CalibrationNode{Id: string(m.ID), Name: m.Name, Calibration: m.Calibration, Current: m.Calibration == st.InForce}
		}),
	}
	slices.Reverse(out.History)
	if st.State == "changing" {
		out.Projected, out.ToProject = st.Projected, st.ToProject
	}
	return gen.GetCalibration200JSONResponse(out), nil
}

// AdoptCalibration decides on another calibration: it checks the file, brings it
// to a majority of the voters, and then proposes the decision.
func (s *service) AdoptCalibration(ctx context.Context, req gen.AdoptCalibrationRequestObject) (gen.AdoptCalibrationResponseObject, error) {
	c, in := callOf(ctx), req.Body
	c.event.Reason = in.Reason
	if len(in.File) > maxCalibrationFile {
		return nil, failField("invalid", "/file", "too_large", "a calibration file has at most 4 MiB")
	}
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	then, err := s.deps.Calibrations.Inspect(in.File)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(in.File)
	// What the log would refuse is refused before anything is kept.
	d := watchlist.CalibrationDecision{Version: then.Version, Model: then.Model, File: watchlist.BlobID(hex.EncodeToString(sum[:])), Reason: in.Reason}
	if errs := d.Validate(); len(errs) > 0 {
		return nil, errs
	}
	st := s.deps.Calibrations.Status().about(then.Model)
	c.event.Subject = then.Version
	c.event.Changes = []string{"calibration=" + string(in.Previous) + "->" + then.Version}
	out := gen.CalibrationChange{DryRun: in.DryRun, Templates: st.Templates, Now: calibrationOut(st.Report), Then: calibrationOut(then)}
	idem := idempotent{req.Params.IdempotencyKey, calibrationTarget{sum, string(in.Previous), in.Reason}}
	if in.DryRun {
		c.event.Changes = append(c.event.Changes, "dry_run")
		return gen.AdoptCalibration200JSONResponse(out), s.wouldAdopt(st, string(in.Previous), then.Version)
	}
	ifVersion := string(in.Previous)
	if len(st.History) == 0 {
		if err := s.wouldAdopt(st, ifVersion, then.Version); err != nil {
			return nil, err
		}
		if then.Model == st.Report.Model && watchlist.IsComposite(then.Model) {
			ifVersion = "" // what a node's configuration names is no decision
		} else if err := s.recordShipped(ctx, idem, ifVersion); err != nil {
			return nil, err
		}
	}
	r, err := s.adopt(ctx, idem, in.File, command.CalibrationPut{Version: then.Version, Model: then.Model, IfVersion: ifVersion, Reason: in.Reason})
	if err != nil {
		return nil, err
	}
	out.Index, out.Replayed = int64(r.Index), r.Replayed
	return gen.AdoptCalibration200JSONResponse(out), nil
}

// calibrationTarget is what the idempotency of a decision remembers.
type calibrationTarget struct {
	File             [sha256.Size]byte
	Previous, Reason string
}

// wouldAdopt says whether a decision would be taken now.
func (s *service) wouldAdopt(st CalibrationStatus, previous, version string) error {
	switch {
	case st.InForce != previous:
		return fail("calibration_conflict")
	case st.InForce == version:
		return alreadyInForce()
	}
	return nil
}

func alreadyInForce() *apiError {
	return &apiError{code: "exists", detail: "That calibration is in force already."}
}

// recordShipped makes what was in force without a decision the first one, so that
// the history is whole and searches made under it can be replayed.
func (s *service) recordShipped(ctx context.Context, idem idempotent, previous string) error {
	file, shipped := s.deps.Calibrations.Shipped()
	if shipped.Version != previous {
		return fail("calibration_conflict")
	}
	_, err := s.adopt(ctx, idem.part(1), file, command.CalibrationPut{Version: shipped.Version, Model: shipped.Model, Reason: shippedReason, Shipped: true})
	return err
}

// adopt brings a file to a majority of the voters and proposes its decision.
func (s *service) adopt(ctx context.Context, idem idempotent, file []byte, put command.CalibrationPut) (command.Result, error) {
	wctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opt.WritePatience)
	defer cancel()
	var err error
	if put.File, err = s.deps.Blobs.Put(wctx, file); err != nil {
		return command.Result{}, err
	}
	r, err := s.propose(ctx, idem, put)
	var refused *apiError
	if errors.As(err, &refused) {
		switch refused.code {
		case "revision_conflict":
			return r, fail("calibration_conflict")
		case "exists":
			return r, alreadyInForce()
		}
	}
	return r, err
}

// secondCalibrationOut shows how the node stands to the calibration of both encoders.
func secondCalibrationOut(st *CalibrationStatus) gen.SecondCalibration {
	if st == nil {
		return gen.SecondCalibration{}
	}
	out := gen.SecondCalibration{
		Version: st.InForce, Recorded: len(st.History) > 0, Used: st.Used, State: gen.SecondCalibrationState(st.State), Configured: st.Shipped,
		Report: calibrationOut(st.Report),
	}
	if st.State == "changing" {
		out.Projected, out.ToProject = st.Projected, st.ToProject
	}
	return out
}

func decisionOut(d watchlist.CalibrationDecision) gen.CalibrationDecision {
	return gen.CalibrationDecision{
		Number: int64(d.Number), Version: d.Version, Model: d.Model, File: string(d.File), Previous: d.Previous,
		By: d.By, At: millis(d.At), Index: int64(d.Index), Reason: d.Reason, Shipped: d.Shipped,
	}
}

func calibrationOut(r CalibrationReport) gen.CalibrationReport {
	return gen.CalibrationReport{
		Version: r.Version, Model: r.Model, Cohort: r.Point.Cohort, OperatingPoint: pointOut(r.Point),
		Groups: list(r.Groups, func(g CalibrationGroup) gen.CalibrationGroup {
			return gen.CalibrationGroup{Name: g.Name, Weight: finite(g.Weight), Persons: g.Persons, Photos: g.Photos, MatedPairs: g.MatedPairs, ImpostorPairs: g.ImpostorPairs}
		}),
		Folds: list(r.Folds, func(f CalibrationFold) gen.CalibrationFold {
			return gen.CalibrationFold{
				Fold: f.Fold, Group: f.Group, Persons: f.Persons, MatedPairs: f.MatedPairs, ImpostorPairs: f.ImpostorPairs,
				FnmrAtFmr1e3: finite(f.FNMR1e3), FnmrAtFmr1e4: finite(f.FNMR1e4), SharedFmr: finite(f.SharedFMR), SharedFnmr: finite(f.SharedFNMR),
			}
		}),
	}
}
