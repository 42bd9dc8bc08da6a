package registry

import (
	"encoding/binary"

	"vigie/watchlist"
)

// FamilyChanges lists the changes to the table of spelling families in the order of
// their numbers, which begin at 1 and leave none out.
func (s *Store) FamilyChanges() ([]watchlist.FamilyChange, error) {
	return read(s, (*View).FamilyChanges)
}

// FamilyChanges lists the changes to the table of spelling families.
func (v *View) FamilyChanges() ([]watchlist.FamilyChange, error) {
	return allAs[watchlist.FamilyChange](v, bucketFamilies)
}

// PutFamilyChange stores a change to the table of spelling families under its
// number.
func (t *Tx) PutFamilyChange(c watchlist.FamilyChange) error {
	return t.putAs(bucketFamilies, binary.BigEndian.AppendUint64(nil, c.Number), c)
}
