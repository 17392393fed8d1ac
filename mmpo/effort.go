package mmpo

// Abscissa is a unit in which feedback can be counted, so that curves over grain compare what they should: a coarse grade is worth less
// than a fine one a pair, and may be worth more a bit or a minute.
type Abscissa struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Help  string `json:"help"` // one plain sentence

	of func(e *Experiment) float64
}

// Of returns how much feedback e asks for. An imported data set may have fewer pairs.
func (a *Abscissa) Of(e Experiment) float64 { return a.of(&e) }

// Abscissas lists the units. What was really answered is in PairSummary.Effort.
var Abscissas = []Abscissa{
	{ID: "pairs", Title: "Pairs", Help: "Pairs that were graded.",
		of: func(e *Experiment) float64 { return float64(e.Pairs) }},
	{ID: "bits", Title: "Bits", Help: "The most that the answers can hold: log2 of the levels for each; any number counts as one of 100.",
		of: func(e *Experiment) float64 { return e.Grader.Effort(e.Pairs).Bits }},
	{ID: "minutes", Title: "Rater minutes", Help: "Time that the answers take, as assumed for their scale or set.",
		of: func(e *Experiment) float64 { return e.Grader.Effort(e.Pairs).Minutes }},
}

// FindAbscissa returns the unit of that id.
func FindAbscissa(id string) (*Abscissa, bool) {
	for i := range Abscissas {
		if Abscissas[i].ID == id {
			return &Abscissas[i], true
		}
	}
	return nil, false
}
