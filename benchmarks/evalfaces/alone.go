package evalfaces

import "vigie/models/calibrate"

// eachAlone compares, person-disjoint, each encoder's values of composite
// templates by themselves; nothing for templates of one encoder.
func eachAlone(set *Set, part []GroupSet, parts []calibrate.Part) ([]trial, error) {
	if len(parts) < 2 {
		return nil, nil
	}
	whole := templates(part)
	var out []trial
	from := 0
	for _, p := range parts {
		groups := make([]calibrate.Group, len(whole))
		for i, g := range whole {
			groups[i].Name = g.Name
			for _, s := range g.Samples {
				groups[i].Samples = append(groups[i].Samples, s.Values(from, from+p.Dim))
			}
		}
		from += p.Dim
		p.Weight = 1
		t, err := inDisjointSpaces(set, groups, part, []calibrate.Part{p})
		if err != nil {
			return nil, err
		}
		t.basis.Encoder = p.Model
		out = append(out, t.readings()[0])
	}
	return out, nil
}
