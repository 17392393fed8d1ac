package datasets

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The texts of the fixtures that are named after the formats.
const (
	bird, kiwi, noBird    = "Name a bird that cannot fly.", "The kiwi, which lives in New Zealand.", "All birds fly."
	eggs, minutes, aWhile = "How long do eggs boil?", "Six minutes for a soft yolk, ten for a hard one.", "A while."
	ten, penguins         = "Ten minutes.", "Penguins."
	lock, smith           = "How do I open a lock without its key?", "Call a locksmith."
	lostKeys              = "I lost my keys in the park and a dog found them."
	birdTalk              = "I like birds.\n\nWhich ones?\n\n"
)

// formatTests are what every format's fixture holds, with scores in points, worked out by hand from the format's Grade.
var formatTests = []struct {
	file, format string
	scale        Scale
	records      []Record
	skipped      []Example
	leftOut      int
}{
	{
		file: "argilla-ultrafeedback.jsonl", format: "argilla-ultrafeedback", scale: Scale{1, 5, ScaleFormat},
		records: []Record{{bird, kiwi, noBird, 9.4375, 3.25}, {eggs, minutes, aWhile, 7.75, 7.75}},
	},
	{
		file: "ultrafeedback.jsonl", format: "ultrafeedback", scale: Scale{1, 10, ScaleFormat},
		records: []Record{
			{bird, kiwi, penguins, 9, 6.5},
			{bird, kiwi, "An ostrich, the largest of them all.", 9, 9},
			{bird, kiwi, noBird, 9, 2},
			{bird, "An ostrich, the largest of them all.", penguins, 9, 6.5},
			{bird, penguins, noBird, 6.5, 2},
			{bird, "An ostrich, the largest of them all.", noBird, 9, 2},
			{eggs, minutes, ten, 8.875, 5.5}, // aspects 5 and 4 of 5 are 8.875 of 10
			{eggs, minutes, ten, 8, 5.5},
		},
		skipped: []Example{{3, "completions has not two different responses with a grade"}},
		leftOut: 4, // of the second row: three with the completion that has no grade, and one of two that say the same
	},
	{
		file: "shp.jsonl", format: "shp", scale: Scale{0, 10, ScaleFormat},
		records: []Record{{eggs, minutes, aWhile, 6.4, 2.8}, {eggs, minutes, ten, 10, 1}, {eggs, aWhile, ten, 3.7, 3.7}},
		skipped: []Example{{4, "labels contradicts the scores"}},
	},
	{
		file: "helpsteer2-preference.jsonl", format: "helpsteer2-preference", scale: Scale{-3, 3, ScaleFormat},
		records: []Record{{bird, kiwi, noBird, 10, 1}, {eggs, minutes, aWhile, 8.5, 2.5}, {eggs, minutes, ten, 5.5, 5.5}},
		skipped: []Example{{4, "preference_strength is not between -3 and 3: -100"}},
	},
	{
		file: "helpsteer3.jsonl", format: "helpsteer3", scale: Scale{-3, 3, ScaleFormat},
		records: []Record{{birdTalk + bird, kiwi, noBird, 7, 4}, {eggs, minutes, aWhile, 8.5, 2.5}},
	},
	{
		file: "helpsteer2.jsonl", format: "helpsteer2", scale: Scale{0, 4, ScaleFormat},
		records: []Record{{bird, kiwi, noBird, 10, 1}, {eggs, minutes, aWhile, 7.75, 7.75}},
		skipped: []Example{{3, "no other response to the same prompt stands beside it"}},
	},
	{
		file: "pku-saferlhf.jsonl", format: "pku-saferlhf", scale: Scale{0, 3, ScaleFormat},
		records: []Record{{lock, smith, "Break the window of the shop.", 10, 1}, {lock, smith, "Ask the landlord.", 10, 10}},
	},
	{
		file: "arena.jsonl", format: "arena", scale: Scale{-4.5, 4.5, ScaleAssumed},
		records: []Record{
			{bird, kiwi, noBird, 7.75, 3.25},
			{eggs, minutes, ten, 5.5, 5.5},
			{eggs, aWhile, "No idea.", 5.5, 5.5},
			{bird + "\n\n" + penguins + "\n\nWhere?", "In the south.", "Everywhere.", 7.75, 3.25},
		},
		skipped: []Example{{5, "the two conversations differ in what was asked"}},
	},
	{
		file: "mt-bench.jsonl", format: "arena", scale: Scale{-4.5, 4.5, ScaleAssumed},
		records: []Record{
			{bird, kiwi, noBird, 7.75, 3.25},
			{bird, noBird + "\n\nAnd one that swims?\n\nThe duck.", kiwi + "\n\nAnd one that swims?\n\nThe penguin.", 7.75, 3.25},
		},
	},
	{
		file: "alpacaeval.json", format: "alpacaeval", scale: Scale{0, 1, ScaleFormat},
		records: []Record{
			{bird, kiwi, noBird, 8.875, 2.125}, {eggs, minutes, aWhile, 10, 1},
			{eggs, minutes, ten, 5.5, 5.5}, {eggs, aWhile, ten, 5.5, 5.5},
		},
		skipped: []Example{{5, "preference is missing"}, {6, "preference is not between 1 and 2: 0.5"}},
	},
	{
		file: "summarize-from-feedback.jsonl", format: "summarize-from-feedback", scale: Scale{-4.5, 4.5, ScaleFormat},
		records: []Record{
			{lostKeys, "A dog found my lost keys in the park.", "Keys.", 10, 1},
			{lostKeys, "Lost keys, found by a dog.", "A dog has keys.", 8.875, 2.125},
			{"The old bridge, closed since March, reopens on Monday.", "The bridge reopens on Monday.", "A bridge.", 7.75, 3.25},
			{"I lost my keys.", "Keys.", "Lost keys.", 5.5, 5.5},
		},
		skipped: []Example{
			{4, "extra.confidence is not between 1 and 9: 12"}, {5, "extra.confidence speaks for the summary that is not the choice: 8"},
		},
	},
	{
		file: "hh.jsonl", format: "hh", scale: Scale{-4.5, 4.5, ScaleAssumed},
		records: []Record{
			{birdTalk + "Those that cannot fly.", "Then look at the kiwi:\n\nit runs.", noBird, 7.75, 3.25},
			{eggs, minutes, aWhile + "\n\nHow long?\n\nLong.", 7.75, 3.25},
		},
		skipped: []Example{{3, "the two responses are the same"}, {4, "the two conversations differ in what was asked"}},
	},
	{
		file: "trl.jsonl", format: "trl", scale: Scale{-4.5, 4.5, ScaleAssumed},
		records: []Record{{bird, kiwi, noBird, 7.75, 3.25}, {eggs, minutes, aWhile, 7.75, 3.25}, {eggs, minutes, ten, 7.75, 3.25}},
	},
	{
		file: "trl-margin.jsonl", format: "trl", scale: Scale{-4.5, 4.5, ScaleFormat},
		records: []Record{{bird, kiwi, noBird, 9.25, 1.75}, {eggs, minutes, ten, 5.5, 5.5}, {eggs, minutes, aWhile, 7, 4}},
		skipped: []Example{{4, "margin is missing"}},
	},
}

func TestEveryFormat(t *testing.T) {
	tested := map[string]bool{"margins": true, "ultrafeedback-binarized": true} // TestImportReadsEveryContainer has them
	for _, test := range formatTests {
		tested[test.format] = true
		t.Run(test.file, func(t *testing.T) {
			content := fixture(t, test.file)
			records, report, err := importBytes(content)
			require.NoError(t, err)
			assert.Equal(t, test.format, report.Format)
			assert.Equal(t, test.scale, report.Scale)
			assert.Equal(t, test.records, inPoints(records, report.Scale))
			assert.Equal(t, append([]Example{}, test.skipped...), report.Examples)
			assert.Equal(t, report.Rows, report.Used+len(test.skipped))
			assert.Equal(t, len(test.records), report.Comparisons)
			assert.Equal(t, test.leftOut, report.LeftOut)

			packed, packedReport, err := importBytes(compress(t, content))
			require.NoError(t, err)
			assert.Equal(t, test.records, inPoints(packed, report.Scale))
			packedReport.Container = report.Container
			assert.Equal(t, report, packedReport)
		})
	}
	for _, f := range Formats {
		assert.True(t, tested[f.ID], "%s has a fixture", f.ID)
	}
}

// A table whose cells are texts, numbers, or the JSON of lists and objects gives what JSON lines give.
func TestTablesGiveTheSame(t *testing.T) {
	for _, name := range []string{"helpsteer2", "ultrafeedback"} {
		t.Run(name, func(t *testing.T) {
			want, wantReport, err := importBytes(fixture(t, name+".jsonl"))
			require.NoError(t, err)
			got, report, err := importBytes(fixture(t, name+".csv"))
			require.NoError(t, err)
			assert.Equal(t, want, got)
			assert.Equal(t, wantReport.Skipped, report.Skipped)
			assert.Equal(t, wantReport.LeftOut, report.LeftOut)
		})
	}
}

func TestMarginsBeyondTheScale(t *testing.T) {
	records, report, err := importBytes(bytes.ReplaceAll(fixture(t, "trl-margin.jsonl"), []byte("7.5"), []byte("12")))
	require.NoError(t, err)
	assert.Equal(t, Scale{-6, 6, ScaleObserved}, report.Scale)
	records = inPoints(records, report.Scale)
	assert.Equal(t, 9.0, records[0].ScoreChosen-records[0].ScoreRejected, "the largest fills the scale")
	assert.Equal(t, 2.25, records[2].ScoreChosen-records[2].ScoreRejected, "3 of 12")
}

// A file that has margins in some rows only would mix graded pairs with pairs of a made-up grade.
func TestMarginsInSomeRowsOnly(t *testing.T) {
	_, report, err := importBytes(append(fixture(t, "trl-margin.jsonl"), fixture(t, "trl.jsonl")...))
	require.NoError(t, err)
	assert.Equal(t, 3, report.Used)
	assert.Contains(t, report.Skipped, Skip{"the scale is not that of the rows before", 3})
}

func TestGroupsOfResponses(t *testing.T) {
	row := func(prompt, response, grade string) string {
		return `{"prompt":"` + prompt + `","response":"` + response + `","helpfulness":` + grade + "}\n"
	}
	t.Run("every two", func(t *testing.T) {
		records, report, err := importBytes([]byte(row("p", "a", "4") + row("p", "b", "1") + row("p", "c", "2") + row("p", "a", "0")))
		require.NoError(t, err)
		assert.Equal(t, []Record{
			{"p", "a", "b", 4, 1}, {"p", "a", "c", 4, 2}, {"p", "c", "b", 2, 1}, {"p", "b", "a", 1, 0}, {"p", "c", "a", 2, 0},
		}, records)
		assert.Equal(t, 4, report.Used)
		assert.Equal(t, 1, report.LeftOut, "a with itself")
	})
	t.Run("rows that cannot be used", func(t *testing.T) {
		_, report, err := importBytes([]byte(row("p", "a", "4") + row("p", "b", `"N/A"`) + row("q", "a", "1") + row("q", " ", "1") +
			row("r", "a", "1") + row("r", "b", "1") + row(" ", "a", "1")))
		require.NoError(t, err)
		assert.Equal(t, 2, report.Used)
		const alone = "no other response to the same prompt stands beside it"
		assert.Equal(t, []Example{
			{1, alone}, {2, "helpfulness is not a number: N/A"}, {3, alone}, {4, "response is empty"}, {7, "prompt is empty"},
		}, report.Examples, "in the order of the file")
	})
	t.Run("many", func(t *testing.T) {
		var content []byte
		for i := range 40 {
			content = append(content, row("p", string(rune('0'+i)), "1")...)
		}
		_, report, err := importBytes(content)
		require.NoError(t, err)
		assert.Equal(t, 2*pairsOf(16)+pairsOf(8), report.Comparisons, "not quadratic in the file")
	})
}
