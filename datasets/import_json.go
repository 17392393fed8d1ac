package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep a row may be nested. The data sets have five levels; some thousands would be more than a browser's stack holds.
const maxDepth = 200

var errDeep = flaw{reason: "nested more than 200 deep"}

// parseRow reads a row of a JSON file into r's memory. What it returns refers to text.
//
// It passes over the text once and copies nothing. With encoding/json, which reads a row twice and copies every value, an import in a
// browser took three times as long; it is asked only for what is wrong.
func parseRow(text []byte, r row) (row, error) {
	s := scanner{text: text}
	r, ok := s.row(r)
	switch {
	case ok:
		return r, nil
	case s.depth > maxDepth:
		return nil, errDeep
	}
	var members map[string]json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, &members); errors.As(err, &syntax) {
		return nil, syntaxFlaw(text, syntax)
	}
	return nil, flaw{reason: "not an object with columns"}
}

// syntaxFlaw says what is wrong with text. Python writes NaN and Infinity as such, which is common enough for a reason of its own.
func syntaxFlaw(text []byte, err *json.SyntaxError) flaw {
	at := text[min(max(err.Offset-1, 0), int64(len(text))):] // Offset counts the offending byte
	if bytes.HasPrefix(at, []byte("NaN")) || bytes.HasPrefix(at, []byte("Infinity")) {
		return errNaN
	}
	return flaw{"not JSON", err.Error()}
}

// scanner passes over JSON text. Its methods return false where the text is not JSON (RFC 8259), and then stop anywhere.
type scanner struct {
	text  []byte
	at    int
	depth int // of the value that is being passed over
}

// row reads an object that fills the text.
func (s *scanner) row(r row) (row, bool) {
	old := r[:cap(r)] // where the names of the row before are: most rows have the same
	r = r[:0]
	if !s.take('{') {
		return nil, false
	}
	s.depth = 1
	for !s.take('}') {
		if len(r) > 0 && !s.take(',') {
			return nil, false
		}
		quoted, ok := s.name()
		if !ok {
			return nil, false
		}
		var name string
		if i := len(r); i < len(old) && isText(quoted, old[i].name) {
			name = old[i].name
		} else {
			name = unquote(quoted)
		}
		s.space()
		start := s.at
		if !s.value() {
			return nil, false
		}
		r = append(r, column{name, cell{bytes: s.text[start:s.at]}})
	}
	s.space()
	return r, s.at == len(s.text)
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// take passes over white space and, if it comes next, b.
func (s *scanner) take(b byte) bool {
	s.space()
	if s.at == len(s.text) || s.text[s.at] != b {
		return false
	}
	s.at++
	return true
}

// name passes over a member's name and its colon, and returns the name with its quotation marks.
func (s *scanner) name() (quoted []byte, ok bool) {
	s.space()
	start := s.at
	if !s.string() {
		return nil, false
	}
	quoted = s.text[start:s.at]
	return quoted, s.take(':')
}

// value passes over a value.
func (s *scanner) value() bool {
	s.space()
	if s.at == len(s.text) {
		return false
	}
	switch s.text[s.at] {
	case '"':
		return s.string()
	case '{':
		return s.list('}', func() bool { _, ok := s.name(); return ok && s.value() })
	case '[':
		return s.list(']', s.value)
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

// list passes over an opening bracket, items between commas, and the closing bracket.
func (s *scanner) list(end byte, item func() bool) bool {
	s.at++
	if s.depth++; s.depth > maxDepth {
		return false
	}
	for empty := true; !s.take(end); empty = false {
		if !empty && !s.take(',') || !item() {
			return false
		}
	}
	s.depth--
	return true
}

func (s *scanner) word(word string) bool {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

// plain tells the bytes that stand for themselves within a string.
var plain = func() (table [256]bool) {
	for b := range table {
		table[b] = b >= ' ' && b != '"' && b != '\\'
	}
	return table
}()

// string passes over a string.
func (s *scanner) string() bool {
	text, at := s.text, s.at // in registers: this loop sees nearly every byte of a file
	if at == len(text) || text[at] != '"' {
		return false
	}
	for at++; at < len(text); at++ {
		b := text[at]
		if plain[b] {
			continue
		}
		switch b {
		case '"':
			s.at = at + 1
			return true
		case '\\':
			at++
			if at == len(text) {
				return false
			}
			switch text[at] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(text[at+1:]); !ok {
					return false
				}
				at += 4
			default:
				return false
			}
		default:
			return false // a control character
		}
	}
	return false
}

// number passes over a number.
func (s *scanner) number() bool {
	s.skip('-')
	switch {
	case s.skip('0'):
	case s.digits() == 0:
		return false
	}
	if s.skip('.') && s.digits() == 0 {
		return false
	}
	if s.skip('e') || s.skip('E') {
		if !s.skip('+') {
			s.skip('-')
		}
		return s.digits() > 0
	}
	return true
}

func (s *scanner) skip(b byte) bool {
	if s.at == len(s.text) || s.text[s.at] != b {
		return false
	}
	s.at++
	return true
}

func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}

// hex4 returns the number that four hexadecimal digits write.
func hex4(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	r := rune(0)
	for _, b := range text[:4] {
		switch {
		case '0' <= b && b <= '9':
			b -= '0'
		case 'a' <= b && b <= 'f':
			b -= 'a' - 10
		case 'A' <= b && b <= 'F':
			b -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(b)
	}
	return r, true
}

// unquote returns the text of a string that a scanner has passed over, made valid UTF-8.
func unquote(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	n := bytes.IndexByte(inner, '\\')
	if n < 0 {
		return strings.ToValidUTF8(string(inner), "\uFFFD")
	}
	dst := make([]byte, 0, len(inner)) // no escape is shorter than what it stands for
	for ; n >= 0; n = bytes.IndexByte(inner, '\\') {
		dst = append(dst, inner[:n]...)
		dst, inner = appendEscape(dst, inner[n+1:])
	}
	return strings.ToValidUTF8(string(append(dst, inner...)), "\uFFFD")
}

// isText says whether a string that a scanner has passed over stands for text, if text has no backslash: no escape can be in it then.
func isText(quoted []byte, text string) bool {
	return string(quoted[1:len(quoted)-1]) == text && strings.IndexByte(text, '\\') < 0
}

// appendEscape appends what the escape at the front of text, less its backslash, stands for. It returns the text after it.
func appendEscape(dst, text []byte) (appended, rest []byte) {
	rest = text[1:]
	switch text[0] {
	case 'b':
		return append(dst, '\b'), rest
	case 'f':
		return append(dst, '\f'), rest
	case 'n':
		return append(dst, '\n'), rest
	case 'r':
		return append(dst, '\r'), rest
	case 't':
		return append(dst, '\t'), rest
	case 'u':
		r, _ := hex4(rest)
		rest = rest[4:]
		if utf16.IsSurrogate(r) {
			var second rune
			if bytes.HasPrefix(rest, []byte(`\u`)) {
				second, _ = hex4(rest[2:])
			}
			if r = utf16.DecodeRune(r, second); r != utf8.RuneError {
				rest = rest[6:]
			}
		}
		return utf8.AppendRune(dst, r), rest
	}
	return append(dst, text[0]), rest // a quotation mark, a backslash or a slash
}
