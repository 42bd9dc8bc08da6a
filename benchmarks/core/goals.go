package core

import "vigie/benchmarks"

// goals judges the path from photo to answer: at a gallery of 100,000, over
// HTTPS, warm.
func goals(r *Report) []benchmarks.Goal {
	p50 := func(p PhotoPass) float64 { return p.Latency.P50 }
	portrait, large := r.passes(0), r.passes(1)
	most := func(what string, want float64, unit string, values []float64) benchmarks.Goal {
		return benchmarks.Goal{What: what, Want: want, AtMost: true, Unit: unit}.Judge(values...)
	}
	least := func(what string, want float64, values []float64) benchmarks.Goal {
		return benchmarks.Goal{What: what, Want: want, Unit: "x"}.Judge(values...)
	}
	var scaling, memory []float64
	for _, rate := range r.Rates {
		scaling = append(scaling, rate.Ratio)
	}
	if r.WorkersMB > 0 {
		memory = []float64{r.WorkersMB}
	}
	return []benchmarks.Goal{
		most("512 px portrait to answer, p50", 60, "ms", each(portrait, p50)),
		most("512 px portrait to answer, p99", 110, "ms", each(portrait, func(p PhotoPass) float64 { return p.Latency.P99 })),
		most("512 px portrait to answer over go-face alone on the same file, by p50", 1.25, "x", each(portrait, func(p PhotoPass) float64 { return p.Ratio })),
		most("12-megapixel JPEG to answer, p50", 120, "ms", each(large, p50)),
		least("12-megapixel JPEG: go-face alone on the same file over ours, by p50", 8, each(large, func(p PhotoPass) float64 { return 1 / p.Ratio })),
		least("portraits per second, node on two cores over one", 1.7, scaling),
		most("memory in RAM of a node with two face workers and an empty list, after photos", 300, "MB", memory),
	}
}

// passes gives the passes of the i-th picture.
func (r *Report) passes(i int) []PhotoPass {
	var out []PhotoPass
	for _, p := range r.PhotoPasses {
		if i < len(r.Photos) && p.What == r.Photos[i].What {
			out = append(out, p)
		}
	}
	return out
}

func each(passes []PhotoPass, of func(PhotoPass) float64) []float64 {
	out := make([]float64, len(passes))
	for i, p := range passes {
		out[i] = of(p)
	}
	return out
}
