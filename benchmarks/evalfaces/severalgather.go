package evalfaces

import (
	"slices"

	"vigie/index/face"
	"vigie/models/calibrate"
	"vigie/watchlist"
)

// gathering collects the comparisons of Several, space by space.
type gathering struct {
	groups   []calibrate.Group
	flagged  [][]bool // of each group's samples
	excluded calibrate.Pairs
	ids      map[string]int

	one, halves               scoreList
	maximum, scores, vectors  scoreList // two references
	frameMaximum, frameVector scoreList
	frameScores               scoreList
	both                      scoreList
	limits                    []limitScores // of agreements
	matedPairs, strangerPairs []float64
	quality                   map[int][2]*scoreList // by group: rest, flagged
	raised                    map[int]*[2]raise     // by group: references, frames
}

type limitScores struct{ two, oneBad, twoBad scoreList }

func newGathering(part []GroupSet, excluded calibrate.Pairs) *gathering {
	g := &gathering{
		groups: templates(part), excluded: excluded, ids: map[string]int{},
		limits: make([]limitScores, len(agreements)), quality: map[int][2]*scoreList{}, raised: map[int]*[2]raise{},
	}
	for i, s := range part {
		g.quality[i], g.raised[i] = [2]*scoreList{{}, {}}, &[2]raise{}
		var flags []bool
		for _, p := range s.Photos {
			if p.Template != nil {
				flags = append(flags, slices.Contains(p.Quality.Flags, watchlist.FlagLowQualityReference))
			}
		}
		g.flagged = append(g.flagged, flags)
	}
	return g
}

// id numbers a person.
func (g *gathering) id(group int, person string) int {
	key := g.groups[group].Name + "/" + person
	n, ok := g.ids[key]
	if !ok {
		n = len(g.ids)
		g.ids[key] = n
	}
	return n
}

// shot is one photo in a space.
type shot struct {
	reference, probe []float32
	low              bool
}

// subject is one person in a space.
type subject struct {
	name  string
	id    int
	fold  int
	shots []shot
}

// visit compares the persons of a space's two folds.
func (g *gathering) visit(s *calibrate.FoldSpace) error {
	for at, group := range g.groups {
		subjects, err := g.subjects(s, at)
		if err != nil {
			return err
		}
		anchor := group.Name == calibrate.DefaultAnchor
		for i := range subjects {
			p := &subjects[i]
			if s.X == s.Y {
				g.mated(at, p)
				g.spoiled(p, subjects)
			}
			for k := range subjects {
				q := &subjects[k]
				if i == k || g.excluded[[2]string{p.name, q.name}] || s.X != s.Y && p.fold == q.fold {
					continue
				}
				g.impostors(at, p, q, anchor)
			}
		}
	}
	return nil
}

// subjects projects the photos of a group that a space may compare.
func (g *gathering) subjects(s *calibrate.FoldSpace, at int) (out []subject, err error) {
	for i, sample := range g.groups[at].Samples {
		fold := s.Fold(at, i)
		if fold != s.X && fold != s.Y {
			continue
		}
		var x shot
		x.low = g.flagged[at][i]
		if x.reference, err = s.Project(sample.Template); err != nil {
			return nil, err
		}
		x.probe = x.reference
		if sample.Probe != nil {
			if x.probe, err = s.Project(sample.Probe); err != nil {
				return nil, err
			}
		}
		if len(out) == 0 || out[len(out)-1].name != sample.Person {
			out = append(out, subject{name: sample.Person, id: g.id(at, sample.Person), fold: fold})
		}
		last := &out[len(out)-1]
		last.shots = append(last.shots, x)
	}
	return out, nil
}

// distinct reports whether no two of a person's photos are one picture.
func distinct(shots ...shot) bool {
	for i := range shots {
		for k := range i {
			if cosine(shots[i].reference, shots[k].reference) > samePicture {
				return false
			}
		}
	}
	return true
}

// mated compares the photos of one person.
func (g *gathering) mated(at int, p *subject) {
	for c, probe := range p.shots {
		for a, x := range p.shots {
			if a == c || !distinct(probe, x) {
				continue
			}
			g.addQuality(at, x, cosine(probe.probe, x.reference), true, p.id)
			if a < c {
				g.matedPairs = append(g.matedPairs, cosine(x.reference, probe.reference))
			}
			for b := a + 1; b < len(p.shots); b++ {
				if y := p.shots[b]; b != c && distinct(probe, x, y) {
					g.addPair(p.id, probe, x, y)
					g.matedBoth(p, c, a, b)
				}
			}
		}
	}
}

// addPair adds a third photo against two of the same person, as references and as
// frames.
func (g *gathering) addPair(person int, third, x, y shot) {
	add := func(t *scoreList, score float64) { t.mated = append(t.mated, attempt{score, person}) }
	u, v := cosine(third.probe, x.reference), cosine(third.probe, y.reference)
	add(&g.one, u)
	add(&g.one, v)
	add(&g.maximum, max(u, v))
	add(&g.scores, (u+v)/2)
	two := [][]float32{x.reference, y.reference}
	add(&g.vectors, cosine(third.probe, face.Mean(two)))
	for i, limit := range agreements {
		add(&g.limits[i].two, combined(third.probe, two, limit))
	}
	u, v = cosine(x.probe, third.reference), cosine(y.probe, third.reference)
	add(&g.halves, u)
	add(&g.halves, v)
	add(&g.frameMaximum, max(u, v))
	add(&g.frameScores, (u+v)/2)
	add(&g.frameVector, cosine(face.Mean([][]float32{x.probe, y.probe}), third.reference))
}

// matedBoth adds two frames, the probe c and a later photo, against a and b.
func (g *gathering) matedBoth(p *subject, c, a, b int) {
	for d := c + 1; d < len(p.shots); d++ {
		if d == a || d == b || !distinct(p.shots[c], p.shots[d], p.shots[a], p.shots[b]) {
			continue
		}
		frames := face.Mean([][]float32{p.shots[c].probe, p.shots[d].probe})
		references := face.Mean([][]float32{p.shots[a].reference, p.shots[b].reference})
		g.both.mated = append(g.both.mated, attempt{cosine(frames, references), p.id})
	}
}
