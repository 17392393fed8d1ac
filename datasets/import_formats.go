package datasets

// Format is a layout of columns that the importer knows.
type Format struct {
	ID      string // permanent: it is stored
	Title   string
	Source  string   // who publishes data like this
	License string   // of those data; "" where many publish them
	Columns []string // those that tell it from the formats after it; a row must have them all
	Grade   string   // in one sentence, what is read as the grade and how it becomes a margin

	// fits says whether a row that has the columns is of this format; nil if every one is.
	fits func(row) bool
	// comparisons reads a row that compares responses by itself, with the file's own scores and not yet oriented; possible is how many
	// comparisons there would be if every response could be used. Its errors are flaws.
	comparisons func(row) (records []Record, possible int, err error)
	// response reads a row that holds one graded response, in formats where those of a prompt follow each other. Its errors are flaws.
	// A format has either comparisons or response.
	response func(row) (prompt string, graded response, err error)
	// scale says what the scores of a row are given on; How is "" where the row does not say. Its errors are flaws.
	scale func(row) (Scale, error)
}

// Scales of formats that grade a comparison and not its responses. The two scores are put at equal distances from the middle.
var (
	// pointsApart is the scale of margins in points: what is m apart is m points apart.
	pointsApart = Scale{Min: -(ScaleMax - ScaleMin) / 2, Max: (ScaleMax - ScaleMin) / 2, How: ScaleFormat}
	// strengths is the scale of preferences from -3 to 3: a strength of s is a margin of |s|/3 of the scale.
	strengths = Scale{Min: -3, Max: 3, How: ScaleFormat}
)

// binaryMargin is the margin, in points, of a comparison that says which response is better and not by how much. It is the distance of
// the two grades that a rater with two levels gives: half the scale.
const binaryMargin = (ScaleMax - ScaleMin) / 2

// Formats lists the formats in the order in which they are tried: those with more columns of their own come first.
var Formats = []Format{
	{
		ID:          "ultrafeedback-binarized",
		Title:       "UltraFeedback, binarized",
		Source:      "HuggingFaceH4/ultrafeedback_binarized, allenai/ultrafeedback_binarized_cleaned",
		License:     "MIT",
		Columns:     []string{"prompt_id", "chosen", "rejected", "score_chosen", "score_rejected"},
		Grade:       "The margin is the difference of the two scores, on a scale from 1 to 10.",
		comparisons: one(gradedPair("score_chosen", "score_rejected")),
		scale:       published(Scale{Min: 1, Max: 10}),
	},
	{
		ID:          "argilla-ultrafeedback",
		Title:       "UltraFeedback, binarized by mean rating",
		Source:      "argilla/ultrafeedback-binarized-preferences",
		License:     "MIT",
		Columns:     []string{"chosen", "rejected", "chosen-rating", "rejected-rating"},
		Grade:       "The margin is the difference of the two ratings, which are means on a scale from 1 to 5.",
		comparisons: one(gradedPair("chosen-rating", "rejected-rating")),
		scale:       published(Scale{Min: 1, Max: 5}),
	},
	{
		ID:          "margins",
		Title:       "Graded pairs",
		Source:      "this program's own",
		Columns:     []string{"chosen", "rejected", "score_chosen", "score_rejected"},
		Grade:       "The margin is the difference of the two scores, on the scale of scale_min and scale_max where the file has them.",
		comparisons: one(gradedPair("score_chosen", "score_rejected")),
		scale:       declared("scale_min", "scale_max"),
	},
	{
		ID:      "ultrafeedback",
		Title:   "UltraFeedback",
		Source:  "openbmb/UltraFeedback",
		License: "MIT",
		Columns: []string{"instruction", "completions"},
		Grade: "Every two completions are compared by overall_score (1 to 10); one that has none is graded by the mean of its aspects' " +
			"ratings (1 to 5), stretched to 1 to 10, and left out if it has none of these either.",
		comparisons: ultraFeedback,
		scale:       published(Scale{Min: 1, Max: 10}),
	},
	{
		ID:      "shp",
		Title:   "Stanford Human Preferences",
		Source:  "stanfordnlp/SHP, stanfordnlp/SHP-2",
		License: "Reddit API terms",
		Columns: []string{"history", "human_ref_A", "human_ref_B", "labels", "score_A", "score_B"},
		Grade: "The margin is the logarithm of the ratio of the two vote counts: twice the votes are 0.9 points, 1,024 times as many " +
			"the whole scale; fewer votes than 1 count as 1, more than 1,024 as 1,024.",
		comparisons: one(votes),
		scale:       published(Scale{Min: 0, Max: mostDoublings}),
	},
	{
		ID:          "helpsteer2-preference",
		Title:       "HelpSteer2-Preference",
		Source:      "nvidia/HelpSteer2, folder preference",
		License:     "CC-BY-4.0",
		Columns:     []string{"prompt", "response_1", "response_2", "preference_strength"},
		Grade:       "A preference strength of -3 to 3 is a margin of its absolute value over 3 of the whole scale.",
		comparisons: one(strength("prompt", "response_1", "response_2", "preference_strength")),
		scale:       published(strengths),
	},
	{
		ID:          "helpsteer3",
		Title:       "HelpSteer3",
		Source:      "nvidia/HelpSteer3",
		License:     "CC-BY-4.0",
		Columns:     []string{"context", "response1", "response2", "overall_preference"},
		Grade:       "An overall preference of -3 to 3 is a margin of its absolute value over 3 of the whole scale.",
		comparisons: one(strength("context", "response1", "response2", "overall_preference")),
		scale:       published(strengths),
	},
	{
		ID:       "helpsteer2",
		Title:    "HelpSteer2",
		Source:   "nvidia/HelpSteer2, nvidia/HelpSteer",
		License:  "CC-BY-4.0",
		Columns:  []string{"prompt", "response", "helpfulness"},
		Grade:    "Every two responses to a prompt, in rows that follow each other, are compared by their helpfulness (0 to 4).",
		response: helpfulness,
		scale:    published(Scale{Min: 0, Max: 4}),
	},
	{
		ID:      "pku-saferlhf",
		Title:   "PKU-SafeRLHF",
		Source:  "PKU-Alignment/PKU-SafeRLHF",
		License: "CC-BY-NC-4.0",
		Columns: []string{"prompt", "response_0", "response_1", "response_0_severity_level", "response_1_severity_level"},
		Grade: "The margin is the difference of the two severities of harm (0 to 3), the less severe response is chosen; of equal " +
			"severities the one that is called safer stands first, at margin 0.",
		comparisons: one(severity),
		scale:       published(Scale{Min: 0, Max: mostSevere}),
	},
	{
		ID:      "arena",
		Title:   "Chatbot Arena, MT-bench judgments",
		Source:  "lmsys/chatbot_arena_conversations, lmsys/mt_bench_human_judgments",
		License: "prompts CC-BY-4.0, outputs CC-BY-NC-4.0",
		Columns: []string{"conversation_a", "conversation_b", "winner"},
		Grade: "A win is a margin of 4.5 points, half the scale, since nobody said by how much; a tie is a margin of 0, whether both " +
			"were good or bad.",
		comparisons: one(arena),
		scale:       assumed,
	},
	{
		ID:      "alpacaeval",
		Title:   "AlpacaEval annotations",
		Source:  "tatsu-lab/alpaca_eval",
		License: "CC-BY-NC-4.0",
		Columns: []string{"instruction", "output_1", "output_2", "preference"},
		Grade: "A preference of 1 + q, where q is the probability that output 2 is better, is a margin of |2q - 1| of the whole scale; " +
			"0, which older files have for a draw, is a tie.",
		comparisons: one(softLabel),
		scale:       published(Scale{Min: 0, Max: 1}),
	},
	{
		ID:      "summarize-from-feedback",
		Title:   "Summarize from Feedback, comparisons",
		Source:  "openai/summarize_from_feedback",
		License: "CC-BY-4.0",
		Columns: []string{"info", "summaries", "choice"},
		Grade: "A confidence, from 1, surely the first, by 5, undecided, to 9, surely the second, is a margin of 2.25 points a step from 5; a " +
			"choice without one, as in the first batches, is a margin of 4.5 points, half the scale.",
		comparisons: one(summaries),
		scale:       published(pointsApart),
	},
	{
		ID:      "hh",
		Title:   "Anthropic HH transcripts",
		Source:  "Anthropic/hh-rlhf",
		License: "MIT",
		Columns: []string{"chosen", "rejected"},
		Grade: "The file says which response is better and not by how much: the margin is taken to be 4.5 points, half the scale, for " +
			"all.",
		fits:        isTranscript,
		comparisons: one(transcripts),
		scale:       assumed,
	},
	{
		ID:      "trl",
		Title:   "TRL preference data",
		Source:  "the datasets of huggingface/trl, and exports of this program",
		Columns: []string{"chosen", "rejected"},
		Grade: "The column margin is read as points of a scale that is 9 wide (if one is larger, the largest is 9 points); without that " +
			"column the margin is taken to be 4.5 points, half the scale, for all.",
		fits:        func(r row) bool { return len(r.lacks([]string{"score_chosen", "score_rejected"})) == 2 },
		comparisons: one(preference),
		scale:       marginScale,
	},
}

// own is the format that a file of no known columns is told to have.
var own = func() *Format {
	for i := range Formats {
		if Formats[i].ID == "margins" {
			return &Formats[i]
		}
	}
	panic("datasets: the program's own format is not in the table")
}()

// recognize returns the first format whose columns r has; failing that, the one that has the largest share of its columns there, and
// which of them are missing.
func recognize(r row) (format *Format, missing []string) {
	format, missing = own, r.lacks(own.Columns)
	share := 1 - float64(len(missing))/float64(len(own.Columns))
	for i := range Formats {
		f := &Formats[i]
		lacking := r.lacks(f.Columns)
		if len(lacking) == 0 {
			if f.fits == nil || f.fits(r) {
				return f, nil
			}
			continue
		}
		if s := 1 - float64(len(lacking))/float64(len(f.Columns)); s > share {
			format, missing, share = f, lacking, s
		}
	}
	return format, missing
}

// published is the scale of a format whose publishers state it.
func published(s Scale) func(row) (Scale, error) {
	s.How = ScaleFormat
	return func(row) (Scale, error) { return s, nil }
}

// assumed is the scale of a format that has no grades.
func assumed(row) (Scale, error) {
	s := pointsApart
	s.How = ScaleAssumed
	return s, nil
}

// marginScale is that of a row whose column margin holds the margin in points, or which has no such column.
func marginScale(r row) (Scale, error) {
	if _, ok := r.find("margin"); ok {
		return pointsApart, nil
	}
	return assumed(r)
}

// declared is the scale that a row's own columns state, if it has them.
func declared(least, most string) func(row) (Scale, error) {
	return func(r row) (s Scale, err error) {
		if !r.has(least) && !r.has(most) {
			return Scale{}, nil
		}
		if s.Min, err = r.number(least); err != nil {
			return Scale{}, err
		}
		if s.Max, err = r.number(most); err != nil {
			return Scale{}, err
		}
		if s.Max <= s.Min {
			return Scale{}, flaw{reason: most + " is not above " + least}
		}
		s.How = ScaleDeclared
		return s, nil
	}
}
