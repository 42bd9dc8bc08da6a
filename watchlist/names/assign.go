package names

import "math"

// assign finds the one-to-one pairing of n probe words with m entry words that
// has the greatest total of weight times similarity, leaving used words and
// pairs of no similarity alone. It is the Hungarian method with potentials
// (Kuhn 1955, Munkres 1957; the O(n²m) form), on at most MaxTokens words. Ties
// go to the lower index, so the result depends on the input alone.
func assign(n, m int, sims *[MaxTokens][MaxTokens]float32, wp, we *[MaxTokens]float64, usedP, usedE *[MaxTokens]bool) (match [MaxTokens]int) {
	for i := range match {
		match[i] = -1
	}
	cost := func(i, j int) float64 {
		if i >= n || j >= m || usedP[i] || usedE[j] || sims[i][j] == 0 {
			return 0
		}
		return -float64(sims[i][j]) * (wp[i] + we[j])
	}
	size := max(n, m)
	var u, v [MaxTokens + 1]float64
	var p, way [MaxTokens + 1]int
	for i := 1; i <= size; i++ {
		p[0] = i
		j0 := 0
		var least [MaxTokens + 1]float64
		var seen [MaxTokens + 1]bool
		for j := range least {
			least[j] = math.Inf(1)
		}
		for {
			seen[j0] = true
			i0, j1, delta := p[j0], 0, math.Inf(1)
			for j := 1; j <= size; j++ {
				if seen[j] {
					continue
				}
				if c := cost(i0-1, j-1) - u[i0] - v[j]; c < least[j] {
					least[j], way[j] = c, j0
				}
				if least[j] < delta {
					delta, j1 = least[j], j
				}
			}
			for j := 0; j <= size; j++ {
				if seen[j] {
					u[p[j]] += delta
					v[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			j0 = j1
			if p[j0] == 0 {
				break
			}
		}
		for j0 != 0 {
			p[j0], j0 = p[way[j0]], way[j0]
		}
	}
	for j := 1; j <= m; j++ {
		if i := p[j]; i >= 1 && i <= n && cost(i-1, j-1) < 0 {
			match[i-1] = j - 1
		}
	}
	return match
}
