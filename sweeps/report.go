package sweeps

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"margins/mmpo"
)

// Report is what a report is about.
type Report struct {
	Sweep   *mmpo.Sweep
	Trials  map[string]*mmpo.Trial // by key
	X       string                 // abscissa: the id of a varied setting, or one of mmpo.Abscissas; "" for the first varied setting
	Y       string                 // id of a readout
	KL      float64                // at which mmpo.ScoreAtKL is read; 0 for the largest that all runs reached
	Ceiling *mmpo.Frontier         // nil where nobody knows it
}

// Files are a report's, by name.
type Files map[string][]byte

// Write writes the files into a folder.
func (f Files) Write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, b := range f {
		if err := replace(filepath.Join(folder, name), b); err != nil {
			return err
		}
	}
	return nil
}

// Make returns the report: report.md, and the figures that it shows as SVG, and as PNG for light and dark pages. Verdicts are those of the
// report's text.
func (r *Report) Make() (Files, []mmpo.Verdict, error) {
	readout, ok := mmpo.FindReadout(r.Y)
	if !ok {
		return nil, nil, fmt.Errorf("there is no readout %q: it is %s or the id of a metric", r.Y, mmpo.ScoreAtKL)
	}
	axis, err := r.axis()
	if err != nil {
		return nil, nil, err
	}
	s := mmpo.Summarize(r.Sweep, r.Trials, readout, r.KL)
	verdicts := mmpo.Verdicts(r.Sweep, s)
	files := Files{}
	for name, f := range map[string]*figure{"figure": r.figure(s, axis), "frontier": r.frontier(axis)} {
		if err := files.add(name, f); err != nil {
			return nil, nil, err
		}
	}
	files["report.md"] = []byte(r.markdown(s, verdicts))
	return files, verdicts, nil
}

func (f Files) add(name string, fig *figure) (err error) {
	if f[name+".svg"], err = fig.svg(); err != nil {
		return err
	}
	for suffix, t := range map[string]theme{"-light.png": light, "-dark.png": dark} {
		if f[name+suffix], err = fig.png(t); err != nil {
			return err
		}
	}
	return nil
}

// axis returns the place of the axis that the abscissa goes along, or whose values are counted by it.
func (r *Report) axis() (int, error) {
	axes := r.Sweep.Axes
	if i := slices.IndexFunc(axes, func(a mmpo.Axis) bool { return a.Param == r.X }); i >= 0 {
		return i, nil
	}
	counted := slices.ContainsFunc(mmpo.Abscissas, func(a mmpo.Abscissa) bool { return a.ID == r.X })
	if (r.X == "" || counted) && len(axes) > 0 {
		return max(0, slices.IndexFunc(axes, func(a mmpo.Axis) bool { return a.Param != "objective" })), nil
	}
	var ids []string
	for _, a := range axes {
		ids = append(ids, a.Param)
	}
	return 0, fmt.Errorf("%q is nothing that this sweep varies: it varies %s", r.X, strings.Join(ids, ", "))
}

// places returns the abscissa of each value on an axis, and its ticks. Numbers stand where they are, on a logarithmic axis if their
// setting asks for one; other values stand evenly.
func (r *Report) places(axis int) (x []float64, ticks []tick) {
	a := r.Sweep.Axes[axis]
	p, _ := mmpo.FindParam(a.Param)
	for i, value := range a.Values {
		number, err := strconv.ParseFloat(value, 64)
		if err != nil || a.Param == "levels" || p.Scale == "log" && number <= 0 {
			x = nil
			break
		}
		if p.Scale == "log" {
			number = math.Log(number)
		}
		x = append(x, number)
		ticks = append(ticks, tick{number, a.Values[i]})
	}
	if x != nil {
		return x, ticks
	}
	ticks = nil
	for i := range a.Values {
		x, ticks = append(x, float64(i)), append(ticks, tick{float64(i), strings.TrimPrefix(r.Sweep.Label(axis, i), p.Title+" ")})
	}
	return x, ticks
}

// figure returns the figure of the readout along an axis.
func (r *Report) figure(s *mmpo.Summary, axis int) *figure {
	p, _ := mmpo.FindParam(r.Sweep.Axes[axis].Param)
	f := &figure{title: s.Readout.Title + " by " + strings.ToLower(p.Title), xTitle: withUnit(p.Title, p.Unit), yTitle: withUnit(r.yTitle(s), s.Readout.Unit)}
	x, ticks := r.places(axis)
	at := func(pt *mmpo.Point) float64 { return x[pt.At[axis]] }
	f.ticks = ticks
	for _, a := range mmpo.Abscissas {
		if a.ID == r.X && a.ID != p.ID {
			f.xTitle, f.title = a.Title, s.Readout.Title+" by "+strings.ToLower(a.Title)
			at = func(pt *mmpo.Point) float64 { return math.Log(pt.Feedback[a.ID]) }
			f.ticks = nil
		}
	}
	for _, places := range r.Sweep.Lines(axis) {
		l := line{name: r.name(s.Points[places[0]].At, axis)}
		for _, i := range places {
			if e := newEstimate(&s.Points[i], at(&s.Points[i])); !math.IsNaN(e.x) && !math.IsInf(e.x, 0) {
				l.points = append(l.points, e)
			}
		}
		slices.SortStableFunc(l.points, func(a, b estimate) int { return int(math.Copysign(1, a.x-b.x)) })
		f.lines = append(f.lines, l)
	}
	if f.ticks == nil {
		f.ticks = logTicks(f.lines)
	}
	f.guides = r.guides(s)
	f.fit()
	return f
}

func (r *Report) yTitle(s *mmpo.Summary) string {
	if s.Readout.ID == mmpo.ScoreAtKL {
		return fmt.Sprintf("True score at a KL of %.2g", s.KL)
	}
	return s.Readout.Title
}

func withUnit(title, unit string) string {
	if unit == "" {
		return title
	}
	return title + ", " + unit
}

// logTicks returns powers of two between the smallest and the largest abscissa of lines, which are logarithms.
func logTicks(lines []line) (ticks []tick) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for _, e := range l.points {
			low, high = min(low, e.x), max(high, e.x)
		}
	}
	if low > high {
		return []tick{{0, ""}, {1, ""}}
	}
	ticks = append(ticks, tick{low, rounded(math.Exp(low))})
	for power := math.Ceil((low + 0.3) / math.Ln2); power*math.Ln2 < high-0.3; power++ {
		ticks = append(ticks, tick{power * math.Ln2, rounded(math.Exp2(power))})
	}
	return append(ticks, tick{high, rounded(math.Exp(high))})
}

func rounded(x float64) string {
	return strconv.FormatFloat(x, 'f', max(0, 1-int(math.Floor(math.Log10(x)))), 64)
}

func newEstimate(p *mmpo.Point, x float64) estimate {
	e := estimate{x: x, median: math.NaN(), low: p.Mean.Mean - p.Mean.Half, high: p.Mean.Mean + p.Mean.Half}
	for _, v := range p.Seeds {
		e.seeds = append(e.seeds, v.Value)
	}
	if p.Median != nil {
		e.median = *p.Median
	} else {
		e.low, e.high = math.NaN(), math.NaN()
	}
	return e
}

// name names a line by its values on the other axes.
func (r *Report) name(at []int, axis int) string {
	var parts []string
	for k, i := range at {
		if k != axis {
			parts = append(parts, r.Sweep.Label(k, i))
		}
	}
	return strings.Join(parts, ", ")
}

// guides returns what true scores are to be compared with: the reference's own, and the best that any policy could have.
func (r *Report) guides(s *mmpo.Summary) (guides []guideline) {
	if s.Readout.ID != "true_score" && s.Readout.ID != mmpo.ScoreAtKL || r.varies("stakes", "world") {
		return nil
	}
	if reference := s.Reference(); reference != nil {
		guides = append(guides, guideline{"reference", []point{{0, *reference}}})
	}
	if r.Ceiling != nil && r.Ceiling.Reach() > 0 && s.Reach > 0 {
		kl := s.Reach
		if s.Readout.ID == mmpo.ScoreAtKL {
			kl = s.KL
		}
		kl = min(kl, r.Ceiling.Reach()) // what is best there can be had further away, too
		guides = append(guides, guideline{fmt.Sprintf("best at a KL of %.1f", kl), []point{{0, r.Ceiling.Ceiling(kl)}}})
	}
	return guides
}

func (r *Report) varies(params ...string) bool {
	return slices.ContainsFunc(r.Sweep.Axes, func(a mmpo.Axis) bool { return slices.Contains(params, a.Param) && len(a.Values) > 1 })
}

// frontier returns the figure of true score against KL: every run's way from the reference, and where the runs of a cell end.
func (r *Report) frontier(axis int) *figure {
	f := &figure{title: "True score against distance", xTitle: "KL to the reference, nats", yTitle: "True score, points"}
	readout, _ := mmpo.FindReadout("true_score")
	s := mmpo.Summarize(r.Sweep, r.Trials, readout, 0)
	farthest := 0.0
	for _, places := range r.Sweep.Lines(axis) {
		l := line{name: r.name(s.Points[places[0]].At, axis), loose: true}
		for _, i := range places {
			p := &s.Points[i]
			var ends []float64
			for _, t := range p.Runs {
				if t == nil || t.Diverged != "" {
					continue
				}
				trail := way(t)
				l.trails = append(l.trails, trail)
				ends = append(ends, t.At("kl"))
				farthest = max(farthest, trail[len(trail)-1].x, t.At("kl"))
			}
			if e := newEstimate(p, mmpo.NewEstimate(ends).Mean); len(ends) > 0 {
				e.seeds = nil
				l.points = append(l.points, e)
			}
		}
		f.lines = append(f.lines, l)
	}
	if farthest == 0 {
		farthest = 1
	}
	f.ticks = ticksBetween(0, farthest)
	if r.Ceiling != nil && !r.varies("stakes", "world") {
		g := guideline{name: "best possible"}
		for i := range 41 {
			kl := farthest * float64(i) / 40
			if best := r.Ceiling.Ceiling(kl); !math.IsNaN(best) {
				g.points = append(g.points, point{kl, best})
			}
		}
		if len(g.points) > 1 {
			f.guides = append(f.guides, g)
		}
	}
	f.fit()
	return f
}

// way returns a run's checkpoints, KL and true score.
func way(t *mmpo.Trial) (trail []point) {
	kl, score := t.Along("kl"), t.Along("true_score")
	for i := range kl {
		if !math.IsNaN(kl[i]) && !math.IsNaN(score[i]) {
			trail = append(trail, point{kl[i], score[i]})
		}
	}
	if trail == nil {
		trail = []point{{0, math.NaN()}}
	}
	return trail
}

// markdown returns the text of the report.
func (r *Report) markdown(s *mmpo.Summary, verdicts []mmpo.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", r.figureTitle(s))
	for _, v := range verdicts {
		fmt.Fprintf(&b, "- %s\n", v.Text)
	}
	b.WriteString("\n" + picture("figure", "Medians and 95 % intervals of the mean, a small mark for each seed") + "\n")
	r.table(&b, s)
	r.comparisons(&b, s, verdicts)
	b.WriteString("\n" + picture("frontier", "Every run's way from the reference: true score against KL") + "\n")
	r.method(&b, s)
	return b.String()
}

func (r *Report) figureTitle(s *mmpo.Summary) string {
	var varied []string
	for _, a := range r.Sweep.Axes {
		p, _ := mmpo.FindParam(a.Param)
		varied = append(varied, strings.ToLower(p.Title))
	}
	return fmt.Sprintf("%s by %s", r.yTitle(s), strings.Join(varied, " and "))
}

func picture(name, alt string) string {
	return fmt.Sprintf("<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"%s-dark.png\">\n  <img src=\"%s-light.png\" alt=\"%s\">\n</picture>\n",
		name, name, alt)
}

// table writes a row for each point.
func (r *Report) table(b *strings.Builder, s *mmpo.Summary) {
	var heads []string
	for _, a := range r.Sweep.Axes {
		p, _ := mmpo.FindParam(a.Param)
		heads = append(heads, p.Title)
	}
	columns := []string{"seeds", "median", "mean ± half of the 95 % interval", "KL", "diverged", "missing"}
	fmt.Fprintf(b, "\n| %s |\n|%s\n", strings.Join(append(heads, columns...), " | "), strings.Repeat("---|", len(heads)+len(columns)))
	for i := range s.Points {
		p := &s.Points[i]
		median, kl := "", []float64{}
		if p.Median != nil {
			median = fmt.Sprintf("%.3f", *p.Median)
		}
		for _, t := range p.Runs {
			if t != nil && t.Diverged == "" && !math.IsNaN(t.At("kl")) {
				kl = append(kl, t.At("kl"))
			}
		}
		cells := []string{}
		for k, j := range p.At {
			cells = append(cells, r.Sweep.Label(k, j))
		}
		cells = append(cells, strconv.Itoa(p.Mean.N), median, p.Mean.String(), fmt.Sprintf("%.2f", mmpo.NewEstimate(kl).Mean),
			strconv.Itoa(p.Diverged), strconv.Itoa(p.Missing))
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}

// comparisons writes a row for each verdict that compares two points.
func (r *Report) comparisons(b *strings.Builder, s *mmpo.Summary, verdicts []mmpo.Verdict) {
	b.WriteString("\n| compared, at the same seeds | difference | larger at | p | p, corrected | p of the signs |\n|---|---|---|---|---|---|\n")
	for _, v := range verdicts {
		if v.From == v.To || v.Kind == mmpo.Early {
			continue
		}
		d := v.Difference
		fmt.Fprintf(b, "| %s less %s | %+.3f ± %.3f | %d of %d | %s | %s | %s |\n", r.name(s.Points[v.To].At, -1), r.name(s.Points[v.From].At, -1),
			d.Mean, d.Half, d.Larger, d.N, probability(d.P), probability(v.Corrected), probability(d.SignP))
	}
}

func probability(p float64) string {
	if p < 0.0005 {
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// method says how the numbers came about, and how to have them again.
func (r *Report) method(b *strings.Builder, s *mmpo.Summary) {
	runs, seconds := 0, 0.0
	for i := range s.Points {
		for _, t := range s.Points[i].Runs {
			if t != nil {
				runs, seconds = runs+1, seconds+t.Seconds
			}
		}
	}
	fmt.Fprintf(b, `## How this was made

%d of %d runs, at the seeds from %d on, by engine %s; %.0f seconds of work. Intervals are Student's t over seeds, differences are paired: both
runs have the same seed, pairs, batches and sampling. P-values of comparisons between values of a choice are corrected by Holm's method.
`, runs, s.Planned*len(s.Points), r.Sweep.Base.Seed, mmpo.EngineVersion, seconds)
	if s.Readout.ID == mmpo.ScoreAtKL {
		fmt.Fprintf(b, "Scores are read where a run first reaches a KL of %.2f, between the two measurements around it; a run that never does has none.\n", s.KL)
	}
	if r.X == "minutes" {
		b.WriteString("Minutes count for each answer what the setting \"seconds\" says, or what datasets.Costs assumes.\n")
	}
	if r.Ceiling != nil {
		kind := "exact"
		if r.Ceiling.Sampled {
			kind = fmt.Sprintf("estimated from %d responses of the reference to each of %d prompts", r.Ceiling.Responses, r.Ceiling.Prompts)
		}
		fmt.Fprintf(b, "The best possible score at a KL is %s.\n", kind)
	}
	if t := r.Sweep.Tuning; t != nil {
		fmt.Fprintf(b, "\n%s\n", t)
	} else {
		b.WriteString("\nEvery objective runs at its own settings as they are in the link; nothing was tuned for this sweep.\n")
	}
	fmt.Fprintf(b, "\nThe same again: `margins sweep --link '%s' --out FOLDER`. One run: its link is in %s; `margins replay LINK` prints its fingerprint.\n",
		r.Sweep.Link(), runsFile)
}
