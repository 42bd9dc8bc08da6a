package api

import (
	"context"
	_ "embed" // the contract
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"vigie/api/auth"
	"vigie/watchlist"
)

//go:generate sh -c "cd gen && go tool -modfile=../../tools/go.mod oapi-codegen -config server.yaml ../openapi.yaml"
//go:generate sh -c "cd gen && go tool -modfile=../../tools/go.mod oapi-codegen -config client.yaml ../openapi.yaml"

//go:embed openapi.yaml
var contract []byte

// operation is what the contract says of one operation.
type operation struct {
	id         string
	permission auth.Permission
	// audit is the kind of event, "" for none.
	audit watchlist.AuditKind
	// maxBody and maxMultipart cap the body in bytes; 0: no body is taken.
	maxBody, maxMultipart int64
	// maxValues caps the list items and members of a JSON body.
	maxValues int
	// consumes lists the request's media types, produces the answer's.
	consumes, produces []string
	// query lists the query parameters that it knows.
	query []string
}

// smallBody is the declared size up to which a body isn't counted among the
// uploads in flight.
const smallBody = 64 << 10

// weight is what a body counts for among the uploads in flight: its declared
// length, or the most that the operation takes when it declares none (-1); 0 for
// a small one.
func (o *operation) weight(length int64, form bool) int64 {
	limit := o.maxBody
	if form {
		limit = o.maxMultipart
	}
	if length < 0 {
		length = limit
	}
	if length <= smallBody {
		return 0
	}
	return min(length, limit)
}

// routeKey is "METHOD path" with echo's parameter syntax.
func routeKey(method, path string) string { return method + " " + path }

var pathParam = regexp.MustCompile(`\{([a-z_]+)\}`)

// loadContract parses and checks openapi.yaml.
func loadContract() (*openapi3.T, error) {
	l := openapi3.NewLoader()
	doc, err := l.LoadFromData(contract)
	if err != nil {
		return nil, fmt.Errorf("read the API contract: %w", err)
	}
	if err := doc.Validate(context.Background(), openapi3.DisableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("check the API contract: %w", err)
	}
	return doc, nil
}

// operations reads what every operation declares. It fails when one has no
// operationId, no known permission or no known audit kind, or takes a body
// without a cap: default deny begins at start-up.
func operations(doc *openapi3.T) (map[string]*operation, error) {
	ops := make(map[string]*operation)
	var errs []error
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			o, err := readOperation(item, op)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s %s: %w", method, path, err))
				continue
			}
			ops[routeKey(method, pathParam.ReplaceAllString(path, ":$1"))] = o
		}
	}
	return ops, errors.Join(errs...)
}

func readOperation(item *openapi3.PathItem, op *openapi3.Operation) (*operation, error) {
	o := &operation{id: op.OperationID, maxValues: maxValues}
	if o.id == "" {
		return nil, errors.New("no operationId")
	}
	var perm, kind string
	if err := extension(op, "x-permission", &perm); err != nil {
		return nil, err
	}
	o.permission = auth.Permission(perm)
	if !o.permission.Known() {
		return nil, errors.New("x-permission is missing or unknown")
	}
	if err := extension(op, "x-audit", &kind); err != nil {
		return nil, err
	}
	if !slices.Contains(auditKinds(), watchlist.AuditKind(kind)) && kind != "none" {
		return nil, errors.New("x-audit is missing or unknown")
	}
	if kind != "none" {
		o.audit = watchlist.AuditKind(kind)
	}
	if err := errors.Join(extension(op, "x-max-body", &o.maxBody), extension(op, "x-max-multipart", &o.maxMultipart), extension(op, "x-max-values", &o.maxValues)); err != nil {
		return nil, err
	}
	if op.RequestBody != nil {
		for ct := range op.RequestBody.Value.Content {
			o.consumes = append(o.consumes, ct)
			if ct == multipartForm && o.maxMultipart <= 0 || ct != multipartForm && o.maxBody <= 0 {
				return nil, errors.New("a body without x-max-body")
			}
		}
	}
	for _, r := range op.Responses.Map() {
		for ct := range r.Value.Content {
			if !slices.Contains(o.produces, ct) {
				o.produces = append(o.produces, ct)
			}
		}
	}
	for _, list := range []openapi3.Parameters{item.Parameters, op.Parameters} {
		for _, p := range list {
			if p.Value.In == openapi3.ParameterInQuery {
				o.query = append(o.query, p.Value.Name)
			}
		}
	}
	return o, nil
}

func auditKinds() []watchlist.AuditKind {
	return []watchlist.AuditKind{
		watchlist.AuditSearch, watchlist.AuditRead, watchlist.AuditWrite, watchlist.AuditLogin,
		watchlist.AuditLogout, watchlist.AuditPolicy, watchlist.AuditExport, watchlist.AuditCluster,
	}
}

// extension reads an x- field into dst; an absent one leaves dst alone.
func extension(op *openapi3.Operation, name string, dst any) error {
	v, ok := op.Extensions[name]
	if !ok {
		return nil
	}
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, dst)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// checkRoutes fails unless routes and operations are the same.
func checkRoutes(ops map[string]*operation, routes []string) error {
	var errs []error
	for k := range ops {
		if !slices.Contains(routes, k) {
			errs = append(errs, fmt.Errorf("operation %s is not served", k))
		}
	}
	for _, r := range routes {
		if ops[r] == nil {
			errs = append(errs, fmt.Errorf("route %s is not in the contract", r))
		}
	}
	return errors.Join(errs...)
}

// contractHandler serves the contract as JSON.
func contractHandler(doc *openapi3.T) (http.HandlerFunc, error) {
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode the API contract: %w", err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaJSON)
		// A client that went away can't be told.
		_, _ = w.Write(b)
	}, nil
}
