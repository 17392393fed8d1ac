package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

// What eval measures of a file is what the run that made it measured last.
func TestWeightsAreWrittenAndMeasured(t *testing.T) {
	const link = "v=1&pairs=32&steps=2&batch=8&a.objective=cdpo&seed=3"
	file := filepath.Join(t.TempDir(), "a.safetensors")
	require.NoError(t, (&saveWeightsCommand{Link: "http://host/#" + link, side: side{"a"}, Out: file}).Run(context.Background()))
	var out bytes.Buffer
	require.NoError(t, (&evalCommand{Of: file, Samples: 8, JSON: true}).print(context.Background(), &out))
	var got evaluated
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))

	comparison, _, err := mmpo.ParseLink(link)
	require.NoError(t, err)
	reference, err := encodedReference(comparison.A)
	require.NoError(t, err)
	want, err := complete(context.Background(), comparison.A, reference, nil)
	require.NoError(t, err)
	assert.Equal(t, want.Fingerprint, got.Fingerprint)
	assert.Equal(t, comparison.A, got.Experiment)
	assert.Equal(t, 2, got.Step)
	assert.NotEmpty(t, got.Samples)
	for _, id := range []string{"eval_loss", "eval_rewards/margins", "kl", "true_score", "valid"} {
		assert.Equal(t, want.Metrics[id], got.Metrics[id], id)
	}
}

func TestWeightsThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.safetensors")
	err := (&saveWeightsCommand{Link: "v=1&pairs=32&steps=9&batch=8&lr=1&clip=100&seed=3", side: side{"a"}, Out: file}).Run(context.Background())
	require.ErrorContains(t, err, "The run diverged at step")
	assert.NoFileExists(t, file)
	require.NoError(t, os.WriteFile(file, []byte("prompt,chosen"), 0o644))
	require.ErrorContains(t, (&evalCommand{Of: file}).Run(context.Background()), "this is not a safetensors file")
}
