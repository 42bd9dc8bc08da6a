// Package api serves Vigie's REST interface. openapi.yaml is its source of
// truth: the request types and routes are generated from it (api/gen), requests
// are checked against it, and permissions, audit kinds and size limits are taken
// from its x- extensions at start-up. An operation without them stops New.
//
// The life of a request, outermost first: observe (trace id, panic, metrics, one
// log line), guard (who is it, may they), admit (size, depth, content type),
// validate (the contract), the handler, and seal: the audit event is appended,
// then the answer leaves. An answer whose audit event can't be appended is
// replaced by 503 audit_unavailable.
//
// Handlers return errors; problem.go alone turns them into RFC 9457 answers. No
// answer, log line or metric repeats a value that a client sent.
//
// This package and its generated child are the only importers of echo (D1). It
// knows the cluster, the matcher and the registry through the interfaces in
// deps.go; cmd wires them.
package api
