package api

import (
	"errors"
	"strings"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/mrz"
)

// readZone reads MRZ lines, adds what they say to the probe (what was given
// apart stays), and words it for the answer. Nil lines give nil.
func (s *service) readZone(in *gen.MrzInput, p *watchlist.Probe) (*gen.MrzResult, error) {
	if len(in.Lines) == 0 {
		return nil, nil
	}
	d, err := mrz.ParseAt(in.Lines, s.opt.Now().Year())
	var list watchlist.ValidationError
	switch {
	case errors.As(err, &list):
		e := &apiError{code: "mrz_malformed", fields: fieldProblems(list)}
		for i := range e.fields {
			e.fields[i].Pointer = linePointer(e.fields[i].Pointer)
		}
		return nil, e
	case err != nil:
		return nil, err
	}
	if wrong := d.Wrong(); len(wrong) > 0 && !in.AcceptErrors {
		e := &apiError{code: "mrz_check_digit", mrz: &gen.MrzResult{Format: string(d.Format), Checks: checksOut(d.Checks)}}
		for _, w := range wrong {
			e.fields = append(e.fields, gen.FieldProblem{Pointer: linePointer(w.Pointer), Code: "wrong_check_digit", Detail: w.Field})
		}
		return nil, e
	}
	d.Probe(p)
	return zoneOut(&d), nil
}

// linePointer turns the parser's "/mrz/1" into the request's "/mrz/lines/1".
func linePointer(p string) string {
	if rest, ok := strings.CutPrefix(p, "/mrz"); ok {
		return "/mrz/lines" + rest
	}
	return p
}

func checksOut(in []mrz.Check) []gen.MrzCheck {
	return list(in, func(c mrz.Check) gen.MrzCheck {
		out := gen.MrzCheck{Field: c.Field, Status: gen.MrzCheckStatus(c.Status), Position: c.Position}
		if c.Pointer != "" {
			out.Pointer = linePointer(c.Pointer)
		}
		return out
	})
}

func zoneOut(d *mrz.Document) *gen.MrzResult {
	return &gen.MrzResult{
		Format: string(d.Format), DocumentCode: d.Code, Issuer: string(d.Issuer), Number: d.Number,
		Surname: d.Surname, Given: d.Given, Truncated: d.Truncated, Nationality: string(d.Nationality),
		Birth: gen.ProbeBirth{Date: d.Birth.From.String(), To: d.Birth.To.String()},
		Sex:   gen.Sex(d.Sex), Expiry: d.Expiry.String(), Checks: checksOut(d.Checks),
		Repairs: optional(d.Repairs, func(r mrz.Repair) gen.MrzRepair {
			return gen.MrzRepair{Field: r.Field, Pointer: linePointer(r.Pointer), Position: r.Position, From: r.From, To: r.To, Sole: r.Sole}
		}),
		Warnings: d.Warnings,
	}
}
