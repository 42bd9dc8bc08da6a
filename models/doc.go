// Package models knows the biometric models that Vigie runs: which files they
// are (manifest, digests, licences, model cards), where they are found, and the
// calibration that turns a raw template into a comparable one and a comparison
// score into evidence. It holds no domain type and runs no model itself.
package models
