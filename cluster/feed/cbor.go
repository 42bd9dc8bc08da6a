package feed

import (
	"errors"

	"github.com/fxamacker/cbor/v2"
)

// errMalformed stands for every error of the CBOR package, whose text may quote the
// input.
var errMalformed = errors.New("malformed or beyond the limits")

var (
	encoder = must(cbor.CoreDetEncOptions().EncMode())
	decoder = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		UTF8:              cbor.UTF8RejectInvalid,
		NaN:               cbor.NaNDecodeForbidden,
		Inf:               cbor.InfDecodeForbidden,
		MaxNestedLevels:   8,
		MaxArrayElements:  1024,
		MaxMapPairs:       64,
	}.DecMode())
)

// must serves the two modes above, whose options are constants.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// marshal gives the core deterministic CBOR of v (RFC 8949 §4.2.1).
func marshal(v any) ([]byte, error) {
	b, err := encoder.Marshal(v)
	if err != nil {
		return nil, errMalformed
	}
	return b, nil
}

// unmarshal reads all of b.
func unmarshal(b []byte, v any) error {
	if err := decoder.Unmarshal(b, v); err != nil {
		return errMalformed
	}
	return nil
}

// unmarshalFirst reads the first value of b and gives the rest.
func unmarshalFirst(b []byte, v any) ([]byte, error) {
	rest, err := decoder.UnmarshalFirst(b, v)
	if err != nil {
		return nil, errMalformed
	}
	return rest, nil
}
