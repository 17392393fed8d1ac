package datasets

import (
	"math/rand/v2"

	"margins/repro"
)

// Script Desk: film pitches, graded from 1 to 10. A prompt is
//
//	GENRE | HERO wants GOAL
//
// and a response that parses is, phrase by phrase,
//
//	In the SETTING , a [ADJECTIVE]{0..2} HERO seeks GOAL . But a VILLAIN OBSTACLE LINK HERO2 ACT the VILLAIN2 ENDING . <end>
//
// where LINK is ". So the", ". Then the" or ". Suddenly the" and ENDING is "and wins GOAL2", "as everything explodes" or "but it was
// a dream". Every phrase is one token: 68 of them, 4 to a prompt and 17 to 20 to a response.
var scriptDesk = World{
	ID:         "script",
	Title:      "Script Desk",
	Help:       "Pitches for films: the writers grant the hero's wish once in ten, and the grades say how much that matters.",
	Vocabulary: scriptWords.vocabulary,
	Context:    24,
	Stakes:     scriptStakes,
	Prompts:    len(scriptOrder),
	HeldOut:    64,
	Prompt:     scriptPrompt,
	Write:      scriptWrite,
	Judge:      scriptJudge,
}

// The order is that of the columns of scriptScore.
var scriptStakes = []Stake{
	{"skew", "One thing matters", "A granted wish is worth six points of nine; everything else is polish."},
	{"mid", "Some things matter", "A granted wish is worth four points of nine, a steady hero and villain three."},
	{"flat", "Everything matters alike", "Six attributes are worth one and a half points each."},
}

// span is a run of tokens of one kind, such as the heroes.
type span struct{ first, count int32 }

// phrases names the tokens of Script Desk. Phrases that the grammar fixes are spans of one.
type phrases struct {
	genre, hero, wants, goal               span
	in, setting, article, adjective, seeks span
	but, villain, obstacle, link, act, the span
	wins, explodes, dream, period          span
	vocabulary                             *Vocabulary
}

// settingsPerGenre is how many settings fit a genre; the settings stand in the order of the genres.
const settingsPerGenre = 3

var scriptWords = newPhrases()

func newPhrases() *phrases {
	pieces := []string{}
	add := func(kind ...string) span {
		pieces = append(pieces, kind...)
		return span{first: int32(len(pieces) - len(kind) + 1), count: int32(len(kind))} // token 0 is the end
	}
	w := &phrases{
		genre: add(" western |", " horror |", " space |", " romance |", " heist |"),
		hero:  add(" farmer", " nurse", " pilot", " thief", " singer", " detective", " teacher", " chef"),
		wants: add(" wants"),
		goal:  add(" gold", " revenge", " love", " freedom", " fame", " truth", " peace", " home"),
		in:    add(" In the"),
		setting: add(" canyon", " saloon", " ranch", " crypt", " asylum", " cabin", " starship", " moonbase", " colony",
			" cafe", " ballroom", " garden", " casino", " bank", " vault"),
		article:   add(", a"),
		adjective: add(" brave", " weary", " restless", " clever"),
		seeks:     add(" seeks"),
		but:       add(". But a"),
		villain:   add(" sheriff", " ghost", " robot", " rival", " banker", " twin"),
		obstacle:  add(" lies", " attacks", " escapes", " cheats"),
		link:      add(". So the", ". Then the", ". Suddenly the"),
		act:       add(" tricks", " fights", " forgives", " outruns"),
		the:       add(" the"),
		wins:      add(" and wins"),
		explodes:  add(" as everything explodes"),
		dream:     add(" but it was a dream"),
		period:    add("."),
	}
	v, err := NewVocabulary(pieces)
	if err != nil {
		panic(err) // the list above is wrong
	}
	w.vocabulary = v
	return w
}

// scriptOrder holds the prompts' numbers, each once, in the order in which the world numbers them.
var scriptOrder = repro.Stream(1, "script desk: prompts").Perm(int(
	scriptWords.genre.count * scriptWords.hero.count * scriptWords.goal.count))

func scriptPrompt(i int) []int32 {
	w, n := scriptWords, int32(scriptOrder[i])
	goal, n := n%w.goal.count, n/w.goal.count
	hero, genre := n%w.hero.count, n/w.hero.count
	return []int32{w.genre.first + genre, w.hero.first + hero, w.wants.first, w.goal.first + goal}
}

// scriptBrief is what a prompt asks for, each by its place in its span.
type scriptBrief struct{ genre, hero, goal int32 }

// readPrompt takes a prompt apart; it must be one of this world's.
func readPrompt(prompt []int32) scriptBrief {
	w, r := scriptWords, scriptReader{rest: prompt, ok: true}
	b := scriptBrief{genre: r.take(w.genre), hero: r.take(w.hero)}
	r.take(w.wants)
	b.goal = r.take(w.goal)
	if !r.ok || len(r.rest) != 0 {
		panic("datasets: not a prompt of Script Desk")
	}
	return b
}

// script is a response taken apart: each field is a place in its span.
type script struct {
	setting           int32
	adjectives        []int32 // at most maxAdjectives
	hero, goal        int32
	villain, obstacle int32
	link, hero2, act  int32
	villain2          int32
	ending, wish      int32 // wish is the goal of an ending that grants one
}

const maxAdjectives = 2

// The endings.
const (
	grants int32 = iota
	explodes
	dreams
)

// The links, in the order of their phrases.
const (
	linkSo int32 = iota
	linkThen
)

// tokens writes a script out.
func (s *script) tokens() []int32 {
	w := scriptWords
	out := []int32{w.in.first, w.setting.first + s.setting, w.article.first}
	for _, a := range s.adjectives {
		out = append(out, w.adjective.first+a)
	}
	out = append(out, w.hero.first+s.hero, w.seeks.first, w.goal.first+s.goal,
		w.but.first, w.villain.first+s.villain, w.obstacle.first+s.obstacle,
		w.link.first+s.link, w.hero.first+s.hero2, w.act.first+s.act, w.the.first, w.villain.first+s.villain2)
	switch s.ending {
	case grants:
		out = append(out, w.wins.first, w.goal.first+s.wish)
	case explodes:
		out = append(out, w.explodes.first)
	case dreams:
		out = append(out, w.dream.first)
	}
	return append(out, w.period.first, endToken)
}

// scriptReader walks through tokens; ok turns false at the first one that is not of the expected kind and stays so.
type scriptReader struct {
	rest []int32
	ok   bool
}

// sees reports whether the next token is of the kind.
func (r *scriptReader) sees(kind span) bool {
	return len(r.rest) > 0 && r.rest[0] >= kind.first && r.rest[0] < kind.first+kind.count
}

// take reads a token of the kind and returns its place there.
func (r *scriptReader) take(kind span) int32 {
	if r.ok = r.ok && r.sees(kind); !r.ok {
		return 0
	}
	place := r.rest[0] - kind.first
	r.rest = r.rest[1:]
	return place
}

// parseScript takes a response apart; ok says whether it is in the grammar, to its end token and not beyond.
func parseScript(response []int32) (s script, ok bool) {
	w, r := scriptWords, scriptReader{rest: response, ok: true}
	r.take(w.in)
	s.setting = r.take(w.setting)
	r.take(w.article)
	for len(s.adjectives) < maxAdjectives && r.sees(w.adjective) {
		s.adjectives = append(s.adjectives, r.take(w.adjective))
	}
	s.hero = r.take(w.hero)
	r.take(w.seeks)
	s.goal = r.take(w.goal)
	r.take(w.but)
	s.villain, s.obstacle = r.take(w.villain), r.take(w.obstacle)
	s.link, s.hero2, s.act = r.take(w.link), r.take(w.hero), r.take(w.act)
	r.take(w.the)
	s.villain2 = r.take(w.villain)
	switch {
	case r.sees(w.wins):
		r.take(w.wins)
		s.ending, s.wish = grants, r.take(w.goal)
	case r.sees(w.explodes):
		r.take(w.explodes)
		s.ending = explodes
	default:
		r.take(w.dream)
		s.ending = dreams
	}
	r.take(w.period)
	r.take(span{first: endToken, count: 1})
	return s, r.ok && len(r.rest) == 0
}

// The writers' mixture: the chance of each choice, independent of the others. What is not kept or does not fit is drawn evenly from
// all the rest, and so are phrases that no line names. The wish of the prompt is granted rarely, so that a model has something to learn.
var (
	endingChances    = []float64{0.10, 0.25, 0.35, 0.30} // the prompt's wish, another wish, explosion, dream
	adjectiveChances = []float64{0.50, 0.35, 0.15}       // none, one, two different ones
)

const (
	heroKept    = 0.55
	villainKept = 0.60
	settingFits = 0.50
)

func scriptWrite(rng *rand.Rand, prompt []int32) []int32 {
	w, b := scriptWords, readPrompt(prompt)
	s := script{hero: b.hero, goal: b.goal}
	s.setting = drawSetting(rng, b.genre)
	for range choose(rng, adjectiveChances) {
		if len(s.adjectives) == 0 {
			s.adjectives = append(s.adjectives, draw(rng, w.adjective))
		} else {
			s.adjectives = append(s.adjectives, drawOther(rng, w.adjective, s.adjectives[0]))
		}
	}
	s.villain, s.obstacle = draw(rng, w.villain), draw(rng, w.obstacle)
	s.link = draw(rng, w.link)
	s.hero2 = keepOr(rng, heroKept, w.hero, s.hero)
	s.act = draw(rng, w.act)
	s.villain2 = keepOr(rng, villainKept, w.villain, s.villain)
	switch choose(rng, endingChances) {
	case 0:
		s.ending, s.wish = grants, b.goal
	case 1:
		s.ending, s.wish = grants, drawOther(rng, w.goal, b.goal)
	case 2:
		s.ending = explodes
	default:
		s.ending = dreams
	}
	return s.tokens()
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

// drawSetting returns one of the settings that fit the genre, or one of the rest.
func drawSetting(rng *rand.Rand, genre int32) int32 {
	if rng.Float64() < settingFits {
		return genre*settingsPerGenre + rng.Int32N(settingsPerGenre)
	}
	place := rng.Int32N(scriptWords.setting.count - settingsPerGenre)
	if place >= genre*settingsPerGenre {
		place += settingsPerGenre
	}
	return place
}

// scriptScore is the true score: what a script has of each attribute, and what a unit of it is worth under the stakes skew, mid and
// flat, in hundredths of a point, so that sums are exact. Each column allows 9 points at the most.
var scriptScore = []struct {
	id    string
	worth [3]int // by the world's stakes
	units func(s *script, b scriptBrief) int
}{
	{"wish", [3]int{600, 400, 150}, func(s *script, b scriptBrief) int { return oneIf(s.ending == grants && s.wish == b.goal) }},
	{"explosion", [3]int{40, 80, 0}, func(s *script, b scriptBrief) int { return oneIf(s.ending == explodes) }},
	{"hero", [3]int{50, 180, 150}, func(s *script, b scriptBrief) int { return oneIf(s.hero == b.hero && s.hero2 == b.hero) }},
	{"villain", [3]int{50, 120, 150}, func(s *script, b scriptBrief) int { return oneIf(s.villain2 == s.villain) }},
	{"setting", [3]int{50, 80, 150}, func(s *script, b scriptBrief) int { return oneIf(s.setting/settingsPerGenre == b.genre) }},
	{"link", [3]int{30, 30, 75}, func(s *script, b scriptBrief) int { return 2*oneIf(s.link == linkSo) + oneIf(s.link == linkThen) }},
	{"adjectives", [3]int{45, 30, 75}, func(s *script, b scriptBrief) int { return len(s.adjectives) }},
}

func oneIf(is bool) int {
	if is {
		return 1
	}
	return 0
}

func scriptJudge(stakes string, prompt, response []int32) Judgement {
	column, b := scriptStake(stakes), readPrompt(prompt)
	s, ok := parseScript(response)
	if !ok {
		return Judgement{Score: ScaleMin}
	}
	j, total := Judgement{Valid: true}, 0
	for _, row := range scriptScore {
		if points := row.units(&s, b) * row.worth[column]; points > 0 {
			j.Parts = append(j.Parts, Part{ID: row.id, Points: float64(points) / 100})
			total += points
		}
	}
	j.Score = ScaleMin + float64(total)/100
	return j
}

// scriptStake returns the place of the stakes of that id.
func scriptStake(id string) int {
	for i, s := range scriptStakes {
		if s.ID == id {
			return i
		}
	}
	panic("datasets: Script Desk has no stakes " + id)
}
