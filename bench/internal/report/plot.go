package report

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgsvg" // plot.Save writes SVG by it
)

// Line is one series of a plot.
type Line struct {
	Name string
	X, Y []float64
}

// palette is told apart by eyes of every kind (Okabe and Ito's colours).
var palette = []color.Color{
	color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}, color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff},
}

// Plot draws lines over a logarithmic axis of sizes into an SVG file. The other axis begins at zero, so that a flat line
// looks flat.
func Plot(file, title, x, y string, lines []Line) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.BackgroundColor = color.White
	p.Add(plotter.NewGrid())
	highest := 0.0
	for i, l := range lines {
		points := make(plotter.XYs, len(l.X))
		for j := range l.X {
			points[j] = plotter.XY{X: l.X[j], Y: l.Y[j]}
			highest = max(highest, l.Y[j])
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return fmt.Errorf("drawing %q: %w", l.Name, err)
		}
		line.Color, line.Width = palette[i%len(palette)], vg.Points(2)
		dots.Color, dots.Shape, dots.Radius = palette[i%len(palette)], draw.CircleGlyph{}, vg.Points(3)
		p.Add(line, dots)
		p.Legend.Add(l.Name, line, dots)
	}
	p.Legend.Top, p.Legend.XOffs, p.Y.Min, p.Y.Max = true, -vg.Points(10), 0, highest*1.5
	p.Y.Tick.Marker = plot.TickerFunc(fiveTicks)
	if err := p.Save(18*vg.Centimeter, 10*vg.Centimeter, file); err != nil {
		return fmt.Errorf("writing the plot: %w", err)
	}
	return nil
}

// fiveTicks divides an axis evenly, so that values can be read off it.
func fiveTicks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for i := range 6 {
		v := low + (high-low)*float64(i)/5
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.2f", v)})
	}
	return ticks
}
