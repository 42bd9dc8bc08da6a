package fusion

import (
	"context"

	"vigie/benchmarks/evalfaces"
	"vigie/watchlist"
)

// CachedEngine stands in for a face engine where all templates are cached: it
// refuses to make any.
type CachedEngine string

// Model is the model of the cached templates.
func (e CachedEngine) Model() string { return string(e) }

// Both implements evalfaces.Engine.
func (CachedEngine) Both(context.Context, watchlist.Photo) (watchlist.FaceSample, []float32, []watchlist.StageTime, error) {
	return watchlist.FaceSample{}, nil, nil, &watchlist.FaceError{Code: watchlist.FaceEngineAbsent}
}

// Extract implements evalfaces.Engine.
func (CachedEngine) Extract(context.Context, watchlist.Photo) (watchlist.FaceSample, []watchlist.StageTime, error) {
	return watchlist.FaceSample{}, nil, &watchlist.FaceError{Code: watchlist.FaceEngineAbsent}
}

// identity is a person of the photos: templates as references and as probes.
type identity struct {
	references, probes [][]float32
}

// identities gathers the people of a set, in its order. People who may be the same
// as another are left out.
func identities(set *evalfaces.Set) []identity {
	doubtful := map[string]bool{}
	for p := range set.Excluded {
		doubtful[p[0]], doubtful[p[1]] = true, true
	}
	for p := range set.Faults {
		doubtful[p[0]], doubtful[p[1]] = true, true
	}
	at := map[string]int{}
	var out []identity
	for _, g := range set.Groups {
		for _, p := range g.Photos {
			if p.Refused != "" || doubtful[p.Person] {
				continue
			}
			i, ok := at[p.Person]
			if !ok {
				i = len(out)
				at[p.Person] = i
				out = append(out, identity{})
			}
			probe := p.Probe
			if probe == nil {
				probe = p.Template
			}
			out[i].references, out[i].probes = append(out[i].references, p.Template), append(out[i].probes, probe)
		}
	}
	return out
}
