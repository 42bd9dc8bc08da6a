package clusterbench

import (
	"slices"

	"vigie/benchmarks"
)

// goals judges the report by what issue 6 wants.
func goals(r *Report) []benchmarks.Goal {
	var rate, ratio, p99, fresh, restart, idle []float64
	for _, w := range r.Writes {
		if w.Clients == 64 && w.Face {
			rate, ratio, p99 = append(rate, w.PerSecond), append(ratio, w.Ratio), append(p99, w.Latency.P99)
		}
	}
	for _, s := range r.Joins {
		fresh = append(fresh, s.TotalMillis/1000)
	}
	for _, s := range r.Restarts {
		restart = append(restart, s.Millis/1000)
	}
	for _, t := range r.Idle {
		if t.Profile == "satellite" && t.Node == "nonvoter" {
			idle = append(idle, t.GBPerMonth)
		}
	}
	least := func(what string, want float64, unit string, values []float64) benchmarks.Goal {
		return benchmarks.Goal{What: what, Want: want, Unit: unit}.Judge(values...)
	}
	most := func(what string, want float64, unit string, values []float64) benchmarks.Goal {
		return benchmarks.Goal{What: what, Want: want, AtMost: true, Unit: unit}.Judge(values...)
	}
	var imported, killP50, killP99, moveP99, failed, lost []float64
	if r.Import != nil {
		imported = []float64{r.Import.PerSecond}
	}
	if r.Kills != nil {
		killP50, killP99, lost = []float64{r.Kills.Gap.P50}, []float64{r.Kills.Gap.P99}, []float64{float64(r.Kills.Lost)}
	}
	if r.Transfers != nil {
		moveP99 = []float64{r.Transfers.Gap.P99}
	}
	lostRolling := []float64(nil)
	if r.Rolling != nil {
		failed, lostRolling = []float64{float64(r.Rolling.ReadsFailed)}, []float64{float64(r.Rolling.Lost)}
	}
	out := []benchmarks.Goal{
		least("durable REST writes per second, 64 clients", 4000, "", rate),
		least("the same over bare raft with the same payload", 0.4, "x", ratio),
		most("the same, p99", 50, "ms", p99),
		least("bulk import, entries per second", 20000, "", imported),
		most("kill -9 of the leader: write gap, p50", 800, "ms", killP50),
		most("kill -9 of the leader: write gap, p99", 1500, "ms", killP99),
		most("kill -9 of the leader: acknowledged writes lost", 0, "", lost),
		most("planned transfer: write gap, p99", 150, "ms", moveP99),
		most("new node to its first correct match with the whole list", 3, "s", fresh),
		most("restart to the first correct match with the whole list", 1, "s", restart),
		most("rolling restart under load: failed reads", 0, "", failed),
		most("rolling restart under load: acknowledged writes lost", 0, "", lostRolling),
		most("idle nonvoter, link profile satellite: GB in 30 days, extrapolated", 0.4, "GB", idle),
	}
	return slices.Clip(out)
}
