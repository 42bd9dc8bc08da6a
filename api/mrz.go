package api

import (
	"context"
	"errors"
	"slices"
	"strings"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/mrz"
)

// ReadMrz reads a zone and proposes other readings. Nothing of it is logged or
// audited but that it was asked for.
func (s *service) ReadMrz(_ context.Context, req gen.ReadMrzRequestObject) (gen.ReadMrzResponseObject, error) {
	year := s.opt.Now().Year()
	d, err := mrz.ParseAt(req.Body.Lines, year)
	if err != nil {
		return nil, zoneError(err, "")
	}
	proposals, err := mrz.Propose(req.Body.Lines, year)
	if err != nil {
		return nil, zoneError(err, "")
	}
	return gen.ReadMrz200JSONResponse{
		Result: *zoneOut(&d, ""), Consistent: len(d.Wrong())+len(d.Warnings) == 0,
		Proposals: list(proposals, func(p mrz.Proposal) gen.MrzProposal {
			return gen.MrzProposal{Lines: p.Lines, Repairs: repairsOut(p.Repairs, "")}
		}),
	}, nil
}

// readZone reads MRZ lines, adds what they say to the probe (what was given
// apart stays), and words it for the answer. Nil lines give nil.
func (s *service) readZone(in *gen.MrzInput, p *watchlist.Probe) (*gen.MrzResult, error) {
	if len(in.Lines) == 0 {
		return nil, nil
	}
	d, err := mrz.ParseAt(in.Lines, s.opt.Now().Year())
	if err != nil {
		return nil, zoneError(err, "/mrz")
	}
	if wrong := d.Wrong(); len(wrong) > 0 && !in.AcceptErrors {
		e := &apiError{code: "mrz_check_digit", advice: zoneAdvice(mrz.AdviceCheck), mrz: &gen.MrzResult{Format: string(d.Format), Checks: checksOut(d.Checks, "/mrz")}}
		for _, w := range wrong {
			e.fields = append(e.fields, gen.FieldProblem{Pointer: linePointer(w.Pointer, "/mrz"), Code: "wrong_check_digit", Detail: w.Field, Advice: zoneAdvice(w.Field)})
		}
		return nil, e
	}
	d.Probe(p)
	return zoneOut(&d, "/mrz"), nil
}

// zoneError words the refusal of lines that are no zone. under is the pointer of
// the object that holds the lines.
func zoneError(err error, under string) error {
	var bad watchlist.ValidationError
	if !errors.As(err, &bad) {
		return err
	}
	e := &apiError{code: "mrz_malformed", fields: fieldProblems(bad), advice: zoneAdvice(mrz.CodeFormat)}
	for i := range e.fields {
		e.fields[i].Pointer = linePointer(e.fields[i].Pointer, under)
		e.fields[i].Advice = zoneAdvice(e.fields[i].Code)
	}
	return e
}

// zoneAdvice gives what to do in three languages, all empty when there is nothing.
func zoneAdvice(code string) gen.Advice {
	a, _ := mrz.Advice(code)
	return adviceOut(a)
}

// linePointer turns the parser's "/mrz/1" into the request's "/lines/1" under
// the object that holds the lines.
func linePointer(p, under string) string {
	if rest, ok := strings.CutPrefix(p, "/mrz"); ok {
		return under + "/lines" + rest
	}
	return p
}

func checksOut(in []mrz.Check, under string) []gen.MrzCheck {
	return list(in, func(c mrz.Check) gen.MrzCheck {
		out := gen.MrzCheck{Field: c.Field, Status: gen.MrzCheckStatus(c.Status), Position: c.Position}
		if c.Pointer != "" {
			out.Pointer = linePointer(c.Pointer, under)
		}
		return out
	})
}

func repairsOut(in []mrz.Repair, under string) []gen.MrzRepair {
	return optional(in, func(r mrz.Repair) gen.MrzRepair {
		return gen.MrzRepair{Field: r.Field, Pointer: linePointer(r.Pointer, under), Position: r.Position, From: r.From, To: r.To, Sole: r.Sole}
	})
}

func zoneOut(d *mrz.Document, under string) *gen.MrzResult {
	out := &gen.MrzResult{
		Format: string(d.Format), DocumentCode: d.Code, Issuer: string(d.Issuer), IssuerPrinted: d.IssuerPrinted, Number: d.Number,
		Surname: d.Surname, Given: d.Given, LikelySurname: d.LikelySurname, LikelyGiven: d.LikelyGiven,
		Truncated: d.Truncated, NoSecondary: d.NoSecondary, Nationality: string(d.Nationality), NationalityPrinted: d.NationalityPrinted,
		Birth: gen.ProbeBirth{Date: d.Birth.From.String(), To: d.Birth.To.String()},
		Sex:   gen.Sex(d.Sex), Expiry: d.Expiry.String(), Checks: checksOut(d.Checks, under),
		Repairs: repairsOut(d.Repairs, under), Warnings: d.Warnings,
	}
	codes := slices.Clone(d.Warnings)
	for _, w := range d.Wrong() {
		codes = append(codes, w.Field)
	}
	for _, code := range codes {
		if a, ok := mrz.Advice(code); ok {
			out.Advice = append(out.Advice, gen.MrzAdvice{Code: code, Advice: adviceOut(a)})
		}
	}
	return out
}
