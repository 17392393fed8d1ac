package sweeps

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// ink is what a shape is drawn with: a color by what it stands for, which a theme turns into one that is seen.
type ink string

// The inks that every figure has; those of lines are lineInk's.
const (
	paper ink = "paper"
	text  ink = "text"
	faint ink = "faint" // grid, ticks
	guide ink = "guide" // reference and ceiling
)

// lineInk returns the ink of the i-th line of a figure.
func lineInk(i int) ink { return ink(fmt.Sprintf("line%d", i%lineInks)) }

const lineInks = 6

// theme gives inks their colors. The first two lines' are those of the page's sides A and B; the others keep a distance from them for
// people who see fewer colors, too (Okabe & Ito 2008's green, purple, and so on).
type theme map[ink]color.RGBA

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

var (
	light = theme{paper: rgb(0xffffff), text: rgb(0x1f2328), faint: rgb(0xd8dee4), guide: rgb(0x59636e),
		"line0": rgb(0x0877bd), "line1": rgb(0xc26a00), "line2": rgb(0x007a5a), "line3": rgb(0xa0447f), "line4": rgb(0x4d4d4d), "line5": rgb(0x8a7500)}
	dark = theme{paper: rgb(0x0d1117), text: rgb(0xe6edf3), faint: rgb(0x30363d), guide: rgb(0x9198a1),
		"line0": rgb(0x4aa8e8), "line1": rgb(0xf59322), "line2": rgb(0x2fc79a), "line3": rgb(0xdf86bd), "line4": rgb(0xb8b8b8), "line5": rgb(0xd9c53f)}
)

// align says where a text stands to its point.
type align float64

// The alignments, as shares of the text's width that lie left of the point.
const (
	left   align = 0
	middle align = 0.5
	right  align = 1
)

// point is a place on a canvas in its units, from the upper left corner.
type point struct{ x, y float64 }

// canvas is what a figure is drawn on.
type canvas interface {
	// path draws a line of a width through points; with dash > 0 it is dashed. Alpha is from 0 to 1.
	path(points []point, width, dash, alpha float64, c ink)
	// fill fills a polygon.
	fill(points []point, alpha float64, c ink)
	// write writes a line of text; with turned it runs upward.
	write(at point, s string, size float64, a align, turned bool, c ink)
}

// vectors is a canvas that becomes an SVG, light or dark as its reader likes.
type vectors struct {
	width, height float64
	body          strings.Builder
}

func coordinates(points []point) string {
	parts := make([]string, len(points))
	for i, p := range points {
		parts[i] = fmt.Sprintf("%.1f,%.1f", p.x, p.y)
	}
	return strings.Join(parts, " ")
}

func (v *vectors) path(points []point, width, dash, alpha float64, c ink) {
	style := ""
	if dash > 0 {
		style = fmt.Sprintf(` stroke-dasharray="%g"`, dash)
	}
	fmt.Fprintf(&v.body, `<polyline points="%s" class="s %s" stroke-width="%g" opacity="%g"%s/>`+"\n", coordinates(points), c, width, alpha, style)
}

func (v *vectors) fill(points []point, alpha float64, c ink) {
	fmt.Fprintf(&v.body, `<polygon points="%s" class="f %s" opacity="%g"/>`+"\n", coordinates(points), c, alpha)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func (v *vectors) write(at point, s string, size float64, a align, turned bool, c ink) {
	turn := ""
	if turned {
		turn = fmt.Sprintf(` transform="rotate(-90 %.1f %.1f)"`, at.x, at.y)
	}
	anchor := map[align]string{left: "start", middle: "middle", right: "end"}[a]
	fmt.Fprintf(&v.body, `<text x="%.1f" y="%.1f" class="f %s" font-size="%g" text-anchor="%s"%s>%s</text>`+"\n",
		at.x, at.y, c, size, anchor, turn, escaper.Replace(s))
}

// encode writes the SVG. Title is what it says to those who cannot see it.
func (v *vectors) encode(w io.Writer, title string) error {
	css := func(t theme) string {
		var b strings.Builder
		for _, c := range []ink{paper, text, faint, guide, "line0", "line1", "line2", "line3", "line4", "line5"} {
			k := t[c]
			fmt.Fprintf(&b, ".%s{color:#%02x%02x%02x}", c, k.R, k.G, k.B)
		}
		return b.String()
	}
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" font-family="system-ui,sans-serif">
<title>%s</title>
<style>.s{fill:none;stroke:currentColor;stroke-linejoin:round;stroke-linecap:round}.f{fill:currentColor}%s@media(prefers-color-scheme:dark){%s}</style>
<rect width="100%%" height="100%%" class="f paper"/>
%s</svg>
`, v.width, v.height, v.width, v.height, escaper.Replace(title), css(light), css(dark), v.body.String())
	return err
}

// pixels is a canvas that becomes a PNG, in the colors of a theme.
type pixels struct {
	image *image.RGBA
	scale float64 // pixels a unit
	theme theme
	font  *opentype.Font
}

func newPixels(width, height, scale float64, t theme) (*pixels, error) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	p := &pixels{image: image.NewRGBA(image.Rect(0, 0, int(width*scale), int(height*scale))), scale: scale, theme: t, font: f}
	draw.Draw(p.image, p.image.Bounds(), image.NewUniform(t[paper]), image.Point{}, draw.Src)
	return p, nil
}

// paint fills the outlines in one piece, so that where they overlap nothing is painted twice.
func (p *pixels) paint(outlines [][]point, alpha float64, c ink) {
	area := p.bounds(outlines)
	if area.Empty() {
		return
	}
	r := vector.NewRasterizer(area.Dx(), area.Dy())
	for _, o := range outlines {
		for i, at := range o {
			x, y := float32(at.x*p.scale)-float32(area.Min.X), float32(at.y*p.scale)-float32(area.Min.Y)
			if i == 0 {
				r.MoveTo(x, y)
			} else {
				r.LineTo(x, y)
			}
		}
		r.ClosePath()
	}
	k := p.theme[c]
	source := color.NRGBA{k.R, k.G, k.B, uint8(math.Round(255 * alpha))}
	r.Draw(p.image, area, image.NewUniform(source), image.Point{})
}

// bounds returns the pixels that outlines touch.
func (p *pixels) bounds(outlines [][]point) image.Rectangle {
	area := image.Rectangle{}
	for _, o := range outlines {
		for _, at := range o {
			x, y := int(math.Floor(at.x*p.scale)), int(math.Floor(at.y*p.scale))
			area = area.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return area.Intersect(p.image.Bounds())
}

func (p *pixels) fill(points []point, alpha float64, c ink) { p.paint([][]point{points}, alpha, c) }

func (p *pixels) path(points []point, width, dash, alpha float64, c ink) {
	var outlines [][]point
	for i := 1; i < len(points); i++ {
		outlines = append(outlines, strokes(points[i-1], points[i], width, dash)...)
	}
	p.paint(outlines, alpha, c)
}

// strokes returns the rectangles that a straight line of a width is painted as.
func strokes(a, b point, width, dash float64) (rectangles [][]point) {
	length := math.Hypot(b.x-a.x, b.y-a.y)
	if length == 0 {
		return nil
	}
	ux, uy := (b.x-a.x)/length, (b.y-a.y)/length
	step := length
	if dash > 0 {
		step = dash
	}
	for from := 0.0; from < length; from += 2 * step {
		to := min(from+step, length)
		px, py := -uy*width/2, ux*width/2
		s, e := point{a.x + ux*from, a.y + uy*from}, point{a.x + ux*to, a.y + uy*to}
		rectangles = append(rectangles, []point{{s.x + px, s.y + py}, {e.x + px, e.y + py}, {e.x - px, e.y - py}, {s.x - px, s.y - py}})
	}
	return rectangles
}

func (p *pixels) write(at point, s string, size float64, a align, turned bool, c ink) {
	face, err := opentype.NewFace(p.font, &opentype.FaceOptions{Size: size * p.scale, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic("sweeps: " + err.Error()) // the options are ours
	}
	defer face.Close()
	width := font.MeasureString(face, s)
	metrics := face.Metrics()
	box := image.NewRGBA(image.Rect(0, 0, width.Ceil()+2, (metrics.Ascent+metrics.Descent).Ceil()+2))
	d := font.Drawer{Dst: box, Src: image.NewUniform(p.theme[c]), Face: face, Dot: fixed.Point26_6{X: fixed.I(1), Y: metrics.Ascent}}
	d.DrawString(s)
	x, y := at.x*p.scale, at.y*p.scale
	before, ascent := float64(a)*float64(width.Ceil()), float64(metrics.Ascent.Ceil())
	if turned {
		box = turn(box)
		draw.Draw(p.image, box.Bounds().Add(image.Pt(int(x-ascent), int(y+before)-box.Bounds().Dy())), box, image.Point{}, draw.Over)
		return
	}
	draw.Draw(p.image, box.Bounds().Add(image.Pt(int(x-before), int(y-ascent))), box, image.Point{}, draw.Over)
}

// turn returns the image turned a quarter to the left.
func turn(m *image.RGBA) *image.RGBA {
	b := m.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dy(), b.Dx()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			out.SetRGBA(y, b.Dx()-1-x, m.RGBAAt(x, y))
		}
	}
	return out
}

func (p *pixels) encode(w io.Writer) error { return png.Encode(w, p.image) }
