package datasets

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Limits of an import.
const (
	MaxFileBytes = 256 << 20 // of the file as it is
	MaxRecords   = 1_000_000 // so that counting duplicates and margins takes tens of megabytes at most

	maxUnpacked = 1 << 30  // bytes that a .gz file may hold: a gzip bomb ends here
	maxRowBytes = 16 << 20 // of a line or an element of an array; the longest text of a real data set is far below
	maxScore    = 1e6      // in absolute value: beyond it a number is no grade
)

// unknownRows is how many rows may pass before one is of a known format.
const unknownRows = 100

// File is what an import reads: a JSON array, JSON lines or CSV, as it is or compressed with gzip. The content decides, not the name.
type File struct {
	Name   string
	Size   int64 // bytes; -1 if unknown
	Reader io.Reader
}

// ImportTo imports a file into a store and returns the stored data set. If anything fails, or progress returns an error, nothing of
// the file is kept. See Import for the rest.
func ImportTo(store Store, file File, progress func(bytes int64, rows int) error) (Info, Report, error) {
	if err := checkSize(file.Size); err != nil {
		return Info{}, Report{}, err
	}
	draft, err := store.Begin()
	if err != nil {
		return Info{}, Report{}, err
	}
	report, err := Import(file, draft.Append, progress)
	if err != nil {
		return Info{}, report, errors.Join(err, draft.Discard())
	}
	info, existing, err := draft.Commit(Info{
		Name:    file.Name,
		Format:  report.Format,
		Prompts: report.Prompts,
		Ties:    report.Ties,
		Scale:   report.Scale,
	})
	if err != nil {
		return Info{}, report, errors.Join(err, draft.Discard())
	}
	report.Existing = existing
	return info, report, nil
}

// Import reads a file and hands its comparisons to sink, some hundred at a time, oriented so that ScoreChosen >= ScoreRejected, with
// the scores of the file's own scale: which that is, only the report knows, and Scale.Points maps them. It holds one row in memory.
//
// Rows that cannot be used are left out and listed in the report. progress is told, every so often, how many bytes of the file and
// how many rows have been read; its errors and sink's end the import and are returned as they are. All others are *Error with code
// "empty", "not-json", "missing-columns", "truncated", "damaged", "too-large", "no-usable-rows" or "unreadable".
func Import(file File, sink func([]Record) error, progress func(bytes int64, rows int) error) (Report, error) {
	if err := checkSize(file.Size); err != nil {
		return Report{}, err
	}
	in := &meter{r: file.Reader, limit: MaxFileBytes, tooLarge: checkSize(MaxFileBytes + 1)}
	rows, container, err := openRows(in)
	if err != nil {
		return Report{}, err
	}
	im := importer{sink: sink, report: Report{Container: container.title, Unit: container.unit}, tally: newTally()}
	for {
		r, number, err := rows.next()
		if err == io.EOF {
			break
		}
		if err := im.add(r, number, err); err != nil {
			return im.report, err
		}
		if im.report.Rows%ChunkRecords == 0 {
			if err := progress(in.count, im.report.Rows); err != nil {
				return im.report, err
			}
		}
	}
	if err := im.finish(); err != nil {
		return im.report, err
	}
	return im.report, progress(in.count, im.report.Rows)
}

// importer turns rows into records and a report.
type importer struct {
	sink    func([]Record) error
	pending []Record // not yet handed to sink
	format  *Format  // nil until a row is recognized
	group   group    // the latest rows, if the format has a response in each
	columns []string // of the first row, for the message if none is
	report  Report
	tally   tally
}

// group is the responses to one prompt, from rows that follow each other.
type group struct {
	prompt    string
	responses []response
	rows      []int // the number of each response's row
}

// add takes the next row, or the error in its place: a flaw of that row is counted, any other error ends the import.
func (im *importer) add(r row, number int, err error) error {
	var bad flaw
	if err != nil && !errors.As(err, &bad) {
		return err
	}
	im.report.Rows++
	if err == nil {
		err = im.use(r, number)
	}
	if errors.As(err, &bad) {
		im.tally.skip(bad, number)
	} else if err != nil {
		return err
	}
	return im.checkRecognized()
}

// use turns one row into records, or keeps it for its group. The error is a flaw if only this row cannot be used.
func (im *importer) use(r row, number int) error {
	if im.format == nil {
		if err := im.recognize(r); err != nil {
			return err
		}
	}
	if im.format.response != nil {
		return im.gather(r, number)
	}
	records, possible, err := im.format.comparisons(r)
	if err != nil {
		return err
	}
	scale, err := im.format.scale(r)
	if err != nil {
		return err
	}
	return im.take(records, 1, possible, scale)
}

// gather adds a row to the group of its prompt.
func (im *importer) gather(r row, number int) error {
	prompt, graded, err := im.format.response(r)
	switch {
	case err != nil:
		return err
	case blank(prompt):
		return flaw{reason: "prompt is empty"}
	case blank(graded.text):
		return flaw{reason: "response is empty"}
	}
	if g := &im.group; prompt != g.prompt || len(g.rows) == mostResponses {
		if err := im.closeGroup(); err != nil {
			return err
		}
		g.prompt = prompt
	}
	im.group.responses = append(im.group.responses, graded)
	im.group.rows = append(im.group.rows, number)
	return nil
}

// closeGroup turns the group into records and empties it. Its error is no flaw.
func (im *importer) closeGroup() error {
	g := im.group
	im.group = group{}
	records := everyTwo(g.prompt, g.responses)
	if len(records) == 0 {
		for _, number := range g.rows {
			im.tally.skip(flaw{reason: "no other response to the same prompt stands beside it"}, number)
		}
		return nil
	}
	scale, err := im.format.scale(nil) // of these formats it does not depend on the row
	if err != nil {
		return err
	}
	return im.take(records, len(g.rows), pairsOf(len(g.rows)), scale)
}

// take checks and counts the records of so many rows, of so many that there could have been. If its error is a flaw it has taken none.
func (im *importer) take(records []Record, rows, possible int, scale Scale) error {
	for i := range records {
		if err := im.tally.check(&records[i], scale); err != nil {
			return err
		}
	}
	for i := range records {
		im.tally.count(&records[i], scale)
	}
	im.report.Used += rows
	im.report.LeftOut += possible - len(records)
	im.pending = append(im.pending, records...)
	if len(im.tally.margins) > MaxRecords {
		return fileError("too-large", "The file has more than %d comparisons, the most that can be imported.", MaxRecords)
	}
	if len(im.pending) >= ChunkRecords {
		return im.flush()
	}
	return nil
}

func (im *importer) flush() error {
	records := im.pending
	im.pending = nil // sink may keep what it gets
	return im.sink(records)
}

// recognize looks for the format of a row. Its error is a flaw: a row that lacks a column may be followed by better ones.
func (im *importer) recognize(r row) error {
	if im.columns == nil {
		im.columns = r.columns()
	}
	format, missing := recognize(r)
	if len(missing) > 0 {
		return flaw{reason: missing[0] + " is missing"}
	}
	im.format = format
	return nil
}

// checkRecognized gives up on a file whose first rows are of no known format.
func (im *importer) checkRecognized() error {
	if im.format != nil || im.columns == nil || im.report.Rows < unknownRows {
		return nil
	}
	return im.missingColumns()
}

func (im *importer) missingColumns() error {
	columns := make(row, len(im.columns))
	for i, name := range im.columns {
		columns[i].name = name
	}
	nearest, missing := recognize(columns)
	return fileError("missing-columns", "The file has the columns %s, but not %s. Needed are %s, or the columns of "+
		"another known format.", list(im.columns), list(missing), list(nearest.Columns))
}

// finish hands over the last records and completes the report.
func (im *importer) finish() error {
	if err := im.closeGroup(); err != nil {
		return err
	}
	im.tally.fill(&im.report)
	switch {
	case im.report.Rows == 0:
		return fileError("empty", "The file holds no rows.")
	case im.format == nil && im.columns != nil:
		return im.missingColumns()
	case im.report.Used == 0:
		worst, first := im.report.Skipped[0], im.report.Examples[0]
		return fileError("no-usable-rows", "None of the %d rows can be used. Most often (%d): %s. The first, in %s %d: %s.",
			im.report.Rows, worst.Count, worst.Reason, im.report.Unit, first.Row, first.Reason)
	}
	im.report.Format, im.report.FormatTitle, im.report.Grade = im.format.ID, im.format.Title, im.format.Grade
	if len(im.pending) == 0 {
		return nil
	}
	return im.flush()
}

// container is how rows are laid out in a file.
type container struct {
	title string
	unit  string // what a row's number counts
	open  func(*bufio.Reader) rows
}

// The containers.
var (
	jsonArray = container{"JSON array", "row", openArray}
	jsonLines = container{"JSON lines", "line", openLines}
	csvTable  = container{"CSV", "line", openTable}
)

// strangers are the first bytes of files that people mistake for data files, and what to do with them.
var strangers = []struct{ magic, message string }{
	{"PK\x03\x04", "The file is a zip archive or a spreadsheet. Unpack it, or save it as CSV."},
	{"PAR1", "The file is in Parquet format. Save it as JSON lines."},
	{"\x28\xb5\x2f\xfd", "The file is compressed with zstd. Unpack it, or use gzip."},
	{"BZh", "The file is compressed with bzip2. Unpack it, or use gzip."},
	{"\xff\xfe", "The file is in UTF-16. Save it in UTF-8."},
	{"\xfe\xff", "The file is in UTF-16. Save it in UTF-8."},
	{"%PDF", "The file is a PDF document, not a data file."},
}

// openRows looks at the first bytes of a file and returns the reader of its rows.
func openRows(in io.Reader) (rows, container, error) {
	br := bufio.NewReaderSize(in, 64<<10)
	head, err := peek(br)
	if err != nil {
		return nil, container{}, err
	}
	packed := bytes.HasPrefix(head, []byte{0x1f, 0x8b})
	if packed {
		unzip, err := gzip.NewReader(br)
		if err != nil {
			return nil, container{}, readError(err)
		}
		br = bufio.NewReaderSize(&meter{r: unzip, limit: maxUnpacked, tooLarge: fileError("too-large",
			"Unpacked, the file is larger than %d MB, the most that can be imported.", maxUnpacked>>20)}, 64<<10)
		if head, err = peek(br); err != nil {
			return nil, container{}, err
		}
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) { // the byte order mark that some programs put before UTF-8
		br.Discard(3) // cannot fail: they have been peeked
		if head, err = peek(br); err != nil {
			return nil, container{}, err
		}
	}
	c, err := sniff(head)
	if err != nil {
		return nil, container{}, err
	}
	rows := c.open(br)
	if packed {
		c.title += ", gzip"
	}
	return rows, c, nil
}

// peek returns the next few thousand bytes, fewer at the end of the file, and an error if there is nothing but white space.
func peek(br *bufio.Reader) ([]byte, error) {
	head, err := br.Peek(4 << 10)
	if err != nil && err != io.EOF {
		return nil, readError(err)
	}
	if err == io.EOF && len(bytes.TrimSpace(head)) == 0 {
		return nil, fileError("empty", "The file is empty.")
	}
	return head, nil
}

// sniff tells a file's container from its first bytes.
func sniff(head []byte) (container, error) {
	for _, s := range strangers {
		if bytes.HasPrefix(head, []byte(s.magic)) {
			return container{}, fileError("not-json", "%s", s.message)
		}
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return container{}, fileError("not-json", "The file is not text. Needed is JSON, JSON lines or CSV.")
	}
	text := bytes.TrimSpace(head)
	switch {
	case len(text) == 0: // blank lines for pages: let the reader of lines find out
		return jsonLines, nil
	case text[0] == '[':
		return jsonArray, nil
	case text[0] == '{':
		return jsonLines, nil
	case text[0] == '<':
		return container{}, fileError("not-json", "The file is a web page or XML. Needed is JSON, JSON lines or CSV.")
	case !bytes.ContainsAny(firstLine(text), separators):
		return container{}, fileError("not-json", "The file is neither JSON nor a table with column names in its first line.")
	}
	return csvTable, nil
}

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return line
}

// meter counts the bytes that are read, and ends a file that is larger than its limit.
type meter struct {
	r            io.Reader
	count, limit int64
	tooLarge     error
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if m.count += int64(n); m.count > m.limit {
		return 0, m.tooLarge
	}
	return n, err
}

func checkSize(size int64) error {
	if size <= MaxFileBytes {
		return nil
	}
	return fileError("too-large", "The file has %d MB; the most that can be imported is %d MB.", (size+1<<20-1)>>20, MaxFileBytes>>20)
}

// readError names what went wrong below the rows.
func readError(err error) error {
	var known *Error
	var flateError flate.CorruptInputError
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Error{"truncated", "The .gz file ends in the middle: it was not copied to its end. Nothing of it was kept.", err}
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &flateError):
		return &Error{"damaged", "The .gz file is damaged and cannot be unpacked. Nothing of it was kept.", err}
	}
	return &Error{"unreadable", "The file could not be read: " + err.Error() + ".", err}
}

func fileError(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// list writes at most a dozen names for a sentence.
func list(names []string) string {
	const most = 12
	short := slices.Clone(names[:min(len(names), most)])
	for i, n := range short {
		short[i] = clip(n)
	}
	if len(names) > most {
		short = append(short, fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(short, ", ")
}
