package command

import (
	"errors"
	"fmt"

	"vigie/watchlist"
)

// The format that this binary writes, and the newest that it reads.
const (
	// Format is the version of the bodies.
	Format uint16 = 1
	// Reader is compared with Envelope.MinReader.
	Reader uint16 = 1
)

// The limits of one command.
const (
	// MaxEncoded is the most bytes of an encoded Envelope: larger ones stall the
	// replication to slow followers (D4).
	MaxEncoded = 64 << 10
	// MaxItems is the most items of an EntryBatch.
	MaxItems = 1024
)

// ErrUnknown: the command is of a kind or a version that this binary does not
// know. The node must stop, not skip it (D20).
var ErrUnknown = errors.New("unknown command, this binary is too old")

// New wraps a body for the log. The caller may set IdemKey and IdemHash; the
// leader sets Time.
func New(actor string, body Body) Envelope {
	return Envelope{Format: Format, MinReader: 1, Kind: body.Kind(), Actor: actor, Body: body}
}

// Encode gives the bytes of e for the log and sets Raw and Kind from Body. Equal
// commands give equal bytes. It fails with ErrUnknown for an operation outside
// Op, with watchlist.ErrTooLarge past MaxEncoded or MaxItems, and for whatever
// else Decode would refuse: such bytes in the log would stop every node.
func (e *Envelope) Encode() ([]byte, error) {
	if e.Body == nil {
		return nil, errors.New("encode command: no body")
	}
	if err := checkBody(e.Body); err != nil {
		return nil, fmt.Errorf("encode command: %w", err)
	}
	raw, err := Marshal(e.Body)
	if err != nil {
		return nil, fmt.Errorf("encode command body: %w", err)
	}
	e.Raw, e.Kind = raw, e.Body.Kind()
	b, err := Marshal(*e)
	if err != nil {
		return nil, fmt.Errorf("encode command: %w", err)
	}
	if len(b) > MaxEncoded {
		return nil, fmt.Errorf("encode command: %d of at most %d bytes: %w", len(b), MaxEncoded, watchlist.ErrTooLarge)
	}
	if _, err := Decode(b); err != nil {
		return nil, fmt.Errorf("encode command: %w", err)
	}
	return b, nil
}

// Decode reads the bytes of one command, strictly: unknown or double keys,
// indefinite lengths, tags, bad UTF-8, NaN, trailing bytes and sizes past the
// limits are errors. An unknown kind or a MinReader above Reader gives
// ErrUnknown. Errors never hold a value of the input.
func Decode(b []byte) (Envelope, error) {
	if len(b) > MaxEncoded {
		return Envelope{}, fmt.Errorf("decode command: %d of at most %d bytes: %w", len(b), MaxEncoded, watchlist.ErrTooLarge)
	}
	var e Envelope
	if err := strict.Unmarshal(b, &e); err != nil {
		return Envelope{}, fmt.Errorf("decode command: %w", scrub(err))
	}
	if e.MinReader > Reader {
		return Envelope{}, fmt.Errorf("decode command: needs reader %d, this is %d: %w", e.MinReader, Reader, ErrUnknown)
	}
	body, err := decodeBody(e.Kind, e.Raw)
	if err != nil {
		return Envelope{}, err
	}
	if err := checkBody(body); err != nil {
		return Envelope{}, fmt.Errorf("decode command: %w", err)
	}
	e.Body = body
	return e, nil
}

func decodeBody(k Kind, raw []byte) (Body, error) {
	switch k {
	case KindEntryPut:
		return decodeAs[EntryPut](raw)
	case KindEntryBatch:
		return decodeAs[EntryBatch](raw)
	case KindBatchUndo:
		return decodeAs[BatchUndo](raw)
	case KindUserPut:
		return decodeAs[UserPut](raw)
	case KindSessionPut:
		return decodeAs[SessionPut](raw)
	case KindSessionDrop:
		return decodeAs[SessionDrop](raw)
	case KindAPIKeyPut:
		return decodeAs[APIKeyPut](raw)
	case KindMemberPut:
		return decodeAs[MemberPut](raw)
	case KindMemberDrop:
		return decodeAs[MemberDrop](raw)
	case KindTokenPut:
		return decodeAs[TokenPut](raw)
	case KindTokenBurn:
		return decodeAs[TokenBurn](raw)
	case KindClusterSetup:
		return decodeAs[ClusterSetup](raw)
	case KindCalibration:
		return decodeAs[CalibrationPut](raw)
	case KindReportPut:
		return decodeAs[ReportPut](raw)
	case KindReportUndo:
		return decodeAs[ReportUndo](raw)
	case KindFamilyPropose:
		return decodeAs[FamilyPropose](raw)
	case KindFamilyReview:
		return decodeAs[FamilyReview](raw)
	}
	return nil, fmt.Errorf("decode command: kind %d: %w", k, ErrUnknown)
}

func decodeAs[T Body](raw []byte) (Body, error) {
	var v T
	if err := strict.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("decode command body of kind %d: %w", v.Kind(), scrub(err))
	}
	return v, nil
}

// checkBody refuses what would be applied differently by another version.
func checkBody(b Body) error {
	switch v := b.(type) {
	case EntryPut:
		return v.Op.check()
	case *EntryPut:
		return v.Op.check()
	case *EntryBatch:
		return checkBody(*v)
	case *ReportPut:
		return checkBody(*v)
	case ReportPut:
		if len(v.Items) > MaxItems {
			return fmt.Errorf("%d of at most %d items: %w", len(v.Items), MaxItems, watchlist.ErrTooLarge)
		}
		for _, it := range v.Items {
			if it.Op != OpCreate && it.Op != OpReplace && it.Op != OpWithdraw {
				return fmt.Errorf("operation: %w", ErrUnknown)
			}
		}
	case EntryBatch:
		if len(v.Items) > MaxItems {
			return fmt.Errorf("%d of at most %d items: %w", len(v.Items), MaxItems, watchlist.ErrTooLarge)
		}
		for _, it := range v.Items {
			if err := it.Op.check(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o Op) check() error {
	switch o {
	case OpCreate, OpReplace, OpPatch, OpWithdraw, OpFaceAdd, OpFaceRemove:
		return nil
	}
	return fmt.Errorf("operation: %w", ErrUnknown)
}

// Encode gives the bytes of r, for the idempotency record and for the answer to
// a forwarding node.
func (r Result) Encode() ([]byte, error) {
	b, err := Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	return b, nil
}

// DecodeResult reads the bytes of Result.Encode, as strictly as Decode.
func DecodeResult(b []byte) (Result, error) {
	var r Result
	if err := Unmarshal(b, &r); err != nil {
		return Result{}, fmt.Errorf("decode result: %w", err)
	}
	return r, nil
}
