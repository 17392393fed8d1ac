package mmpo

// Abscissa is a unit in which feedback can be counted, so that curves over grain compare what they should: a coarse grade is worth less
// than a fine one a pair, and may be worth more a bit or a minute.
type Abscissa struct {
	ID    string `json:"id"`
	Title string `json:"title"` // with its unit
	Help  string `json:"help"`  // one plain sentence

	of func(e *Experiment) float64
}

// Abscissas lists the units. They count what an experiment asks for; what was really answered is in PairSummary.Effort, and an imported
// data set may have fewer pairs.
var Abscissas = []Abscissa{
	{ID: "pairs", Title: "Pairs that are graded", Help: "Pairs to learn from.",
		of: func(e *Experiment) float64 { return float64(e.Pairs) }},
	{ID: "bits", Title: "Bits of feedback, at most", Help: "The most that the answers can hold: log2 of the levels for each; any number counts as one of 100.",
		of: func(e *Experiment) float64 { return e.Grader.Effort(e.Pairs).Bits }},
	{ID: "minutes", Title: "Raters’ time, minutes", Help: "Time that the answers take, as assumed for their scale or set.",
		of: func(e *Experiment) float64 { return e.Grader.Effort(e.Pairs).Minutes }},
}

// Feedback returns how much feedback e asks for, by the id of each abscissa.
func (e *Experiment) Feedback() map[string]float64 {
	amounts := map[string]float64{}
	for _, a := range Abscissas {
		amounts[a.ID] = a.of(e)
	}
	return amounts
}
