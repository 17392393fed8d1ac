package mmpo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"margins/toy"
	"margins/toy/kernel"
)

// What a file of weights says beside the configuration and the fingerprint.
const (
	weightsEngine     = "engine"     // EngineVersion
	weightsWorld      = "world"      // whose vocabulary the model reads: a toy world's id, or a data set's
	weightsReference  = "reference"  // fingerprint of the reference
	weightsExperiment = "experiment" // as JSON
	weightsStep       = "step"       // steps taken
	weightsAltered    = "altered"    // Run.Altered, if that is not 0: then the experiment does not determine the weights
)

// WeightsFile is a policy as a file holds it.
type WeightsFile struct {
	Weights    *toy.Weights
	World      string
	Experiment Experiment // what it learned from
	Step       int        // how far
	Metadata   map[string]string
}

// EncodeWeights returns the policy as a safetensors file, which says what it learned from and how far.
func (r *Run) EncodeWeights() []byte {
	experiment, err := json.Marshal(r.Experiment)
	if err != nil {
		panic("mmpo: " + err.Error()) // an experiment's numbers are finite
	}
	metadata := map[string]string{
		weightsEngine: EngineVersion, weightsWorld: r.lab.Reference.Source, weightsReference: r.lab.Reference.Weights.Fingerprint(),
		weightsExperiment: string(experiment), weightsStep: strconv.Itoa(r.step),
	}
	if r.altered != 0 {
		metadata[weightsAltered] = strconv.Itoa(r.altered)
	}
	return toy.EncodeSafetensors(metadata, r.policy)
}

// DecodeWeights reads a file that Run.EncodeWeights wrote; the error says what is wrong with any other.
func DecodeWeights(k *kernel.Kernel, b []byte) (*WeightsFile, error) {
	metadata, w, err := toy.DecodeSafetensors(k, b)
	if err != nil {
		return nil, err
	}
	f := &WeightsFile{Weights: w, World: metadata[weightsWorld], Metadata: metadata}
	if f.World == "" || metadata[weightsExperiment] == "" {
		return nil, errors.New("the safetensors file does not say which world its model was trained in")
	}
	if err := json.Unmarshal([]byte(metadata[weightsExperiment]), &f.Experiment); err != nil {
		return nil, fmt.Errorf("the safetensors file's experiment cannot be read: %w", err)
	}
	if err := f.Experiment.Validate(); err != nil {
		return nil, fmt.Errorf("the safetensors file's experiment is not possible: %w", err)
	}
	if f.Step, err = strconv.Atoi(metadata[weightsStep]); err != nil || f.Step < 0 || f.Step > f.Experiment.Train.Steps {
		return nil, fmt.Errorf("the safetensors file's step is %q, and its experiment has %d steps", metadata[weightsStep], f.Experiment.Train.Steps)
	}
	return f, nil
}

// LoadWeights makes the weights of a file that EncodeWeights wrote the policy, to look at, to sample from and to train on from. The step
// stays; AdamW's moments are forgotten, since they are of other weights; Altered says that the run is no longer its experiment's. Any error leaves the run as it was.
func (r *Run) LoadWeights(b []byte) error {
	mark := r.lab.k.Mark()
	defer r.lab.k.Release(mark)
	f, err := DecodeWeights(r.lab.k, b)
	if err != nil {
		return err
	}
	if world := r.lab.Reference.Source; f.World != world {
		return fmt.Errorf("the weights are of the world %s, and this run is of %s", f.World, world)
	}
	if has, needs := f.Weights.Config, r.policy.Config; has != needs {
		return fmt.Errorf("the weights are of another size than this run: %s, and not %s", describe(has), describe(needs))
	}
	_, m, v := r.optimizer.State()
	clear(m.Data)
	clear(v.Data)
	copy(r.policy.Data, f.Weights.Data)
	copy(r.sound.Data, f.Weights.Data)
	r.diverged = false
	if r.altered == 0 {
		r.altered = r.step + 1
	}
	r.remeasure(indices(len(r.margins)))
	return nil
}

func describe(c toy.Config) string {
	return fmt.Sprintf("%d wide with %d layers of %d heads, %d tokens and a context of %d", c.Width, c.Layers, c.Heads, c.Vocabulary, c.Context)
}
