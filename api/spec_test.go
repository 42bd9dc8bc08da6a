package api

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"vigie/api/auth"
)

func contractDoc(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestContractIsValidWithItsExamples(t *testing.T) {
	if err := contractDoc(t).Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
}

func TestEveryOperationIsDescribed(t *testing.T) {
	doc := contractDoc(t)
	seen := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			where := method + " " + path
			if seen[op.OperationID] || op.OperationID == "" {
				t.Errorf("%s: operationId %q is missing or taken", where, op.OperationID)
			}
			seen[op.OperationID] = true
			if op.Summary == "" || len(op.Description) < 20 || len(op.Tags) != 1 {
				t.Errorf("%s: summary, description or tag is missing", where)
			}
			if op.RequestBody != nil {
				for ct, c := range op.RequestBody.Value.Content {
					if c.Example == nil && ct != multipartForm {
						t.Errorf("%s: request %s has no example", where, ct)
					}
				}
			}
			checkResponses(t, where, op)
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d operations", len(seen))
	}
}

func checkResponses(t *testing.T, where string, op *openapi3.Operation) {
	t.Helper()
	var ok, client, server int
	public := op.Extensions["x-permission"] == string(auth.Public)
	for status, ref := range op.Responses.Map() {
		problem := ref.Value.Content.Get(mediaProblem)
		switch status[0] {
		case '2':
			ok++
			for ct, c := range ref.Value.Content {
				if c.Example == nil {
					t.Errorf("%s: answer %s %s has no example", where, status, ct)
				}
			}
			continue
		case '4':
			client++
		case '5':
			server++
		}
		if problem == nil || problem.Schema.Ref != "#/components/schemas/Problem" {
			t.Errorf("%s: answer %s is no problem", where, status)
		}
	}
	if ok != 1 || server < 1 || client < 1 && !public {
		t.Errorf("%s: %d good answers, %d 4xx, %d 5xx", where, ok, client, server)
	}
	if op.Responses.Default() == nil || !public && (op.Responses.Value("401") == nil || op.Responses.Value("403") == nil) {
		t.Errorf("%s: default, 401 or 403 is missing", where)
	}
	if op.RequestBody != nil && (op.Responses.Value("413") == nil || op.Responses.Value("415") == nil || op.Responses.Value("400") == nil) {
		t.Errorf("%s takes a body and has no 400, 413 or 415", where)
	}
}

// TestObjectsAreClosed: additionalProperties is false everywhere, but for maps
// of codes to words.
func TestObjectsAreClosed(t *testing.T) {
	doc := contractDoc(t)
	open := []string{"StringMap"}
	for name, ref := range doc.Components.Schemas {
		walkSchema(name, ref, func(where string, s *openapi3.Schema) {
			if !s.Type.Is("object") || slices.Contains(open, where) {
				return
			}
			if s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has {
				t.Errorf("%s accepts unknown fields", where)
			}
		})
	}
	for path, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			for ct, c := range op.RequestBody.Value.Content {
				if s := c.Schema.Value; c.Schema.Ref == "" && (s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has) {
					t.Errorf("%s %s accepts unknown fields", path, ct)
				}
			}
		}
	}
}

func walkSchema(where string, ref *openapi3.SchemaRef, f func(string, *openapi3.Schema)) {
	if ref == nil {
		return
	}
	f(where, ref.Value)
	for n, p := range ref.Value.Properties {
		if p.Ref == "" {
			walkSchema(where+"."+n, p, f)
		}
	}
	if items := ref.Value.Items; items != nil && items.Ref == "" {
		walkSchema(where+"[]", items, f)
	}
}

// TestLeadHasNoVerdict: no field of a lead says yes, no, or how sure to
// be (L6, L9).
func TestLeadHasNoVerdict(t *testing.T) {
	doc := contractDoc(t)
	bad := regexp.MustCompile(`(?i)percent|probab|confiden|similarity|is_match|matched|identified|verdict|certain`)
	for _, name := range []string{"Lead", "Candidate", "Evidence", "OperatingPoint"} {
		for field, p := range doc.Components.Schemas[name].Value.Properties {
			if bad.MatchString(field) {
				t.Errorf("%s.%s reads like a verdict", name, field)
			}
			if p.Value.Type.Is("boolean") && !slices.Contains([]string{"specimen", "truncated"}, field) {
				t.Errorf("%s.%s is a yes or no", name, field)
			}
		}
	}
}

func TestForbiddenFields(t *testing.T) {
	bad := regexp.MustCompile(`(?i)ethnic|tribe|(^|_)race|religio|politic|health|hiv|union`)
	for name, ref := range contractDoc(t).Components.Schemas {
		walkSchema(name, ref, func(where string, s *openapi3.Schema) {
			for field := range s.Properties {
				if bad.MatchString(field) {
					t.Errorf("%s.%s must not exist (L17)", where, field)
				}
			}
		})
	}
}

// TestDefaultDenyAtStart: an operation that doesn't say what it needs stops the
// server from starting.
func TestDefaultDenyAtStart(t *testing.T) {
	for name, spoil := range map[string]func(*openapi3.Operation){
		"no permission":      func(o *openapi3.Operation) { delete(o.Extensions, "x-permission") },
		"unknown permission": func(o *openapi3.Operation) { o.Extensions["x-permission"] = "entries.peek" },
		"no audit kind":      func(o *openapi3.Operation) { delete(o.Extensions, "x-audit") },
		"unknown audit kind": func(o *openapi3.Operation) { o.Extensions["x-audit"] = "denied" },
		"no cap":             func(o *openapi3.Operation) { delete(o.Extensions, "x-max-body") },
		"no form cap":        func(o *openapi3.Operation) { delete(o.Extensions, "x-max-multipart") },
		"no id":              func(o *openapi3.Operation) { o.OperationID = "" },
	} {
		doc := contractDoc(t)
		spoil(doc.Paths.Find("/v1/match").Post)
		if _, err := operations(doc); err == nil || !strings.Contains(err.Error(), "/v1/match") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ops, err := operations(contractDoc(t))
	if err != nil {
		t.Fatal(err)
	}
	routes := []string{"GET /v1/extra"}
	for k := range ops {
		if k != "POST /v1/match" {
			routes = append(routes, k)
		}
	}
	err = checkRoutes(ops, routes)
	if err == nil || !strings.Contains(err.Error(), "POST /v1/match is not served") || !strings.Contains(err.Error(), "/v1/extra is not in the contract") {
		t.Errorf("routes: %v", err)
	}
}

func TestNewChecksDependencies(t *testing.T) {
	d := newWorld().deps()
	d.Auditor, d.Names = nil, nil
	_, err := New(d, Options{Passwords: cheap})
	if err == nil || !strings.Contains(err.Error(), "Auditor") || !strings.Contains(err.Error(), "Names") {
		t.Errorf("%v", err)
	}
}
