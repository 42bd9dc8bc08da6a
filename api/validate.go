package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/labstack/echo/v4"
	oapimw "github.com/oapi-codegen/echo-middleware"

	"vigie/api/gen"
)

// maxFieldProblems caps the list of one answer.
const maxFieldProblems = 20

// validator checks requests against the contract and words what is wrong
// without the values: only pointers made of names from the contract, and rules.
type validator struct {
	doc *openapi3.T
	// whole checks parameters and body, params the parameters alone.
	whole, params echo.MiddlewareFunc
}

// newValidator takes doc over and removes its security requirements: the guard
// has checked them, and the filter would read whole bodies for their sake.
func newValidator(doc *openapi3.T) *validator {
	doc.Security = nil
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			op.Security = nil
		}
	}
	options := func(excludeBody bool) *oapimw.Options {
		return &oapimw.Options{
			Options: openapi3filter.Options{
				ExcludeRequestBody:      excludeBody,
				MultiError:              true,
				SkipSettingDefaults:     true,
				KeepValidatedValue:      true,
				AuthenticationFunc:      openapi3filter.NoopAuthenticationFunc,
				SchemaValidationOptions: schemaOptions(),
			},
			ErrorHandler: func(_ echo.Context, he *echo.HTTPError) error {
				return invalidRequest(he.Internal)
			},
			MultiErrorHandler: func(me openapi3.MultiError) *echo.HTTPError {
				return &echo.HTTPError{Code: http.StatusBadRequest, Internal: me}
			},
			SilenceServersWarning: true,
		}
	}
	return &validator{
		doc:    doc,
		whole:  oapimw.OapiRequestValidatorWithOptions(doc, options(false)),
		params: oapimw.OapiRequestValidatorWithOptions(doc, options(true)),
	}
}

func schemaOptions() []openapi3.SchemaValidationOption {
	return []openapi3.SchemaValidationOption{
		openapi3.DisableSchemaErrorDetails(),
		openapi3.MultiErrors(),
		openapi3.VisitAsRequest(),
		openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
			// The built-in one is a regular expression, slow on a photo; the
			// decoder checks the rest.
			"byte": openapi3.NewCallbackValidator(checkBase64),
		}),
	}
}

func checkBase64(s string) error {
	if len(s)%4 != 0 {
		return errors.New("not base64")
	}
	body := strings.TrimRight(s, "=")
	if len(s)-len(body) > 2 {
		return errors.New("not base64")
	}
	for i := range len(body) {
		ch := body[i]
		if (ch < 'A' || ch > 'Z') && (ch < 'a' || ch > 'z') && (ch < '0' || ch > '9') && ch != '+' && ch != '/' {
			return errors.New("not base64")
		}
	}
	return nil
}

// validate is the middleware.
func (s *Server) validate(next echo.HandlerFunc) echo.HandlerFunc {
	whole, params := s.valid.whole(next), s.valid.params(next)
	lines := s.valid.params(s.validateLines(next))
	return func(ec echo.Context) error {
		c := callOf(ec.Request().Context())
		switch {
		case c.op == nil:
			return next(ec)
		case c.op.id == "importEntries":
			return lines(ec)
		case strings.HasPrefix(ec.Request().Header.Get("Content-Type"), multipartForm) && c.op.maxMultipart > 0:
			return params(ec)
		}
		return whole(ec)
	}
}

// json decodes b and checks it against a schema of the contract. base is put
// before the pointers of what is wrong.
func (v *validator) json(schema string, b []byte, base string) (any, error) {
	value, err := decodeObject(b, maxValues)
	if err != nil {
		return nil, below(err, base)
	}
	return value, v.value(schema, value, base)
}

// below puts base before the pointers of a problem.
func below(err error, base string) error {
	e := asAPIError(err)
	for i := range e.fields {
		e.fields[i].Pointer = base + e.fields[i].Pointer
	}
	return e
}

// value checks a decoded value against a schema of the contract.
func (v *validator) value(schema string, value any, base string) error {
	err := v.doc.Components.Schemas[schema].Value.VisitJSON(value, schemaOptions()...)
	if err == nil {
		return nil
	}
	return below(invalidRequest(err), base)
}

// decodeObject decodes one JSON object of at most limit values; numbers stay as
// they were written.
func decodeObject(b []byte, limit int) (any, error) {
	if err := checkObject(b, limit); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, fail("malformed_json")
	}
	return value, nil
}

// invalidRequest words the validator's errors. What it can't read becomes a
// plain 400 without details.
func invalidRequest(err error) *apiError {
	e := fail("invalid_request")
	collect(e, err, "")
	if len(e.fields) > maxFieldProblems {
		e.fields = e.fields[:maxFieldProblems]
	}
	return e
}

func collect(e *apiError, err error, parameter string) {
	if err == nil || len(e.fields) > maxFieldProblems {
		return
	}
	// The concrete types are looked at one by one: errors.As would jump over a
	// list to its first element.
	switch x := err.(type) { //nolint:errorlint // see above
	case openapi3.MultiError:
		for _, one := range x {
			collect(e, one, parameter)
		}
	case *openapi3filter.RequestError:
		requestProblem(e, x)
	case *openapi3.SchemaError:
		e.fields = append(e.fields, schemaProblem(x, parameter))
	default:
		if inner := errors.Unwrap(err); inner != nil {
			collect(e, inner, parameter)
		}
	}
}

func requestProblem(e *apiError, x *openapi3filter.RequestError) {
	var parse *openapi3filter.ParseError
	switch {
	case x.Parameter != nil && errors.Is(x.Err, openapi3filter.ErrInvalidRequired):
		e.fields = append(e.fields, gen.FieldProblem{Parameter: x.Parameter.Name, Code: "required", Detail: "this parameter is required"})
	case x.Parameter != nil && (errors.As(x.Err, &parse) || errors.Is(x.Err, openapi3filter.ErrInvalidEmptyValue)):
		e.fields = append(e.fields, gen.FieldProblem{Parameter: x.Parameter.Name, Code: "malformed", Detail: "not a value of this parameter's type"})
	case x.Parameter != nil:
		collect(e, x.Err, x.Parameter.Name)
	case errors.Is(x.Err, openapi3filter.ErrInvalidRequired):
		e.code = "body_missing"
	case errors.As(x.Err, &parse):
		e.code = "malformed_json"
	default:
		collect(e, x.Err, "")
	}
}

// unsupported is the checker's text about a field that the contract doesn't
// have, if the field is named like one of the contract's.
var unsupported = regexp.MustCompile(`^property "([a-z_]{1,40})" is unsupported$`)

// schemaProblem names the field by the contract's own names and the rule. An
// unknown field that isn't named like one of the contract's is told by the
// object that holds it, since its name may be anything; the body itself has the
// pointer "".
func schemaProblem(x *openapi3.SchemaError, parameter string) gen.FieldProblem {
	f := gen.FieldProblem{Parameter: parameter}
	if path := x.JSONPointer(); parameter == "" {
		for _, p := range path {
			f.Pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(p)
		}
	}
	if m := unsupported.FindStringSubmatch(x.Reason); m != nil && x.SchemaField == "properties" {
		f.Pointer += "/" + m[1]
	}
	f.Code, f.Detail = rule(x)
	return f
}

func rule(x *openapi3.SchemaError) (code, detail string) {
	switch x.SchemaField {
	case "required":
		return "required", "this field is required"
	case "properties":
		return "unknown_field", "an unknown field; allowed here: " + known(propertyNames(x.Schema))
	case "enum":
		return "unknown_value", "allowed here: " + known(enumValues(x.Schema))
	case "type", "nullable":
		return "wrong_type", "not of the type that the contract says"
	case "format", "pattern":
		return "malformed", "not in the form that the contract says"
	case "minLength", "minItems", "minProperties":
		return "too_short", "less than the contract allows"
	case "maxLength", "maxItems", "maxProperties":
		return "too_long", "more than the contract allows"
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		return "out_of_range", "outside the range that the contract allows"
	}
	return "invalid", "not as the contract says"
}

func propertyNames(s *openapi3.Schema) []string {
	names := make([]string, 0, len(s.Properties))
	for n := range s.Properties {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// enumValues lists the values that the contract allows; null is told as null.
func enumValues(s *openapi3.Schema) []string {
	out := make([]string, len(s.Enum))
	for i, v := range s.Enum {
		if v == nil {
			v = "null"
		}
		out[i] = fmt.Sprint(v)
	}
	return out
}
