package mmpo

import (
	"fmt"
	"slices"

	"margins/datasets"
)

// WorldDefault is the comparison that shows a world's point: what choosing the world on the page turns to. A link is complete by itself
// and knows nothing of it.
type WorldDefault struct {
	World string // id
	Link  string // the comparison, with all that differs from the defaults
	Point string // what it shows, at eight seeds, in one plain sentence
}

// WorldDefaults has one entry for each of datasets.Worlds, in their order. Where a side has its own beta or gamma, those were chosen at seeds
// from 101 on, which are not among the eight, as many for either side.
var WorldDefaults = []WorldDefault{
	{"script", "v=1&seed=1", "One thing decides the grade: told by how much, MMPO learns to grant the wish, while DPO learns polish, too."},
	{"reasoning", "v=1&world=reasoning&stakes=answer&seed=1",
		"The answer is right only if every step is: MMPO ends a little ahead of DPO, and moves less far from the reference for it."},
	{"safety", "v=1&world=safety&stakes=harm&a.beta=2.5&b.beta=0.5&seed=1",
		"Which reply is better says nearly all: told by how much as well, MMPO ends behind DPO, both at the best of five settings."},
	{"support", "v=1&world=support&stakes=service&seed=1",
		"Many things matter a little each: MMPO is ahead, but by a fraction of a point that a single run can hardly tell from chance."},
}

// FindWorldDefault returns the default of the world of that id.
func FindWorldDefault(id string) (WorldDefault, bool) {
	for _, d := range WorldDefaults {
		if d.World == id {
			return d, true
		}
	}
	return WorldDefault{}, false
}

// settleStakes gives e the first stakes of its toy world if it has those of another one, and tells of it.
func (e *Experiment) settleStakes() (note string) {
	w, ok := datasets.FindWorld(e.World)
	if !ok || w.HasStakes(e.Stakes) {
		return ""
	}
	note = fmt.Sprintf("Stakes: %s has no %q, so %q is used", w.Title, e.Stakes, w.Stakes[0].ID)
	e.Stakes = w.Stakes[0].ID
	return note
}

// settleStakes gives both sides stakes of their own worlds. A link that names none means the first; where it named others, notices say so.
func (c *Comparison) settleStakes(named bool, notices *[]string) {
	for _, e := range []*Experiment{&c.A, &c.B} {
		if note := e.settleStakes(); named && note != "" && !slices.Contains(*notices, note) {
			*notices = append(*notices, note)
		}
	}
}
