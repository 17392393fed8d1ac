package mmpo

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Verdict is a sentence about a sweep that its data allow, and what it rests on.
//
// Nothing is said before all planned seeds are in: whoever looks after every seed and stops at the first difference finds one too often.
// (Adding seeds because a verdict was open is such a look, too; twice as many with one look between them call differences where
// there are none in 9 of 100 cases, not 5. TestLookingTwice measures it.)
type Verdict struct {
	Kind       VerdictKind `json:"kind"`
	Text       string      `json:"text"`
	From       int         `json:"from"` // the points that were compared, by place in Summary.Points
	To         int         `json:"to"`
	Difference Difference  `json:"difference"` // of To less From
	Corrected  float64     `json:"corrected"`  // its p-value, corrected for all that were compared
	Family     int         `json:"family"`     // how many those were
	More       int         `json:"more"`       // about how many more seeds would decide what is open; 0 if nothing is or nobody knows
}

// VerdictKind says what a verdict amounts to.
type VerdictKind string

// The kinds of verdicts.
const (
	Early  VerdictKind = "early"  // seeds are still missing, or fewer than MinSeeds
	Open   VerdictKind = "open"   // the data cannot tell
	Enough VerdictKind = "enough" // from a value on nothing more is gained
	Gains  VerdictKind = "gains"  // even the last value gains something
	Higher VerdictKind = "higher" // the second is higher
	Lower  VerdictKind = "lower"  // the second is lower
	Alike  VerdictKind = "alike"  // a difference that counts is ruled out
	Best   VerdictKind = "best"   // where a line is highest
)

// alpha is the chance that each family of verdicts allows of a false one.
const alpha = 1 - confidence

// more lists the settings of which more could only help: their lines are asked from where on nothing is gained. Others have their best
// value somewhere.
var more = []string{"levels", "pairs"}

// incomparable lists the settings that change what a score means.
var incomparable = []string{"world", "stakes"}

// Verdicts returns what a sweep allows to say: of each line along an axis, how it goes on; and between the values of a choice, which are
// higher.
func Verdicts(s *Sweep, sum *Summary) []Verdict {
	var out []Verdict
	for axis, a := range s.Axes {
		p, _ := FindParam(a.Param)
		lines := s.Lines(axis)
		switch {
		case len(a.Values) < 2 || slices.Contains(incomparable, a.Param):
		case p.Kind == Choice:
			out = append(out, judge{s, sum, axis}.between(lines)...)
		case slices.Contains(more, a.Param) && sum.Readout.Worth > 0:
			for _, line := range lines {
				out = append(out, judge{s, sum, axis}.along(line))
			}
		case !slices.Contains(more, a.Param):
			for _, line := range lines {
				out = append(out, judge{s, sum, axis}.best(line))
			}
		}
	}
	for i := range out {
		out[i].Text = strings.ToUpper(out[i].Text[:1]) + out[i].Text[1:]
	}
	return out
}

// judge reads the lines along one axis.
type judge struct {
	s    *Sweep
	sum  *Summary
	axis int
}

// early returns a verdict if it is too early for others about the given points.
func (j judge) early(points []int) (Verdict, bool) {
	v := Verdict{Kind: Early, From: points[0], To: points[len(points)-1], Corrected: 1, Family: 1}
	missing := 0
	for _, i := range points {
		missing += j.sum.Points[i].Missing
	}
	seeds := j.seeds(points)
	switch {
	case missing > 0:
		v.Text = fmt.Sprintf("%stoo early to tell: %d of %d runs are still to come.", j.where(points[0]), missing, j.sum.Planned*len(points))
	case seeds < MinSeeds:
		v.Text = fmt.Sprintf("%stoo early to tell: a verdict takes at least %d seeds, and here %d have a number.", j.where(points[0]), MinSeeds, seeds)
		v.More = max(0, MinSeeds-j.sum.Planned)
	default:
		return Verdict{}, false
	}
	return v, true
}

// seeds returns at how many seeds all of the given points have a number.
func (j judge) seeds(points []int) int {
	n := 0
	for k := range j.sum.Planned {
		if !slices.ContainsFunc(points, func(i int) bool { return math.IsNaN(j.sum.read(j.sum.Points[i].Runs[k])) }) {
			n++
		}
	}
	return n
}

// along asks from where on a line gains nothing more. Going from its last value down, a value is enough if no later one can be worth
// more: the upper ends of all differences' intervals are below Worth. The first value of which this cannot be said ends the search, so
// that all that is claimed holds at once with 97.5 % (a fixed sequence of tests needs no correction). Whether that value is really worse
// is then one of len-1 tests.
func (j judge) along(line []int) Verdict {
	if v, early := j.early(line); early {
		return v
	}
	start, shown := len(line)-1, Verdict{}
	for start > 0 {
		most := j.most(line, start-1)
		if upper(most.Difference) >= j.sum.Readout.Worth {
			break
		}
		start--
		shown = most
	}
	v := shown
	if start < len(line)-1 {
		v.Kind = Enough
		v.Text = fmt.Sprintf("%sfrom %s on nothing more is gained: %s.", j.where(line[start]), j.name(line[start]), j.against(v))
	}
	if start == 0 {
		return v
	}
	return j.below(v, line, start)
}

// below adds to v what is known of the value before line[start].
func (j judge) below(v Verdict, line []int, start int) Verdict {
	next := j.compare(line[start-1], line[start])
	next.Family = len(line) - 1
	next.Corrected = min(1, float64(next.Family)*next.Difference.P)
	gains := next.Corrected < alpha && next.Difference.Mean > 0
	if v.Kind == Enough {
		if gains {
			v.Text += fmt.Sprintf(" Fewer cost: %s.", j.against(next))
			return v
		}
		open := j.most(line, start-1)
		v.More = j.needed(open.Difference, next.Family)
		v.Text += fmt.Sprintf(" Whether %s would do cannot be told yet: %s%s", j.name(line[start-1]), j.against(open), moreSeeds(v.More))
		return v
	}
	if gains {
		next.Kind = Gains
		next.Text = fmt.Sprintf("%smore is gained up to the last value: %s.", j.where(line[start]), j.against(next))
		return next
	}
	next.Kind, next.More = Open, j.needed(next.Difference, next.Family)
	next.Text = fmt.Sprintf("%scannot tell yet: %s%s", j.where(line[start]), j.against(next), moreSeeds(next.More))
	return next
}

// most returns the comparison of a later point of the line with its i-th whose interval reaches highest.
func (j judge) most(line []int, i int) Verdict {
	best := j.compare(line[i], line[i+1])
	for _, to := range line[i+2:] {
		if v := j.compare(line[i], to); upper(v.Difference) > upper(best.Difference) {
			best = v
		}
	}
	return best
}

func upper(d Difference) float64 { return d.Mean + d.half(1) }

// between compares the other values of a choice with its first, on every line. All of them are one family.
func (j judge) between(lines [][]int) []Verdict {
	var out []Verdict
	var tested []int // places in out
	var p []float64
	for _, line := range lines {
		for _, to := range line[1:] {
			v, early := j.early([]int{line[0], to})
			if !early {
				v = j.compare(line[0], to)
				tested, p = append(tested, len(out)), append(p, v.Difference.P)
			}
			out = append(out, v)
		}
	}
	for k, corrected := range Holm(p) {
		v := &out[tested[k]]
		v.Corrected, v.Family = corrected, len(p)
		j.call(v)
	}
	return out
}

// call decides a comparison of two values of a choice and puts it into words.
func (j judge) call(v *Verdict) {
	d, worth := v.Difference, j.sum.Readout.Worth
	first, second := j.name(v.From), j.name(v.To)
	switch {
	case v.Corrected < alpha && d.Mean > 0:
		v.Kind = Higher
		v.Text = fmt.Sprintf("%s%s is higher than %s by %s, at %d of %d seeds.", j.where(v.From), second, first, j.size(d.Estimate), d.Larger, d.N)
	case v.Corrected < alpha:
		v.Kind = Lower
		d.Mean = -d.Mean
		v.Text = fmt.Sprintf("%s%s is lower than %s by %s, at %d of %d seeds.", j.where(v.From), second, first, j.size(d.Estimate), d.Smaller, d.N)
	case math.Abs(d.Mean)+d.half(v.Family) < worth:
		v.Kind = Alike
		v.Text = fmt.Sprintf("%s%s and %s are alike: a difference of %s is ruled out; it is %s.", j.where(v.From), first, second,
			j.unit(fmt.Sprint(worth)), j.signed(d.Estimate))
	default:
		v.Kind, v.More = Open, j.needed(d, v.Family)
		v.Text = fmt.Sprintf("%scannot tell yet: %s against %s is %s%s", j.where(v.From), second, first, j.signed(d.Estimate), moreSeeds(v.More))
	}
}

// best says where a line is highest, and which of its values are shown to be lower. All pairs of the line are one family, so that choosing
// the best by the same data is allowed for. Values of which too few runs have a number, since they diverged, are left out and named.
func (j judge) best(line []int) Verdict {
	var usable []int
	var lower, same, none []string
	for _, i := range line {
		if p := &j.sum.Points[i]; len(p.Seeds) < MinSeeds && p.Missing == 0 && len(p.Seeds) < j.sum.Planned {
			none = append(none, j.value(i))
		} else {
			usable = append(usable, i)
		}
	}
	if len(usable) == 0 {
		usable = line
	}
	if v, early := j.early(usable); early {
		return v
	}
	top := slices.MaxFunc(usable, func(a, b int) int { return cmp.Compare(j.sum.Points[a].Mean.Mean, j.sum.Points[b].Mean.Mean) })
	pairs, corrected := j.all(usable)
	for k, pair := range pairs {
		if pair.From != top && pair.To != top {
			continue
		}
		if other := pair.From + pair.To - top; corrected[k] < alpha {
			lower = append(lower, j.value(other))
		} else {
			same = append(same, j.value(other))
		}
	}
	v := Verdict{Kind: Best, From: top, To: top, Corrected: 1, Family: max(1, len(pairs))}
	v.Text = fmt.Sprintf("%shighest at %s, with %s.", j.where(top), j.name(top), j.size(j.sum.Points[top].Mean))
	for _, part := range []struct {
		title  string
		values []string
	}{{"Shown to be lower", lower}, {"Not told apart from it", same}, {"Left out, since runs diverged or have no number", none}} {
		if len(part.values) > 0 {
			v.Text += fmt.Sprintf(" %s: %s.", part.title, strings.Join(part.values, ", "))
		}
	}
	return v
}

// all compares every two points, and returns their p-values, corrected as one family.
func (j judge) all(points []int) (pairs []Verdict, corrected []float64) {
	var p []float64
	for i, from := range points {
		for _, to := range points[i+1:] {
			v := j.compare(from, to)
			pairs, p = append(pairs, v), append(p, v.Difference.P)
		}
	}
	return pairs, Holm(p)
}

func (j judge) compare(from, to int) Verdict {
	d := j.sum.Compare(from, to)
	return Verdict{From: from, To: to, Difference: d, Corrected: d.P, Family: 1}
}

// needed returns how many seeds beyond those planned would decide whether there is a difference or none that counts, whichever is nearer.
func (j judge) needed(d Difference, family int) int {
	n, ok := SeedsNeeded(d.SD, max(math.Abs(d.Mean), j.sum.Readout.Worth-d.Mean), family, d.N+1)
	if !ok {
		return 0
	}
	return n - d.N
}

// moreSeeds ends a sentence about what is open.
func moreSeeds(n int) string {
	switch n {
	case 0:
		return "; not even a thousand seeds would."
	case 1:
		return "; 1 more seed would."
	}
	return fmt.Sprintf("; %d more seeds would.", n)
}

// where names the place of a point on the other axes: "MMPO: " or, of a sweep along one axis, nothing.
func (j judge) where(point int) string {
	var names []string
	for axis, i := range j.sum.Points[point].At {
		if axis != j.axis && len(j.s.Axes[axis].Values) > 1 {
			names = append(names, j.s.Label(axis, i))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return strings.Join(names, ", ") + ": "
}

// name names a point's place on the judged axis, value as links write it.
func (j judge) name(point int) string { return j.s.Label(j.axis, j.sum.Points[point].At[j.axis]) }
func (j judge) value(point int) string {
	return j.s.Axes[j.axis].Values[j.sum.Points[point].At[j.axis]]
}

// against says what a comparison found: "exact grades against 5 levels is +0.04 ± 0.15".
func (j judge) against(v Verdict) string {
	return fmt.Sprintf("%s against %s is %s", j.name(v.To), j.name(v.From), j.signed(v.Difference.Estimate))
}

// signed writes an estimate of a difference with its sign, size one without; both in as many decimals as can matter.
func (j judge) signed(e Estimate) string {
	d := j.decimals()
	return j.unit(fmt.Sprintf("%+.*f ± %.*f", d, e.Mean, d, e.Half))
}

func (j judge) size(e Estimate) string {
	d := j.decimals()
	return j.unit(fmt.Sprintf("%.*f ± %.*f", d, e.Mean, d, e.Half))
}

func (j judge) decimals() int {
	if j.sum.Readout.Worth >= 0.1 {
		return 2
	}
	return 3
}

func (j judge) unit(text string) string {
	if j.sum.Readout.Unit == "" {
		return text
	}
	return text + " " + j.sum.Readout.Unit
}
