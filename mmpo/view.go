package mmpo

import "margins/datasets"

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

	Effort datasets.Effort `json:"effort"` // what the feedback on the training pairs took, dropped ties included
}

// SampleView is one response that a model wrote.
type SampleView struct {
	Prompt string   `json:"prompt"`
	Text   string   `json:"text"`
	Score  *float64 `json:"score"` // true score, points; null where nobody knows it
	Valid  bool     `json:"valid"`
}

// Evaluation is what a measurement shows beside the numbers of its row.
type Evaluation struct {
	Samples []SampleView `json:"samples"` // some of the responses to held-out prompts
	// Parts are the mean points that each attribute adds to the true score of all responses, in the order of the world's attributes; empty
	// where nobody knows them.
	Parts       []datasets.Part `json:"parts"`
	Reliability Reliability     `json:"reliability"`
}

// Reliability holds the bins of held-out pairs by how sure the policy is of them, from a confidence of 1/2 to 1.
type Reliability struct {
	Preference []ReliabilityBin `json:"preference"` // against the rater's true preference probability; empty where nobody knows it
	Outcome    []ReliabilityBin `json:"outcome"`    // against which response the rater did prefer
}
