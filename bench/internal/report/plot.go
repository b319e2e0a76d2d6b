package report

import (
	"bytes"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
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
	return save(p, 10*vg.Centimeter, file)
}

// plotWidth is that of a column of text.
const plotWidth = 18 * vg.Centimeter

// save writes a plot as SVG with its font in it: in another font than the one it was laid out with, labels run into each other.
func save(p *plot.Plot, height vg.Length, file string) error {
	c := vgsvg.NewWith(vgsvg.UseWH(plotWidth, height), vgsvg.EmbedFonts(true))
	edge := vg.Points(8)
	p.Draw(draw.Crop(draw.New(c), edge, -edge, edge, -edge))
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return fmt.Errorf("drawing %s: %w", file, err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
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
