package evalfaces

import "vigie/index/face"

// impostors compares the photos of two persons: p is enrolled, q searched.
func (g *gathering) impostors(at int, p, q *subject, anchor bool) {
	for _, x := range p.shots {
		for _, probe := range q.shots {
			s := cosine(probe.probe, x.reference)
			g.addQuality(at, x, s, false, p.id)
			if anchor {
				g.one.impostor = append(g.one.impostor, s)
				g.strangerPairs = append(g.strangerPairs, cosine(probe.reference, x.reference))
			}
		}
	}
	pairs(p, func(x, y shot) {
		g.againstTwo(at, p.id, x, y, q, anchor)
	})
	pairs(q, func(c, d shot) {
		mean := face.Mean([][]float32{c.probe, d.probe})
		for _, x := range p.shots {
			u, v, m := cosine(c.probe, x.reference), cosine(d.probe, x.reference), cosine(mean, x.reference)
			g.raised[at][1].add(q.id, u, v, m)
			if anchor {
				add(&g.frameMaximum, max(u, v))
				add(&g.frameScores, (u+v)/2)
				add(&g.frameVector, m)
			}
		}
	})
}

// againstTwo searches a person's photos among two enrolled ones of another.
func (g *gathering) againstTwo(at, person int, x, y shot, q *subject, anchor bool) {
	mean := face.Mean([][]float32{x.reference, y.reference})
	agree := cosine(x.reference, y.reference)
	for _, probe := range q.shots {
		u, v, m := cosine(probe.probe, x.reference), cosine(probe.probe, y.reference), cosine(probe.probe, mean)
		g.raised[at][0].add(person, u, v, m)
		if !anchor {
			continue
		}
		add(&g.maximum, max(u, v))
		add(&g.scores, (u+v)/2)
		add(&g.vectors, m)
		for i, limit := range agreements {
			if agree >= limit {
				add(&g.limits[i].two, m)
			} else {
				add(&g.limits[i].two, max(u, v))
			}
		}
	}
	if anchor {
		pairs(q, func(c, d shot) {
			add(&g.both, cosine(face.Mean([][]float32{c.probe, d.probe}), mean))
		})
	}
}

func add(t *scoreList, score float64) { t.impostor = append(t.impostor, score) }

// pairs shows all pairs of a person's photos that are not one picture.
func pairs(p *subject, visit func(x, y shot)) {
	for a := range p.shots {
		for b := a + 1; b < len(p.shots); b++ {
			if distinct(p.shots[a], p.shots[b]) {
				visit(p.shots[a], p.shots[b])
			}
		}
	}
}

// spoiled gives a person's entry a photo of each other person of the fold, the
// first that there is of each, and searches with a photo that is not enrolled.
func (g *gathering) spoiled(p *subject, subjects []subject) {
	for i := range subjects {
		q := &subjects[i]
		if q.id == p.id || g.excluded[[2]string{p.name, q.name}] {
			continue
		}
		wrong := q.shots[0].reference
		for c, probe := range p.shots {
			for a, x := range p.shots {
				if a == c || !distinct(probe, x) {
					continue
				}
				g.spoil(probe.probe, p.id, func(l *limitScores) *scoreList { return &l.oneBad }, x.reference, wrong)
				for b := a + 1; b < len(p.shots); b++ {
					if y := p.shots[b]; b != c && distinct(probe, x, y) {
						g.spoil(probe.probe, p.id, func(l *limitScores) *scoreList { return &l.twoBad }, x.reference, y.reference, wrong)
					}
				}
			}
		}
	}
}

func (g *gathering) spoil(probe []float32, person int, which func(l *limitScores) *scoreList, photos ...[]float32) {
	for i, limit := range agreements {
		t := which(&g.limits[i])
		t.mated = append(t.mated, attempt{combined(probe, photos, limit), person})
	}
}

// addQuality adds a comparison with one reference to those of its quality.
func (g *gathering) addQuality(at int, x shot, score float64, mated bool, person int) {
	t := g.quality[at][0]
	if x.low {
		t = g.quality[at][1]
	}
	if mated {
		t.mated = append(t.mated, attempt{score, person})
	} else {
		t.impostor = append(t.impostor, score)
	}
}
