package datasets

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

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

// row is one row of a file: its values and their columns' names.
type row []column

type column struct {
	name  string
	value cell
}

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

// columns returns the names, sorted.
func (r row) columns() []string {
	names := make([]string, len(r))
	for i := range r {
		names[i] = r[i].name
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// find returns the value of a column; of several with one name the last, as most JSON readers do.
func (r row) find(column string) (cell, bool) {
	for i := len(r) - 1; i >= 0; i-- {
		if r[i].name == column {
			return r[i].value, true
		}
	}
	return cell{}, false
}

// has says whether a column holds anything.
func (r row) has(column string) bool {
	c, ok := r.find(column)
	return ok && !c.empty()
}

// lacks returns which of the columns r does not have at all.
func (r row) lacks(columns []string) (missing []string) {
	for _, name := range columns {
		if _, ok := r.find(name); !ok {
			missing = append(missing, name)
		}
	}
	return missing
}

func (c cell) empty() bool {
	if c.plain {
		return len(c.bytes) == 0
	}
	return len(c.bytes) == 0 || string(c.bytes) == "null"
}

// value returns what a column holds; the error is a flaw if that is nothing.
func (r row) value(column string) (cell, error) {
	c, ok := r.find(column)
	if !ok || c.empty() {
		return cell{}, flaw{reason: column + " is missing"}
	}
	return c, nil
}

// decode reads the JSON in a column, which a table's cell may hold as well; the error is a flaw that says what is needed there.
func (r row) decode(column, needed string, to any) error {
	c, err := r.value(column)
	if err == nil && json.Unmarshal(c.bytes, to) != nil {
		err = flaw{reason: column + " is not " + needed}
	}
	return err
}

// text returns the text in a column, made valid UTF-8.
func (r row) text(column string) (string, error) {
	c, err := r.value(column)
	if err != nil {
		return "", err
	}
	text, ok := c.text()
	if !ok {
		return "", flaw{reason: column + " is not text"}
	}
	return text, nil
}

func (c cell) text() (text string, ok bool) {
	switch {
	case c.plain:
		return strings.ToValidUTF8(string(c.bytes), "\uFFFD"), true
	case c.bytes[0] == '"':
		return unquote(c.bytes), true
	}
	return "", false
}

// number returns the number in a column, which may be written as a text.
func (r row) number(column string) (float64, error) {
	c, err := r.value(column)
	if err != nil {
		return 0, err
	}
	return c.number(column)
}

// number returns the number in a cell. The name is for the flaw.
func (c cell) number(name string) (float64, error) {
	text, ok := c.text()
	if !ok {
		text = string(c.bytes)
	}
	text = strings.TrimSpace(text)
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, flaw{name + " is not a number", clip(text)}
	}
	if math.Abs(x) > maxScore {
		return 0, flaw{name + " is too large for a score", clip(text)}
	}
	return x, nil
}

// within returns the number in a column; the error is a flaw if it is not between least and most.
func (r row) within(column string, least, most float64) (float64, error) {
	x, err := r.number(column)
	if err == nil && (x < least || x > most) {
		err = flaw{fmt.Sprintf("%s is not between %g and %g", column, least, most), formatScore(x)}
	}
	return x, err
}

// conversation returns the list of messages in a column; ok is false if it holds something else.
func (r row) conversation(column string) (turns []turn, ok bool) {
	c, _ := r.find(column)
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
	return joined(before), nil
}

// joined joins messages into one text.
func joined(turns []turn) string {
	messages := make([]string, len(turns))
	for i, t := range turns {
		messages[i] = t.Content
	}
	return strings.Join(messages, "\n\n")
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
