package command

import "vigie/watchlist"

// ReportPut writes reported documents. With a Batch they are lines of an import,
// each stands alone, and several commands may carry the same Batch. Without one
// there is exactly one item, whose result is the command's.
type ReportPut struct {
	Batch watchlist.BatchID `cbor:"1,keyasint,omitempty"`
	Label string            `cbor:"2,keyasint,omitempty"`
	Items []ReportItem      `cbor:"3,keyasint"`
}

// ReportItem writes one whole report if the stored revision is IfRevision (0: it
// must not exist). Op is OpCreate, OpReplace or OpWithdraw. Apply sets Revision,
// CreatedAt and UpdatedAt.
type ReportItem struct {
	Op         Op                         `cbor:"1,keyasint"`
	Report     watchlist.ReportedDocument `cbor:"2,keyasint"`
	IfRevision uint64                     `cbor:"3,keyasint"`
}

// ReportUndo withdraws the reports that a batch created and puts back the earlier
// version of those it changed, unless they were changed since.
type ReportUndo struct {
	Batch  watchlist.BatchID `cbor:"1,keyasint"`
	Reason string            `cbor:"2,keyasint"`
}

// Kind implements Body.
func (ReportPut) Kind() Kind { return KindReportPut }

// Kind implements Body.
func (ReportUndo) Kind() Kind { return KindReportUndo }
