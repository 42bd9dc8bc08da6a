package sharing

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// maxEncoded is the most bytes of an encoded policy.
const maxEncoded = 64 << 10

// Encode gives the deterministic CBOR of a valid policy (RFC 8949 §4.2.1, integer
// keys): equal policies have equal bytes.
func (p *Policy) Encode() ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("encode policy: %w", err)
	}
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, fmt.Errorf("encode policy: %w", err)
	}
	b, err := mode.Marshal(p)
	if err != nil {
		return nil, errors.New("encode policy: bad text")
	}
	if len(b) > maxEncoded {
		return nil, fmt.Errorf("encode policy: %d of at most %d bytes", len(b), maxEncoded)
	}
	return b, nil
}

// Decode reads the bytes of Encode and nothing else: what would encode to other
// bytes is refused. Errors hold no value of the input.
func Decode(b []byte) (*Policy, error) {
	if len(b) > maxEncoded {
		return nil, fmt.Errorf("decode policy: %d of at most %d bytes", len(b), maxEncoded)
	}
	mode, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		UTF8:              cbor.UTF8RejectInvalid,
		MaxNestedLevels:   6,
		MaxArrayElements:  max(MaxGrants, MaxCaveats),
		MaxMapPairs:       16,
	}.DecMode()
	if err != nil {
		return nil, fmt.Errorf("decode policy: %w", err)
	}
	var p Policy
	if err := mode.Unmarshal(b, &p); err != nil {
		return nil, errors.New("decode policy: malformed or beyond the limits")
	}
	again, err := p.Encode()
	if err != nil {
		return nil, fmt.Errorf("decode policy: %w", err)
	}
	if !bytes.Equal(again, b) {
		return nil, errors.New("decode policy: not in its one deterministic form")
	}
	return &p, nil
}
