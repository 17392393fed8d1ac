package sweeps

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

// reported returns a report of made-up runs.
func reported(t *testing.T, link string) *Report {
	t.Helper()
	s := sweep(t, link)
	r := &Report{Sweep: s, Y: "true_score", Trials: map[string]*mmpo.Trial{}}
	for _, c := range s.Cells() {
		r.Trials[c.Key] = trial(c)
	}
	return r
}

func make2(t *testing.T, r *Report) Files {
	t.Helper()
	files, _, err := r.Make()
	require.NoError(t, err)
	return files
}

// texts returns the texts of an SVG, which must be well-formed.
func texts(t *testing.T, svg []byte) (all []string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	inside := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		switch k := token.(type) {
		case xml.StartElement:
			inside = k.Name.Local == "text"
		case xml.CharData:
			if inside {
				all = append(all, string(k))
			}
		case xml.EndElement:
			inside = false
		}
	}
}

func TestReport(t *testing.T) {
	files := make2(t, reported(t, "vary.levels=2,5,exact&vary.objective=dpo,mmpo&seeds=5"))
	said := texts(t, files["figure.svg"])
	for _, want := range []string{"True score by feedback", "True score, points", "Feedback", "2 levels", "5 levels", "exact grades", "DPO", "MMPO", "reference"} {
		assert.Contains(t, said, want)
	}
	assert.Equal(t, 3*2*5+3*2+2, strings.Count(string(files["figure.svg"]), "<polygon"), "a mark for each seed, median and name")
	assert.Contains(t, string(files["figure.svg"]), "prefers-color-scheme:dark")
	assert.Contains(t, texts(t, files["frontier.svg"]), "KL to the reference, nats")
	md := string(files["report.md"])
	for _, want := range []string{
		"# True score by feedback and objective", "- DPO: more is gained up to the last value: exact grades against 5 levels is +1.00 ± 0.00 points.",
		"| 5 levels | MMPO | 5 | 6.0", "| exact grades, MMPO less exact grades, DPO | +0.000 ± 0.000 | 0 of 5 | 1.000 | 1.000 | 1.000 |", "nothing was tuned",
		"30 of 30 runs", "margins sweep --link 'v=1&objective=mmpo&seed=1&seeds=5&vary.levels=2,5,exact&vary.objective=dpo,mmpo'",
	} {
		assert.Contains(t, md, want)
	}
	assert.Equal(t, files, make2(t, reported(t, "vary.levels=2,5,exact&vary.objective=dpo,mmpo&seeds=5")), "the same again")
}

// The pictures are of the theme that their names say, and something is drawn on them.
func TestPicturesAreLightAndDark(t *testing.T) {
	files := make2(t, reported(t, "vary.levels=2,exact&seeds=3"))
	for name, dark := range map[string]bool{"figure-light.png": false, "figure-dark.png": true, "frontier-light.png": false, "frontier-dark.png": true} {
		m, err := png.Decode(bytes.NewReader(files[name]))
		require.NoError(t, err)
		counts := map[color.Color]int{}
		for y := range m.Bounds().Dy() {
			for x := range m.Bounds().Dx() {
				counts[m.At(x, y)]++
			}
		}
		corner := color.GrayModel.Convert(m.At(0, 0)).(color.Gray)
		assert.Equal(t, dark, corner.Y < 128, name)
		assert.Greater(t, counts[m.At(0, 0)], m.Bounds().Dx()*m.Bounds().Dy()*8/10, "%s is mostly paper", name)
		assert.Greater(t, len(counts), 20, "%s has ink", name)
	}
}

// Text and lines stand out from the paper as WCAG 2.1 asks of text and of graphics.
func TestInksAreLegible(t *testing.T) {
	luminance := func(c color.RGBA) float64 {
		part := func(v uint8) float64 {
			x := float64(v) / 255
			if x <= 0.04045 {
				return x / 12.92
			}
			return math.Pow((x+0.055)/1.055, 2.4)
		}
		return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
	}
	for name, th := range map[string]theme{"light": light, "dark": dark} {
		for i, k := range th {
			a, b := luminance(k), luminance(th[paper])
			contrast := (max(a, b) + 0.05) / (min(a, b) + 0.05)
			switch i {
			case paper, faint:
			case text, guide:
				assert.Greater(t, contrast, 4.5, "%s %s", name, i)
			default:
				assert.Greater(t, contrast, 3.9, "%s %s: names of lines are large", name, i)
			}
		}
	}
}

func TestAbscissas(t *testing.T) {
	r := reported(t, "vary.levels=2,4,exact&vary.pairs=64,256&seeds=3")
	r.X = "bits"
	files := make2(t, r)
	said := texts(t, files["figure.svg"])
	assert.Contains(t, said, "Bits of feedback, at most")
	assert.Contains(t, said, "128", "64 pairs of two thumbs")
	r.X = "pairs"
	assert.Contains(t, texts(t, make2(t, r)["figure.svg"]), "True score by pairs")
	r.X = "minutes"
	assert.Contains(t, texts(t, make2(t, r)["figure.svg"]), "Raters’ time, minutes")

	r.X = "noise"
	_, _, err := r.Make()
	assert.ErrorContains(t, err, `"noise" is nothing that this sweep varies: it varies levels, pairs`)
	r.X, r.Y = "", "beauty"
	_, _, err = r.Make()
	assert.ErrorContains(t, err, `there is no readout "beauty"`)
}

func TestReportWithACeiling(t *testing.T) {
	r := reported(t, "vary.levels=2,exact&seeds=3")
	for _, trial := range r.Trials {
		trial.Metrics["kl"] = 2
	}
	at := func(kl, score float64) mmpo.FrontierPoint { return mmpo.FrontierPoint{KL: kl, Score: score} }
	r.Ceiling = &mmpo.Frontier{Sampled: true, Reference: at(0, 3), Points: []mmpo.FrontierPoint{at(1, 7), at(1.5, 8)}}
	assert.Contains(t, texts(t, make2(t, r)["figure.svg"]), "best at a KL of 1.5", "as far as it is known")
	r.Ceiling.Points = append(r.Ceiling.Points, at(3, 9))
	assert.Contains(t, texts(t, make2(t, r)["figure.svg"]), "best at a KL of 2.0", "where the runs end")
	r.Ceiling.Points = nil
	svg := string(make2(t, r)["figure.svg"])
	assert.NotContains(t, svg, "best at")
	assert.NotContains(t, svg, "NaN")
}

func TestReportOfHalfASweep(t *testing.T) {
	r := reported(t, "vary.levels=2,exact&vary.objective=dpo,mmpo&seeds=3")
	for i, c := range r.Sweep.Cells() {
		switch {
		case i%4 == 0:
			delete(r.Trials, c.Key)
		case i%4 == 1:
			r.Trials[c.Key].Diverged, r.Trials[c.Key].Metrics = "it diverged", map[string]float32{}
		}
	}
	r.Y = mmpo.ScoreAtKL
	md := string(make2(t, r)["report.md"])
	assert.Contains(t, md, "too early to tell")
	assert.Contains(t, md, "| 2 levels | MMPO | 0 |  |")
	r.Trials = nil
	assert.Contains(t, string(make2(t, r)["report.md"]), "0 of 12 runs")
}

func TestTicks(t *testing.T) {
	label := func(low, high float64) (all []string) {
		for _, k := range ticksBetween(low, high) {
			all = append(all, k.label)
		}
		return all
	}
	assert.Equal(t, []string{"3", "4", "5", "6", "7", "8"}, label(2.9, 8.1))
	assert.Equal(t, []string{"0.0", "0.2", "0.4", "0.6"}, label(-0.01, 0.7))
	assert.Equal(t, []string{"0", "50", "100", "150", "200"}, label(0, 210))
}
