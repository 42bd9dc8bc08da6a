package command

import (
	"errors"

	"github.com/fxamacker/cbor/v2"
)

var (
	encoder = must(cbor.CoreDetEncOptions().EncMode())
	// strict reads commands, stored reads this node's own records and results,
	// where a list may be longer.
	strict = must(decOptions(MaxItems).DecMode())
	stored = must(decOptions(1 << 17).DecMode())
)

func decOptions(maxArray int) cbor.DecOptions {
	return cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		UTF8:              cbor.UTF8RejectInvalid,
		NaN:               cbor.NaNDecodeForbidden,
		Inf:               cbor.InfDecodeForbidden,
		MaxNestedLevels:   12,
		MaxArrayElements:  maxArray,
		MaxMapPairs:       64,
	}
}

// must serves the three modes above, whose options are constants.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Marshal gives the core deterministic CBOR of v: the one encoding of all
// replicated state, so that equal values have equal bytes on every node.
func Marshal(v any) ([]byte, error) {
	b, err := encoder.Marshal(v)
	if err != nil {
		return nil, scrub(err)
	}
	return b, nil
}

// Unmarshal reads Marshal's bytes into v, strictly (see Decode), with lists of
// at most 131,072 items. Its errors hold no value of the input.
func Unmarshal(b []byte, v any) error {
	if err := stored.Unmarshal(b, v); err != nil {
		return scrub(err)
	}
	return nil
}

// scrub replaces errors of the CBOR package, whose text may quote the input.
func scrub(err error) error {
	var (
		dup      *cbor.DupMapKeyError
		unknown  *cbor.UnknownFieldError
		mismatch *cbor.UnmarshalTypeError
		semantic *cbor.SemanticError
		extra    *cbor.ExtraneousDataError
	)
	switch {
	case errors.As(err, &dup):
		return errors.New("a map key occurs twice")
	case errors.As(err, &unknown):
		return errors.New("unknown field")
	case errors.As(err, &mismatch):
		return errors.New("a value is of the wrong type or out of range")
	case errors.As(err, &semantic):
		return errors.New("bad text or value")
	case errors.As(err, &extra):
		return errors.New("trailing bytes")
	}
	return errors.New("malformed or beyond the limits")
}
