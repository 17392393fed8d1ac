package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

// shortLink is a comparison whose runs take a second.
const shortLink = "v=1&pairs=32&steps=6&batch=8&evaluate=4&seed=3"

// interrupted is a context that ends after it was asked so many times whether it has.
type interrupted struct {
	context.Context
	left int
}

func (c *interrupted) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// training returns a train command that writes into a folder.
func training(folder, curves string) *trainCommand {
	return &trainCommand{
		settings: withFlags(), side: side{"a"}, From: shortLink, Out: filepath.Join(folder, "run.ckpt"), Curves: filepath.Join(folder, curves), JSON: true,
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

// A run that was stopped by Ctrl-C and went on ends in the same bytes as one that was not: its checkpoint, its curves and its result.
func TestTrainGoesOnWhereItStopped(t *testing.T) {
	for _, curves := range []string{"curves.csv", "curves.json"} {
		t.Run(curves, func(t *testing.T) {
			whole, cut := training(t.TempDir(), curves), training(t.TempDir(), curves)
			want, err := printed(t, whole)
			require.NoError(t, err)

			err = cut.Run(&interrupted{t.Context(), 3})
			require.EqualError(t, err, `stopped at step 3 of 6; the run is saved, and "margins train --resume --out `+cut.Out+" --curves "+cut.Curves+
				`" goes on with it`)
			resumed := &trainCommand{settings: withFlags(), Out: cut.Out, Curves: cut.Curves, Resume: true, JSON: true}
			got, err := printed(t, resumed)
			require.NoError(t, err)
			assert.Equal(t, read(t, whole.Out), read(t, cut.Out))
			assert.Equal(t, read(t, whole.Curves), read(t, cut.Curves))

			var first, second trained
			require.NoError(t, json.Unmarshal([]byte(want), &first))
			require.NoError(t, json.Unmarshal([]byte(got), &second))
			assert.Equal(t, first.Result, second.Result)
			assert.Equal(t, first.Link, second.Link)
			assert.Equal(t, 6, second.Step)
			files, err := os.ReadDir(filepath.Dir(cut.Out))
			require.NoError(t, err)
			assert.Len(t, files, 2, "nothing else is left behind")
		})
	}
}

// The native run is the link's: train, eval of what it saved and eval of the link agree with replay.
func TestEvalAgreesWithTrain(t *testing.T) {
	c := training(t.TempDir(), "curves.csv")
	text, err := printed(t, c)
	require.NoError(t, err)
	var result trained
	require.NoError(t, json.Unmarshal([]byte(text), &result))
	comparison, _, err := mmpo.ParseLink(shortLink)
	require.NoError(t, err)
	reference, err := encodedReference(comparison.A)
	require.NoError(t, err)
	want, err := complete(t.Context(), comparison.A, reference, nil)
	require.NoError(t, err)
	assert.Equal(t, want, result.Result)

	for _, of := range []string{c.Out, shortLink} {
		var out bytes.Buffer
		require.NoError(t, (&evalCommand{side: side{"a"}, Of: of, Samples: 70, JSON: true}).print(t.Context(), &out))
		var got evaluated
		require.NoError(t, json.Unmarshal(out.Bytes(), &got))
		assert.Equal(t, want.Fingerprint, got.Fingerprint)
		assert.Equal(t, comparison.A, got.Experiment)
		assert.Equal(t, 6, got.Step)
		for _, m := range mmpo.Metrics {
			if m.Split != "train" {
				assert.Equal(t, want.Metrics[m.ID], got.Metrics[m.ID], m.ID)
			}
		}
		require.Len(t, got.Samples, 70)
		assert.Equal(t, got.Samples[0].Prompt, got.Samples[64].Prompt, "each of the 64 prompts once, then again")
		assert.NotEqual(t, got.Samples[0], got.Samples[64])
		points := 1.0
		for _, p := range got.Parts {
			points += p.Points
		}
		assert.InDelta(t, got.Metrics["true_score"], points, 1e-5)
	}
}

func TestEvalForPeople(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, (&evalCommand{side: side{"b"}, Of: "#" + shortLink, Samples: 1}).print(t.Context(), &out))
	assert.Regexp(t, `(?s)^mmpo, step 6 of 6\nv=1&.*fingerprint [0-9a-f]{64}\n\neval_loss +0\.\d+ +nats\n.*\nparts of the true score, .*\nwish +\d`+
		`.*confidence and how often the rater agrees\n +pairs +confidence +agreement\n.*\nsamples\n +\d\.\d\d  .* \.\.\..*\.\n$`, out.String())
}

// The native program trains on a file of one's own, and measures what it has trained.
func TestTrainAndEvalOwnData(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.jsonl")
	var lines bytes.Buffer
	for i := range 120 {
		words := []string{"red", "green", "blue", "gray"}
		json.NewEncoder(&lines).Encode(map[string]any{
			"prompt": "say " + words[i%4] + " " + string(rune('a'+i%26)), "chosen": words[i%4] + " is good", "rejected": words[i%4] + " is bad",
			"score_chosen": 6 + i%4, "score_rejected": 2,
		})
	}
	require.NoError(t, os.WriteFile(file, lines.Bytes(), 0o644))
	c := training(t.TempDir(), "curves.csv")
	c.From = "v=1&pairs=32&steps=3&batch=8&width=16&layers=1&heads=1"
	c.Data = file
	text, err := printed(t, c)
	require.NoError(t, err)
	var result trained
	require.NoError(t, json.Unmarshal([]byte(text), &result))
	assert.Regexp(t, "^data:[0-9a-f]{16}$", result.Experiment.World)
	assert.NotContains(t, result.Metrics, "true_score")
	assert.NotContains(t, result.Metrics, "nll", "nobody knows how the raters would grade again")
	assert.Contains(t, result.Metrics, "outcome/nll")

	var out bytes.Buffer
	require.NoError(t, (&evalCommand{ownData: ownData{file}, Of: c.Out}).print(t.Context(), &out))
	assert.Contains(t, out.String(), "\nfingerprint "+result.Fingerprint+"\n")
	assert.ErrorContains(t, (&evalCommand{Of: c.Out}).Run(t.Context()),
		c.Out+": the run is of the data set "+result.Experiment.World+": name its file with --data")
}

func TestTrainAndEvalRefuse(t *testing.T) {
	folder := t.TempDir()
	garbage := filepath.Join(folder, "garbage")
	require.NoError(t, os.WriteFile(garbage, []byte("prompt,chosen"), 0o644))
	other := filepath.Join(folder, "other.csv")
	require.NoError(t, os.WriteFile(other, []byte("step,loss\n0,1\n"), 0o644))
	saved := training(folder, "")
	saved.Curves = ""
	require.Error(t, saved.Run(&interrupted{t.Context(), 1}))
	resume := func(change func(*trainCommand)) *trainCommand {
		c := &trainCommand{settings: withFlags(), Out: saved.Out, Resume: true}
		change(c)
		return c
	}
	for message, command := range map[string]interface{ Run(context.Context) error }{
		"--curves writes files that end in .csv or .json, not \"curves.png\"": &trainCommand{settings: withFlags(), Curves: "curves.png"},
		"leave out the link and the settings":                                 resume(func(c *trainCommand) { c.From = shortLink }),
		"goes on with the settings in the checkpoint":                         resume(func(c *trainCommand) { c.Set = []string{"seed=2"} }),
		"nowhere.ckpt: no such file or directory":                             resume(func(c *trainCommand) { c.Out = "nowhere.ckpt" }),
		garbage + ": this is not a checkpoint of Margins":                     resume(func(c *trainCommand) { c.Out = garbage }),
		"other.csv does not hold curves that can be continued: they have 1":   resume(func(c *trainCommand) { c.Curves = other }),
		"objective: there is no \"best\"":                                     &trainCommand{settings: withFlags(), From: "objective=best"},
		"nothing.ckpt is neither a file nor a link":                           &evalCommand{Of: "nothing.ckpt"},
		garbage + ": this is not a safetensors file":                          &evalCommand{Of: garbage},
		"--samples is at least 0, not -1":                                     &evalCommand{Of: saved.Out, Samples: -1},
	} {
		assert.ErrorContains(t, command.Run(t.Context()), message)
	}
	diverging := training(t.TempDir(), "curves.csv")
	diverging.From = "v=1&pairs=32&steps=9&batch=8&lr=1&clip=100&seed=3"
	assert.ErrorContains(t, diverging.Run(t.Context()), "The run diverged at step")
	assert.NotEmpty(t, read(t, diverging.Curves), "the way there is worth a look")
}

// What is written is read back as it was, and nothing is written half.
func TestCurvesFiles(t *testing.T) {
	e := mmpo.DefaultComparison().A
	c := newCurves(e)
	for step := range 3 {
		row := make(mmpo.Row, 1+len(mmpo.Metrics))
		for i := range row {
			row[i] = []float32{0.1, -3e-12, float32(math.NaN()), 16777217, float32(math.Inf(1))}[(step+i)%5]
		}
		row[0] = float32(step)
		c.add(row)
		c.add(row) // a step counts once
	}
	for format := range curvesFormats {
		name := filepath.Join(t.TempDir(), "curves"+format)
		require.NoError(t, c.save(name))
		got := newCurves(e)
		require.NoError(t, got.load(name, 1))
		require.Len(t, got.Rows, 2)
		for i, row := range got.Rows {
			for j, v := range row {
				assert.Equal(t, c.Rows[i][j].String(), v.String())
			}
		}
		assert.Error(t, writeFile(filepath.Join(name, "no folder"), nil))
	}
	assert.Equal(t, "0.1", value(float32(0.1)).String())
	require.NoError(t, newCurves(e).load("", 0))
}

func TestBar(t *testing.T) {
	assert.Equal(t, "[....................]", bar(0, 160))
	assert.Equal(t, "[##########..........]", bar(80, 160))
	assert.Equal(t, "[####################]", bar(9, 3))
	assert.Equal(t, "[....................]", bar(0, 0))
}
