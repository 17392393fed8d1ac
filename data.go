package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"margins/datasets"
)

// importCommand reads a file as the page would, and keeps nothing.
type importCommand struct {
	File string `arg:"" help:"File of graded pairs: .json, .jsonl or .csv, as it is or as .gz."`
	JSON bool   `name:"json" help:"Print the report as JSON."`
}

// Run prints the report.
func (c *importCommand) Run(ctx context.Context) error {
	file, closeFile, err := openData(c.File)
	if err != nil {
		return err
	}
	defer closeFile()
	report, err := datasets.Import(file, func([]datasets.Record) error { return nil }, watch(ctx, file.Size))
	progress("")
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(report)
	}
	return printReport(os.Stdout, &report)
}

// exportCommand writes a file's pairs in another format.
type exportCommand struct {
	File   string  `arg:"" optional:"" help:"File of graded pairs, as import reads it."`
	To     string  `default:"margins" help:"Format to write: margins, trl or reward."`
	Format string  `default:"jsonl" help:"Container to write it in: jsonl or csv."`
	Gamma  float64 `default:"0.5" help:"MMPO's gamma, for the column p_chosen of margins."`
	Script bool    `help:"Write train_mmpo.py instead, which trains a language model with MMPO on an export to trl."`
}

// Run writes to standard output.
func (c *exportCommand) Run(ctx context.Context) error {
	if c.Script {
		_, err := os.Stdout.Write(datasets.TrainScript)
		return err
	}
	if c.File == "" {
		return errors.New("name the file to export")
	}
	format, ok := datasets.FindExportFormat(c.To)
	if !ok {
		return fmt.Errorf("--to %s is not an export format; known are %s", c.To, exportFormats())
	}
	exporter, err := datasets.NewExporter(os.Stdout, format, c.Format, c.Gamma)
	if err != nil {
		return err
	}
	file, closeFile, err := openData(c.File)
	if err != nil {
		return err
	}
	defer closeFile()
	// What the scores mean is known only at the end of the file, so that all of it has to be kept until then.
	store := datasets.NewMemoryStore("")
	info, report, err := datasets.ImportTo(store, file, watch(ctx, file.Size))
	progress("")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d comparisons from %d of %d rows, read as %s.\n",
		report.Comparisons, report.Used, report.Rows, report.FormatTitle)
	return datasets.ExportFrom(store, info.ID, exporter, func(int, int) error { return ctx.Err() })
}

func exportFormats() string {
	var ids []string
	for _, f := range datasets.ExportFormats {
		ids = append(ids, f.ID)
	}
	return strings.Join(ids, ", ")
}

// openData opens a file for import.
func openData(name string) (file datasets.File, closeFile func() error, err error) {
	f, err := os.Open(name)
	if err != nil {
		return file, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return file, nil, errors.Join(err, f.Close())
	}
	if info.IsDir() {
		return file, nil, errors.Join(fmt.Errorf("%s is a folder", name), f.Close())
	}
	size := info.Size()
	if !info.Mode().IsRegular() {
		size = -1 // a pipe does not know
	}
	return datasets.File{Name: filepath.Base(name), Size: size, Reader: f}, f.Close, nil
}

// watch shows how far an import is, and ends it with the context.
func watch(ctx context.Context, size int64) func(int64, int) error {
	return func(read int64, rows int) error {
		progress("%d rows, %d of %d MB", rows, read>>20, max(size, read)>>20)
		return ctx.Err()
	}
}

// printReport writes a report for people.
func printReport(to io.Writer, r *datasets.Report) error {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("Read as %s (%s). %s", r.FormatTitle, r.Container, r.Grade)
	say("%d rows, %d used, %d skipped; %d comparisons of %d prompts.", r.Rows, r.Used, r.Rows-r.Used, r.Comparisons, r.Prompts)
	say("Scores from %g to %g (%s), shown in points from 1 to 10.", r.Scale.Min, r.Scale.Max, r.Scale.How)
	say("%d ties (%.1f %%), %d duplicates, %d turned round, %d left out.",
		r.Ties, 100*float64(r.Ties)/float64(r.Comparisons), r.Duplicates, r.Swapped, r.LeftOut)
	say("Margins, in points:")
	most := max(1, slices.Max(r.Histogram))
	for i, n := range r.Histogram {
		say("  %3.1f %-40s %d", float64(i)/2, strings.Repeat("#", (40*n+most-1)/most), n)
	}
	for _, s := range r.Skipped {
		say("%d skipped: %s", s.Count, s.Reason)
	}
	for _, e := range r.Examples {
		say("  %s %d: %s", r.Unit, e.Row, e.Reason)
	}
	_, err := io.WriteString(to, b.String())
	return err
}
