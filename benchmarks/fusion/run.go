package fusion

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"vigie/benchmarks/evalfaces"
	"vigie/matcher/score"
	"vigie/models"
	"vigie/watchlist"
	"vigie/watchlist/names"
)

const (
	// baseRate and targetFPIR are those that the program ships with.
	baseRate   = 0.0001
	targetFPIR = 0.01
	// fpir is the rate that all are held to: false alerts per search.
	fpir = 0.001
	// replicates is the number of bootstrap samples of persons.
	replicates = 300
)

// kind is an evidence that can be searched by.
type kind int

const (
	kindFusion kind = iota
	kindFace
	kindName
	kindSimilarity
	kindBirth
	kindDocument
	kinds
)

var kindNames = [kinds]string{"all together, fused", "face", "name, by its evidence", "name, by its similarity", "date of birth", "document number"}

// Options are the inputs of a run.
type Options struct {
	// Names is the folder of labelled names, Faces the extracted photos.
	Names       string
	Faces       *evalfaces.Set
	Calibration *models.Calibration
	Seed        uint64
	// Rounds lists are drawn, of Entries entries each; defaults 8 and 2000.
	Rounds, Entries int
	Progress        func(string)
}

// Row is one evidence at the FPIR that all are held to.
type Row struct {
	Evidence string `json:"evidence"`
	// FNIR is the share of mated searches whose entry stays below the threshold or
	// can't be compared, with the 95 % interval over persons.
	FNIR float64 `json:"fnir"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Threshold is exceeded by at most the share FPIR of the non-mated searches.
	Threshold float64 `json:"threshold"`
	// Known is the share of mated searches in which the evidence could be compared.
	Known float64 `json:"known"`
}

// Report is the outcome.
type Report struct {
	Seed            uint64             `json:"seed"`
	FPIR            float64            `json:"fpir"`
	Rounds          int                `json:"rounds"`
	Entries         int                `json:"entries"`
	WithPhoto       int                `json:"entries_with_photo"`
	Mated           int                `json:"mated"`
	NonMated        int                `json:"non_mated"`
	MatedPersons    int                `json:"mated_persons"`
	NonMatedPersons int                `json:"non_mated_persons"`
	Rows            []Row              `json:"rows"`
	Ratio           float64            `json:"ratio"`
	RatioLow        float64            `json:"ratio_low"`
	RatioHigh       float64            `json:"ratio_high"`
	ECE             float64            `json:"ece"`
	ECEBins         []Bin              `json:"ece_bins"`
	MatedBands      map[string]float64 `json:"mated_bands"`
	NonMatedBands   map[string]float64 `json:"non_mated_bands"`
	Calibration     string             `json:"calibration"`
	Evidence        string             `json:"evidence"`
	NamesVersion    string             `json:"names_version"`
	FacesSHA256     string             `json:"faces_sha256"`
	NamesSHA256     []score.CohortFile `json:"names_sha256"`
}

// Bin is one bin of the first candidates' posteriors.
type Bin struct {
	Predicted float64 `json:"predicted"`
	Observed  float64 `json:"observed"`
	Count     int     `json:"count"`
}

// Run draws the rounds, searches and counts.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Rounds == 0 {
		o.Rounds = 8
	}
	if o.Entries == 0 {
		o.Entries = 2000
	}
	s, err := newStream(o, rand.New(rand.NewPCG(o.Seed, 3)))
	if err != nil {
		return nil, err
	}
	rep := &Report{
		Seed: o.Seed, FPIR: fpir, Rounds: o.Rounds, Entries: o.Entries, Calibration: o.Calibration.Version(), Evidence: score.Shipped().Version(),
		NamesVersion: names.Version, FacesSHA256: o.Faces.InputSHA256, NamesSHA256: s.files,
	}
	var results []result
	for k := range o.Rounds {
		if o.Progress != nil {
			o.Progress(fmt.Sprintf("round %d of %d", k+1, o.Rounds))
		}
		found, withPhoto, err := s.round(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("fusion: round %d: %w", k+1, err)
		}
		results, rep.WithPhoto = append(results, found...), withPhoto
	}
	rep.count(results)
	rep.rates(results)
	rep.calibrated(results)
	return rep, nil
}

func (s *stream) round(ctx context.Context, o Options) (found []result, withPhoto int, err error) {
	r := s.draw(o.Entries)
	for _, e := range r.entries {
		withPhoto += len(e.Faces)
	}
	w, err := newWorld(r.entries, o.Calibration)
	if err != nil {
		return nil, 0, err
	}
	defer w.close()
	found, err = w.search(ctx, r.travellers)
	return found, withPhoto, err
}

func (rep *Report) count(results []result) {
	people := [2]map[int]bool{{}, {}}
	bands := [2]map[string]float64{{}, {}}
	for _, r := range results {
		side := 0
		if r.mated {
			side, rep.Mated = 1, rep.Mated+1
		} else {
			rep.NonMated++
		}
		people[side][r.who] = true
		b := string(r.band)
		if b == "" {
			b = "none"
		}
		bands[side][b]++
	}
	for b := range bands[0] {
		bands[0][b] /= float64(rep.NonMated)
	}
	for b := range bands[1] {
		bands[1][b] /= float64(rep.Mated)
	}
	rep.NonMatedBands, rep.MatedBands = bands[0], bands[1]
	rep.NonMatedPersons, rep.MatedPersons = len(people[0]), len(people[1])
}

// rates gives the FNIR of every evidence, and of the fusion against the best single
// one, with intervals over persons.
func (rep *Report) rates(results []result) {
	value := fnirs(results)
	r := rand.New(rand.NewPCG(rep.Seed, 4))
	byPerson := map[int][]result{}
	var order []int
	for _, x := range results {
		if byPerson[x.who] == nil {
			order = append(order, x.who)
		}
		byPerson[x.who] = append(byPerson[x.who], x)
	}
	var samples [kinds][]float64
	var ratios []float64
	for range replicates {
		var sample []result
		for range order {
			sample = append(sample, byPerson[order[r.IntN(len(order))]]...)
		}
		v := fnirs(sample)
		for k := range v {
			samples[k] = append(samples[k], v[k].fnir)
		}
		ratios = append(ratios, v.ratio())
	}
	for k := range value {
		low, high := middle(samples[k])
		rep.Rows = append(rep.Rows, Row{
			Evidence: kindNames[k], FNIR: value[k].fnir, Low: low, High: high, Threshold: value[k].threshold, Known: value[k].known,
		})
	}
	rep.Ratio = value.ratio()
	rep.RatioLow, rep.RatioHigh = middle(ratios)
}

type rate struct{ fnir, threshold, known float64 }

type table [kinds]rate

// ratio is the FNIR of the fusion over that of the best single evidence.
func (t table) ratio() float64 {
	best := math.Inf(1)
	for k := kindFusion + 1; k < kinds; k++ {
		best = min(best, t[k].fnir)
	}
	return t[kindFusion].fnir / best
}

// fnirs are the rates at thresholds that a share fpir of the non-mated searches, at
// most, exceeds.
func fnirs(results []result) (out table) {
	for k := range out {
		var strangers []float64
		mated, missed, known := 0, 0, 0
		for _, r := range results {
			if !r.mated {
				strangers = append(strangers, r.value[k])
			}
		}
		slices.SortFunc(strangers, func(a, b float64) int {
			switch {
			case a > b:
				return -1
			case a < b:
				return 1
			}
			return 0
		})
		t := math.Inf(-1)
		if n := int(fpir * float64(len(strangers))); n < len(strangers) {
			t = strangers[n]
		}
		for _, r := range results {
			if !r.mated {
				continue
			}
			mated++
			if !(r.value[k] > t) {
				missed++
			}
			if !math.IsInf(r.value[k], -1) {
				known++
			}
		}
		// JSON has no infinity.
		out[k] = rate{float64(missed) / float64(max(1, mated)), max(t, -1e9), float64(known) / float64(max(1, mated))}
	}
	return out
}

// middle is the middle 95 % of samples.
func middle(s []float64) (low, high float64) {
	slices.Sort(s)
	return s[len(s)*25/1000], s[len(s)*975/1000]
}

// calibrated bins the posteriors of first candidates under the stream's own share of
// mated travellers.
func (rep *Report) calibrated(results []result) {
	type bin struct {
		p     float64
		right int
		n     int
	}
	var bins [10]bin
	total := 0
	for _, r := range results {
		if r.none {
			continue
		}
		p := 1 / (1 + math.Pow(10, -r.top))
		b := &bins[min(9, int(p*10))]
		b.p += p
		b.n++
		total++
		if r.right {
			b.right++
		}
	}
	for _, b := range bins {
		if b.n == 0 {
			continue
		}
		rep.ECE += math.Abs(b.p-float64(b.right)) / float64(total)
		rep.ECEBins = append(rep.ECEBins, Bin{Predicted: b.p / float64(b.n), Observed: float64(b.right) / float64(b.n), Count: b.n})
	}
}

// bandOrder is how bands are listed.
var bandOrder = []string{string(watchlist.BandStrong), string(watchlist.BandPossible), string(watchlist.BandWeak), "none"}
