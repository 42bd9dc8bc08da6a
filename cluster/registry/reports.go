package registry

import (
	"bytes"
	"iter"

	"vigie/watchlist"
)

// Report gives a reported document, or watchlist.ErrNotFound.
func (s *Store) Report(id watchlist.ReportID) (*watchlist.ReportedDocument, error) {
	return read(s, func(v *View) (*watchlist.ReportedDocument, error) { return v.Report(id) })
}

// Report gives a reported document, or watchlist.ErrNotFound.
func (v *View) Report(id watchlist.ReportID) (*watchlist.ReportedDocument, error) {
	r, err := getAs[watchlist.ReportedDocument](v, bucketReports, []byte(id))
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// Reports gives at most limit reported documents after the given id, in the order
// of ids, that keep accepts (nil: all), and the id to go on after, "" at the end.
func (s *Store) Reports(after watchlist.ReportID, limit int, keep func(*watchlist.ReportedDocument) bool) (list []*watchlist.ReportedDocument, next watchlist.ReportID, err error) {
	_, err = read(s, func(v *View) (struct{}, error) {
		for r, err := range v.reportsFrom([]byte(after)) {
			if err != nil {
				return struct{}{}, err
			}
			if r.ID == after || keep != nil && !keep(r) {
				continue
			}
			if len(list) == limit {
				next = list[limit-1].ID
				return struct{}{}, nil
			}
			list = append(list, r)
		}
		return struct{}{}, nil
	})
	return list, next, err
}

// EachReport iterates over all reported documents in the order of ids, of one
// moment. It stops after an error.
func (s *Store) EachReport() iter.Seq2[*watchlist.ReportedDocument, error] {
	return func(yield func(*watchlist.ReportedDocument, error) bool) {
		v, err := s.begin()
		if err != nil {
			yield(nil, err)
			return
		}
		goOn := true
		for r, err := range v.reportsFrom(nil) {
			if goOn = yield(r, err); !goOn {
				break
			}
		}
		if err := v.Close(); err != nil && goOn {
			yield(nil, err)
		}
	}
}

func (v *View) reportsFrom(from []byte) iter.Seq2[*watchlist.ReportedDocument, error] {
	return func(yield func(*watchlist.ReportedDocument, error) bool) {
		for rec, err := range v.scan(bucketReports, from) {
			var r watchlist.ReportedDocument
			if err == nil {
				r, err = decodeAs[watchlist.ReportedDocument](bucketReports, rec)
			}
			if !yield(&r, err) || err != nil {
				return
			}
		}
	}
}

// ReportUndo gives what a batch remembers of one report, or
// watchlist.ErrNotFound.
func (v *View) ReportUndo(batch watchlist.BatchID, id watchlist.ReportID) (ReportUndo, error) {
	return getAs[ReportUndo](v, bucketReportUndo, undoKey(batch, id))
}

// ReportUndos gives up to limit of the reports that a batch wrote and that were not
// put back yet, in the order of ids.
func (v *View) ReportUndos(batch watchlist.BatchID, limit int) ([]ReportUndo, error) {
	bb := v.tx.Bucket([]byte(bucketReportUndo.name))
	if bb == nil {
		return nil, nil
	}
	var out []ReportUndo
	prefix := v.g.hide(bucketReportUndo.name, []byte(batch))[:undoPrefix]
	c := bb.Cursor()
	for k, sealed := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix) && len(out) < limit; k, sealed = c.Next() {
		r, err := v.open(bucketReportUndo, k, sealed)
		if err != nil {
			return nil, err
		}
		u, err := decodeAs[ReportUndo](bucketReportUndo, r)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}
