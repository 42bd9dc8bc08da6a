package evalfaces

import (
	"math"
	"slices"
)

// lookAlikes describe the strangers above a score u, of whom every person has some
// at a rate of their own.
type lookAlikes struct {
	u, a  float64 // a score reaches s with probability ((1-s)/(1-u))^(1/a)
	mean  float64 // look-alikes of a person among the persons compared
	shape float64 // of the gamma distribution of the persons' rates
}

func (l lookAlikes) dimensions() float64 { return 2 / l.a }

// none is the probability that a person with k look-alikes among m strangers finds
// nobody at the threshold among more strangers: the gamma distribution after k were
// seen, Poisson counts.
func (l lookAlikes) none(k, m int, threshold float64, more int) float64 {
	reach := 1.0
	if threshold > l.u {
		reach = math.Pow(gap(threshold)/gap(l.u), 1/l.a)
	}
	x := float64(more) / float64(m) * reach
	b := l.shape/l.mean + 1
	return math.Pow(b/(b+x), l.shape+float64(k))
}

// gap is how far a score is from 1, kept off 0: two labels may hold one photo.
func gap(score float64) float64 { return math.Max(1-score, 1e-6) }

// sums are what lookAlikes are estimated from.
type sums struct {
	persons, above, log float64
	squares             float64 // of the persons' counts
}

// estimate fits by moments; persons who do not differ more than chance get a shape
// that makes them equal.
func (x sums) estimate(u float64) lookAlikes {
	l := lookAlikes{u: u, a: math.Max(x.log/x.above, 1e-3), mean: x.above / x.persons}
	variance := (x.squares - x.above*l.mean) / (x.persons - 1)
	l.shape = l.mean * l.mean / max(variance-l.mean, l.mean*l.mean/1000)
	return l
}

// level is the score that a share growthShare of the comparisons exceeds.
func (s strangers) level() float64 {
	var all []float64
	for _, row := range s {
		for _, v := range row {
			if !math.IsNaN(v) {
				all = append(all, v)
			}
		}
	}
	slices.Sort(all)
	return all[len(all)-1-int(growthShare*float64(len(all)))]
}

// tally is what a person's row and column hold above u.
type tally struct {
	k, m        int     // look-alikes as the probe, strangers compared
	log         float64 // of the row
	first       float64 // the best score
	second      float64
	at          int // whose the best is
	columnAbove int
	columnLog   float64
}

func (s strangers) counts(u float64) []tally {
	out := make([]tally, len(s))
	for i := range out {
		out[i].first, out[i].second, out[i].at = math.Inf(-1), math.Inf(-1), -1
	}
	for i, row := range s {
		p := &out[i]
		for j, v := range row {
			if math.IsNaN(v) {
				continue
			}
			p.m++
			if v > p.first {
				p.first, p.second, p.at = v, p.first, j
			} else {
				p.second = max(p.second, v)
			}
			if v > u {
				log := math.Log(gap(u) / gap(v))
				p.k++
				p.log += log
				out[j].columnAbove++
				out[j].columnLog += log
			}
		}
	}
	return out
}

// tail fits the look-alikes of all persons.
func (s strangers) tail() lookAlikes {
	u := s.level()
	return summed(s.counts(u)).estimate(u)
}

func summed(counts []tally) sums {
	x := sums{persons: float64(len(counts))}
	for _, p := range counts {
		k := float64(p.k)
		x.above, x.log, x.squares = x.above+k, x.log+p.log, x.squares+k*k
	}
	return x
}

// extended gives FPIR in a gallery of all real others and so many synthetic ones
// that there are size, and without each person.
func (s strangers) extended(threshold float64, size int) (fpir float64, each []float64) {
	u := s.level()
	counts := s.counts(u)
	total := summed(counts)
	l := total.estimate(u)
	n := len(s)
	chance := func(l lookAlikes, k, m int, best float64) float64 {
		if best >= threshold {
			return 1
		}
		return 1 - l.none(k, m, threshold, size-m)
	}
	for _, p := range counts {
		fpir += chance(l, p.k, p.m, p.first) / float64(n)
	}
	each = make([]float64, n)
	for j, gone := range counts {
		x := sums{
			persons: total.persons - 1, above: total.above - float64(gone.k+gone.columnAbove),
			log: total.log - gone.log - gone.columnLog, squares: total.squares - float64(gone.k*gone.k),
		}
		for i := range s {
			if i != j && s[i][j] > u { // NaN is not
				x.squares -= float64(2*counts[i].k - 1)
			}
		}
		without := x.estimate(u)
		for i, p := range counts {
			if i == j {
				continue
			}
			k, m, best := p.k, p.m, p.first
			if v := s[i][j]; !math.IsNaN(v) {
				m--
				if v > u {
					k--
				}
			}
			if p.at == j {
				best = p.second
			}
			each[j] += chance(without, k, m, best) / float64(n-1)
		}
	}
	return fpir, each
}
