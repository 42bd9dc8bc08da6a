package watchlist

// DefaultTravellers is the traffic that an entry-impact test assumes where
// nothing else was configured: searches a day at all posts together.
const DefaultTravellers = 1000

// ImpactQuery asks what an entry does to the list: a look at it before it is
// activated, or later.
type ImpactQuery struct {
	Entry EntryID
	// Travellers is the number of searches a day at all posts; 0 means as
	// configured.
	Travellers float64

	Purpose Purpose
	Reason  string
}

// FaceImpact says how often one face of an entry is expected to reach the
// threshold with a photo of somebody else.
type FaceImpact struct {
	Face string
	// Comparable tells that the face has a template of the model that is compared;
	// without one the rates are 0.
	Comparable bool
	// FMR is the share of strangers, Typical that of a typical face.
	FMR, Typical float64
}

// Impact is the answer to an ImpactQuery.
type Impact struct {
	Query  QueryID
	Entry  EntryID
	Status Status
	// Revision is that of the entry that was looked at.
	Revision uint64
	Faces    []FaceImpact
	// Point is the operating point of a search with one photo once the entry is
	// active.
	Point OperatingPoint
	// SecondPoint is that of a second encoder's scores, nil without one.
	SecondPoint *OperatingPoint
	// Travellers is the traffic assumed, Alerts the expected number of strangers a
	// day to whom the entry's faces alone are shown; TypicalAlerts the same for as
	// many typical faces.
	Travellers, Alerts, TypicalAlerts float64
	// Population is the measured side: the entry against people who are held for
	// that.
	Population PopulationImpact
	// Alike are the active entries that a search for the person of this entry
	// brings up, weighed by all that the entry says: look-alikes, and the same
	// person listed twice. The entry itself is not among them.
	Alike []Candidate
	// Truncated tells that there are more.
	Truncated bool
	Stamp     ListStamp
	Models    map[string]string
}

// Duplicates are the entries that are likely to be about the same person: those
// in the strong band.
func (i *Impact) Duplicates() []EntryID {
	var out []EntryID
	for _, c := range i.Alike {
		if c.Band == BandStrong {
			out = append(out, c.Entry.ID)
		}
	}
	return out
}
