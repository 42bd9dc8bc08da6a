package watchlist

// EffectiveStatus is the status that the world sees at now (Unix
// milliseconds): an active or suspended entry past its ExpiresAt is expired.
func (e *Entry) EffectiveStatus(now int64) Status {
	if (e.Status == StatusActive || e.Status == StatusSuspended) && now >= e.ExpiresAt {
		return StatusExpired
	}
	return e.Status
}

// Matchable reports whether the entry may appear in a lead at now (Unix
// milliseconds): active and not expired (invariant 4).
func (e *Entry) Matchable(now int64) bool {
	return e.EffectiveStatus(now) == StatusActive
}

// CanBecome reports whether the lifecycle allows the step from s to next.
// Withdrawal is final.
func (s Status) CanBecome(next Status) bool {
	switch s {
	case StatusDraft, StatusActive, StatusSuspended:
		switch next {
		case StatusActive, StatusSuspended, StatusWithdrawn:
			return true
		case StatusDraft:
			return s == StatusDraft
		}
	}
	return false
}

// Clone returns a deep copy that shares no memory with e.
func (e *Entry) Clone() *Entry {
	c := *e
	c.Names = append([]Name(nil), e.Names...)
	c.Births = append([]Birth(nil), e.Births...)
	c.Nationalities = append([]Country(nil), e.Nationalities...)
	c.Documents = append([]Document(nil), e.Documents...)
	c.ReleasableTo = append([]Country(nil), e.ReleasableTo...)
	c.Caveats = append([]string(nil), e.Caveats...)
	c.Faces = append([]Face(nil), e.Faces...)
	for i := range c.Faces {
		c.Faces[i].Template = append([]byte(nil), e.Faces[i].Template...)
		c.Faces[i].Quality.Flags = append([]string(nil), e.Faces[i].Quality.Flags...)
		c.Faces[i].Quality.Components = append([]QualityComponent(nil), e.Faces[i].Quality.Components...)
	}
	return &c
}
