package main

// saveWeights answers with the policy as a file for other programs.
func (s *Session) saveWeights(r Request, _ Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	s.post(r.ID, WeightsSaved{Step: p.run.Taken()}, map[string][]byte{"weights": p.run.EncodeWeights()})
	return nil
}

// loadWeights makes a file's weights the policy, holds the run, and measures them.
func (s *Session) loadWeights(r Request, a Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	if err := p.run.LoadWeights(a.Weights); err != nil {
		return failure("bad-weights", "These weights cannot be used: %s.", err)
	}
	p.playing = false
	row := p.run.Row()
	s.report(row, p.run.Evaluate(row))
	s.post(r.ID, WeightsLoaded{Fingerprint: p.run.Fingerprint()}, nil)
	s.flush(true)
	return nil
}
