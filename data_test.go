package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
)

// printed returns what a command writes to standard output, and its error.
func printed(t *testing.T, command interface{ Run(context.Context) error }) (string, error) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer out.Close()
	stdout := os.Stdout
	os.Stdout = out
	runErr := command.Run(t.Context())
	os.Stdout = stdout
	text, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	return string(text), runErr
}

func TestImportCommand(t *testing.T) {
	const file = "datasets/testdata/ultrafeedback.jsonl"
	text, err := printed(t, &importCommand{File: file})
	require.NoError(t, err)
	for _, line := range []string{
		"3 rows, 2 used, 1 skipped; 8 comparisons of 2 prompts.",
		"Scores from 1 to 10 (format), shown in points from 1 to 10.",
		"1 ties (12.5 %), 1 duplicates, 1 turned round, 4 left out.",
		"  2.5 " + strings.Repeat("#", 40) + " 3",
		"  line 3: completions has not two different responses with a grade",
	} {
		assert.Contains(t, text, line+"\n")
	}
	text, err = printed(t, &importCommand{File: file, JSON: true})
	require.NoError(t, err)
	var report datasets.Report
	require.NoError(t, json.Unmarshal([]byte(text), &report))
	assert.Equal(t, 8, report.Comparisons)

	_, err = printed(t, &importCommand{File: "datasets"})
	assert.EqualError(t, err, "datasets is a folder")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, (&importCommand{File: file}).Run(ctx), context.Canceled)
}

func TestExportCommand(t *testing.T) {
	const file = "datasets/testdata/trl-margin.jsonl"
	text, err := printed(t, &exportCommand{File: file, To: "trl", Format: "jsonl"})
	require.NoError(t, err)
	lines := strings.Split(text, "\n")
	require.Len(t, lines, 4)
	assert.Equal(t, `{"prompt": "Name a bird that cannot fly.", "chosen": "The kiwi, which lives in New Zealand.", `+
		`"rejected": "All birds fly.", "margin": 7.5}`, lines[0])

	text, err = printed(t, &exportCommand{Script: true})
	require.NoError(t, err)
	assert.Equal(t, string(datasets.TrainScript), text)

	for _, bad := range []struct {
		command exportCommand
		says    string
	}{
		{exportCommand{To: "trl", Format: "csv"}, "name the file to export"},
		{exportCommand{File: file, To: "xml", Format: "csv"}, "--to xml is not an export format; known are margins, trl, reward"},
		{exportCommand{File: file, To: "trl", Format: "xml"}, `no export is written as "xml"; known are jsonl, csv`},
	} {
		text, err := printed(t, &bad.command)
		assert.EqualError(t, err, bad.says)
		assert.Empty(t, text)
	}
}
