package datasets

import (
	"math/rand/v2"
	"slices"
)

// World is a toy world: prompts, a grammar whose writers the reference model imitates, and a true score that is known.
type World struct {
	ID          string // permanent: it lives in links
	Title, Help string
	About       string // the grammar and the score in a few plain sentences
	Texts       string // what its responses are, in the plural: "film pitches"
	Vocabulary  *Vocabulary
	Context     int         // most tokens of a prompt and a response together
	Stakes      []Stake     // how the true score weighs; the first is the default
	Attributes  []Attribute // what the true score rewards, in the order of Judgement.Parts
	Prompts     int         // prompts 0..Prompts-1 exist
	HeldOut     int         // the last HeldOut of them are never trained on

	// Prompt returns the tokens of prompt i. Neighbors are unrelated: the order is a fixed permutation.
	Prompt func(i int) []int32
	// Write draws a response from the writers' mixture, end token included.
	Write func(rng *rand.Rand, prompt []int32) []int32
	// Keys are, by stakes, the ids of the attributes whose share among responses tells what a policy has learned; stakes may have none.
	Keys map[string]string
	// Viewers are, by stakes, those whose scores the true score is the mean of; each pair is rated by one of them. Stakes that are not
	// here have one taste alone.
	Viewers map[string][]Viewer
	// Judge reads a response and returns its true score under the given stakes, or a viewer's under that viewer's id.
	Judge func(stakes string, prompt, response []int32) Judgement
	// Adornments counts what a response has for show, which a rater may like beyond its worth; nil where the world has no such thing.
	Adornments func(response []int32) int
}

// Stake is one way to weigh the attributes of a response.
type Stake struct{ ID, Title, Help string }

// HasStakes tells whether the world has the stakes of that id.
func (w *World) HasStakes(id string) bool {
	return slices.ContainsFunc(w.Stakes, func(s Stake) bool { return s.ID == id })
}

// Attribute is something about a response that adds to its true score or takes from it.
type Attribute struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Part is one attribute's contribution to a true score, in points; it may be negative.
type Part struct {
	ID     string  `json:"id"`
	Points float64 `json:"points"`
}

// Judgement is the true score of a response and where it comes from.
type Judgement struct {
	Score float64 // points from ScaleMin to ScaleMax: ScaleMin and the parts together
	Parts []Part  // attributes that changed the score, in the world's order
	Valid bool    // whether the response parses; if not, Score is ScaleMin and Parts is empty
}

// Worlds lists the toy worlds in the order in which the page shows them.
var Worlds = []*World{&scriptDesk, &reasoning, &safety, &supportDesk}

// FindWorld returns the world of that id.
func FindWorld(id string) (*World, bool) {
	for _, w := range Worlds {
		if w.ID == id {
			return w, true
		}
	}
	return nil, false
}
