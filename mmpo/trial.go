package mmpo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Trial is one run of a sweep and what it came to. It is kept by its key, in a file as one line of JSON.
type Trial struct {
	Key        string             `json:"key"`    // Experiment.Key of its engine
	Engine     string             `json:"engine"` // EngineVersion of who ran it
	Link       string             `json:"link"`   // repeats it
	Experiment Experiment         `json:"experiment"`
	Metrics    map[string]float32 `json:"metrics"` // by id, those of the last row that are numbers
	Path       []Checkpoint       `json:"path"`    // the run on its way, from the reference on
	Parts      map[string]float32 `json:"parts"`   // mean points by attribute of the world, of the responses at the end
	Samples    []SampleView       `json:"samples"` // some of those responses
	// Fingerprint is the SHA-256 of the final weights, or of the last sound ones.
	Fingerprint string  `json:"fingerprint"`
	Diverged    string  `json:"diverged,omitempty"` // what happened, if it did
	Seconds     float64 `json:"seconds"`            // that the run took on the clock, pairs and evaluations included
}

// Checkpoint is what samples said of a run after a step.
type Checkpoint struct {
	Step    int                `json:"step"`
	Metrics map[string]float32 `json:"metrics"` // by id, those whose split is "samples" and that are numbers
}

// NewTrial returns the trial of a run of e that has not begun.
func NewTrial(e Experiment) *Trial {
	return &Trial{
		Key: e.Key(EngineVersion), Engine: EngineVersion, Link: e.Link(), Experiment: e,
		Path: []Checkpoint{}, Parts: map[string]float32{}, Samples: []SampleView{},
	}
}

// Note takes in a row of the run, and what its evaluation showed if it had one. Rows come in their order; the last one that comes counts
// as the run's end.
func (o *Trial) Note(row Row, shown *Evaluation) {
	if shown != nil {
		o.Samples = shown.Samples
		for _, part := range shown.Parts {
			o.Parts[part.ID] = float32(part.Points)
		}
	}
	o.Metrics = map[string]float32{}
	samples := map[string]float32{}
	for _, m := range Metrics {
		x := row.At(m.ID)
		if math.IsNaN(x) || math.IsInf(x, 0) { // JSON has neither
			continue
		}
		o.Metrics[m.ID] = float32(x)
		if m.Split == "samples" {
			samples[m.ID] = float32(x)
		}
	}
	if len(samples) > 0 {
		o.Path = append(o.Path, Checkpoint{Step: int(row[0]), Metrics: samples})
	}
}

// Finish completes the trial. Diverged is Run.Diverged.
func (o *Trial) Finish(fingerprint, diverged string, seconds float64) {
	o.Fingerprint, o.Diverged, o.Seconds = fingerprint, diverged, seconds
}

// At returns a readout of the run's end, a metric or a part of the score, NaN if it was not measured.
func (o *Trial) At(readout string) float64 {
	from := o.Metrics
	part, isPart := strings.CutPrefix(readout, partPrefix)
	if isPart {
		from, readout = o.Parts, part
	}
	if x, ok := from[readout]; ok {
		return float64(x)
	}
	return math.NaN()
}

// Along returns a metric at each checkpoint, NaN where it was not measured.
func (o *Trial) Along(metric string) []float64 {
	all := make([]float64, len(o.Path))
	for i, c := range o.Path {
		x, ok := c.Metrics[metric]
		if all[i] = float64(x); !ok {
			all[i] = math.NaN()
		}
	}
	return all
}

// Same tells whether two runs of one key came to the same: they may only differ in how long they took.
func (o *Trial) Same(other *Trial) bool {
	a, b := *o, *other
	a.Seconds, b.Seconds = 0, 0
	return bytes.Equal(a.Encode(), b.Encode())
}

// Encode returns the trial as a line of JSON, with its end.
func (o *Trial) Encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // a link's & stays one
	if err := e.Encode(o); err != nil {
		panic("mmpo: " + err.Error()) // its numbers are finite
	}
	return b.Bytes()
}

// fingerprintDigits is the length of a SHA-256 in hexadecimal.
const fingerprintDigits = 64

// DecodeTrial reads a line that Encode wrote, and checks that it is whole: its link and its key are those of its experiment.
func DecodeTrial(line []byte) (*Trial, error) {
	var o Trial
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("it is not a run of a sweep: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the run on its line")
	}
	if err := o.Experiment.Validate(); err != nil {
		return nil, err
	}
	switch {
	case o.Key != o.Experiment.Key(o.Engine):
		return nil, errors.New("its key is not that of its experiment: it was changed, or made by a program with other settings")
	case o.Link != o.Experiment.Link():
		return nil, errors.New("its link is not that of its experiment")
	case len(o.Fingerprint) != fingerprintDigits || strings.Trim(o.Fingerprint, "0123456789abcdef") != "":
		return nil, fmt.Errorf("its fingerprint %q is not a SHA-256", o.Fingerprint)
	case !(o.Seconds >= 0):
		return nil, fmt.Errorf("it took %v seconds, which cannot be", o.Seconds)
	case len(o.Path) == 0:
		return nil, errors.New("it has no measurements")
	}
	return &o, nil
}
