// Package gen holds the request and answer types and the routes of the REST
// interface, generated from ../openapi.yaml; run `make generate` after changing
// that. The overlay leaves out what is handled in one place by package api.
package gen
