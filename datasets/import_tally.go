package datasets

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	exampleCount  = 20 // rows left out that a report shows
	histogramBins = 18 // of half a point, for margins of 0 to 9
)

// usualScales are the scales that are tried, in this order, where nothing says which one a file has.
var usualScales = []Scale{{Min: 0, Max: 1}, {Min: 1, Max: 5}, {Min: 0, Max: 4}, {Min: 1, Max: 10}, {Min: 0, Max: 10}, {Min: 0, Max: 100}}

// tally counts what a report tells.
type tally struct {
	skipped    map[string]int
	examples   []Example
	swapped    int
	ties       int
	duplicates int
	pairs      map[uint64]struct{} // hashes of prompt and responses
	prompts    map[uint64]struct{} // hashes of prompts
	margins    []float64           // of every comparison, on the file's scale
	stated     Scale               // what the rows say; How is "" if they do not
	low, high  float64             // of all scores
}

func newTally() tally {
	return tally{
		skipped:  map[string]int{},
		examples: []Example{}, // not nil: a list in JSON
		pairs:    map[uint64]struct{}{},
		prompts:  map[uint64]struct{}{},
		low:      math.Inf(1),
		high:     math.Inf(-1),
	}
}

// skip counts a row that cannot be used.
func (t *tally) skip(bad flaw, number int) {
	t.skipped[bad.reason]++
	if len(t.examples) < exampleCount {
		t.examples = append(t.examples, Example{Row: number, Reason: bad.Error()})
	}
}

// check returns a flaw if a comparison whose row states the given scale cannot be used. It changes nothing.
func (t *tally) check(r *Record, stated Scale) error {
	switch {
	case blank(r.Prompt):
		return flaw{reason: "prompt is empty"}
	case blank(r.Chosen):
		return flaw{reason: "chosen is empty"}
	case blank(r.Rejected):
		return flaw{reason: "rejected is empty"}
	case r.Chosen == r.Rejected:
		return flaw{reason: "the two responses are the same"}
	case len(t.margins) > 0 && stated != t.stated:
		return flaw{reason: "the scale is not that of the rows before"}
	case stated.How != ScaleDeclared:
		return nil
	}
	for _, score := range []float64{r.ScoreChosen, r.ScoreRejected} {
		if score < stated.Min || score > stated.Max {
			return flaw{"a score is outside the declared scale", formatScore(score)}
		}
	}
	return nil
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

func formatScore(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// count takes a comparison that check has passed, and orients it.
func (t *tally) count(r *Record, stated Scale) {
	t.stated = stated
	if r.ScoreRejected > r.ScoreChosen {
		r.Chosen, r.Rejected = r.Rejected, r.Chosen
		r.ScoreChosen, r.ScoreRejected = r.ScoreRejected, r.ScoreChosen
		t.swapped++
	}
	if r.ScoreChosen == r.ScoreRejected {
		t.ties++
	}
	t.low, t.high = min(t.low, r.ScoreRejected), max(t.high, r.ScoreChosen)
	t.margins = append(t.margins, r.ScoreChosen-r.ScoreRejected)
	t.prompts[hashTexts(r.Prompt)] = struct{}{}
	pair := hashTexts(r.Prompt, r.Chosen, r.Rejected)
	if _, ok := t.pairs[pair]; ok {
		t.duplicates++
	}
	t.pairs[pair] = struct{}{}
}

// textSeed is fresh in every program: nothing but counts depends on it.
var textSeed = maphash.MakeSeed()

// hashTexts returns 64 bits of texts: among a million of them two agree by chance once in 37 million files.
func hashTexts(texts ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(textSeed)
	for _, text := range texts {
		h.WriteString(text)
		h.WriteByte(0xff) // in no UTF-8 text, so that texts do not run together
	}
	return h.Sum64()
}

// scale returns the scale of the scores that were counted, at least one.
func (t *tally) scale() Scale {
	stated := t.stated
	if stated.How != "" && t.low >= stated.Min && t.high <= stated.Max {
		return stated
	}
	for _, s := range usualScales {
		if t.low >= s.Min && t.high <= s.Max {
			s.How = ScaleGuessed
			return s
		}
	}
	if t.low == t.high {
		return Scale{t.low, t.low + 1, ScaleObserved} // all ties: any width will do
	}
	return Scale{t.low, t.high, ScaleObserved}
}

// fill writes what was counted into a report.
func (t *tally) fill(report *Report) {
	report.Swapped, report.Ties, report.Duplicates, report.Prompts = t.swapped, t.ties, t.duplicates, len(t.prompts)
	report.Comparisons = len(t.margins)
	slices.SortStableFunc(t.examples, func(a, b Example) int { return cmp.Compare(a.Row, b.Row) }) // groups are skipped at their end
	report.Examples, report.Skipped = t.examples, []Skip{}
	for reason, count := range t.skipped {
		report.Skipped = append(report.Skipped, Skip{reason, count})
	}
	slices.SortFunc(report.Skipped, func(a, b Skip) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	report.Histogram = make([]int, histogramBins)
	if len(t.margins) == 0 {
		return
	}
	report.Scale = t.scale()
	for _, m := range t.margins {
		report.Histogram[report.Scale.bin(m)]++
	}
}

// bin returns the bin of a margin between scores of the scale.
func (s Scale) bin(margin float64) int {
	points := margin * (ScaleMax - ScaleMin) / (s.Max - s.Min)
	return min(int(2*points), histogramBins-1)
}
