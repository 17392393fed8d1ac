package mmpo

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"margins/toy"
)

// snapshot is what a run's checkpoint says beside its sets of weights: the policy, AdamW's two moments, and the policy before the last step.
type snapshot struct {
	Engine     string     `json:"engine"`
	Reference  string     `json:"reference"` // its fingerprint
	Experiment Experiment `json:"experiment"`
	Step       int        `json:"step"`
	Clipped    int        `json:"clipped"`
	Altered    int        `json:"altered"`
	Order      []byte     `json:"order"` // position of the stream of batches
	Queue      []int      `json:"queue"` // pairs of this epoch that are still to come
}

// snapshotSets is how many sets of weights a run's checkpoint has.
const snapshotSets = 4

// Snapshot returns the run as bytes. A run restored from them goes on with the same bits.
func (r *Run) Snapshot() []byte {
	order, err := r.orderSource.MarshalBinary()
	if err != nil {
		panic("mmpo: " + err.Error()) // a PCG always marshals
	}
	meta, err := json.Marshal(snapshot{
		Engine: EngineVersion, Reference: r.lab.Reference.Weights.Fingerprint(), Experiment: r.Experiment,
		Step: r.step, Clipped: r.clipped, Altered: r.altered, Order: order, Queue: r.queue,
	})
	if err != nil {
		panic("mmpo: " + err.Error()) // an experiment's numbers are finite
	}
	_, m, v := r.optimizer.State()
	return toy.EncodeCheckpoint(meta, r.policy, m, v, r.sound)
}

// IsCheckpoint tells whether b begins as the checkpoint of a run or of a reference does, and not as another file.
func IsCheckpoint(b []byte) bool { return toy.IsCheckpoint(b) }

// SnapshotExperiment returns the experiment of a run's checkpoint, so that its pairs can be made.
func SnapshotExperiment(b []byte) (Experiment, error) {
	meta, err := toy.CheckpointMetadata(b)
	if err != nil {
		return Experiment{}, err
	}
	s, err := readSnapshot(meta)
	return s.Experiment, err
}

func readSnapshot(meta []byte) (s snapshot, err error) {
	if err := json.Unmarshal(meta, &s); err != nil || s.Engine == "" {
		return s, errors.New("this checkpoint is not of a run")
	}
	if s.Engine != EngineVersion {
		return s, fmt.Errorf("the run was made by engine %s; this is engine %s, which would go on differently", s.Engine, EngineVersion)
	}
	return s, s.Experiment.Validate()
}

// Restore puts the run where its checkpoint b was made. The run must be of the same experiment, but for the settings that act live,
// and of the same reference. Any error leaves the run as it was.
func (r *Run) Restore(b []byte) error {
	mark := r.lab.k.Mark()
	defer r.lab.k.Release(mark)
	meta, sets, err := toy.DecodeCheckpoint(r.lab.k, b)
	if err != nil {
		return err
	}
	s, err := readSnapshot(meta)
	if err != nil {
		return err
	}
	e := r.Experiment
	e.Objective, e.Train.LR = s.Experiment.Objective, s.Experiment.Train.LR
	pairs := len(r.Pairs.Train)
	switch {
	case len(sets) != snapshotSets || sets[0].Config != r.policy.Config:
		return errors.New("the checkpoint has other weights than this run")
	case e != s.Experiment || e.Objective.ID != r.Experiment.Objective.ID:
		return errors.New("the checkpoint is of another experiment")
	case s.Reference != r.lab.Reference.Weights.Fingerprint():
		return errors.New("the checkpoint began from another reference")
	case s.Step < 0 || s.Step > e.Train.Steps || s.Altered < 0 || s.Clipped < 0 || s.Clipped > s.Step || slices.ContainsFunc(s.Queue, func(i int) bool { return i < 0 || i >= pairs }):
		return errors.New("the checkpoint is damaged: its numbers are out of range")
	}
	if err := r.orderSource.UnmarshalBinary(s.Order); err != nil {
		return fmt.Errorf("the checkpoint is damaged: %w", err)
	}
	_, m, v := r.optimizer.State()
	for i, w := range []*toy.Weights{r.policy, m, v, r.sound} {
		copy(w.Data, sets[i].Data)
	}
	r.optimizer = toy.RestoreOptimizer(r.lab.k, r.optimizer.OptimizerConfig, s.Step, m, v)
	r.Experiment, r.step, r.clipped, r.altered, r.queue, r.diverged = s.Experiment, s.Step, s.Clipped, s.Altered, s.Queue, false
	r.remeasure(indices(len(r.margins)))
	return nil
}
