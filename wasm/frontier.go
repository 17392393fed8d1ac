//go:build full || !js

package main

import "margins/mmpo"

// surveyPiece is how many responses a request for the frontier lets the reference write: a tenth of a second's work or two, so that
// whatever else the page asks of the worker meanwhile hardly waits.
const surveyPiece = 512

// surveySeed decides what the frontier is estimated from. It is not the experiment's, so that all runs of a world see the same ceiling.
const surveySeed = 1

// frontier does the next piece of the survey of the experiment's reference, and answers with the frontier once all is written. Other
// stakes need no new survey: the responses are the same.
func (s *Session) frontier(r Request, a Attachments) error {
	e, err := r.experiment()
	if err != nil {
		return err
	}
	if err := s.furnish(a); err != nil {
		return err
	}
	if s.survey == nil || s.survey.lab != s.lab {
		fresh, err := s.lab.NewSurvey(e, surveySeed, mmpo.FrontierSamples)
		if err != nil {
			return failure("no-frontier", "%s.", err)
		}
		s.survey = &survey{fresh, s.lab}
	}
	answer := Surveyed{Done: s.survey.Write(surveyPiece)}
	if answer.Done == 1 {
		answer.Frontier = s.survey.Frontier(e.Stakes)
	}
	s.post(r.ID, answer, nil)
	return nil
}
