package datasets

import "errors"

// Info describes a stored data set.
type Info struct {
	ID      string `json:"id"`      // "data:" and 16 hexadecimal digits of the SHA-256 of records and scale: links name it
	Name    string `json:"name"`    // of the file it came from
	Format  string `json:"format"`  // id of the recognized format
	Records int    `json:"records"` // comparisons
	Prompts int    `json:"prompts"` // distinct prompts
	Ties    int    `json:"ties"`    // comparisons of equal scores
	Scale   Scale  `json:"scale"`   // what the file's scores were given on; records are read in points
	Added   int64  `json:"added"`   // milliseconds since 1970 UTC
	Trashed int64  `json:"trashed"` // the same, when it was put into the trash; 0 if it is not there
}

// Scale is the range of grades that a file's raters could give.
type Scale struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"` // > Min
	How string  `json:"how"` // how it was found: ScaleDeclared, ScaleFormat, ScaleAssumed, ScaleGuessed or ScaleObserved
}

// How a scale was found.
const (
	ScaleDeclared = "declared" // the file's columns scale_min and scale_max say so
	ScaleFormat   = "format"   // the format's publishers say so
	ScaleAssumed  = "assumed"  // the format says which response is better and not by how much: every margin is the same
	ScaleGuessed  = "guessed"  // the narrowest of the usual scales that holds every score
	ScaleObserved = "observed" // no usual scale holds every score: from the lowest to the highest
)

// Points maps a score of the scale linearly to the points of ScaleMin to ScaleMax.
// Scores of that very scale stay as they are to the last bit.
func (s Scale) Points(score float64) float64 {
	if s.Min == ScaleMin && s.Max == ScaleMax {
		return score
	}
	points := ScaleMin + float64((score-s.Min)*(ScaleMax-ScaleMin))/(s.Max-s.Min)
	return min(max(points, ScaleMin), ScaleMax) // rounding may go past the ends
}

// Report tells what an import found in a file. Rows = Used + the counts of Skipped.
type Report struct {
	Format      string `json:"format"`      // id of the recognized format
	FormatTitle string `json:"formatTitle"` // the same for people
	Grade       string `json:"grade"`       // in one sentence, what was read as the grade and how it became a margin
	Container   string `json:"container"`   // "JSON array", "JSON lines" or "CSV", and ", gzip"
	Unit        string `json:"unit"`        // what the examples' numbers count: "line", or "row" of a JSON array

	Rows        int `json:"rows"`        // rows read
	Used        int `json:"used"`        // rows that became comparisons, or parts of some
	Comparisons int `json:"comparisons"` // what they became: a row with four completions is up to six
	LeftOut     int `json:"leftOut"`     // comparisons that used rows do not give: a response has no grade, is empty, or equals another
	Swapped     int `json:"swapped"`     // comparisons whose first response, called chosen in most formats, had the lower score
	Ties        int `json:"ties"`        // comparisons of equal scores; they are kept
	Duplicates  int `json:"duplicates"`  // comparisons whose prompt and responses occurred before; they are kept
	Prompts     int `json:"prompts"`     // distinct prompts

	Skipped  []Skip    `json:"skipped"`  // rows left out, the most frequent reason first
	Examples []Example `json:"examples"` // the first rows left out, in the order of the file

	Scale     Scale `json:"scale"`
	Histogram []int `json:"histogram"` // comparisons by margin, 18 bins of half a point from 0; a margin of 9 is in the last

	Existing bool `json:"existing"` // the store had this data set already (perhaps in the trash, which it then left)
}

// Skip counts the rows that were left out for one reason.
type Skip struct {
	Reason string `json:"reason"` // "score_chosen is missing"
	Count  int    `json:"count"`
}

// Example is one row that was left out.
type Example struct {
	Row    int    `json:"row"`    // line of the file or row of the array, from 1
	Reason string `json:"reason"` // with the offending value: "score_rejected is not a number: N/A"
}

// Error is what can be wrong with a file or with the store: a code for programs and a sentence for people.
type Error struct {
	Code    string
	Message string
	Err     error // the cause, if another error is
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrorCode returns the code of an Error, "" for any other error and for nil.
func ErrorCode(err error) string {
	var known *Error
	if errors.As(err, &known) {
		return known.Code
	}
	return ""
}
