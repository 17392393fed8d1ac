package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// awkward are records with what containers may stumble on, and scores whose digits must all be written.
var awkward = []Record{
	{"plain", "a", "b", 9.1, 1.0 / 3 * 4},
	{"commas, \"quotes\"\nand lines\n\n", "a\tb \\ \u2028 </script> & '", " leading, trailing ", 5.5, 5.5},
	{"[1, 2]", `{"a": 1}`, "null", 7.000000000000001, 1},
	{"Grüße 👋🏽", "=1+1", "\\.", 10, 1},
	{"\n\nHuman: hi\n\nAssistant:", "Human: a", "Assistant: b", 3.25, 3},
}

// export returns records written in a format and a container.
func export(t *testing.T, records []Record, id, container string) []byte {
	t.Helper()
	format, ok := FindExportFormat(id)
	require.True(t, ok)
	var b bytes.Buffer
	e, err := NewExporter(&b, format, container, 0.5)
	require.NoError(t, err)
	for i := range records { // one at a time, since pieces must not show
		require.NoError(t, e.Write(records[i:i+1]))
	}
	require.NoError(t, e.Close())
	return b.Bytes()
}

func TestExport(t *testing.T) {
	record := []Record{{"p", "c,", "r", 8, 6.5}}
	const head, conversation = "prompt,chosen,rejected,score_chosen,score_rejected,margin,p_chosen,scale_min,scale_max\n",
		`[{""role"":""user"",""content"":""p""},{""role"":""assistant"",""content"":""`
	tests := []struct{ format, container, want string }{
		{"margins", "jsonl", `{"prompt": "p", "chosen": "c,", "rejected": "r", "score_chosen": 8, "score_rejected": 6.5, ` +
			`"margin": 1.5, "p_chosen": 0.679178699175393, "scale_min": 1, "scale_max": 10}` + "\n"}, // 1 / (1 + e^-0.75)
		{"margins", "csv", head + `p,"c,",r,8,6.5,1.5,0.679178699175393,1,10` + "\n"},
		{"trl", "jsonl", `{"prompt": "p", "chosen": "c,", "rejected": "r", "margin": 1.5}` + "\n"},
		{"trl", "csv", "prompt,chosen,rejected,margin\n" + `p,"c,",r,1.5` + "\n"},
		{"reward", "jsonl", `{"chosen": [{"role":"user","content":"p"},{"role":"assistant","content":"c,"}], ` +
			`"rejected": [{"role":"user","content":"p"},{"role":"assistant","content":"r"}], "margin": 1.5}` + "\n"},
		{"reward", "csv", "chosen,rejected,margin\n" + `"` + conversation + `c,""}]","` + conversation + `r""}]",1.5` + "\n"},
	}
	for _, test := range tests {
		t.Run(test.format+"/"+test.container, func(t *testing.T) {
			assert.Equal(t, test.want, string(export(t, record, test.format, test.container)))
		})
	}
	assert.Len(t, tests, len(ExportFormats)*len(ExportContainers), "every format in every container")
}

// What is exported can be imported again, and is the same.
func TestRoundTrip(t *testing.T) {
	for _, format := range ExportFormats {
		for _, container := range ExportContainers {
			t.Run(format.ID+"/"+container, func(t *testing.T) {
				content := export(t, awkward, format.ID, container)
				records, report, err := importBytes(content)
				require.NoError(t, err)
				require.Empty(t, report.Skipped)
				assert.Equal(t, map[string]string{"margins": "margins", "trl": "trl", "reward": "trl"}[format.ID], report.Format)
				records = inPoints(records, report.Scale)
				if format.ID == "margins" {
					assert.Equal(t, awkward, records)
					assert.Equal(t, content, export(t, records, format.ID, container))
					return
				}
				require.Len(t, records, len(awkward))
				for i, want := range awkward {
					assert.Equal(t, want.Prompt+want.Chosen+want.Rejected, records[i].Prompt+records[i].Chosen+records[i].Rejected)
					assert.InDelta(t, want.margin(), records[i].margin(), 1e-14, "the middle of the scores is not written, and rounds")
				}
			})
		}
	}
}

// Each line stands for itself: what reads JSON lines splits at line feeds.
func TestExportedLines(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(string(export(t, awkward, "margins", "jsonl")), "\n"), "\n")
	require.Len(t, lines, len(awkward))
	assert.Contains(t, lines[1], "</script> & '", "for people to read; no page holds these lines")
	for i, line := range lines {
		var got struct {
			Record
			Margin float64
			P      float64 `json:"p_chosen"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &got))
		assert.Equal(t, awkward[i], got.Record)
		assert.Equal(t, awkward[i].ScoreChosen-awkward[i].ScoreRejected, got.Margin)
		assert.InDelta(t, 1/(1+math.Exp(-got.Margin/2)), got.P, 1e-15)
	}
}

func TestExportFrom(t *testing.T) {
	l := newLibrary(memoryShelf{}, false, "")
	info, records := store(t, l, 2600)
	var b bytes.Buffer
	format, _ := FindExportFormat("margins")
	e, err := NewExporter(&b, format, "jsonl", 0.5)
	require.NoError(t, err)
	var seen []int
	require.NoError(t, ExportFrom(l, info.ID, e, func(written, of int) error {
		assert.Equal(t, 2600, of)
		seen = append(seen, written)
		return nil
	}))
	assert.Equal(t, []int{1000, 2000, 2600}, seen)
	assert.Equal(t, string(export(t, records, "margins", "jsonl")), b.String())

	stop := errors.New("stop")
	assert.Equal(t, stop, ExportFrom(l, info.ID, e, func(int, int) error { return stop }))
	assert.Equal(t, "no-dataset", ErrorCode(ExportFrom(l, "x", e, nil)))
}

// full is a disk that has no room left.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestExportErrors(t *testing.T) {
	format, ok := FindExportFormat("trl")
	require.True(t, ok)
	_, ok = FindExportFormat("xml")
	assert.False(t, ok)
	_, err := NewExporter(nil, format, "xml", 0.5)
	assert.EqualError(t, err, `no export is written as "xml"; known are jsonl, csv`)
	_, err = NewExporter(nil, format, "csv", math.NaN())
	assert.EqualError(t, err, "gamma is NaN, and must be a number")
	for _, container := range ExportContainers {
		e, err := NewExporter(full{}, format, container, 0.5)
		require.NoError(t, err)
		require.NoError(t, e.Write(awkward), "still in memory")
		assert.EqualError(t, e.Close(), "no space left")
		long := []Record{{strings.Repeat("x", 1<<20), "a", "b", 2, 1}}
		assert.EqualError(t, e.Write(long), "no space left")
	}
}

func TestTrainScriptComesAlong(t *testing.T) {
	for _, needed := range []string{"def mmpo_loss(", "--gamma", `"prompt", "chosen", "rejected", "margin"`} {
		assert.Contains(t, string(TrainScript), needed)
	}
}
