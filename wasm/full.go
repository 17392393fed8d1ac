//go:build full || !js

package main

import (
	"fmt"
	"maps"

	"margins/datasets"
)

// The full program answers what few visits need, too. It is this package built with the tag "full"; the page loads it when somebody asks
// for one of these, so that the program which everyone loads stays small.
func init() {
	maps.Copy(handlers, map[RequestType]func(*Session, Request, Attachments) error{
		Import:   (*Session).importFile,
		Frontier: (*Session).frontier,

		SaveWeights: (*Session).saveWeights,
		LoadWeights: (*Session).loadWeights,
		Inspect:     (*Session).inspect,
		Embed:       (*Session).embed,
		Reward:      (*Session).reward,
		ReadRun:     (*Session).readRun,

		Plan:     (*Session).plan,
		Take:     (*Session).take,
		Complete: (*Session).complete,
		Add:      (*Session).add,
		Judge:    (*Session).judge,
		Share:    (*Session).share,
		Show:     (*Session).hand,
	})
}

func (s *Session) importFile(r Request, a Attachments) error {
	if a.File == nil {
		return failure("bad-request", "The import has no file.")
	}
	tell := s.progress(r.ID)
	info, report, err := datasets.ImportTo(s.opened(), datasets.File{Name: r.Name, Size: r.Size, Reader: a.File}, func(read int64, rows int) error {
		return tell(float64(read)/float64(max(1, r.Size)), fmt.Sprintf("%d rows read", rows))
	})
	if err != nil {
		return err
	}
	s.post(r.ID, Imported{Dataset: info, Report: report}, nil)
	return nil
}
