package mmpo

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"margins/datasets"
)

// Param declares one thing that a person can set. Controls, links, their validation and the native program's flags are all made
// from these entries.
type Param struct {
	ID    string `json:"id"` // permanent, lower-case: the key in links
	Title string `json:"title"`
	Help  string `json:"help"` // one plain sentence
	Unit  string `json:"unit,omitempty"`
	Group string `json:"group"` // where its control stands: data, grader, objective, train or model
	Kind  Kind   `json:"kind"`
	// Limits of a number; Scale "log" asks for a slider on a logarithmic axis.
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Step    float64 `json:"step"` // 0: continuous
	Scale   string  `json:"scale,omitempty"`
	Default string  `json:"default"`
	// Options are a choice's values in the order of the page.
	Options []Option `json:"options,omitempty"`
	Live    bool     `json:"live"` // acts during a run, without a restart

	When []Condition `json:"when,omitempty"` // it is read only where all of them hold
	More bool        `json:"more,omitempty"` // its control is shown to those who ask for more
	Toy  bool        `json:"toy,omitempty"`  // it is read by toy worlds alone: in imported data raters have judged already

	field func(*Experiment) any // *int, *uint64, *float64 or *string
}

// Kind is how a parameter's value is written.
type Kind string

// The kinds of parameters.
const (
	Number Kind = "number"
	Whole  Kind = "whole"
	Choice Kind = "choice"
)

// Option is one value of a choice (or a named value of a whole number, such as "thumbs" for two levels).
type Option struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Help  string `json:"help,omitempty"`
	// Value is the number that an id such as "exact" stands for.
	Value float64     `json:"value,omitempty"`
	When  []Condition `json:"when,omitempty"` // it is offered only where all of them hold
}

// isOfObjective tells whether it depends on the objective if the parameter is read.
func (p *Param) isOfObjective() bool { return p.Group == "objective" && p.ID != "objective" }

// check returns what text stands for, as a number (of numeric kinds) and as links write it, and what had to be changed to stay within the
// parameter's limits ("" if nothing). Text that stands for nothing is an error that names it.
func (p *Param) check(text string) (x float64, canonical, note string, err error) {
	for _, o := range p.Options {
		if o.ID == text {
			return o.number(), text, "", nil
		}
	}
	if p.ID == "world" && datasets.IsID(text) {
		return 0, text, "", nil
	}
	if p.Kind == Choice {
		return 0, "", "", fmt.Errorf("%s: there is no %q", p.ID, text)
	}
	x, err = strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(x) {
		return 0, "", "", fmt.Errorf("%s: %q is not a number", p.ID, text)
	}
	y := min(max(x, p.Min), p.Max)
	if p.Step > 0 {
		y = p.Min + float64(math.Round((y-p.Min)/p.Step)*p.Step)
	}
	if y != x {
		note = fmt.Sprintf("%s: %s is not possible, so %s is used", p.Title, text, formatNumber(y))
	}
	return y, formatNumber(y), note, nil
}

// number returns what the option of a numeric parameter stands for.
func (o Option) number() float64 {
	if n, err := strconv.ParseFloat(o.ID, 64); err == nil {
		return n
	}
	return o.Value
}

// name writes a number of the parameter as links do: by its option's id where it has one.
func (p *Param) name(x float64) string {
	for _, o := range p.Options {
		if o.number() == x {
			return o.ID
		}
	}
	return formatNumber(x)
}

// formatNumber writes x in the fewest digits that read back as x, without an exponent where a person would not use one.
func formatNumber(x float64) string {
	if a := math.Abs(x); a != 0 && (a < 1e-5 || a > 1<<53) {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}
