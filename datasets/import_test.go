package datasets

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The files are embedded because a browser's worker, where these tests run too, has no file system.
//
//go:embed testdata
var testdata embed.FS

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := testdata.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return b
}

func noProgress(int64, int) error { return nil }

// importBytes imports content through a reader that gives a few bytes at a time.
func importBytes(content []byte) ([]Record, Report, error) {
	var records []Record
	sink := func(rs []Record) error {
		records = append(records, rs...)
		return nil
	}
	file := File{Name: "file", Size: int64(len(content)), Reader: iotest.HalfReader(bytes.NewReader(content))}
	report, err := Import(file, sink, noProgress)
	return records, report, err
}

// ownRecords are what the fixtures named own.* hold, oriented.
var ownRecords = []Record{
	{"Describe a lighthouse.", "A tower whose lamp keeps ships off the rocks.", "A house.", 9, 3},
	{"Describe a lighthouse.", "A tall lamp by the sea, with stairs inside.", "It has a light.", 7.5, 4},
	{"Why do cats purr?", "Mostly when content, sometimes to calm themselves.", "Cats purr because they are cats.", 8, 8},
	{"Grüße jemanden auf Hebräisch.", "שלום לך 👋🏽", "שלום", 7, 6},
}

func TestImportReadsEveryContainer(t *testing.T) {
	tests := []struct{ file, container, format string }{
		{"own.json", "JSON array", "margins"},
		{"own.jsonl", "JSON lines", "margins"},
		{"own.jsonl.gz", "JSON lines, gzip", "margins"},
		{"own-bom-crlf.jsonl", "JSON lines", "margins"},
		{"own.csv", "CSV", "margins"},
		{"own-semicolon.csv", "CSV", "margins"},
		{"h4.jsonl", "JSON lines", "ultrafeedback-binarized"},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			records, report, err := importBytes(fixture(t, test.file))
			require.NoError(t, err)
			assert.Equal(t, test.container, report.Container)
			assert.Equal(t, test.format, report.Format)
			assert.Equal(t, ownRecords[:len(records)], records)
			assert.Equal(t, report.Used, len(records))
			assert.GreaterOrEqual(t, len(records), 3)
		})
	}
}

func TestReport(t *testing.T) {
	_, report, err := importBytes(append(fixture(t, "own.jsonl"), fixture(t, "own.jsonl")...))
	require.NoError(t, err)
	histogram := make([]int, 18)
	histogram[0], histogram[2], histogram[7], histogram[12] = 2, 2, 2, 2 // margins 0, 1, 3.5, 6
	assert.Equal(t, Report{
		Format: "margins", FormatTitle: "Graded pairs", Container: "JSON lines", Unit: "line", Grade: own.Grade,
		Rows: 8, Used: 8, Comparisons: 8, Swapped: 2, Ties: 2, Duplicates: 4, Prompts: 3,
		Skipped: []Skip{}, Examples: []Example{},
		Scale: Scale{1, 10, ScaleGuessed}, Histogram: histogram,
	}, report)
}

func TestUnusableRowsAreListed(t *testing.T) {
	examples := []Example{
		{2, "not JSON: NaN and Infinity do not exist there"},
		{3, "score_rejected is not a number: N/A"},
		{4, "score_chosen is missing"},
		{5, "the two responses are the same"},
		{7, "not JSON: invalid character 'o' in literal null (expecting 'u')"},
		{8, "prompt is empty"},
		{9, "not an object with columns"},
		{10, "chosen is not text"},
		{11, "chosen has no message of the assistant"},
		{12, "rejected is empty"},
		{13, "score_chosen is too large for a score: 1e9"},
		{15, "score_chosen is missing"},
		{16, "not JSON: unexpected end of JSON input"},
	}
	lines := fixture(t, "unusable-rows.jsonl")
	records, report, err := importBytes(lines)
	require.NoError(t, err)
	assert.Len(t, records, 2, "lines 1 and 14")
	assert.Equal(t, examples, report.Examples)
	assert.Equal(t, 15, report.Rows, "all but the blank line")
	assert.Equal(t, 2, report.Used)
	assert.Equal(t, Skip{"not JSON", 2}, report.Skipped[0], "the most frequent first, then by name")
	assert.Equal(t, Skip{"score_chosen is missing", 2}, report.Skipped[1])
	sum := 0
	for _, s := range report.Skipped {
		sum += s.Count
	}
	assert.Equal(t, report.Rows-report.Used, sum)

	t.Run("in an array", func(t *testing.T) {
		rows := bytes.Split(bytes.TrimSpace(lines), []byte("\n"))
		rows = rows[:len(rows)-1] // the last is cut within a string, which nothing can mend
		array := append(append([]byte(" [ "), bytes.Join(rows, []byte(" ,\n"))...), " ] "...)
		inArray, report, err := importBytes(array)
		require.NoError(t, err)
		assert.Equal(t, records, inArray)
		assert.Equal(t, "row", report.Unit)
		assert.Equal(t, examples[:4], report.Examples[:4])
		assert.Equal(t, Example{6, "not JSON: unexpected end of JSON input"}, report.Examples[4], "nothing between two commas")
	})
}

func TestNoMoreExamplesThanSaid(t *testing.T) {
	content := "prompt,chosen,rejected,score_chosen,score_rejected\np,a,b,5,4\n" + strings.Repeat("p,a,b,N/A,4\n", 100)
	_, report, err := importBytes([]byte(content))
	require.NoError(t, err)
	assert.Equal(t, []Skip{{"score_chosen is not a number", 100}}, report.Skipped)
	assert.Len(t, report.Examples, exampleCount)
	assert.Equal(t, 3, report.Examples[0].Row)
}

func TestTextsAsTheyAre(t *testing.T) {
	const header, scores = "prompt,chosen,rejected,score_chosen,score_rejected\n", `"score_chosen":2,"score_rejected":1}`
	tests := []struct {
		name, content            string
		prompt, chosen, rejected string
	}{
		{"cells with line ends, quotes and commas", header + "\"a\nb\",\"say \"\"yes\"\"\",\"no, no\",2,1\n",
			"a\nb", `say "yes"`, "no, no"},
		{"tabs", "rejected\tchosen\tprompt\tscore_rejected\tscore_chosen\nr\tc\tp\t1\t2\n", "p", "c", "r"},
		{"invalid UTF-8 in CSV", header + "p\xff,c,r,2,1\n", "p\uFFFD", "c", "r"},
		{"invalid UTF-8 in JSON", `{"prompt":"p` + "\xff" + `","chosen":"\ud800","rejected":"r",` + scores, "p\uFFFD", "\uFFFD", "r"},
		{"brackets and escapes within texts", `[{"prompt":"]},{[","chosen":"\\\"","rejected":"\\",` + scores + `]`, "]},{[", `\"`, `\`},
		{"messages without a prompt", `{"chosen":[{"role":"system","content":"s"},{"role":"user","content":"u"},
{"role":"assistant","content":"c"}],"rejected":"r",` + scores, "s\n\nu", "c", "r"},
		{"messages go on after the response", `{"prompt":"p","chosen":[{"role":"assistant","content":"first"},
{"role":"assistant","content":"c"},{"role":"user","content":"thanks"}],"rejected":"r",` + scores, "p", "c", "r"},
		{"messages as prompt", `{"prompt":[{"role":"user","content":"u"}],"chosen":"c","rejected":"r",` + scores, "u", "c", "r"},
		{"messages in a table", "chosen;rejected;score_chosen;score_rejected\n" +
			`"[{""role"":""user"",""content"":""u""},{""role"":""assistant"",""content"":""c""}]";r;2;1`, "u", "c", "r"},
		{"a text that looks like a list", header + "[sic],[],[1],2,1\n", "[sic]", "[]", "[1]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			content := test.content
			if content[0] == '{' {
				content = strings.ReplaceAll(content, "\n", "")
			}
			records, report, err := importBytes([]byte(content))
			require.NoError(t, err, "%+v", report)
			assert.Equal(t, []Record{{test.prompt, test.chosen, test.rejected, 2, 1}}, records)
		})
	}
}

// csvOf returns a table of pairs with the given scores, two at a time.
func csvOf(extra string, scores ...string) []byte {
	var b strings.Builder
	b.WriteString("prompt,chosen,rejected,score_chosen,score_rejected" + extra + "\n")
	for i := 0; i < len(scores); i += 2 {
		fmt.Fprintf(&b, "p%d,a,b,%s,%s\n", i, scores[i], scores[i+1])
	}
	return []byte(b.String())
}

func TestScaleIsFound(t *testing.T) {
	tests := []struct {
		name    string
		content []byte
		want    Scale
	}{
		{"thumbs", csvOf("", "1", "0", "0", "0"), Scale{0, 1, ScaleGuessed}},
		{"stars", csvOf("", "5", "1", "4.5", "3"), Scale{1, 5, ScaleGuessed}},
		{"helpfulness", csvOf("", "4", "0"), Scale{0, 4, ScaleGuessed}},
		{"ten", csvOf("", "7", "1"), Scale{1, 10, ScaleGuessed}},
		{"ten from zero", csvOf("", "5", "0"), Scale{0, 10, ScaleGuessed}},
		{"percent", csvOf("", "11", "0"), Scale{0, 100, ScaleGuessed}},
		{"signed", csvOf("", "3", "-3"), Scale{-3, 3, ScaleObserved}},
		{"one value", csvOf("", "-2", "-2"), Scale{-2, -1, ScaleObserved}},
		{"the largest value", csvOf("", "1e6", "1e6"), Scale{1e6, 1e6 + 1, ScaleObserved}},
		{"declared", csvOf(",scale_min,scale_max", "3", "2,1,7", "7", "1,1,7"), Scale{1, 7, ScaleDeclared}},
		{"declared in no row", csvOf(",scale_min,scale_max", "3", "2,,"), Scale{1, 5, ScaleGuessed}},
		{"published", fixture(t, "h4.jsonl"), Scale{1, 10, ScaleFormat}},
		{"published wrongly", bytes.ReplaceAll(fixture(t, "h4.jsonl"), []byte(`": 3.0`), []byte(`": 0.0`)), Scale{0, 10, ScaleGuessed}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, report, err := importBytes(test.content)
			require.NoError(t, err)
			assert.Equal(t, test.want, report.Scale)
			assert.True(t, report.Scale.valid())
			assert.Equal(t, 1.0, test.want.Points(test.want.Min))
			assert.Equal(t, 10.0, test.want.Points(test.want.Max))
			assert.Empty(t, report.Skipped)
		})
	}
}

func TestDeclaredScaleIsHeld(t *testing.T) {
	_, report, err := importBytes(csvOf(",scale_min,scale_max",
		"3", "2,1,7", "8", "1,1,7", "3", "2,1,5", "3", "2,,", "3", "2,1,", "3", "2,7,1"))
	require.NoError(t, err)
	assert.Equal(t, 1, report.Used)
	assert.Equal(t, []Example{
		{3, "a score is outside the declared scale: 8"},
		{4, "the scale is not that of the rows before"},
		{5, "the scale is not that of the rows before"},
		{6, "scale_max is missing"},
		{7, "scale_max is not above scale_min"},
	}, report.Examples)
}

func TestHistogramHoldsEveryMargin(t *testing.T) {
	_, report, err := importBytes(csvOf("", "10", "1", "9.5", "1", "9.4", "1", "1.5", "1", "1.4", "1"))
	require.NoError(t, err)
	want := make([]int, 18)
	want[17], want[16], want[1], want[0] = 2, 1, 1, 1 // 9 and 8.5; 8.4; 0.5; 0.4
	assert.Equal(t, want, report.Histogram)
}

func TestPointsKeepScoresOfTheirOwnScale(t *testing.T) {
	s := Scale{Min: 1, Max: 10}
	for score := 1.0; score <= 10; score += 0.1 {
		assert.Equal(t, score, s.Points(score), "to the last bit")
	}
	assert.Equal(t, 5.5, Scale{Min: 0, Max: 4}.Points(2))
}

func compress(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	own := fixture(t, "own.json")
	packed := compress(t, bytes.Repeat(fixture(t, "own.jsonl"), 1000))
	damaged := bytes.Clone(packed)
	damaged[len(damaged)/2] ^= 0x55
	checksum := bytes.Clone(packed)
	checksum[len(checksum)-5] ^= 1
	tests := []struct {
		name    string
		content []byte
		code    string
		says    string
	}{
		{"empty", nil, "empty", "empty"},
		{"blank", []byte(" \r\n\t"), "empty", "empty"},
		{"byte order mark alone", []byte("\xef\xbb\xbf"), "empty", "empty"},
		{"empty, packed", compress(t, nil), "empty", "empty"},
		{"empty array", []byte("[ ]"), "empty", "no rows"},
		{"header alone", []byte("prompt,chosen,rejected,score_chosen,score_rejected\n"), "empty", "no rows"},
		{"web page", []byte("<!doctype html><title>404</title>"), "not-json", "web page"},
		{"binary", []byte("\x7fELF\x00\x01"), "not-json", "not text"},
		{"zip", []byte("PK\x03\x04abc"), "not-json", "zip"},
		{"UTF-16", []byte("\xff\xfe[\x00]\x00"), "not-json", "UTF-16"},
		{"prose", []byte("Hello there."), "not-json", "neither JSON nor a table"},
		{"array that goes on", append(bytes.Clone(own), "{}"...), "not-json", "After the JSON array of 4 rows"},
		{"other columns", []byte(`{"text": "a", "label": 1}`), "missing-columns",
			"The file has the columns label, text, but not chosen, rejected, score_chosen, score_rejected."},
		{"one column missing", []byte("prompt,chosen,rejected,score_chosen\np,a,b,2\n"), "missing-columns", "but not score_rejected."},
		{"array cut within a row", own[:len(own)/2], "truncated", "at row 2"},
		{"array without its bracket", bytes.TrimRight(own, "]\n"), "truncated", "at row 4"},
		{"gzip cut in the middle", packed[:len(packed)/2], "truncated", "ends in the middle"},
		{"gzip cut in its header", packed[:5], "truncated", "ends in the middle"},
		{"gzip cut in its sum", packed[:len(packed)-3], "truncated", "ends in the middle"},
		{"gzip damaged", damaged, "damaged", "damaged"},
		{"gzip with a wrong sum", checksum, "damaged", "damaged"},
		{"no row usable", csvOf("", "N/A", "2", "NaN", "2", "3", ""), "no-usable-rows",
			"None of the 3 rows can be used. Most often (2): score_chosen is not a number. " +
				"The first, in line 2: score_chosen is not a number: N/A."},
		{"nothing is JSON", []byte("{\n\"prompt\": 1\n}\n"), "no-usable-rows", "not JSON"},
		{"open quotation mark", append(csvOf("", "3", "2"), `"`+strings.Repeat("x\n", maxRowBytes)...), "not-json",
			"After line 2 the table has a row longer than 16 MB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := importBytes(test.content)
			require.Error(t, err)
			assert.Equal(t, test.code, ErrorCode(err), err)
			assert.Contains(t, err.Error(), test.says)
		})
	}
}

func TestUnknownFileIsNotReadToItsEnd(t *testing.T) {
	content := strings.Repeat(`{"text": "a"}`+"\n", 1_000_000)
	r := strings.NewReader(content)
	_, err := Import(File{"file", -1, r}, nil, noProgress)
	assert.Equal(t, "missing-columns", ErrorCode(err))
	assert.Greater(t, r.Len(), len(content)/2)
}

func TestTooLarge(t *testing.T) {
	t.Run("by its size, unread", func(t *testing.T) {
		_, err := Import(File{"file", 300 << 20, nil}, nil, noProgress)
		assert.Equal(t, "too-large", ErrorCode(err))
		assert.Equal(t, "The file has 300 MB; the most that can be imported is 256 MB.", err.Error())
	})
	t.Run("while reading", func(t *testing.T) {
		row := `{"prompt": "p", "chosen": "a", "rejected": "b", "score_chosen": 5, "score_rejected": 4}`
		line := row + strings.Repeat(" ", 1<<20) + "\n"
		_, err := Import(File{"file", -1, endless(line)}, func([]Record) error { return nil }, noProgress)
		assert.Equal(t, "too-large", ErrorCode(err))
	})
}

func TestTooLargeUnpacked(t *testing.T) {
	if runtime.GOOS == "js" {
		t.Skip("takes long there: it unpacks a gigabyte")
	}
	member := compress(t, bytes.Repeat([]byte("x"), 32<<20)) // gzip files one after the other are one gzip file
	content := append(compress(t, fixture(t, "own.jsonl")), bytes.Repeat(member, maxUnpacked>>25)...)
	_, _, err := importBytes(content)
	assert.Equal(t, "too-large", ErrorCode(err))
	assert.Contains(t, err.Error(), "Unpacked, the file is larger than 1024 MB")
}

// endless returns a reader that repeats text.
func endless(text string) io.Reader { return &repeater{text: text} }

type repeater struct {
	text string
	at   int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

func TestLongRowIsSkipped(t *testing.T) {
	row := `{"prompt":"p","chosen":"a","rejected":"b","score_chosen":5,"score_rejected":4}`
	long := strings.Replace(row, `"p"`, `"`+strings.Repeat("x", maxRowBytes+190_000)+`"`, 1)
	row += strings.Repeat(" ", 20_000) // so that the last piece of the long row would fit in again
	for _, content := range []string{row + "\n" + long + "\n" + row, "[" + row + "," + long + "," + row + "]"} {
		_, report, err := importBytes([]byte(content))
		require.NoError(t, err)
		assert.Equal(t, []Example{{2, "longer than 16 MB"}}, report.Examples)
		assert.Equal(t, 2, report.Used)
	}
}

func TestImportStopsWhenTold(t *testing.T) {
	stop := errors.New("stop")
	content := bytes.Repeat(fixture(t, "own.jsonl"), 500)
	rows := 0
	_, err := Import(File{"file", -1, bytes.NewReader(content)}, func([]Record) error { return nil }, func(read int64, n int) error {
		assert.Greater(t, read, int64(0))
		rows = n
		return stop
	})
	assert.Equal(t, stop, err)
	assert.Equal(t, ChunkRecords, rows)

	_, err = Import(File{"file", -1, bytes.NewReader(content)}, func([]Record) error { return stop }, noProgress)
	assert.Equal(t, stop, err)

	broken := iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(content)))
	_, err = Import(File{"file", -1, broken}, func([]Record) error { return nil }, noProgress)
	assert.Equal(t, "unreadable", ErrorCode(err))
}

func TestFormatsAreTold(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Formats {
		assert.False(t, seen[f.ID], f.ID)
		seen[f.ID] = true
		columns := row{}
		for _, c := range f.Columns {
			columns = append(columns, column{c, cell{[]byte("Human: hello"), true}}) // the beginning of a transcript
		}
		if f.ID == "trl" {
			columns[0].value = cell{[]byte("hello"), true}
		}
		got, missing := recognize(columns)
		assert.Empty(t, missing)
		assert.Equal(t, f.ID, got.ID, "no format before it may claim its columns")
		assert.NotEqual(t, f.comparisons == nil, f.response == nil, "one of the two reads its rows")
		assert.Regexp(t, `^[A-Z].+\.$`, f.Grade, "a sentence")
	}
}

func FuzzImport(f *testing.F) {
	files, err := testdata.ReadDir("testdata")
	require.NoError(f, err)
	for _, file := range files {
		if !file.IsDir() {
			f.Add(fixture(f, file.Name()))
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		records, report, err := importBytes(content)
		if !bytes.HasPrefix(content, []byte{0x1f, 0x8b}) {
			packed, _, packedErr := importBytes(compress(t, content))
			require.Equal(t, records, packed, "compressed it is the same file")
			require.Equal(t, err == nil, packedErr == nil)
		}
		skipped := 0
		for _, s := range report.Skipped {
			skipped += s.Count
		}
		if err != nil {
			require.NotEmpty(t, ErrorCode(err), err)
			return
		}
		require.NotEmpty(t, records)
		require.Equal(t, report.Rows, report.Used+skipped)
		require.True(t, report.Scale.valid())
		decoded, err := DecodeData(EncodeData(report.Scale, EncodeChunk(records)))
		require.NoError(t, err)
		for _, r := range decoded {
			inOrder := ScaleMin <= r.ScoreRejected && r.ScoreRejected <= r.ScoreChosen && r.ScoreChosen <= ScaleMax
			require.True(t, inOrder, "%v %v", r, report.Scale)
		}
	})
}

func BenchmarkImport(b *testing.B) {
	var content bytes.Buffer
	text := strings.Repeat("words of a response ", 15)
	for i := range 10_000 {
		fmt.Fprintf(&content, `{"prompt":"%d %s","chosen":"good \"%s\"","rejected":"bad\n%s","score_chosen":%d,"score_rejected":2}`+"\n",
			i/2, text, text, text, 3+i%7)
	}
	b.SetBytes(int64(content.Len()))
	for b.Loop() {
		_, err := Import(File{"file", -1, bytes.NewReader(content.Bytes())}, func([]Record) error { return nil }, noProgress)
		require.NoError(b, err)
	}
}
