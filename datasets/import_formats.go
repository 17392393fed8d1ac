package datasets

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Format is a layout of columns that the importer knows.
type Format struct {
	ID      string // permanent: it is stored
	Title   string
	Source  string   // who publishes data like this
	Columns []string // those that tell it from the formats after it; a row must have them all

	// records makes comparisons of a row, with the file's own scores and not yet oriented. Its errors are flaws.
	records func(row) ([]Record, error)
	// scale says what the scores of a row are given on; How is "" where the row does not say. Its errors are flaws.
	scale func(row) (Scale, error)
}

// Formats lists the formats in the order in which they are tried: those with more columns of their own come first.
var Formats = []Format{
	{
		ID:      "ultrafeedback-binarized",
		Title:   "UltraFeedback, binarized",
		Source:  "HuggingFaceH4/ultrafeedback_binarized, allenai/ultrafeedback_binarized_cleaned",
		Columns: []string{"prompt_id", "chosen", "rejected", "score_chosen", "score_rejected"},
		records: gradedPair("chosen", "rejected", "score_chosen", "score_rejected"),
		scale:   published(1, 10),
	},
	{
		ID:      "margins",
		Title:   "Graded pairs",
		Source:  "this program's own",
		Columns: []string{"chosen", "rejected", "score_chosen", "score_rejected"},
		records: gradedPair("chosen", "rejected", "score_chosen", "score_rejected"),
		scale:   declared("scale_min", "scale_max"),
	},
}

// recognize returns the first format whose columns r has; failing that, the one that lacks the fewest, and which those are.
func recognize(r row) (format *Format, missing []string) {
	for i := range Formats {
		var lacking []string
		for _, c := range Formats[i].Columns {
			if _, ok := r[c]; !ok {
				lacking = append(lacking, c)
			}
		}
		if len(lacking) == 0 {
			return &Formats[i], nil
		}
		if format == nil || len(lacking) <= len(missing) { // of equals the later, which is the more general
			format, missing = &Formats[i], lacking
		}
	}
	return format, missing
}

// gradedPair reads rows that hold one comparison with a score for each response. The prompt is in the column prompt or, where that
// is missing, what precedes the response in the chosen conversation.
func gradedPair(chosen, rejected, scoreChosen, scoreRejected string) func(row) ([]Record, error) {
	return func(r row) ([]Record, error) {
		var rec Record
		var before []turn
		var err error
		if rec.Chosen, before, err = r.response(chosen); err != nil {
			return nil, err
		}
		if rec.Rejected, _, err = r.response(rejected); err != nil {
			return nil, err
		}
		if rec.Prompt, err = r.prompt("prompt", before); err != nil {
			return nil, err
		}
		if rec.ScoreChosen, err = r.number(scoreChosen); err != nil {
			return nil, err
		}
		if rec.ScoreRejected, err = r.number(scoreRejected); err != nil {
			return nil, err
		}
		return []Record{rec}, nil
	}
}

// published is the scale of a format whose publishers state it.
func published(least, most float64) func(row) (Scale, error) {
	return func(row) (Scale, error) { return Scale{Min: least, Max: most, How: ScaleFormat}, nil }
}

// declared is the scale that a row's own columns state, if it has them.
func declared(least, most string) func(row) (Scale, error) {
	return func(r row) (s Scale, err error) {
		if !r.has(least) && !r.has(most) {
			return Scale{}, nil
		}
		if s.Min, err = r.number(least); err != nil {
			return Scale{}, err
		}
		if s.Max, err = r.number(most); err != nil {
			return Scale{}, err
		}
		if s.Max <= s.Min {
			return Scale{}, flaw{reason: most + " is not above " + least}
		}
		s.How = ScaleDeclared
		return s, nil
	}
}

// flaw is why one row cannot be used.
type flaw struct {
	reason string // one of a few, by which rows are counted
	detail string // what this row has instead, if that helps
}

func (f flaw) Error() string {
	if f.detail == "" {
		return f.reason
	}
	return f.reason + ": " + f.detail
}

// row is one row of a file by the names of its columns.
type row map[string]cell

// cell is one value: JSON, or the text of a table's cell as it is.
type cell struct {
	bytes []byte
	plain bool
}

// turn is one message of a conversation.
type turn struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

func (r row) columns() []string { return slices.Sorted(maps.Keys(r)) }

// has says whether a column holds anything.
func (r row) has(column string) bool {
	c, ok := r[column]
	if c.plain {
		return ok && len(c.bytes) > 0
	}
	return ok && string(c.bytes) != "null"
}

// text returns the text in a column, made valid UTF-8.
func (r row) text(column string) (string, error) {
	if !r.has(column) {
		return "", flaw{reason: column + " is missing"}
	}
	text, ok := r[column].text()
	if !ok {
		return "", flaw{reason: column + " is not text"}
	}
	return text, nil
}

func (c cell) text() (text string, ok bool) {
	if c.plain {
		return strings.ToValidUTF8(string(c.bytes), "\uFFFD"), true
	}
	return text, json.Unmarshal(c.bytes, &text) == nil
}

// number returns the number in a column, which may be written as a text.
func (r row) number(column string) (float64, error) {
	if !r.has(column) {
		return 0, flaw{reason: column + " is missing"}
	}
	text, ok := r[column].text()
	if !ok {
		text = string(r[column].bytes)
	}
	text = strings.TrimSpace(text)
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, flaw{column + " is not a number", clip(text)}
	}
	if math.Abs(x) > maxScore {
		return 0, flaw{column + " is too large for a score", clip(text)}
	}
	return x, nil
}

// conversation returns the list of messages in a column; ok is false if it holds something else.
func (r row) conversation(column string) (turns []turn, ok bool) {
	c := r[column]
	if !bytes.HasPrefix(bytes.TrimSpace(c.bytes), []byte("[")) {
		return nil, false // quick, and most texts end here
	}
	return turns, json.Unmarshal(c.bytes, &turns) == nil && len(turns) > 0
}

// response returns a column's text or, if it holds a conversation, the assistant's last message and what precedes it.
func (r row) response(column string) (text string, before []turn, err error) {
	turns, ok := r.conversation(column)
	if !ok {
		text, err = r.text(column)
		return text, nil, err
	}
	for i := len(turns) - 1; i >= 0; i-- {
		if turns[i].Role == "assistant" {
			return turns[i].Content, turns[:i], nil
		}
	}
	return "", nil, flaw{reason: column + " has no message of the assistant"}
}

// prompt returns a column's text or conversation or, where the column holds nothing, the conversation before the response.
func (r row) prompt(column string, before []turn) (string, error) {
	if r.has(column) || len(before) == 0 {
		turns, ok := r.conversation(column)
		if !ok {
			return r.text(column)
		}
		before = turns
	}
	messages := make([]string, len(before))
	for i, t := range before {
		messages[i] = t.Content
	}
	return strings.Join(messages, "\n\n"), nil
}

// clip shortens a value for a message.
func clip(text string) string {
	const most = 60 // runes
	runes := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-1]) + "…"
}
