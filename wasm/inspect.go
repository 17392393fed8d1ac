//go:build full || !js

package main

import (
	"encoding/binary"
	"math"

	"margins/mmpo"
)

// What looks into a run does so in a copy of it, made of its checkpoint: the worker that runs it needs none of this, and is hardly held up.

// copyOf returns the run whose checkpoint the request brings with its experiment and reference. The copy of the request before is used
// again if it is of the same experiment.
func (s *Session) copyOf(r Request, a Attachments) (*mmpo.Run, error) {
	p, err := s.begin(r, a)
	if err != nil {
		return nil, err
	}
	if err := p.run.Restore(a.Checkpoint); err != nil {
		return nil, failure("bad-checkpoint", "The run cannot be looked into: %s.", err)
	}
	s.prepared = p
	return p.run, nil
}

// inspect answers with one pair, token by token, as the run's policy and reference see it.
func (s *Session) inspect(r Request, a Attachments) error {
	run, err := s.copyOf(r, a)
	if err != nil {
		return err
	}
	inspection, err := run.Inspect(r.Pair)
	if err != nil {
		return failure("bad-pair", "The pair cannot be looked into: %s.", err)
	}
	var maps []byte
	for _, layer := range append(inspection.ChosenMaps, inspection.RejectedMaps...) {
		for _, x := range layer {
			maps = binary.LittleEndian.AppendUint32(maps, math.Float32bits(x))
		}
	}
	s.post(r.ID, Inspected{Inspection: *inspection}, map[string][]byte{"attention": maps})
	return nil
}

// embed answers with where the policy has put the vocabulary's tokens.
func (s *Session) embed(r Request, a Attachments) error {
	run, err := s.copyOf(r, a)
	if err != nil {
		return err
	}
	s.post(r.ID, Embedded{Map: run.Embeddings()}, nil)
	return nil
}

// readRun answers with what the policy is worth as a judge.
func (s *Session) readRun(r Request, a Attachments) error {
	run, err := s.copyOf(r, a)
	if err != nil {
		return err
	}
	s.post(r.ID, RunRead{Reading: run.Read()}, nil)
	return nil
}

// saveWeights answers with the policy as a file for other programs.
func (s *Session) saveWeights(r Request, a Attachments) error {
	run, err := s.copyOf(r, a)
	if err != nil {
		return err
	}
	s.post(r.ID, WeightsSaved{Step: run.Taken()}, map[string][]byte{"weights": run.EncodeWeights()})
	return nil
}

// loadWeights makes a file's weights the policy, and answers with the checkpoint that the run itself is to adopt.
func (s *Session) loadWeights(r Request, a Attachments) error {
	run, err := s.copyOf(r, a)
	if err != nil {
		return err
	}
	if err := run.LoadWeights(a.Weights); err != nil {
		return failure("bad-weights", "These weights cannot be used: %s.", err)
	}
	s.post(r.ID, WeightsLoaded{Fingerprint: run.Fingerprint()}, map[string][]byte{"checkpoint": run.Snapshot()})
	return nil
}
