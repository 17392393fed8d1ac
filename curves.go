package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"margins/mmpo"
)

// curves are the rows of a run, as the page's menu saves them, too. A CSV file has a column for the step and one for each metric, a JSON
// file what is below; a number that was not measured is an empty field or null.
type curves struct {
	Engine  string    `json:"engine"`
	Link    string    `json:"link"`    // of a comparison that has the run on both sides
	Metrics []string  `json:"metrics"` // the columns after the step
	Rows    [][]value `json:"rows"`    // step, then the metrics
}

// value is a float32 that is written in the fewest digits that read back as the same number.
type value float32

func (v value) String() string {
	if x := float64(v); !math.IsNaN(x) && !math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'g', -1, 32)
	}
	return ""
}

func (v value) MarshalJSON() ([]byte, error) {
	if s := v.String(); s != "" {
		return []byte(s), nil
	}
	return []byte("null"), nil
}

func (v *value) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*v = value(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float32)(v))
}

func parseValue(s string) (value, error) {
	if s == "" {
		return value(math.NaN()), nil
	}
	x, err := strconv.ParseFloat(s, 32)
	return value(x), err
}

// newCurves returns the curves of a run of e that has no rows yet.
func newCurves(e mmpo.Experiment) *curves {
	c := &curves{Engine: mmpo.EngineVersion, Link: e.Link(), Rows: [][]value{}}
	for _, m := range mmpo.Metrics {
		c.Metrics = append(c.Metrics, m.ID)
	}
	return c
}

// add appends a row, unless its step is there already.
func (c *curves) add(row mmpo.Row) {
	if n := len(c.Rows); n > 0 && c.Rows[n-1][0] >= value(row[0]) {
		return
	}
	values := make([]value, len(row))
	for i, x := range row {
		values[i] = value(x)
	}
	c.Rows = append(c.Rows, values)
}

// curvesFormats are the ways to write curves and to read their rows again, by the file's extension.
var curvesFormats = map[string]struct {
	write func(*curves, io.Writer) error
	read  func(*curves, io.Reader) error
}{
	".csv":  {(*curves).writeCSV, (*curves).readCSV},
	".json": {(*curves).writeJSON, (*curves).readJSON},
}

// checkCurves returns an error if curves cannot be written to a file of that name.
func checkCurves(name string) error {
	if _, ok := curvesFormats[filepath.Ext(name)]; !ok && name != "" {
		return fmt.Errorf("--curves writes files that end in .csv or .json, not %q", name)
	}
	return nil
}

// save writes the curves to a file, if there is a name.
func (c *curves) save(name string) error {
	if name == "" {
		return nil
	}
	return writeFile(name, func(w io.Writer) error { return curvesFormats[filepath.Ext(name)].write(c, w) })
}

// load reads a file's rows up to a step. A file that is not there has none.
func (c *curves) load(name string, step int) error {
	f, err := os.Open(name)
	if name == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := curvesFormats[filepath.Ext(name)].read(c, f); err != nil {
		return fmt.Errorf("%s does not hold curves that can be continued: %w", name, err)
	}
	for i, row := range c.Rows {
		if row[0] > value(step) {
			c.Rows = c.Rows[:i]
			break
		}
	}
	return nil
}

func (c *curves) writeCSV(to io.Writer) error {
	w := csv.NewWriter(to)
	fields := append([]string{"step"}, c.Metrics...)
	if err := w.Write(fields); err != nil {
		return err
	}
	for _, row := range c.Rows {
		for i, v := range row {
			fields[i] = v.String()
		}
		if err := w.Write(fields); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func (c *curves) readCSV(from io.Reader) error {
	records, err := csv.NewReader(from).ReadAll()
	if err != nil {
		return err
	}
	rows := [][]value{}
	for i, fields := range records {
		if i == 0 {
			if err := c.expect(fields[1:]); err != nil {
				return err
			}
			continue
		}
		row := make([]value, len(fields))
		for j, field := range fields {
			if row[j], err = parseValue(field); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
		}
		rows = append(rows, row)
	}
	c.Rows = rows
	return nil
}

func (c *curves) writeJSON(to io.Writer) error {
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	return e.Encode(c)
}

func (c *curves) readJSON(from io.Reader) error {
	var kept curves
	if err := json.NewDecoder(from).Decode(&kept); err != nil {
		return err
	}
	if kept.Engine != c.Engine || kept.Link != c.Link {
		return fmt.Errorf("they are of engine %s and %s", kept.Engine, kept.Link)
	}
	if err := c.expect(kept.Metrics); err != nil {
		return err
	}
	for i, row := range kept.Rows {
		if len(row) != 1+len(c.Metrics) {
			return fmt.Errorf("row %d has %d numbers, not %d", i+1, len(row), 1+len(c.Metrics))
		}
	}
	c.Rows = kept.Rows
	return nil
}

// expect returns an error if the metrics of a file are not those of this program.
func (c *curves) expect(metrics []string) error {
	if len(metrics) != len(c.Metrics) {
		return fmt.Errorf("they have %d metrics, and a run has %d", len(metrics), len(c.Metrics))
	}
	for i, m := range metrics {
		if m != c.Metrics[i] {
			return fmt.Errorf("column %d is %q, not %q", i+2, m, c.Metrics[i])
		}
	}
	return nil
}

// writeFile writes a file as a whole or not at all: what was there stays until the new one is complete.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
