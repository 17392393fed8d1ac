package datasets

import (
	"bufio"
	"bytes"
	_ "embed" // for the training script
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"margins/repro"
)

// TrainScript is train_mmpo.py, which trains a language model with MMPO on an export for TRL.
//
//go:embed export/train_mmpo.py
var TrainScript []byte

// ExportFormat is a layout of columns that records can be written in.
type ExportFormat struct {
	ID      string   `json:"id"` // permanent: scripts name it
	Title   string   `json:"title"`
	Help    string   `json:"help"` // one plain sentence
	Columns []string `json:"columns"`

	// values returns what the columns hold: texts, numbers or conversations.
	values func(r *Record, gamma float64) []any
}

// ExportFormats lists what can be written. An import of what was written gives the same texts and margins, and of the program's own
// format the same scores too.
var ExportFormats = []ExportFormat{
	{
		ID:    "margins",
		Title: "Graded pairs",
		Help:  "All that is known of each pair: both scores in points, their margin, and the probability that MMPO aims at.",
		Columns: []string{
			"prompt", "chosen", "rejected", "score_chosen", "score_rejected", "margin", "p_chosen", "scale_min", "scale_max",
		},
		values: func(r *Record, gamma float64) []any {
			return []any{
				r.Prompt, r.Chosen, r.Rejected, r.ScoreChosen, r.ScoreRejected, r.margin(), repro.Sigmoid(float64(gamma * r.margin())),
				ScaleMin, ScaleMax,
			}
		},
	},
	{
		ID:      "trl",
		Title:   "TRL preference data",
		Help:    "What TRL's DPOTrainer reads, with the margin in points for train_mmpo.py.",
		Columns: []string{"prompt", "chosen", "rejected", "margin"},
		values: func(r *Record, _ float64) []any {
			return []any{r.Prompt, r.Chosen, r.Rejected, r.margin()}
		},
	},
	{
		ID:      "reward",
		Title:   "TRL reward data",
		Help:    "What TRL's RewardTrainer reads: two conversations and the margin in points, which it subtracts from the rewards' difference.",
		Columns: []string{"chosen", "rejected", "margin"},
		values: func(r *Record, _ float64) []any {
			return []any{r.conversation(r.Chosen), r.conversation(r.Rejected), r.margin()}
		},
	},
}

// FindExportFormat returns the export format of that id.
func FindExportFormat(id string) (*ExportFormat, bool) {
	for i := range ExportFormats {
		if ExportFormats[i].ID == id {
			return &ExportFormats[i], true
		}
	}
	return nil, false
}

func (r *Record) margin() float64 { return r.ScoreChosen - r.ScoreRejected }

// conversation returns the prompt and a response as messages.
func (r *Record) conversation(response string) []turn {
	return []turn{{Role: "user", Content: r.Prompt}, {Role: "assistant", Content: response}}
}

// ExportContainers lists the containers that an export can be in.
var ExportContainers = []string{"jsonl", "csv"}

// Exporter writes records as they come, holding one at a time.
type Exporter struct {
	format *ExportFormat
	gamma  float64
	out    *bufio.Writer
	table  *csv.Writer // nil for JSON lines
	buffer bytes.Buffer
	json   *json.Encoder // into buffer
}

// NewExporter returns an exporter that writes to w: in the container "jsonl" an object a line, in "csv" a table whose first line has
// the columns' names. Numbers are written with all their digits. In a table a conversation is written as JSON, and a reader may make a
// line feed of the carriage return and line feed within a text. Gamma is MMPO's, by which p_chosen = sigma(gamma margin).
func NewExporter(w io.Writer, format *ExportFormat, container string, gamma float64) (*Exporter, error) {
	if math.IsNaN(gamma) || math.IsInf(gamma, 0) {
		return nil, fmt.Errorf("gamma is %g, and must be a number", gamma)
	}
	e := &Exporter{format: format, gamma: gamma, out: bufio.NewWriterSize(w, 64<<10)}
	e.json = json.NewEncoder(&e.buffer)
	e.json.SetEscapeHTML(false)
	switch container {
	case "jsonl":
		return e, nil
	case "csv":
		e.table = csv.NewWriter(e.out)
		return e, e.table.Write(format.Columns)
	}
	return nil, fmt.Errorf("no export is written as %q; known are %s", clip(container), list(ExportContainers))
}

// Write writes records, whose scores are in points. What it returns is w's error.
func (e *Exporter) Write(records []Record) error {
	for i := range records {
		values := e.format.values(&records[i], e.gamma)
		write := e.line
		if e.table != nil {
			write = e.cells
		}
		if err := write(values); err != nil {
			return err
		}
	}
	return nil
}

// line writes values as a line of JSON, in the order of the columns.
func (e *Exporter) line(values []any) error {
	for i, value := range values {
		before := ", "
		if i == 0 {
			before = "{"
		}
		e.out.WriteString(before + strconv.Quote(e.format.Columns[i]) + ": ") // the names are plain: Go and JSON quote them alike
		e.out.Write(e.encode(value))
	}
	_, err := e.out.WriteString("}\n") // has the error of those before
	return err
}

// cells writes values as a line of a table.
func (e *Exporter) cells(values []any) error {
	fields := make([]string, len(values))
	for i, value := range values {
		text, ok := value.(string)
		if !ok {
			text = string(e.encode(value))
		}
		fields[i] = text
	}
	return e.table.Write(fields)
}

// encode returns a value as JSON, valid until the next call.
func (e *Exporter) encode(value any) []byte {
	e.buffer.Reset()
	if err := e.json.Encode(value); err != nil {
		panic("datasets: " + err.Error()) // only a NaN could do that, and points are numbers
	}
	return bytes.TrimSuffix(e.buffer.Bytes(), []byte("\n"))
}

// Close writes what is left in memory. It does not close w.
func (e *Exporter) Close() error {
	if e.table != nil {
		e.table.Flush() // its error is out's
	}
	return e.out.Flush()
}

// ExportFrom writes a stored data set and closes the exporter. progress is told, every so often, how many records of how many have been
// written; its errors end the export and are returned as they are.
func ExportFrom(store Store, id string, to *Exporter, progress func(written, records int) error) error {
	info, err := store.Info(id)
	if err != nil {
		return err
	}
	for at := 0; at < info.Records; {
		records, err := store.Records(id, at, 4*ChunkRecords)
		if err != nil {
			return err
		}
		if err := to.Write(records); err != nil {
			return err
		}
		at += len(records)
		if err := progress(at, info.Records); err != nil {
			return err
		}
	}
	return to.Close()
}
