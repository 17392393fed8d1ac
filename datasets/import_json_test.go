package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// jsonTexts are JSON and near-JSON, for the scanner and its fuzzer.
var jsonTexts = []string{
	`{}`, ` { } `, `{"a":1}`, `{"a" : -0.5e+10 , "b":[ ],"c":{ },"d":[1,[2,{"e":null}]]}`, `{"a":true,"b":false,"a":"last"}`,
	`{"\u0061\n":"\u00e9\ud83d\ude00\ud800\udc"}`, `{"a":"\ud800x\ud800\u0041\udc00\ud83d\\u"}`, `{"a":"\"\\\/\b\f\n\r\t"}`,
	`{"":""}`, "{\"a\":\"\xff\"}", `{"a":0}`, `{"a":-0}`, `{"a":1E5}`, `{"a":"a` + strings.Repeat(`\u0000`, 3) + `"}`,

	``, ` `, `null`, `[]`, `1`, `"a"`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{a:1}`, `{"a" 1}`, `{"a":1 "b":2}`, `{"a":1}}`,
	`{"a":1} x`, `{"a":[1,]}`, `{"a":[1`, `{"a":[,1]}`, `{"a":{"b"}}`, `{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":1e}`, `{"a":1e+}`,
	`{"a":-}`, `{"a":+1}`, `{"a":NaN}`, `{"a":-Infinity}`, `{"a":nul}`, `{"a":tru}`, `{"a":truer}`, `{"a":"\x"}`, `{"a":"\u12g4"}`,
	`{"a":"\u123`, `{"a":"\`, `{"a":"`, "{\"a\":\"\n\"}", "{\"a\":\"\x1f\"}", `{"a":'b'}`, "{\"a\":1\v}", `{,"a":1}`, `{"a":}`,
	`{"a":1;"b":2}`,
	`{"a":` + strings.Repeat("[", 199) + strings.Repeat("]", 199) + `}`,
	`{"a":` + strings.Repeat("[", 199) + strings.Repeat("]", 198) + `}`,
}

// checkRow compares what the scanner makes of text with encoding/json's word.
func checkRow(t *testing.T, text []byte) {
	var want map[string]json.RawMessage
	fails := json.Unmarshal(text, &want) != nil || want == nil
	// A row before it, from whose memory nothing may come.
	r, err := parseRow([]byte(`{"a":"before","b":2,"c":[]}`), nil)
	require.NoError(t, err)
	r, err = parseRow(text, r)
	if err == errDeep {
		return
	}
	require.Equal(t, fails, err != nil, "%v", err)
	if fails {
		require.True(t, errors.As(err, new(flaw)))
		return
	}
	if !utf8.Valid(text) {
		return // a name of several bytes that are no UTF-8 is one U+FFFD here, and one a byte there
	}
	require.ElementsMatch(t, r.columns(), rowOf(want).columns())
	for name, value := range want {
		c, ok := r.find(name)
		require.True(t, ok)
		require.Equal(t, string(bytes.TrimSpace(value)), string(c.bytes))
		var text string
		if json.Unmarshal(value, &text) == nil && string(value) != "null" {
			got, ok := c.text()
			require.True(t, ok)
			require.Equal(t, text, got)
		}
	}
}

func rowOf(members map[string]json.RawMessage) (r row) {
	for name := range members {
		r = append(r, column{name: name})
	}
	return r
}

func TestRowsAgreeWithEncodingJSON(t *testing.T) {
	for _, text := range jsonTexts {
		t.Run(text[:min(len(text), 40)], func(t *testing.T) { checkRow(t, []byte(text)) })
	}
}

func TestDeepRowsAreRefused(t *testing.T) {
	for _, depth := range []int{200, 100_000} { // and the row itself
		for _, text := range []string{
			`{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`,
			strings.Repeat(`{"a":`, depth+1) + "1" + strings.Repeat("}", depth+1),
		} {
			_, err := parseRow([]byte(text), nil)
			assert.Equal(t, errDeep, err)
		}
	}
}

func TestRowsRememberNothing(t *testing.T) {
	first, err := parseRow([]byte(`{"a":1,"b":2,"c":3}`), nil)
	require.NoError(t, err)
	second, err := parseRow([]byte(`{"b":4}`), first)
	require.NoError(t, err)
	assert.Equal(t, []string{"b"}, second.columns())
	assert.Equal(t, []string{"a", "c"}, second.lacks([]string{"a", "b", "c"}))
}

func TestRowsReadTheirNamesAnew(t *testing.T) {
	first, err := parseRow([]byte(`{"\\u0061":1}`), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{`\u0061`}, first.columns())
	second, err := parseRow([]byte(`{"\u0061":1}`), first)
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, second.columns(), "though the bytes between the quotation marks are those of the name before")
}

func FuzzRow(f *testing.F) {
	for _, text := range jsonTexts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkRow(t, text) })
}

// FuzzFormats lets every format read every row: no row makes one panic, or give what the rest cannot hold.
func FuzzFormats(f *testing.F) {
	for _, test := range formatTests {
		content := fixture(f, test.file)
		if content[0] == '[' {
			var elements []json.RawMessage
			require.NoError(f, json.Unmarshal(content, &elements))
			for _, e := range elements {
				f.Add([]byte(e))
			}
			continue
		}
		for line := range bytes.Lines(content) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := parseRow(text, nil)
		if err != nil {
			return
		}
		for _, format := range Formats {
			var records []Record
			if format.fits != nil {
				format.fits(r)
			}
			if format.response != nil {
				var graded response
				_, graded, err = format.response(r)
				records = []Record{{ScoreChosen: graded.score}}
			} else {
				var possible int
				records, possible, err = format.comparisons(r)
				require.True(t, err != nil || 1 <= len(records) && len(records) <= possible)
			}
			_, scaleErr := format.scale(r)
			for _, err := range []error{err, scaleErr} {
				require.True(t, err == nil || errors.As(err, new(flaw)), "%v", err)
			}
			if err != nil {
				continue
			}
			for _, rec := range records {
				require.LessOrEqual(t, math.Abs(rec.ScoreChosen)+math.Abs(rec.ScoreRejected), 2*maxScore)
				require.True(t, utf8.ValidString(rec.Prompt+rec.Chosen+rec.Rejected))
			}
		}
	})
}
