package sweeps

import (
	"bytes"
	"math"
	"strconv"
)

// figure is a chart of points with intervals over an abscissa, in lines.
type figure struct {
	title, xTitle, yTitle string
	ticks                 []tick // of the abscissa
	lines                 []line
	guides                []guideline
	low, high             float64 // limits of the ordinate
}

// tick is a labeled place on an axis.
type tick struct {
	at    float64
	label string
}

// line is a row of estimates.
type line struct {
	name   string
	points []estimate
	trails [][]point // ways of single runs, in the figure's own coordinates
	loose  bool      // its points are not joined, nor moved aside
}

// estimate is a point of a line: the median of its seeds, and the interval of their mean.
type estimate struct {
	x, median, low, high float64
	seeds                []float64
}

// guideline is what points are to be compared with; its place on the ordinate is the same everywhere, or given for each x.
type guideline struct {
	name   string
	points []point // in the figure's own coordinates
}

// Sizes of a figure in its units, which are pixels of a screen.
const (
	figureWidth, figureHeight = 720.0, 440.0
	marginLeft, marginRight   = 64.0, 150.0 // lines are named at their right
	marginTop, marginBottom   = 40.0, 56.0
	pngScale                  = 2
	spread                    = 16.0 // between the same place of two lines
	beside                    = 7.0  // from an interval to its seeds
)

// frame maps a figure's coordinates to the canvas's.
type frame struct{ x0, x1, y0, y1 float64 }

func (f frame) at(x, y float64) point {
	const width, height = figureWidth - marginLeft - marginRight, figureHeight - marginTop - marginBottom
	return point{marginLeft + width*(x-f.x0)/(f.x1-f.x0), marginTop + height*(f.y1-y)/(f.y1-f.y0)}
}

// draw draws the figure.
func (f *figure) draw(c canvas) {
	x0, x1 := f.reach()
	pad := 0.08 * max(x1-x0, 1e-9)
	fr := frame{x0 - pad, x1 + pad, f.low, f.high}
	f.axes(c, fr)
	names := &labels{}
	for _, g := range f.guides {
		g.draw(c, fr, names)
	}
	for i, l := range f.lines {
		shift := (float64(i) - float64(len(f.lines)-1)/2) * spread
		l.draw(c, fr, i, shift, names)
	}
	names.write(c)
}

// reach returns the smallest and the largest abscissa.
func (f *figure) reach() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, t := range f.ticks {
		low, high = min(low, t.at), max(high, t.at)
	}
	return low, high
}

func (f *figure) axes(c canvas, fr frame) {
	c.write(point{marginLeft - 48, 22}, f.title, 15, left, false, text)
	for _, t := range ticksBetween(f.low, f.high) {
		a, b := fr.at(fr.x0, t.at), fr.at(fr.x1, t.at)
		c.path([]point{a, b}, 1, 0, 1, faint)
		c.write(point{a.x - 8, a.y + 4}, t.label, 12, right, false, text)
	}
	for _, t := range f.ticks {
		at := fr.at(t.at, f.low)
		c.path([]point{at, {at.x, at.y + 5}}, 1, 0, 1, text)
		c.write(point{at.x, at.y + 20}, t.label, 12, middle, false, text)
	}
	center := fr.at((fr.x0+fr.x1)/2, f.low)
	c.write(point{center.x, figureHeight - 12}, f.xTitle, 13, middle, false, text)
	c.write(point{18, (marginTop + figureHeight - marginBottom) / 2}, f.yTitle, 13, middle, true, text)
}

// draw draws the guideline; one of a single point is level.
func (g *guideline) draw(c canvas, fr frame, names *labels) {
	var path []point
	for _, p := range g.points {
		path = append(path, fr.at(p.x, p.y))
	}
	if len(path) == 1 {
		path = []point{{fr.at(fr.x0, 0).x, path[0].y}, {fr.at(fr.x1, 0).x, path[0].y}}
	}
	c.path(path, 1.5, 6, 1, guide)
	names.add(g.name, path[len(path)-1], noLine)
}

// draw draws the i-th line, moved by shift so that lines do not hide each other.
func (l *line) draw(c canvas, fr frame, i int, shift float64, names *labels) {
	k := lineInk(i)
	moved := func(x, y float64) point {
		p := fr.at(x, y)
		return point{p.x + shift, p.y}
	}
	for _, trail := range l.trails {
		var path []point
		for _, p := range trail {
			path = append(path, fr.at(p.x, p.y))
		}
		c.path(path, 1, 0, 0.3, k)
	}
	if l.loose {
		shift = 0
	}
	var medians []point
	for _, e := range l.points {
		if math.IsNaN(e.median) {
			continue
		}
		for _, y := range e.seeds {
			at := moved(e.x, y)
			c.fill(mark(point{at.x - beside, at.y}, 2.4, i), 0.5, k)
		}
		if e.low < e.high {
			a, b := moved(e.x, e.low), moved(e.x, e.high)
			c.path([]point{a, b}, 2, 0, 0.9, k)
			for _, end := range []point{a, b} {
				c.path([]point{{end.x - 4, end.y}, {end.x + 4, end.y}}, 2, 0, 0.9, k)
			}
		}
		medians = append(medians, moved(e.x, e.median))
	}
	if len(medians) == 0 {
		return
	}
	if !l.loose {
		c.path(medians, 1.5, 0, 0.7, k)
	}
	for _, p := range medians {
		c.fill(mark(p, 5, i), 1, k)
	}
	names.add(l.name, medians[len(medians)-1], i)
}

// mark returns the outline of the i-th line's mark: a circle, a square, a triangle, ... so that lines differ without color, too.
func mark(at point, radius float64, i int) []point {
	corners := []int{24, 4, 3, 5, 4, 3}[i%lineInks]
	start := []float64{0, math.Pi / 4, -math.Pi / 2, -math.Pi / 2, 0, math.Pi / 2}[i%lineInks]
	var outline []point
	for k := range corners {
		angle := start + 2*math.Pi*float64(k)/float64(corners)
		outline = append(outline, point{at.x + radius*math.Cos(angle), at.y + radius*math.Sin(angle)})
	}
	return outline
}

// labels are the names of lines at their right ends, which must not lie on one another.
type labels struct{ all []label }

type label struct {
	name string
	y    float64
	line int // noLine for a guideline's
}

const noLine = -1

func (l *labels) add(name string, at point, line int) { l.all = append(l.all, label{name, at.y, line}) }

// write moves names apart where they are close, the upper ones up, and writes them.
func (l *labels) write(c canvas) {
	const height = 16
	for range len(l.all) * 8 {
		for i := range l.all {
			for j := range i {
				a, b := &l.all[i], &l.all[j]
				if overlap := height - math.Abs(a.y-b.y); overlap > 0 {
					up, down := a, b
					if a.y > b.y {
						up, down = b, a
					}
					up.y, down.y = up.y-overlap/2, down.y+overlap/2
				}
			}
		}
	}
	for _, n := range l.all {
		x := figureWidth - marginRight + 14
		if n.line == noLine {
			c.write(point{x - 6, n.y + 4}, n.name, 12, left, false, guide)
			continue
		}
		c.fill(mark(point{x, n.y}, 5, n.line), 1, lineInk(n.line))
		c.write(point{x + 11, n.y + 4}, n.name, 13, left, false, lineInk(n.line))
	}
}

// ticksBetween returns about five round numbers from low to high.
func ticksBetween(low, high float64) []tick {
	rough := (high - low) / 6
	step := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, factor := range []float64{2, 2.5, 2} { // 2, 5, 10 times a power of ten
		if step < rough {
			step *= factor
		}
	}
	digits := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	var ticks []tick
	for k := math.Ceil(low/step - 1e-9); k*step <= high+1e-9*step; k++ {
		at := k*step + 0 // not -0
		ticks = append(ticks, tick{at, strconv.FormatFloat(at, 'f', digits, 64)})
	}
	return ticks
}

// fit sets the ordinate's limits so that everything is within them, and some air.
func (f *figure) fit() {
	f.low, f.high = math.Inf(1), math.Inf(-1)
	take := func(y float64) {
		if !math.IsNaN(y) && !math.IsInf(y, 0) {
			f.low, f.high = min(f.low, y), max(f.high, y)
		}
	}
	for _, l := range f.lines {
		for _, e := range l.points {
			take(e.low)
			take(e.high)
			take(e.median)
			for _, y := range e.seeds {
				take(y)
			}
		}
	}
	for _, l := range f.lines {
		for _, trail := range l.trails {
			for _, p := range trail {
				take(p.y)
			}
		}
	}
	for _, g := range f.guides {
		for _, p := range g.points {
			take(p.y)
		}
	}
	if f.low > f.high {
		f.low, f.high = 0, 1
	}
	air := max(0.05*(f.high-f.low), 1e-3)
	f.low, f.high = f.low-air, f.high+air
}

// svg returns the figure as an SVG.
func (f *figure) svg() ([]byte, error) {
	v := &vectors{width: figureWidth, height: figureHeight}
	f.draw(v)
	var b bytes.Buffer
	err := v.encode(&b, f.title)
	return b.Bytes(), err
}

// png returns the figure as a PNG in a theme.
func (f *figure) png(t theme) ([]byte, error) {
	p, err := newPixels(figureWidth, figureHeight, pngScale, t)
	if err != nil {
		return nil, err
	}
	f.draw(p)
	var b bytes.Buffer
	err = p.encode(&b)
	return b.Bytes(), err
}
