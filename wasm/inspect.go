package main

import (
	"encoding/binary"
	"math"
)

// inspect answers with one pair, token by token, as the run's policy and reference see it now. A run that plays goes on.
func (s *Session) inspect(r Request, _ Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	inspection, err := p.run.Inspect(r.Pair)
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
func (s *Session) embed(r Request, _ Attachments) error {
	p, err := s.current()
	if err != nil {
		return err
	}
	s.post(r.ID, Embedded{Map: p.run.Embeddings()}, nil)
	return nil
}
