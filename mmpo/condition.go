package mmpo

import (
	"fmt"

	"margins/datasets"
)

// Condition holds where a parameter has a value, or with Not where it has any other.
type Condition struct {
	Param string `json:"param"`
	Is    string `json:"is"` // as links write it
	Not   bool   `json:"not,omitempty"`
}

// The conditions of the raters' parameters.
var (
	ifGraded   = []Condition{{Param: "asks", Is: datasets.AskGrades}}
	ifCompared = []Condition{{Param: "asks", Is: datasets.AskComparison}}
	ifLeveled  = []Condition{{Param: "levels", Is: "exact", Not: true}}
	ifCut      = []Condition{ifGraded[0], ifLeveled[0], {Param: "rounding", Is: datasets.RoundNearest}}
	ifThumbs   = []Condition{{Param: "levels", Is: "2"}, {Param: "cuts", Is: datasets.CutsEven}}
	ifSeveral  = []Condition{{Param: "raters", Is: "1", Not: true}}
)

// applies tells whether e reads the parameter.
func (p *Param) applies(e *Experiment) bool {
	for _, c := range p.When {
		on, ok := FindParam(c.Param)
		if !ok {
			panic("mmpo: there is no parameter " + c.Param)
		}
		if (on.Get(e) == c.Is) == c.Not {
			return false
		}
	}
	return true
}

// usualSeconds says what datasets.Costs assumes.
func usualSeconds() string {
	ends := map[string][2]float64{}
	for _, c := range datasets.Costs {
		if _, ok := ends[c.Asks]; !ok {
			ends[c.Asks] = [2]float64{c.Seconds}
		}
		ends[c.Asks] = [2]float64{ends[c.Asks][0], c.Seconds}
	}
	grades, comparisons := ends[datasets.AskGrades], ends[datasets.AskComparison]
	return fmt.Sprintf("Counts raters' minutes, no more. Usual is assumed: %g for thumbs to %g for exact grades, %g to %g for comparisons.",
		grades[0], grades[1], comparisons[0], comparisons[1])
}
