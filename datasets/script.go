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
	ID:    "script",
	Title: "Script Desk",
	Help:  "Pitches for films: the writers grant the hero's wish once in ten, and the grades say how much that matters.",
	About: "Asked for a genre, a hero and a goal, a pitch names a place, gives the hero up to two adjectives, brings in a villain, and ends: " +
		"with a wish granted, an explosion, or a dream. The score rewards the wish that was asked for, an explosion a little, a hero and a " +
		"villain who stay the same, a place that fits the genre, a transition that follows, and adjectives.",
	Texts:      "film pitches",
	Vocabulary: scriptWords.vocabulary,
	Context:    24,
	Stakes:     scriptStakes,
	Keys:       map[string]string{"skew": "wish", "mid": "wish", "flat": "wish", "divided": "explosion"},
	Viewers:    scriptViewers,
	Attributes: attributes(scriptScore),
	Prompts:    len(scriptOrder),
	HeldOut:    64,
	Prompt:     scriptPrompt,
	Write:      scriptWrite,
	Judge:      scriptJudge,
	Adornments: scriptAdjectives,
}

// The order is that of scriptScore's columns.
var scriptStakes = []Stake{
	{"skew", "One thing matters", "A granted wish is worth six points of nine; everything else is polish."},
	{"mid", "Some things matter", "A granted wish is worth four points of nine, a steady hero and villain three."},
	{"flat", "Everything matters alike", "Six attributes are worth one and a half points each."},
	{"divided", "Two audiences", "Of the viewers 70 % like an explosion by a point, 30 % hate it by four; each pair is rated by one of them."},
}

// scriptViewers disagree about explosions alone. On average an explosion costs half a point, though most viewers like it: who counts heads
// learns to explode, who adds up grades learns not to. All else is worth so little that a pair's grades tell who rated it, and a script
// without an explosion lies just below the middle of the scale, where thumbs have their cut.
var scriptViewers = map[string][]Viewer{"divided": {{"divided/fans", 0.7}, {"divided/critics", 0.3}}}

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
	var l lexicon
	add := l.add
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
	w.vocabulary = l.vocabulary()
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
	w, r := scriptWords, reader{rest: prompt, ok: true}
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

// parseScript takes a response apart; ok says whether it is in the grammar, to its end token and not beyond.
func parseScript(response []int32) (s script, ok bool) {
	w, r := scriptWords, reader{rest: response, ok: true}
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
	return s, r.end()
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
	s.setting = drawGroup(rng, settingFits, w.setting, settingsPerGenre, b.genre)
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

// scriptScore is the true score. Its columns are the stakes skew, mid, flat and divided, then fans and critics.
var scriptScore = []rule[scriptBrief, script]{
	{"readable", "Readable", []int{0, 0, 0, 400, 400, 400}, func(b scriptBrief, s *script) int { return 1 }},
	{"wish", "Granted wish", []int{600, 400, 150, 10, 10, 10}, func(b scriptBrief, s *script) int { return oneIf(s.ending == grants && s.wish == b.goal) }},
	{"explosion", "Explosion", []int{40, 80, 0, -50, 100, -400}, func(b scriptBrief, s *script) int { return oneIf(s.ending == explodes) }},
	{"hero", "Same hero", []int{50, 180, 150, 10, 10, 10}, func(b scriptBrief, s *script) int { return oneIf(s.hero == b.hero && s.hero2 == b.hero) }},
	{"villain", "Same villain", []int{50, 120, 150, 10, 10, 10}, func(b scriptBrief, s *script) int { return oneIf(s.villain2 == s.villain) }},
	{"setting", "Fitting place", []int{50, 80, 150, 10, 10, 10}, func(b scriptBrief, s *script) int { return oneIf(s.setting/settingsPerGenre == b.genre) }},
	{"link", "Transition", []int{30, 30, 75, 5, 5, 5}, func(b scriptBrief, s *script) int { return 2*oneIf(s.link == linkSo) + oneIf(s.link == linkThen) }},
	{"adjectives", "Adjectives", []int{45, 30, 75, 5, 5, 5}, func(b scriptBrief, s *script) int { return len(s.adjectives) }},
}

// scriptAdjectives counts the adjectives of a response, whether it parses or not.
func scriptAdjectives(response []int32) int {
	w, n := scriptWords, 0
	for _, t := range response {
		if t >= w.adjective.first && t < w.adjective.first+w.adjective.count {
			n++
		}
	}
	return n
}

func scriptJudge(stakes string, prompt, response []int32) Judgement {
	column, b := findStake("Script Desk", scriptStakes, stakes, scriptViewers["divided"]...), readPrompt(prompt)
	s, ok := parseScript(response)
	if !ok {
		return unreadable
	}
	return judge(scriptScore, column, b, &s)
}
