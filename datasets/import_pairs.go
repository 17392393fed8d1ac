package datasets

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
)

// one makes the comparisons of a row that holds one comparison.
func one(read func(row) (Record, error)) func(row) ([]Record, int, error) {
	return func(r row) ([]Record, int, error) {
		rec, err := read(r)
		if err != nil {
			return nil, 0, err
		}
		return []Record{rec}, 1, nil
	}
}

// gradedPair reads a pair with a score for each response. The prompt is in the column prompt or, where that is missing, what precedes
// the response in the chosen conversation.
func gradedPair(scoreChosen, scoreRejected string) func(row) (Record, error) {
	return func(r row) (rec Record, err error) {
		if rec, err = pair(r); err != nil {
			return Record{}, err
		}
		if rec.ScoreChosen, err = r.number(scoreChosen); err != nil {
			return Record{}, err
		}
		rec.ScoreRejected, err = r.number(scoreRejected)
		return rec, err
	}
}

// pair reads the texts of the columns prompt, chosen and rejected.
func pair(r row) (rec Record, err error) {
	var before []turn
	if rec.Chosen, before, err = r.response("chosen"); err != nil {
		return Record{}, err
	}
	if rec.Rejected, _, err = r.response("rejected"); err != nil {
		return Record{}, err
	}
	rec.Prompt, err = r.prompt("prompt", before)
	return rec, err
}

// preference reads a pair with the margin between its responses or, where the row has no such column, none.
func preference(r row) (Record, error) {
	rec, err := pair(r)
	if err != nil {
		return Record{}, err
	}
	margin := binaryMargin
	if _, ok := r.find("margin"); ok {
		if margin, err = r.number("margin"); err != nil {
			return Record{}, err
		}
	}
	return rec.apart(margin), nil
}

// apart grades the record so that chosen is margin above rejected.
func (r Record) apart(margin float64) Record {
	r.ScoreChosen, r.ScoreRejected = margin/2, -margin/2
	return r
}

// swapped exchanges the responses, and not the scores.
func (r Record) swapped() Record {
	r.Chosen, r.Rejected = r.Rejected, r.Chosen
	return r
}

// response is one graded response, as text.
type response struct {
	text  string
	score float64
}

// everyTwo compares every two responses to a prompt, but those that are empty or the same.
func everyTwo(prompt string, responses []response) []Record {
	var records []Record
	for i, a := range responses {
		for _, b := range responses[i+1:] {
			if !blank(a.text) && !blank(b.text) && a.text != b.text {
				records = append(records, Record{prompt, a.text, b.text, a.score, b.score})
			}
		}
	}
	return records
}

func pairsOf(n int) int { return n * (n - 1) / 2 }

// mostResponses bounds how many responses to one prompt are compared with each other, of which the data sets have two to four: the
// comparisons grow with their square.
const mostResponses = 16

// ultraFeedback compares the completions of a row.
func ultraFeedback(r row) ([]Record, int, error) {
	prompt, err := r.text("instruction")
	if err != nil {
		return nil, 0, err
	}
	var completions []completion
	if err := r.decode("completions", "a list of completions", &completions); err != nil {
		return nil, 0, err
	}
	if len(completions) > mostResponses {
		return nil, 0, flaw{reason: "completions are more than 16"}
	}
	var responses []response
	for _, c := range completions {
		if score, ok := c.score(); ok {
			responses = append(responses, response{strings.ToValidUTF8(c.Response, "\uFFFD"), score})
		}
	}
	records := everyTwo(prompt, responses)
	if len(records) == 0 {
		return nil, 0, flaw{reason: "completions has not two different responses with a grade"}
	}
	return records, pairsOf(len(completions)), nil
}

// completion is what is read of one of UltraFeedback's completions. Scores and ratings may be numbers, texts or "N/A".
type completion struct {
	Response    string          `json:"response"`
	Overall     json.RawMessage `json:"overall_score"`
	Annotations json.RawMessage `json:"annotations"` // by aspect: an object with Rating
}

// score returns the completion's grade on the scale from 1 to 10.
func (c *completion) score() (float64, bool) {
	if score, ok := grade(c.Overall); ok {
		return score, true
	}
	var annotations map[string]struct{ Rating json.RawMessage }
	if json.Unmarshal(c.Annotations, &annotations) != nil {
		return 0, false
	}
	sum, n := 0.0, 0
	for _, aspect := range slices.Sorted(maps.Keys(annotations)) { // sorted, since a sum depends on the order
		if rating, ok := grade(annotations[aspect].Rating); ok {
			sum += rating
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return Scale{Min: 1, Max: 5}.Points(sum / float64(n)), true
}

// grade returns the number that JSON holds as such or as text.
func grade(value json.RawMessage) (float64, bool) {
	c := cell{bytes: value}
	if c.empty() {
		return 0, false
	}
	x, err := c.number("")
	return x, err == nil
}

// mostDoublings is how often one vote is doubled until it reaches the end of the scale of votes.
const mostDoublings = 10

// votes reads a pair of comments with their votes. Which is preferred is in labels, and agrees with the votes.
func votes(r row) (rec Record, err error) {
	if rec.Prompt, err = r.text("history"); err != nil {
		return Record{}, err
	}
	if rec.Chosen, err = r.text("human_ref_A"); err != nil {
		return Record{}, err
	}
	if rec.Rejected, err = r.text("human_ref_B"); err != nil {
		return Record{}, err
	}
	a, err := r.number("score_A")
	if err != nil {
		return Record{}, err
	}
	b, err := r.number("score_B")
	if err != nil {
		return Record{}, err
	}
	label, err := r.within("labels", 0, 1)
	if err != nil {
		return Record{}, err
	}
	if label == 1 && a < b || label == 0 && a > b {
		return Record{}, flaw{reason: "labels contradicts the scores"}
	}
	rec.ScoreChosen, rec.ScoreRejected = doublings(a), doublings(b)
	if label == 0 {
		rec = rec.swapped()
		rec.ScoreChosen, rec.ScoreRejected = rec.ScoreRejected, rec.ScoreChosen
	}
	return rec, nil
}

func doublings(votes float64) float64 { return math.Log2(min(max(votes, 1), 1<<mostDoublings)) }

// strength reads two responses and how much the second is better than the first, from -3 to 3.
func strength(prompt, first, second, preference string) func(row) (Record, error) {
	return func(r row) (rec Record, err error) {
		if rec, err = choice(r, prompt, first, second); err != nil {
			return Record{}, err
		}
		s, err := r.within(preference, strengths.Min, strengths.Max)
		rec.ScoreChosen, rec.ScoreRejected = -s, s
		return rec, err
	}
}

// choice reads the texts of a prompt and of its first and second response.
func choice(r row, prompt, first, second string) (rec Record, err error) {
	if rec.Prompt, err = r.prompt(prompt, nil); err != nil {
		return Record{}, err
	}
	if rec.Chosen, err = r.text(first); err != nil {
		return Record{}, err
	}
	rec.Rejected, err = r.text(second)
	return rec, err
}

// helpfulness reads one response and its grade.
func helpfulness(r row) (prompt string, graded response, err error) {
	if prompt, err = r.prompt("prompt", nil); err != nil {
		return "", response{}, err
	}
	if graded.text, err = r.text("response"); err != nil {
		return "", response{}, err
	}
	graded.score, err = r.number("helpfulness")
	return prompt, graded, err
}

// mostSevere is the highest severity of harm, and the length of the scale of harmlessness.
const mostSevere = 3

// severity reads two responses and the severity of the harm in each.
func severity(r row) (Record, error) {
	rec, err := choice(r, "prompt", "response_0", "response_1")
	if err != nil {
		return Record{}, err
	}
	first, err := r.within("response_0_severity_level", 0, mostSevere)
	if err != nil {
		return Record{}, err
	}
	second, err := r.within("response_1_severity_level", 0, mostSevere)
	if err != nil {
		return Record{}, err
	}
	rec.ScoreChosen, rec.ScoreRejected = mostSevere-first, mostSevere-second
	if safer, err := r.number("safer_response_id"); err == nil && safer == 1 && first == second {
		rec = rec.swapped()
	}
	return rec, nil
}

// winners says how much the first conversation is better, in binary margins.
var winners = map[string]float64{"model_a": 1, "model_b": -1, "tie": 0, "tie (bothbad)": 0, "both_bad": 0}

// arena reads two conversations and which of them won. In MT-bench's judgments, turn says which answer was judged: the last that counts.
func arena(r row) (Record, error) {
	a, okA := r.conversation("conversation_a")
	b, okB := r.conversation("conversation_b")
	if !okA || !okB {
		return Record{}, flaw{reason: "conversation_a or conversation_b is not a list of messages"}
	}
	if turn, err := r.number("turn"); err == nil {
		a, b = upTo(a, int(turn)), upTo(b, int(turn))
	}
	winner, err := r.text("winner")
	if err != nil {
		return Record{}, err
	}
	better, ok := winners[winner]
	if !ok {
		return Record{}, flaw{"winner is not model_a, model_b or a tie", clip(winner)}
	}
	rec, err := fork(a, b)
	return rec.apart(float64(better * binaryMargin)), err
}

// upTo returns a conversation up to the n-th message of the assistant, all of it if it has not so many or n is less than 1.
func upTo(turns []turn, n int) []turn {
	for i, t := range turns {
		if t.Role != "assistant" {
			continue
		}
		if n--; n == 0 {
			return turns[:i+1]
		}
	}
	return turns
}

// fork makes a record of two conversations: what they share is the prompt, and each goes on with its response, of one message or more.
func fork(a, b []turn) (Record, error) {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	if n > 0 && n == min(len(a), len(b)) {
		return Record{}, flaw{reason: "the two responses are the same"}
	}
	if n == 0 || a[n].Role != "assistant" || b[n].Role != "assistant" {
		return Record{}, flaw{reason: "the two conversations differ in what was asked"}
	}
	return Record{Prompt: joined(a[:n]), Chosen: joined(a[n:]), Rejected: joined(b[n:])}, nil
}

// softLabel reads two outputs and a preference between 1, the first, and 2, the second.
func softLabel(r row) (Record, error) {
	rec, err := choice(r, "instruction", "output_1", "output_2")
	if err != nil {
		return Record{}, err
	}
	preference, err := r.within("preference", 0, 2)
	if err != nil {
		return Record{}, err
	}
	q := preference - 1
	switch {
	case preference == 0:
		q = 0.5
	case q < 0:
		return Record{}, flaw{"preference is not between 1 and 2", formatScore(preference)}
	}
	rec.ScoreChosen, rec.ScoreRejected = 1-q, q
	return rec, nil
}

// summaries reads a post, or an article, and two summaries.
func summaries(r row) (Record, error) {
	var info struct{ Post, Article string }
	if err := r.decode("info", "an object with post or article", &info); err != nil {
		return Record{}, err
	}
	var both []struct{ Text string }
	if err := r.decode("summaries", "a list of summaries", &both); err != nil {
		return Record{}, err
	}
	if len(both) != 2 {
		return Record{}, flaw{reason: "summaries are not two"}
	}
	rec := Record{Prompt: info.Post, Chosen: both[0].Text, Rejected: both[1].Text}
	if blank(rec.Prompt) {
		rec.Prompt = info.Article
	}
	choice, err := r.number("choice")
	switch {
	case err != nil:
		return Record{}, err
	case choice == 1:
		rec = rec.swapped()
	case choice != 0:
		return Record{}, flaw{"choice is not 0 or 1", formatScore(choice)}
	}
	margin, err := confidence(r, choice)
	return rec.apart(margin), err
}

// confidence returns the margin in points that a choice between summaries is given. The confidence is a place between them: 1 is surely the
// first (choice 0), 5 undecided, 9 surely the second. (Lee et al. 2023, arXiv 2309.00267, footnote 4, counts 1, 2, 8 and 9 as confident.)
func confidence(r row, choice float64) (float64, error) {
	var extra struct{ Confidence json.RawMessage }
	if r.has("extra") {
		if err := r.decode("extra", "an object", &extra); err != nil {
			return 0, err
		}
	}
	c := cell{bytes: extra.Confidence}
	if c.empty() {
		return binaryMargin, nil
	}
	place, err := c.number("extra.confidence")
	if err != nil {
		return 0, err
	}
	lead := (place - 5) / 4 // of the second summary, as a share of the scale
	if choice == 0 {
		lead = -lead
	}
	switch {
	case place < 1 || place > 9:
		return 0, flaw{"extra.confidence is not between 1 and 9", formatScore(place)}
	case lead < 0:
		return 0, flaw{"extra.confidence speaks for the summary that is not the choice", formatScore(place)}
	}
	return lead * (ScaleMax - ScaleMin), nil
}

// The roles that a transcript names, each at the start of a paragraph.
const (
	humanMark     = "\n\nHuman:"
	assistantMark = "\n\nAssistant:"
)

// isTranscript says whether a row holds transcripts: texts that begin with what a person says.
func isTranscript(r row) bool {
	c, _ := r.find("chosen")
	if c.empty() {
		return false
	}
	text, ok := c.text()
	return ok && !r.has("prompt") && strings.HasPrefix(strings.TrimSpace(text), strings.TrimSpace(humanMark))
}

// transcripts reads two transcripts, of which the first is preferred.
func transcripts(r row) (Record, error) {
	chosen, err := r.text("chosen")
	if err != nil {
		return Record{}, err
	}
	rejected, err := r.text("rejected")
	if err != nil {
		return Record{}, err
	}
	rec, err := fork(turnsOf(chosen), turnsOf(rejected))
	return rec.apart(binaryMargin), err
}

// turnsOf splits a transcript into its messages. What precedes the first mark is dropped.
func turnsOf(transcript string) []turn {
	rest := "\n\n" + strings.TrimSpace(transcript)
	var turns []turn
	for {
		role, at, after := nextMark(rest)
		if len(turns) > 0 {
			turns[len(turns)-1].Content = strings.TrimSpace(rest[:at])
		}
		if role == "" {
			return turns
		}
		turns = append(turns, turn{Role: role})
		rest = rest[after:]
	}
}

// nextMark finds the first mark in text: whose it is, where it begins and where it ends. Without one it is at the end, and nobody's.
func nextMark(text string) (role string, at, after int) {
	at, after = len(text), len(text)
	if i := strings.Index(text, humanMark); i >= 0 {
		role, at, after = "user", i, i+len(humanMark)
	}
	if i := strings.Index(text[:at], assistantMark); i >= 0 {
		role, at, after = "assistant", i, i+len(assistantMark)
	}
	return role, at, after
}
