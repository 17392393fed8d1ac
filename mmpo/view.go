package mmpo

// PairView shows one graded pair to a person.
type PairView struct {
	Prompt   string `json:"prompt"`
	Chosen   string `json:"chosen"`
	Rejected string `json:"rejected"`
	// Grades as the rater gave them, in points.
	ScoreChosen   float64 `json:"scoreChosen"`
	ScoreRejected float64 `json:"scoreRejected"`
	// True scores in points; null where nobody knows them.
	TrueChosen   *float64 `json:"trueChosen"`
	TrueRejected *float64 `json:"trueRejected"`
	Margin       float64  `json:"margin"` // m, points
	HeldOut      bool     `json:"heldOut"`
}

// PairSummary describes the pairs of an experiment.
type PairSummary struct {
	Train     int     `json:"train"`     // pairs to learn from
	HeldOut   int     `json:"heldOut"`   // pairs of prompts that are never trained on
	Ties      int     `json:"ties"`      // training pairs with m = 0
	Dropped   int     `json:"dropped"`   // tied training pairs left out, as the grader says
	Cut       int     `json:"cut"`       // imported texts that were longer than the model's context
	MeanTrue  float64 `json:"meanTrue"`  // mean true score of the reference's responses, points; 0 where unknown
	Histogram []int   `json:"histogram"` // training pairs by margin, 18 bins of half a point from 0; a margin of 9 is in the last
}

// SampleView is one response that a model wrote.
type SampleView struct {
	Prompt string   `json:"prompt"`
	Text   string   `json:"text"`
	Score  *float64 `json:"score"` // true score, points; null where nobody knows it
	Valid  bool     `json:"valid"`
}
