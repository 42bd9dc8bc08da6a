package plots

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"vigie/benchmarks/evalnames"
)

// The colours of ours and of the other engine, which people with colour vision
// deficiency tell apart (Okabe and Ito, 2008); the other's line is dashed.
var colours = []color.RGBA{{0, 114, 178, 255}, {213, 94, 0, 255}}

// ErrNothing tells that the report holds no searches to draw.
var ErrNothing = errors.New("plots: the report has no mated and non-mated searches")

// Write draws the detection error tradeoff of a report, and of the engine beside
// it when there is one, as an SVG file: the share of mated searches missed over
// the share of non-mated ones with an alert, at every hundredth of the score.
func Write(file string, r *evalnames.Report) error {
	if r.Mated == 0 || r.NonMated == 0 {
		return ErrNothing
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "Name search", "false alerts: share of non-mated searches", "missed: share of mated searches"
	p.Add(plotter.NewGrid())
	p.Legend.Top = true
	for i, one := range []*evalnames.Report{r, r.Against} {
		if one == nil {
			continue
		}
		var xy plotter.XYs
		for _, c := range one.Curve {
			xy = append(xy, plotter.XY{X: c.FalseAlerts, Y: c.Missed})
		}
		l, err := plotter.NewLine(xy)
		if err != nil {
			return fmt.Errorf("plots: %w", err)
		}
		name := "Vigie " + one.Version
		l.Color, l.Width = colours[i], vg.Points(1.5)
		if i > 0 {
			name = one.Version
			l.Dashes = []vg.Length{vg.Points(6), vg.Points(3)}
		}
		p.Add(l)
		p.Legend.Add(name, l)
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	c := vgsvg.New(16*vg.Centimeter, 11*vg.Centimeter)
	p.Draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return fmt.Errorf("plots: %w", err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("plots: %w", err)
	}
	return nil
}
