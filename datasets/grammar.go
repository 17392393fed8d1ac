package datasets

import "math/rand/v2"

// What the grammars of toy worlds are made of: phrases of one token each, in kinds; readers and writers of them.

// span is a run of tokens of one kind, such as the heroes.
type span struct{ first, count int32 }

// lexicon gathers the phrases of a world.
type lexicon struct{ pieces []string }

// add appends the phrases of a kind. Phrases that the grammar fixes are kinds of one.
func (l *lexicon) add(kind ...string) span {
	l.pieces = append(l.pieces, kind...)
	return span{first: int32(len(l.pieces) - len(kind) + 1), count: int32(len(kind))} // token 0 is the end
}

// vocabulary returns the vocabulary of all phrases. It panics if one stands twice, which would be a mistake of the world's.
func (l *lexicon) vocabulary() *Vocabulary {
	v, err := NewVocabulary(l.pieces)
	if err != nil {
		panic(err)
	}
	return v
}

// reader walks through tokens; ok turns false at the first one that is not of the expected kind and stays so.
type reader struct {
	rest []int32
	ok   bool
}

// sees reports whether the next token is of the kind.
func (r *reader) sees(kind span) bool {
	return len(r.rest) > 0 && r.rest[0] >= kind.first && r.rest[0] < kind.first+kind.count
}

// take reads a token of the kind and returns its place there.
func (r *reader) take(kind span) int32 {
	if r.ok = r.ok && r.sees(kind); !r.ok {
		return 0
	}
	place := r.rest[0] - kind.first
	r.rest = r.rest[1:]
	return place
}

// skip reads a token of the kind if there is one next, and reports whether there was.
func (r *reader) skip(kind span) bool {
	if !r.sees(kind) {
		return false
	}
	r.take(kind)
	return true
}

// end reads the end token and reports whether all was read and nothing follows.
func (r *reader) end() bool {
	r.take(span{first: endToken, count: 1})
	return r.ok && len(r.rest) == 0
}

// choose returns i with chance chances[i]; they add up to 1.
func choose(rng *rand.Rand, chances []float64) int {
	u := rng.Float64()
	for i, p := range chances[:len(chances)-1] {
		if u < p {
			return i
		}
		u -= p
	}
	return len(chances) - 1
}

// draw returns a place of the kind, each with the same chance.
func draw(rng *rand.Rand, kind span) int32 { return rng.Int32N(kind.count) }

// drawOther returns a place of the kind other than not, each with the same chance.
func drawOther(rng *rand.Rand, kind span, not int32) int32 {
	place := rng.Int32N(kind.count - 1)
	if place >= not {
		place++
	}
	return place
}

// keepOr returns place with the given chance, else another one.
func keepOr(rng *rand.Rand, chance float64, kind span, place int32) int32 {
	if rng.Float64() < chance {
		return place
	}
	return drawOther(rng, kind, place)
}

// drawGroup returns, with the given chance, one of the places of a group, else one of the rest. Groups are of the given size and follow
// each other in the kind.
func drawGroup(rng *rand.Rand, chance float64, kind span, size, group int32) int32 {
	if rng.Float64() < chance {
		return group*size + rng.Int32N(size)
	}
	place := rng.Int32N(kind.count - size)
	if place >= group*size {
		place += size
	}
	return place
}
