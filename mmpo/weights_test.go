package mmpo

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/toy"
)

func TestWeightsOfOneRunInAnother(t *testing.T) {
	lab := shippedLab(t)
	e := experiment(t, "mmpo", quick)
	trained := newRun(t, lab, e)
	for range 5 {
		trained.Step()
	}
	b := trained.EncodeWeights()

	f, err := DecodeWeights(lab.k, b)
	require.NoError(t, err)
	assert.Equal(t, e, f.Experiment)
	assert.Equal(t, 5, f.Step)
	assert.Equal(t, "script", f.World)
	assert.Equal(t, trained.Fingerprint(), f.Weights.Fingerprint())
	assert.NotContains(t, f.Metadata, "altered")
	assert.Equal(t, lab.Reference.Weights.Fingerprint(), f.Metadata["reference"])

	other := newRun(t, lab, experiment(t, "dpo", quick)) // another objective: the pairs differ in nothing
	other.Step()
	require.NoError(t, other.LoadWeights(b))
	assert.Equal(t, trained.Fingerprint(), other.Fingerprint())
	assert.Equal(t, 1, other.Taken(), "the step stays")
	assert.Equal(t, 2, other.Altered(), "no link repeats it")
	want, wantSamples := evaluated(trained)
	got, samples := evaluated(other)
	for _, id := range []string{"kl", "true_score", "valid", "eval_logps/chosen", "eval_rewards/accuracies"} {
		assert.Equal(t, want.At(id), got.At(id), id)
	}
	assert.Equal(t, wantSamples, samples, "it writes the same")

	// Training goes on from them, and a checkpoint of that is a checkpoint like any other.
	kept := other.Snapshot()
	other.Step()
	assert.NotEqual(t, trained.Fingerprint(), other.Fingerprint())
	again := newRun(t, lab, other.Experiment)
	require.NoError(t, again.Restore(kept))
	again.Step()
	assert.Equal(t, other.Fingerprint(), again.Fingerprint())
	f, err = DecodeWeights(lab.k, again.EncodeWeights())
	require.NoError(t, err)
	assert.Equal(t, "2", f.Metadata["altered"])
}

func evaluated(r *Run) (Row, []SampleView) {
	row := r.Row()
	return row, r.Evaluate(row).Samples
}

func TestLoadWeightsRefuses(t *testing.T) {
	lab := shippedLab(t)
	run := newRun(t, lab, experiment(t, "mmpo", quick))
	run.Step()
	before := run.Fingerprint()
	policy := run.policy
	told := func(key, value string) []byte {
		metadata, _, err := toy.DecodeSafetensors(lab.k, run.EncodeWeights())
		require.NoError(t, err)
		metadata[key] = value
		return toy.EncodeSafetensors(metadata, policy)
	}
	small := toy.NewWeights(lab.k, toy.Config{Vocabulary: 68, Context: 24, Width: 16, Layers: 1, Heads: 2})
	metadata, _, err := toy.DecodeSafetensors(lab.k, run.EncodeWeights())
	require.NoError(t, err)
	for message, b := range map[string][]byte{
		"this is not a safetensors file: it has 0 bytes, fewer than the 8 of its header's length": nil,
		"the safetensors file does not say which world its model was trained in":                  toy.EncodeSafetensors(nil, policy),
		"the safetensors file's experiment cannot be read: unexpected end of JSON input":          told("experiment", "{"),
		"the safetensors file's experiment is not possible: objective: there is no \"\"":          told("experiment", "{}"),
		"the safetensors file's step is \"-1\", and its experiment has 12 steps":                  told("step", "-1"),
		"the safetensors file's step is \"13\", and its experiment has 12 steps":                  told("step", "13"),
		"the weights are of the world data:0123456789abcdef, and this run is of script":           told("world", "data:0123456789abcdef"),
		"the weights are of another size than this run: 16 wide with 1 layers of 2 heads, 68 tokens and a context of 24, " +
			"and not 48 wide with 2 layers of 4 heads, 68 tokens and a context of 24": toy.EncodeSafetensors(metadata, small),
	} {
		assert.EqualError(t, run.LoadWeights(b), message)
	}
	assert.Equal(t, before, run.Fingerprint())
	assert.Zero(t, run.Altered())
}

// A run that has diverged can go on with weights that have not.
func TestSoundWeightsMendADivergedRun(t *testing.T) {
	lab := shippedLab(t)
	sound := newRun(t, lab, experiment(t, "mmpo", quick)).EncodeWeights()
	r := newRun(t, lab, experiment(t, "mmpo", func(e *Experiment) {
		quick(e)
		e.Train.LR = 1
	}))
	for r.Step() != nil {
	}
	require.NotEmpty(t, r.Diverged())
	require.NoError(t, r.LoadWeights(sound))
	assert.Empty(t, r.Diverged())
	require.NoError(t, r.Alter(r.Experiment.Objective, 1e-4))
	assert.NotNil(t, r.Step())
}
