package mmpo

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

// smallRun returns a run of the smallest model of Script Desk, with rough weights as its reference, that has taken a step.
func smallRun(f *testing.F) *Run {
	f.Helper()
	k := kernel.New()
	f.Cleanup(k.Close)
	e, err := DefaultExperiment("mmpo")
	require.NoError(f, err)
	e.Pairs, e.Train.Steps, e.Train.Batch, e.Model = 8, 2, 8, Model{Width: 16, Layers: 1, Heads: 1}
	world, _ := datasets.FindWorld(e.World)
	w := toy.NewWeights(k, toy.Config{Vocabulary: world.Vocabulary.Size(), Context: world.Context, Width: 16, Layers: 1, Heads: 1})
	w.Init(repro.Stream(1, "fuzz"))
	lab := NewLab(k, &Reference{Weights: w, Vocabulary: world.Vocabulary, World: world, Source: world.ID}, nil)
	p, err := lab.Pairs(e)
	require.NoError(f, err)
	r, err := NewRun(lab, e, p)
	require.NoError(f, err)
	require.NotNil(f, r.Step())
	return r
}

// FuzzSnapshot puts any metadata into a run's checkpoint whose weights and checksum fit: what Restore takes is what Snapshot writes, and
// what it refuses leaves the run as it was.
func FuzzSnapshot(f *testing.F) {
	r := smallRun(f)
	_, m, v := r.optimizer.State()
	meta, err := toy.CheckpointMetadata(r.Snapshot())
	require.NoError(f, err)
	f.Add(meta)
	f.Add([]byte(`{"engine":"1"}`))
	f.Add([]byte(`{"engine":"1","step":1,"queue":[0,7],"order":"cGNnOgAAAAAAAAABAAAAAAAAAAE="}`))
	f.Fuzz(func(t *testing.T, meta []byte) {
		b, before := toy.EncodeCheckpoint(meta, r.policy, m, v, r.sound), r.Snapshot()
		_, err := SnapshotExperiment(b)
		if r.Restore(b) != nil {
			require.Equal(t, before, r.Snapshot())
			return
		}
		require.NoError(t, err, "a run that can be restored says what its experiment is")
		require.NoError(t, r.Restore(r.Snapshot()))
		if !r.Done() {
			r.Step()
		}
		require.NoError(t, r.Restore(before))
	})
}

// FuzzReference puts any metadata into a checkpoint of weights: they are refused, or a reference whose vocabulary fits them.
func FuzzReference(f *testing.F) {
	k := kernel.New()
	f.Cleanup(k.Close)
	w := toy.NewWeights(k, toy.Config{Vocabulary: 258, Context: 8, Width: 4, Layers: 1, Heads: 1})
	f.Add([]byte(`{"source":"script"}`))
	f.Add([]byte(`{"source":"data:0123456789abcdef","pieces":[" a"]}`))
	f.Add([]byte(`{"source":"data:0123456789abcdef","pieces":["",null,"\u0000"]}`))
	f.Fuzz(func(t *testing.T, meta []byte) {
		mark := k.Mark()
		defer k.Release(mark)
		r, err := DecodeReference(k, toy.EncodeCheckpoint(meta, w))
		if err != nil {
			require.Nil(t, r)
			return
		}
		require.Equal(t, w.Config.Vocabulary, r.Vocabulary.Size())
		for token := range r.Vocabulary.Size() {
			r.Vocabulary.Decode([]int32{int32(token)})
		}
	})
}

// FuzzWeightsMetadata puts any experiment into a file of weights.
func FuzzWeightsMetadata(f *testing.F) {
	r := smallRun(f)
	experiment, err := json.Marshal(r.Experiment)
	require.NoError(f, err)
	f.Add("script", string(experiment), "1")
	f.Add("script", "{}", "-1")
	f.Fuzz(func(t *testing.T, world, experiment, step string) {
		mark := r.lab.k.Mark()
		defer r.lab.k.Release(mark)
		metadata := map[string]string{weightsWorld: world, weightsExperiment: experiment, weightsStep: step}
		file, err := DecodeWeights(r.lab.k, toy.EncodeSafetensors(metadata, r.policy))
		if err != nil {
			require.Nil(t, file)
			return
		}
		require.NoError(t, file.Experiment.Validate())
		require.LessOrEqual(t, file.Step, file.Experiment.Train.Steps)
	})
}
