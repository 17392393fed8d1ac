// Package datasets holds what preferences are learned from: worlds whose true score is known, graders that turn true scores into
// feedback of a chosen grain, graded pairs, the import and export of real data, and the store that keeps it in the browser.
//
// It knows neither models nor objectives. Tokens are int32 indices into a Vocabulary; scores and margins are in points of a scale
// from 1 to 10, into which imported scales are mapped.
package datasets

import "strings"

// ScaleMin and ScaleMax bound every true score and every grade, in points.
const (
	ScaleMin = 1.0
	ScaleMax = 10.0
)

// Record is one comparison as text: what a file holds and the store keeps.
type Record struct {
	Prompt   string `json:"prompt"`
	Chosen   string `json:"chosen"`
	Rejected string `json:"rejected"`
	// ScoreChosen >= ScoreRejected, both in points of the scale from 1 to 10.
	ScoreChosen   float64 `json:"score_chosen"`
	ScoreRejected float64 `json:"score_rejected"`
}

// Pair is one comparison as tokens, oriented so that ScoreChosen >= ScoreRejected.
type Pair struct {
	Prompt, Chosen, Rejected   []int32 // the responses end with the vocabulary's end token, unless they were cut
	ScoreChosen, ScoreRejected float64 // the grades given, in points
	TrueChosen, TrueRejected   float64 // the true scores in points, NaN where nobody knows them
}

// Margin returns the graded quality margin m = score_chosen - score_rejected, in points; it is never negative, and 0 is a tie.
func (p Pair) Margin() float64 { return p.ScoreChosen - p.ScoreRejected }

// IsID tells whether text has the form of an imported data set's id: "data:" and the first 16 hexadecimal digits of the SHA-256 of
// its records.
func IsID(text string) bool {
	digits, ok := strings.CutPrefix(text, "data:")
	return ok && len(digits) == 16 && strings.Trim(digits, "0123456789abcdef") == ""
}
