//go:build full || !js

package main

import "margins/mmpo"

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
