package report

import (
	"fmt"
	"strings"
	"time"
)

// Measures of the picture, in its own units.
const (
	pictureWidth = 1120
	marginLeft   = 74
	marginRight  = 14
	marginTop    = 46
	laneHeight   = 78
	laneGap      = 16
	readsHeight  = 40
	axisHeight   = 30
)

// picture is the timeline, ready to be drawn.
type picture struct {
	Width, Height int
	Left, Right   int
	Top, Bottom   int
	Lanes         []lane
	Bands         []band
	Marks         []mark
	Ticks         []tick
	Audits        []box
}

type lane struct {
	Name   string
	Class  string
	Y, H   int
	Base   int
	Path   string
	Most   int
	LabelY int
}

type box struct{ X, Y, W, H float64 }

// band is the time of a fault over all lanes, or the dark time of one lane.
type band struct {
	box
	Class string
	Title string
}

// mark is a fault's number over the lanes.
type mark struct {
	X      float64
	Number int
	Title  string
	Bad    bool
}

type tick struct {
	X    float64
	Text string
}

// draw lays out the timeline.
func (r *Report) draw() picture {
	length := max(len(r.Reads), 1)
	scale := float64(pictureWidth-marginLeft-marginRight) / float64(length)
	x := func(t time.Duration) float64 { return marginLeft + t.Seconds()*scale }
	p := picture{Width: pictureWidth, Left: marginLeft, Right: pictureWidth - marginRight, Top: marginTop}
	p.lanes(r, scale)
	p.Height = p.Bottom + axisHeight
	for i, f := range r.Faults {
		p.fault(r, i+1, f, x)
	}
	for _, s := range r.Audits {
		p.Audits = append(p.Audits, box{x(s.From), marginTop, x(s.To) - x(s.From), float64(p.Bottom - marginTop)})
	}
	step := tickStep(length)
	for at := 0; at <= length; at += step {
		p.Ticks = append(p.Ticks, tick{marginLeft + float64(at)*scale, fmt.Sprintf("%d:%02d", at/60, at%60)})
	}
	return p
}

// tickStep is how many seconds there are between the marks of the axis.
func tickStep(length int) int {
	for _, step := range []int{10, 15, 30, 60, 120, 300, 600} {
		if length/step <= 14 {
			return step
		}
	}
	return 1800
}

func (p *picture) lanes(r *Report, scale float64) {
	most := 1
	for _, seconds := range r.Seconds {
		for _, n := range seconds {
			most = max(most, n)
		}
	}
	y := marginTop
	for i, name := range r.Sites {
		p.lane(lane{Name: "Site " + strings.ToUpper(name), Class: "site" + name, Y: y, H: laneHeight, Most: most}, r.Seconds[i], scale)
		y += laneHeight + laneGap
	}
	most = 1
	for _, n := range r.Reads {
		most = max(most, n)
	}
	p.lane(lane{Name: "Reads", Class: "reads", Y: y, H: readsHeight, Most: most}, r.Reads, scale)
	p.Bottom = y + readsHeight
}

func (p *picture) lane(l lane, seconds []int, scale float64) {
	l.Base = l.Y + l.H
	l.LabelY = l.Y + l.H/2
	l.Path = steps(seconds, l, scale)
	p.Lanes = append(p.Lanes, l)
}

// steps is the outline of a second's numbers, as a path of SVG.
func steps(seconds []int, l lane, scale float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", marginLeft, l.Base)
	for i, n := range seconds {
		fmt.Fprintf(&b, "V%.1fH%.2f", float64(l.Base)-float64(n)*float64(l.H-4)/float64(l.Most), marginLeft+float64(i+1)*scale)
	}
	fmt.Fprintf(&b, "V%dZ", l.Base)
	return b.String()
}

// fault marks the time of a fault, the time until all was whole again, and which sites it met.
func (p *picture) fault(r *Report, number int, f *Fault, x func(time.Duration) float64) {
	title := fmt.Sprintf("%d: %s", number, f.Title)
	height := float64(p.Bottom - marginTop)
	if f.Ended > f.Done {
		p.Bands = append(p.Bands, band{box{x(f.Done), marginTop, x(f.Ended) - x(f.Done), height}, "fault", title})
	}
	if f.Whole > f.Ended {
		p.Bands = append(p.Bands, band{box{x(f.Ended), marginTop, x(f.Whole) - x(f.Ended), height}, "return", title + ", the return"})
	}
	for _, hit := range f.Hit {
		for i, name := range r.Sites {
			if name == hit && f.Ended > f.Done {
				l := p.Lanes[i]
				p.Bands = append(p.Bands, band{box{x(f.Done), float64(l.Y), x(f.Ended) - x(f.Done), float64(l.H)}, "hit", title + ", site " + strings.ToUpper(hit)})
			}
		}
	}
	p.Marks = append(p.Marks, mark{X: x(f.Done), Number: number, Title: title, Bad: f.outcome() != "none"})
}
