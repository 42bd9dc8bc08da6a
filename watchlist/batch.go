package watchlist

// Batch is the replicated record of one import: what it did, and until when it
// can be undone. Times are Unix milliseconds of stamped time.
type Batch struct {
	ID    BatchID `json:"id" cbor:"1,keyasint"`
	Label string  `json:"label" cbor:"2,keyasint"`
	// Actor is the principal that wrote the first item.
	Actor     string `json:"actor" cbor:"3,keyasint"`
	CreatedAt int64  `json:"created_at" cbor:"4,keyasint"`
	UpdatedAt int64  `json:"updated_at" cbor:"5,keyasint"`
	// Created, Changed and Refused count the items by outcome, Undone the
	// entries that were put back or withdrawn since.
	Created uint64 `json:"created" cbor:"6,keyasint"`
	Changed uint64 `json:"changed" cbor:"7,keyasint"`
	Refused uint64 `json:"refused" cbor:"8,keyasint"`
	Undone  uint64 `json:"undone" cbor:"9,keyasint"`
	// UndoUntil is when the earlier versions are forgotten.
	UndoUntil int64 `json:"undo_until" cbor:"10,keyasint"`
}
