//go:build full || !js

package main

import (
	"maps"

	"margins/mmpo"
)

func init() {
	maps.Copy(handlers, map[RequestType]func(*Session, Request, Attachments) error{
		Reward:  (*Session).reward,
		ReadRun: (*Session).readRun,
	})
}

// reward trains reward models on the experiment's pairs and answers with what they are worth as judges.
func (s *Session) reward(r Request, a Attachments) error {
	e, pairs, err := s.prepare(r, a)
	if err != nil {
		return err
	}
	tell := s.progress(r.ID)
	models, err := mmpo.StudyRewards(s.lab, e, pairs, func(done float64, label string) bool { return tell(done, label) == nil })
	if err != nil {
		return err
	}
	s.post(r.ID, Rewarded{Models: models}, nil)
	return nil
}

// readRun answers with what the policy of a run's checkpoint is worth as a judge.
func (s *Session) readRun(r Request, a Attachments) error {
	e, pairs, err := s.prepare(r, a)
	if err != nil {
		return err
	}
	run, err := mmpo.NewRun(s.lab, e, pairs)
	if err != nil {
		return failure("bad-request", "%s.", err)
	}
	if err := run.Restore(a.Checkpoint); err != nil {
		return failure("bad-checkpoint", "The run cannot be read: %s.", err)
	}
	s.post(r.ID, RunRead{Reading: run.Read()}, nil)
	return nil
}
