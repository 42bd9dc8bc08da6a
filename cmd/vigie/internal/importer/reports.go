package importer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/watchlist"
	"vigie/watchlist/country"
)

// Report is one reported document to be written, as read from one line.
type Report struct {
	// Line is the line of the input, from 1.
	Line int
	// Document has everything but ID, Origin, Revision and stamps.
	Document watchlist.ReportedDocument
}

// ReportColumns are the headers of a CSV file of reported documents, in any order;
// those from "number_to" on may be missing. releasable_to holds codes separated by
// blanks, specimen is true or false.
var ReportColumns = []string{"type", "number", "issuer", "status", "reported", "reference", "number_to", "expiry", "keep_until", "releasable_to", "specimen"}

// requiredColumns is how many of ReportColumns a file must have.
const requiredColumns = 6

// jsonReport is a report with dates as text, as both formats have it.
type jsonReport struct {
	Type         string                 `json:"type"`
	Number       string                 `json:"number"`
	NumberTo     string                 `json:"number_to"`
	Issuer       watchlist.Country      `json:"issuer"`
	Status       watchlist.ReportStatus `json:"status"`
	Reported     watchlist.PartialDate  `json:"reported"`
	Expiry       watchlist.PartialDate  `json:"expiry"`
	Reference    string                 `json:"reference"`
	KeepUntil    day                    `json:"keep_until"`
	ReleasableTo []watchlist.Country    `json:"releasable_to"`
	Specimen     bool                   `json:"specimen"`
}

func (j *jsonReport) report(line int) *Report {
	return &Report{Line: line, Document: watchlist.ReportedDocument{
		Type: j.Type, Number: j.Number, NumberTo: j.NumberTo, Issuer: j.Issuer, Status: j.Status, Reported: j.Reported,
		Expiry: j.Expiry, Reference: j.Reference, KeepUntil: int64(j.KeepUntil), ReleasableTo: j.ReleasableTo, Specimen: j.Specimen,
	}}
}

// Check applies the rules to the report. A report without an end gets keepUntil;
// one that is over already is refused, since it would never count.
func (r *Report) Check(now, keepUntil time.Time) []Problem {
	d := &r.Document
	if d.KeepUntil == 0 {
		d.KeepUntil = keepUntil.UnixMilli()
	}
	whole := *d
	whole.Origin = watchlist.Origin{Country: "XXX", Authority: "import"}
	whole.ID = watchlist.ReportID(watchlist.NewEntryID("XXX", placeholder))
	var out []Problem
	var fields watchlist.ValidationError
	if err := whole.Validate(); errors.As(err, &fields) {
		for _, f := range fields {
			out = append(out, Problem{Line: r.Line, Field: f.Pointer, Detail: f.Detail})
		}
	}
	if d.Issuer.Valid() && !country.Assigned(d.Issuer) {
		out = append(out, Problem{Line: r.Line, Field: "/issuer", Detail: "neither ISO 3166-1 nor ICAO Doc 9303 has this code"})
	}
	if d.KeepUntil > 0 && d.KeepUntil <= now.UnixMilli() {
		out = append(out, Problem{Line: r.Line, Field: "/keep_until", Detail: "the end has passed: the report would never count"})
	}
	return out
}

// ReportsJSONLines reads one JSON object a line; empty lines are skipped. It yields
// a report, or the problems of a line, never both.
func ReportsJSONLines(b []byte) iter.Seq2[*Report, error] {
	return func(yield func(*Report, error) bool) {
		sc := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
		sc.Buffer(make([]byte, 64<<10), maxLine)
		line := 0
		for sc.Scan() {
			line++
			if len(bytes.TrimSpace(sc.Bytes())) == 0 {
				continue
			}
			if r, err := jsonReportLine(line, sc.Bytes()); !yield(r, err) {
				return
			}
		}
		if sc.Err() != nil {
			yield(nil, Problems{{Line: line + 1, Detail: fmt.Sprintf("the line is longer than %d bytes; the rest was not read", maxLine)}})
		}
	}
}

func jsonReportLine(line int, b []byte) (*Report, error) {
	var in jsonReport
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return nil, Problems{jsonProblem(line, err)}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, Problems{{Line: line, Detail: "one JSON object a line is expected"}}
	}
	return in.report(line), nil
}

// ReportsCSV reads a CSV file in UTF-8 whose first line holds headers among
// ReportColumns, separated by commas, semicolons or tabs. It yields a report, or the
// problems of a line, never both; an error that is no Problems ends the sequence.
func ReportsCSV(b []byte) iter.Seq2[*Report, error] {
	return func(yield func(*Report, error) bool) {
		rd, header, err := openReports(b)
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			cells, err := rd.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			var r *Report
			if err != nil {
				err = csvProblem(err)
			} else {
				line, _ := rd.FieldPos(0)
				r, err = csvReport(line, header, cells)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func openReports(b []byte) (*csv.Reader, []string, error) {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return nil, nil, Problem{Line: 1, Detail: "the file is UTF-16: save it as CSV UTF-8"}
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	first, _, _ := bytes.Cut(b, []byte("\n"))
	rd := csv.NewReader(bytes.NewReader(b))
	for _, c := range ";\t" {
		if bytes.ContainsRune(first, c) && !bytes.ContainsRune(first, ',') {
			rd.Comma = c
		}
	}
	header, err := rd.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, Problem{Line: 1, Detail: "the file is empty; its first line must hold the headers"}
	} else if err != nil {
		return nil, nil, csvProblem(err)
	}
	for i, h := range header {
		header[i] = strings.ToLower(strings.TrimSpace(h))
		if !slices.Contains(ReportColumns, header[i]) {
			return nil, nil, Problem{Line: 1, Detail: fmt.Sprintf("column %d is none of %s", i+1, strings.Join(ReportColumns, ", "))}
		}
		if slices.Index(header, header[i]) < i {
			return nil, nil, Problem{Line: 1, Field: header[i], Detail: "two columns have this header"}
		}
	}
	for _, want := range ReportColumns[:requiredColumns] {
		if !slices.Contains(header, want) {
			return nil, nil, Problem{Line: 1, Field: want, Detail: "the file lacks this column"}
		}
	}
	return rd, header, nil
}

func csvReport(line int, header, cells []string) (*Report, error) {
	var in jsonReport
	var bad Problems
	date := func(field, s string) (d watchlist.PartialDate) {
		d, err := watchlist.ParsePartialDate(s)
		if err != nil {
			bad = append(bad, Problem{Line: line, Field: field, Detail: "a date is YYYY, YYYY-MM or YYYY-MM-DD"})
		}
		return d
	}
	for i, field := range header {
		s := strings.TrimSpace(cells[i])
		switch field {
		case "type":
			in.Type = s
		case "number":
			in.Number = s
		case "number_to":
			in.NumberTo = s
		case "issuer":
			in.Issuer = watchlist.Country(s)
		case "status":
			in.Status = watchlist.ReportStatus(s)
		case "reported":
			in.Reported = date(field, s)
		case "expiry":
			in.Expiry = date(field, s)
		case "reference":
			in.Reference = s
		case "keep_until":
			if err := in.KeepUntil.UnmarshalText([]byte(s)); err != nil && s != "" {
				bad = append(bad, Problem{Line: line, Field: field, Detail: err.Error()})
			}
		case "releasable_to":
			for _, c := range strings.Fields(s) {
				in.ReleasableTo = append(in.ReleasableTo, watchlist.Country(c))
			}
		case "specimen":
			v, err := strconv.ParseBool(s)
			if err != nil && s != "" {
				bad = append(bad, Problem{Line: line, Field: field, Detail: "use true or false"})
			}
			in.Specimen = v
		}
	}
	if len(bad) > 0 {
		return nil, bad
	}
	return in.report(line), nil
}
