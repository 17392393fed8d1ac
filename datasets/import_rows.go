package datasets

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// rows yields the rows of a file, holding one at a time.
type rows interface {
	// next returns the next row and its number. The error is io.EOF at the end of the file, a flaw if this row cannot be used, and
	// anything else if the file cannot be read on. What next returned before is no longer valid.
	next() (row, int, error)
}

var (
	errLongRow = flaw{reason: "longer than 16 MB"}
	errNaN     = flaw{reason: "not JSON: NaN and Infinity do not exist there"}
)

// lines reads JSON lines: an object a line, blank lines between them allowed. It is by lines and not by values that it goes on after
// one that is broken.
type lines struct {
	br     *bufio.Reader
	number int
	line   []byte
	repeat row // used for every row
}

func openLines(br *bufio.Reader) rows { return &lines{br: br} }

func (l *lines) next() (row, int, error) {
	for {
		err := l.read()
		if err != nil && err != errLongRow {
			return nil, 0, err
		}
		l.number++
		if err == nil {
			if l.line = bytes.TrimSpace(l.line); len(l.line) == 0 {
				continue
			}
		}
		if err != nil {
			return nil, l.number, err
		}
		r, err := parseRow(l.line, l.repeat)
		if err == nil {
			l.repeat = r
		}
		return r, l.number, err
	}
}

// read reads the next line into l.line. Of a line that is too long it reads over what is left.
func (l *lines) read() error {
	l.line = l.line[:0]
	long := false
	for {
		part, err := l.br.ReadSlice('\n')
		if long = long || len(l.line)+len(part) > maxRowBytes; !long {
			l.line = append(l.line, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(l.line) == 0 && !long:
			return io.EOF
		case err != nil && err != io.EOF:
			return readError(err)
		case long:
			return errLongRow
		}
		return nil
	}
}

// array reads the elements of one JSON array. It finds their ends by itself, by counting brackets outside of strings, so that one
// element that is not JSON (a NaN, say) costs that element only, and none must be held whole if it is too long.
type array struct {
	br      *bufio.Reader
	number  int
	element []byte
	repeat  row // used for every row
}

func openArray(br *bufio.Reader) rows {
	a := &array{br: br}
	a.skipSpace()
	br.ReadByte() // the bracket, which sniff has seen
	return a
}

func (a *array) next() (row, int, error) {
	err := a.skipSpace()
	if err != nil {
		return nil, 0, a.endError(err)
	}
	if b, _ := a.br.Peek(1); b[0] == ']' {
		return nil, 0, a.end()
	}
	a.number++
	switch err = a.read(); {
	case err == errLongRow:
		return nil, a.number, err
	case err != nil:
		return nil, 0, a.endError(err)
	}
	r, err := parseRow(a.element, a.repeat)
	if err == nil {
		a.repeat = r
	}
	return r, a.number, err
}

// end checks that nothing follows the array.
func (a *array) end() error {
	a.br.ReadByte() // the bracket
	if err := a.skipSpace(); err != nil {
		if err == io.EOF {
			return io.EOF
		}
		return readError(err)
	}
	return fileError("not-json", "After the JSON array of %d rows the file goes on with something else.", a.number)
}

// endError tells an array that is not closed from a file that cannot be read.
func (a *array) endError(err error) error {
	if err == io.EOF {
		return fileError("truncated", "The JSON array ends in the middle, at row %d: its closing bracket is missing. "+
			"Nothing of it was kept.", a.number)
	}
	return readError(err)
}

// skipSpace moves to the next byte that is not white space.
func (a *array) skipSpace() error {
	for {
		b, err := a.br.ReadByte()
		if err != nil {
			return err
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return a.br.UnreadByte()
		}
	}
}

// read reads the next element into a.element, and the comma after it.
func (a *array) read() error {
	a.element = a.element[:0]
	var scan bracketScanner
	long := false
	for {
		if _, err := a.br.Peek(1); err != nil { // fills the buffer if it is empty
			return err
		}
		part, _ := a.br.Peek(a.br.Buffered())
		n, found := scan.end(part)
		if long = long || len(a.element)+n > maxRowBytes; !long {
			a.element = append(a.element, part[:n]...)
		}
		comma := found && part[n] == ','
		if comma {
			n++
		}
		a.br.Discard(n) // cannot fail: they are buffered
		switch {
		case !found:
			continue
		case long:
			return errLongRow
		}
		return nil
	}
}

// bracketScanner looks for the end of an array's element, piece by piece.
type bracketScanner struct {
	depth   int
	text    bool // within a string
	escaped bool // after a backslash
}

// end returns the position of the comma or bracket that ends the element, or the length of part and false.
func (s *bracketScanner) end(part []byte) (int, bool) {
	for i, b := range part {
		switch {
		case s.escaped:
			s.escaped = false
		case s.text:
			s.escaped, s.text = b == '\\', b != '"'
		case b == '"':
			s.text = true
		case s.depth == 0 && (b == ',' || b == ']'):
			return i, true
		case b == '{' || b == '[':
			s.depth++
		case b == '}' || b == ']':
			s.depth--
		}
	}
	return len(part), false
}

// separators are the bytes that may stand between a table's cells.
const separators = ",;\t"

// table reads CSV, separated by commas, semicolons or tabs, with the columns' names in the first line.
type table struct {
	csv    *csv.Reader
	guard  *rowGuard
	names  []string
	repeat row // used for every row
	line   int // of the last record
}

func openTable(br *bufio.Reader) rows {
	head, _ := br.Peek(4 << 10)
	guard := &rowGuard{r: br}
	c := csv.NewReader(guard)
	c.Comma = mostFrequent(firstLine(head), separators)
	c.FieldsPerRecord = -1 // checked here, for a better message
	c.ReuseRecord = true
	return &table{csv: c, guard: guard}
}

// mostFrequent returns the byte of set that line has most of, the first of equals.
func mostFrequent(line []byte, set string) rune {
	best, most := set[0], 0
	for i := range set {
		if n := bytes.Count(line, []byte{set[i]}); n > most {
			best, most = set[i], n
		}
	}
	return rune(best)
}

func (t *table) next() (row, int, error) {
	if t.names == nil {
		if err := t.readNames(); err != nil {
			return nil, 0, err
		}
	}
	fields, number, err := t.read()
	if err != nil {
		return nil, number, err
	}
	if len(fields) != len(t.names) {
		return nil, number, flaw{reason: "not as many cells as the first line names"}
	}
	for i, field := range fields {
		t.repeat[i] = column{t.names[i], cell{bytes: []byte(field), plain: true}}
	}
	return t.repeat, number, nil
}

func (t *table) readNames() error {
	fields, _, err := t.read()
	if err == io.EOF {
		return fileError("empty", "The file holds no rows.")
	}
	if bad, ok := err.(flaw); ok {
		return fileError("not-json", "The file is neither JSON nor a table: its first line, with the columns' names, is %s.", bad.Error())
	}
	if err != nil {
		return err
	}
	t.names = make([]string, len(fields))
	for i, name := range fields {
		t.names[i] = strings.TrimSpace(strings.ToValidUTF8(name, "\uFFFD"))
	}
	t.repeat = make(row, len(fields))
	return nil
}

// read returns the next record and its line.
func (t *table) read() ([]string, int, error) {
	t.guard.left = maxRowBytes
	fields, err := t.csv.Read()
	var syntax *csv.ParseError
	switch {
	case err == nil:
		t.line, _ = t.csv.FieldPos(0)
		return fields, t.line, nil
	case err == io.EOF:
		return nil, 0, io.EOF
	case errors.As(err, &syntax):
		return nil, syntax.StartLine, flaw{"not CSV", syntax.Err.Error()}
	case errors.Is(err, errLongRow):
		return nil, 0, fileError("not-json", "After line %d the table has a row longer than 16 MB; "+
			"a quotation mark is probably not closed.", t.line)
	}
	return nil, 0, readError(err)
}

// rowGuard ends the reading of a row that is too long, which the csv package would hold whole: an open quotation mark may run
// to the end of the file.
type rowGuard struct {
	r    io.Reader
	left int
}

func (g *rowGuard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, errLongRow
	}
	n, err := g.r.Read(p)
	g.left -= n
	return n, err
}
