package names

// Sketch is as much of a word as is needed to see how like another it is at most, in
// one line of a processor's cache: whoever holds a query against many thousands of
// words keeps their sketches side by side and need not touch most words at all.
type Sketch struct {
	sum  letterSum
	sums [maxSounds]letterSum
	// Weight and Class are those of the Token.
	Weight float64
	// last are the last four letters, first the first three, 0 for a shorter word.
	last  uint32
	first uint16
	text  uint8 // letters; longer words count as 255
	// sounds are the lengths of the sounds at their places in sums, count how many.
	sounds [maxSounds]uint8
	count  uint8
	Class  Class
	flags  uint8
}

const (
	sketchFamily = 1 << iota // in a family of the table
	sketchOpen               // has what a sketch can't judge
)

// Sketch sums up the word.
func (t *Token) Sketch() Sketch {
	s := Sketch{sum: t.sum, Weight: t.Weight, Class: t.Class, text: length(t.Text), count: uint8(len(t.Sounds))}
	if len(t.Families) > 0 {
		s.flags |= sketchFamily
	}
	if t.Alt != "" || t.sum == 0 || len(t.sums) != len(t.Sounds) || len(t.Sounds) > maxSounds || s.text == 255 {
		s.flags |= sketchOpen
		return s
	}
	for i, sound := range t.Sounds {
		if s.sums[i], s.sounds[i] = t.sums[i], length(sound); s.sounds[i] == 255 {
			s.flags |= sketchOpen
		}
	}
	for i := range min(3, len(t.Text)) {
		s.first = s.first<<5 | uint16(t.Text[i]&31)
	}
	if n := len(t.Text); n >= 4 {
		for i := n - 4; i < n; i++ {
			s.last = s.last<<5 | uint32(t.Text[i]&31)
		}
	}
	return s
}

func length(s string) uint8 { return uint8(min(255, len(s))) }

// AtMost is never less than Similarity of the two words, by what the sketches show:
// 0 where it is surely 0, 1 where they can't tell. It follows Similarity rule by
// rule. It never tells of two words that may be equal in their first three or last
// four letters, as words cut off are, short forms, and parts of words written as one.
func (s *Sketch) AtMost(o *Sketch) float64 {
	if (s.flags|o.flags)&sketchOpen != 0 || s.flags&o.flags&sketchFamily != 0 || s.Class == Particle && o.Class == Particle ||
		s.sum == o.sum && s.text == o.text || s.first == o.first || s.last == o.last && s.last != 0 {
		return 1
	}
	most := 0.0
	if (s.Class == Initial) != (o.Class == Initial) && s.initial() == o.initial() {
		most = scoreInitial
	}
	if short, long := float64(min(s.text, o.text)), float64(max(s.text, o.text)); long-short <= mostTypo {
		if least := s.sum.least(o.sum); least <= mostTypo {
			most = max(most, 1-least/(short+long)*2*typoCost)
		}
	}
	for i := range s.count {
		for j := range o.count {
			if m := mostSound(s.sums[i], o.sums[j], int(s.sounds[i])+int(o.sounds[j])); m >= MinTokenScore {
				most = max(most, m+spread)
			}
		}
	}
	if most < MinTokenScore {
		return 0
	}
	return min(1, most)
}

// Letters is the number of letters, at most 255.
func (s *Sketch) Letters() int { return int(s.text) }

// initial is the first letter.
func (s *Sketch) initial() uint16 {
	switch {
	case s.text >= 3:
		return s.first >> 10
	case s.text == 2:
		return s.first >> 5
	}
	return s.first
}
