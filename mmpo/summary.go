package mmpo

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"margins/datasets"
)

// Readout is a number that a sweep is judged by.
type Readout struct {
	ID    string `json:"id"` // a metric's, ScoreAtKL, or "part/" and an attribute's
	Title string `json:"title"`
	Unit  string `json:"unit,omitempty"`
	// Worth is the smallest difference that counts, in the unit: a verdict of "nothing is gained" rules out this much. 0: no such verdict.
	Worth float64 `json:"worth"`
}

// ScoreAtKL is the readout that compares runs at one distance from the reference: the true score where a run's path from the reference
// first reaches that KL, interpolated between checkpoints as Crossing does it.
const ScoreAtKL = "score_at_kl"

// worths are the smallest differences that count. A quarter of a point is a seventh of the standard deviation of what Script Desk's
// reference writes (1.79 points); two hundredths of accuracy are five of the 256 held-out pairs.
var worths = map[string]float64{
	"true_score": 0.25, ScoreAtKL: 0.25, "valid": 0.02, "eval_rewards/accuracies": 0.02,
}

// partPrefix begins the readout of an attribute's part of the true score.
const partPrefix = "part/"

// FindReadout returns the readout of that id: any metric, ScoreAtKL, or "part/" and the id of an attribute of a world.
func FindReadout(id string) (Readout, bool) {
	if part, ok := strings.CutPrefix(id, partPrefix); ok {
		for _, w := range datasets.Worlds {
			if i := slices.IndexFunc(w.Attributes, func(a datasets.Attribute) bool { return a.ID == part }); i >= 0 {
				return Readout{ID: id, Title: "Points for " + w.Attributes[i].Title, Unit: "points", Worth: worths["true_score"]}, true
			}
		}
		return Readout{}, false
	}
	if id == ScoreAtKL {
		return Readout{ID: id, Title: "True score at equal KL", Unit: "points", Worth: worths[id]}, true
	}
	for _, m := range Metrics {
		if m.ID == id {
			return Readout{ID: id, Title: m.Title, Unit: m.Unit, Worth: worths[id]}, true
		}
	}
	return Readout{}, false
}

// Summary is what a sweep's trials say of one readout.
type Summary struct {
	Readout Readout `json:"readout"`
	KL      float64 `json:"kl"`      // at which ScoreAtKL is read, nats
	Reach   float64 `json:"reach"`   // the largest mean KL at which the runs of a point end, nats; 0 where no run is
	Points  []Point `json:"points"`  // by place on the axes, the last axis fastest
	Planned int     `json:"planned"` // seeds of every point
}

// Point is one place on the axes.
type Point struct {
	At       []int       `json:"at"`
	Runs     []*Trial    `json:"-"`      // by seed, nil where the run is missing
	Median   *float64    `json:"median"` // null without a number
	Mean     Estimate    `json:"mean"`
	Seeds    []SeedValue `json:"seeds"`    // those with a number
	Missing  int         `json:"missing"`  // runs that are not there
	Diverged int         `json:"diverged"` // runs that diverged; they have no number
	// Feedback is how much of it a run asks for, by the id of each of Abscissas.
	Feedback map[string]float64 `json:"feedback"`
}

// SeedValue is the readout of one run.
type SeedValue struct {
	Seed  uint64  `json:"seed"`
	Value float64 `json:"value"`
	Key   string  `json:"key"`
}

// Summarize reads a sweep's trials, which are given by key. KL is that of ScoreAtKL; 0 stands for CommonKL's.
func Summarize(s *Sweep, trials map[string]*Trial, readout Readout, kl float64) *Summary {
	out := &Summary{Readout: readout, KL: kl, Planned: s.Seeds}
	cells := s.Cells()
	if readout.ID == ScoreAtKL && kl == 0 {
		out.KL = CommonKL(cells, trials)
	}
	n := len(cells) / s.Seeds
	for i := range n {
		p := Point{At: cells[i].At, Seeds: []SeedValue{}, Feedback: cells[i].Experiment.Feedback()}
		for j := i; j < len(cells); j += n {
			p.add(trials[cells[j].Key], out)
		}
		values := p.values()
		p.Mean = NewEstimate(values)
		if len(values) > 0 {
			p.Median = known(Median(values))
		}
		out.Reach = max(out.Reach, p.reach())
		out.Points = append(out.Points, p)
	}
	return out
}

// reach returns the mean KL at which the point's runs end, 0 where no run is.
func (p *Point) reach() float64 {
	var ends []float64
	for _, o := range p.Runs {
		if o == nil || o.Diverged != "" {
			continue
		}
		if kl := o.At("kl"); !math.IsNaN(kl) {
			ends = append(ends, kl)
		}
	}
	return NewEstimate(ends).Mean
}

func (p *Point) add(o *Trial, s *Summary) {
	p.Runs = append(p.Runs, o)
	switch x := s.read(o); {
	case o == nil:
		p.Missing++
	case o.Diverged != "":
		p.Diverged++
	case !math.IsNaN(x):
		p.Seeds = append(p.Seeds, SeedValue{Seed: o.Experiment.Seed, Value: x, Key: o.Key})
	}
}

func (p *Point) values() []float64 {
	values := make([]float64, len(p.Seeds))
	for i, v := range p.Seeds {
		values[i] = v.Value
	}
	return values
}

// read returns the readout of a run, NaN if it has none: it is missing, diverged, or never went as far as the KL.
func (s *Summary) read(o *Trial) float64 {
	switch {
	case o == nil || o.Diverged != "":
		return math.NaN()
	case s.Readout.ID == ScoreAtKL:
		if x, ok := Crossing(o.Along("kl"), o.Along("true_score"), s.KL); ok {
			return x
		}
		return math.NaN()
	}
	return o.At(s.Readout.ID)
}

// bySeed returns the readout of a point's runs, NaN where there is none.
func (s *Summary) bySeed(p *Point) []float64 {
	values := make([]float64, len(p.Runs))
	for i, o := range p.Runs {
		values[i] = s.read(o)
	}
	return values
}

// Compare returns what point j has more than point i, by place in Points.
func (s *Summary) Compare(i, j int) Difference {
	return NewDifference(s.bySeed(&s.Points[i]), s.bySeed(&s.Points[j]))
}

// klSteps, a nat, are what a common KL is rounded down to, so that a person can say it.
const klSteps = 10

// CommonKL returns the largest KL, in steps of 0.1 nats, that every run among the trials reached which did not diverge; 0 if there is
// none or one hardly moved.
func CommonKL(cells []Cell, trials map[string]*Trial) float64 {
	common := math.Inf(1)
	for _, c := range cells {
		if o := trials[c.Key]; o != nil && o.Diverged == "" {
			reach := slices.DeleteFunc(o.Along("kl"), math.IsNaN)
			if len(reach) > 0 {
				common = min(common, slices.Max(reach))
			}
		}
	}
	if math.IsInf(common, 1) {
		return 0
	}
	return math.Floor(common*klSteps) / klSteps
}

// Reference returns the readout of the reference, before any step: its mean over the runs that are there; nil if it is not measured then.
func (s *Summary) Reference() *float64 {
	metric := s.Readout.ID
	if metric == ScoreAtKL {
		metric = "true_score"
	}
	var first []float64
	for i := range s.Points {
		for _, t := range s.Points[i].Runs {
			if t == nil || len(t.Path) == 0 {
				continue
			}
			if x, ok := t.Path[0].Metrics[metric]; ok {
				first = append(first, float64(x))
			}
		}
	}
	if len(first) == 0 {
		return nil
	}
	return known(NewEstimate(first).Mean)
}

// Values returns the value of each axis at a place.
func (s *Sweep) Values(at []int) []string {
	values := make([]string, len(at))
	for k, i := range at {
		values[k] = s.Axes[k].Values[i]
	}
	return values
}

// Lines returns the points of s in lines along an axis: each line's points differ in their place on that axis alone, and come in its
// order. Places are those in the Points of a Summary.
func (s *Sweep) Lines(axis int) [][]int {
	stride := 1
	for _, a := range s.Axes[axis+1:] {
		stride *= len(a.Values)
	}
	all := stride * len(s.Axes[axis].Values)
	points := 1
	for _, a := range s.Axes {
		points *= len(a.Values)
	}
	var lines [][]int
	for block := 0; block < points; block += all {
		for i := range stride {
			var line []int
			for k := range s.Axes[axis].Values {
				line = append(line, block+i+k*stride)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// Label names the place of a line's or a cell's value on an axis for a person: "5 levels", "MMPO", "pairs 512".
func (s *Sweep) Label(axis, i int) string {
	a := s.Axes[axis]
	value := a.Values[i]
	p, ok := FindParam(a.Param)
	if !ok {
		panic("mmpo: there is no parameter " + a.Param)
	}
	switch {
	case a.Param == "levels" && value == "exact":
		return "exact grades"
	case a.Param == "levels":
		return value + " levels"
	case p.Kind == Choice:
		for _, o := range p.Options {
			if o.ID == value {
				return o.Title
			}
		}
	}
	return fmt.Sprintf("%s %s", p.Title, value)
}
