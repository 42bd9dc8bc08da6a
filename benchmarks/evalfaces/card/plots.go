package card

import (
	"bytes"
	"fmt"
	"image/color"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"vigie/benchmarks/evalfaces"
)

// figure is one plot: lines by name.
type figure struct {
	file, title, caption string
	x, y                 string // axes
	logX, logY           bool
	// Where the legend lies; with room, the axis goes on above the lines for it.
	legendTop, legendLeft, room bool
	lines                       []line
	bars                        []bar // instead of lines
}

type line struct {
	name   string
	points plotter.XYs
	colour int // of the palette
	dashed bool
}

type bar struct {
	name  string
	value float64
}

// palette is that of Okabe and Ito (2008), which people with colour vision
// deficiency tell apart; the dashes help in print.
var palette = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255}, {0, 0, 0, 255},
}

// figures gives the plots of a report; one without lines or bars is not drawn.
func figures(r *evalfaces.Report) []figure {
	with := append(r.GroupNames(), pooled)
	metrics := func(name string) evalfaces.Metrics {
		if name == pooled {
			return r.Pooled
		}
		return r.Groups[name]
	}
	det := figure{
		file: "det.svg", title: "Detection error tradeoff", x: "false match rate", y: "false non-match rate", logX: true, logY: true, legendLeft: true,
		caption: "One-to-one comparisons within a group; a rate of no comparison is not drawn.",
	}
	rates := figure{
		file: "rates.svg", title: "Rates against the threshold", x: "threshold (comparison score)", y: "rate", logY: true, legendLeft: true,
		caption: "False match rates fall, false non-match rates rise with the threshold. Where one line of each kind lies on that of the other groups, one threshold serves all.",
	}
	search := figure{
		file: "search.svg", title: "Identification", x: "FPIR: share of non-mated searches with a candidate", y: "FNIR: share of mated searches without the mate", logX: true, logY: true, legendLeft: true,
		caption: "Open-set search in a gallery of the first photo of every person; the sizes are in the tables.",
	}
	cmc := figure{
		file: "cmc.svg", title: "Cumulative match", x: "rank", y: "mated searches with the mate within the rank",
		caption: "Closed-set identification: no threshold.",
	}
	refused := figure{file: "fte.svg", title: "Failure to enrol", y: "share of photos without a template", caption: "Photos that the pipeline refused; the report has the reasons."}
	for i, name := range with {
		m := metrics(name)
		var d, fmr, fnmr, s, c plotter.XYs
		for _, p := range m.Curves.Verification {
			d, fmr, fnmr = add(d, p.FMR, p.FNMR), add(fmr, p.Threshold, p.FMR), add(fnmr, p.Threshold, p.FNMR)
		}
		for _, p := range m.Curves.Identification {
			s = add(s, p.FPIR, p.FNIR)
		}
		for k, v := range m.Curves.CMC {
			c = add(c, float64(k+1), v)
		}
		det.lines, search.lines, cmc.lines = append(det.lines, line{name, d, i, i%2 == 1}), append(search.lines, line{name, s, i, i%2 == 1}), append(cmc.lines, line{name, c, i, i%2 == 1})
		rates.lines = append(rates.lines, line{name + " FMR", fmr, i, false}, line{name + " FNMR", fnmr, i, true})
		if m.FTE != nil {
			refused.bars = append(refused.bars, bar{name, *m.FTE})
		}
	}
	out := []figure{det, rates, search, cmc, refused}
	for _, name := range r.GroupNames() {
		out = append(out, discarded(name, r.Groups[name].Curves.Discard))
	}
	return append(out, grown(r.Growth))
}

// grown shows measured FPIR over its target as the gallery grows.
func grown(g *evalfaces.Growth) figure {
	f := figure{
		file: "growth.svg", title: "The threshold as the gallery grows", x: "gallery", y: "measured FPIR / target", logX: true, legendTop: true, room: true,
		caption: "No setting is touched: the calibration gives the threshold for target and size. The tables tell from which size on the gallery is extended by synthetic strangers, and the intervals.",
	}
	if g == nil {
		return f
	}
	lines := map[float64]plotter.XYs{}
	for _, r := range g.Rows {
		lines[r.Target] = add(lines[r.Target], float64(r.Gallery), r.FPIR/r.Target)
	}
	for i, target := range slices.Sorted(maps.Keys(lines)) {
		f.lines = append(f.lines, line{fmt.Sprintf("target %g %%", 100*target), lines[target], i, false})
	}
	for _, edge := range []float64{1 - evalfaces.GrowthBand, 1 + evalfaces.GrowthBand} {
		f.lines = append(f.lines, line{fmt.Sprintf("%g x target", edge), plotter.XYs{{X: 100, Y: edge}, {X: 10_000, Y: edge}}, len(palette) - 1, true})
	}
	return f
}

// pooled names the line of all groups.
const pooled = "pooled"

func discarded(group string, curves map[string][]evalfaces.DiscardPoint) figure {
	f := figure{
		file: "discard-" + fileName(group) + ".svg", title: "Error versus discard: " + group, x: "mated comparisons left out, worst photos first", y: "false non-match rate", legendTop: true, room: true,
		caption: "FNMR at the threshold for a false match rate of 1e-3 of all comparisons. A measure of quality is worth something where its line falls.",
	}
	for i, m := range slices.Sorted(maps.Keys(curves)) {
		var xy plotter.XYs
		for _, p := range curves[m] {
			xy = add(xy, p.Discarded, p.FNMR)
		}
		f.lines = append(f.lines, line{m, xy, i, i%2 == 1})
	}
	return f
}

func add(list plotter.XYs, x, y float64) plotter.XYs { return append(list, plotter.XY{X: x, Y: y}) }

// fileName keeps letters and digits of a group's name.
func fileName(s string) string {
	b := []byte(s)
	for i, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			b[i] = '_'
		}
	}
	return string(b)
}

// draw makes the SVG; nil without anything to show.
func (f figure) draw() ([]byte, error) {
	p, err := f.plot()
	if err != nil || p == nil {
		return nil, err
	}
	c := vgsvg.New(16*vg.Centimeter, 11*vg.Centimeter)
	p.Draw(draw.New(c))
	var b bytes.Buffer
	_, err = c.WriteTo(&b)
	return b.Bytes(), err
}

// plot lays the figure out; nil without anything to show.
func (f figure) plot() (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = f.title, f.x, f.y
	p.Add(plotter.NewGrid())
	p.Legend.Top, p.Legend.Left = f.legendTop, f.legendLeft
	if f.logX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{}
	}
	if f.logY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{}
	}
	shown := 0
	for _, l := range f.lines {
		var points plotter.XYs
		for _, xy := range l.points {
			if (!f.logX || xy.X > 0) && (!f.logY || xy.Y > 0) {
				points = append(points, xy)
			}
		}
		if len(points) < 2 {
			continue
		}
		drawn, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		drawn.Color, drawn.Width = palette[l.colour%len(palette)], vg.Points(1.5)
		if l.dashed || l.colour >= len(palette) {
			drawn.Dashes = []vg.Length{vg.Points(6), vg.Points(3)}
		}
		p.Add(drawn)
		p.Legend.Add(l.name, drawn)
		shown++
	}
	if len(f.bars) > 0 {
		if err := f.addBars(p); err != nil {
			return nil, err
		}
		shown++
	}
	if shown == 0 {
		return nil, nil
	}
	sane(&p.X, f.logX)
	sane(&p.Y, f.logY)
	if f.room {
		p.Y.Max += 0.35 * (p.Y.Max - p.Y.Min)
	}
	return p, nil
}

// decades marks a logarithmic axis; it names the powers of ten.
type decades struct{}

// Ticks implements plot.Ticker.
func (decades) Ticks(low, high float64) []plot.Tick {
	ticks := plot.LogTicks{}.Ticks(low, high)
	named := map[float64]bool{} // a power of ten may come twice
	for i, t := range ticks {
		ticks[i].Label = ""
		if e := math.Log10(t.Value); math.Abs(e-math.Round(e)) < 1e-9 && !named[math.Round(e)] {
			named[math.Round(e)] = true
			ticks[i].Label = fmt.Sprintf("%g", math.Pow10(int(math.Round(e))))
		}
	}
	return ticks
}

// addBars adds the bars with their names.
func (f figure) addBars(p *plot.Plot) error {
	var values plotter.Values
	var names []string
	for _, b := range f.bars {
		values, names = append(values, b.value), append(names, b.name)
	}
	chart, err := plotter.NewBarChart(values, vg.Points(28))
	if err != nil {
		return err
	}
	chart.Color, chart.LineStyle.Width = palette[0], 0
	p.Add(chart)
	p.NominalX(names...)
	return nil
}

// sane keeps an axis from being empty, and a logarithmic one above zero.
func sane(a *plot.Axis, log bool) {
	if log && a.Min <= 0 || math.IsInf(a.Min, 0) || math.IsNaN(a.Min) {
		a.Min = 1e-6
	}
	if !(a.Max > a.Min) {
		if log {
			a.Max = a.Min * 10
		} else {
			a.Max = a.Min + 1
		}
	}
}
