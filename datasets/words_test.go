package datasets

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
)

func TestSplitWords(t *testing.T) {
	for text, want := range map[string][]string{
		" The cat's 9 lives":     {" The", " cat", "'", "s", " 9", " lives"},
		"  two\n\n\nlines...":    {"  ", "two", "\n\n\n", "lines", "..."},
		" café 🎬🎬 \u05e9\u05dc":  {" café", " 🎬🎬", " \u05e9\u05dc"},
		"a \xff b":               {"a", " b"}, // and " \xff" is left out
		strings.Repeat("ab", 20): {strings.Repeat("ab", 16), strings.Repeat("ab", 4)},
	} {
		assert.Equal(t, want, slices.Collect(splitWords(text)), "%q", text)
	}
}

// Worked by hand: every word occurs with the space before it. " low" 5 times, " lower" 2, " newest" 6, " widest" 3 (the example of
// Sennrich et al. 2016, with our spaces in front instead of their end-of-word mark).
func TestPiecesGrowAsInThePaper(t *testing.T) {
	text := strings.Repeat("low ", 5) + strings.Repeat("lower ", 2) + strings.Repeat("newest ", 6) + strings.Repeat("widest ", 3)
	got := BuildVocabulary(slices.Values([]string{strings.TrimSpace(text)}), 257+7).Pieces()
	// "es" 9 and "st" 9: es; then "est" 9; " l" and "lo" 7 each, as "ow": " l"; " lo" 7; " low" 7; then all of " newest", 6 times:
	// " n", "ew", "ne", "west"... of which " n" comes first.
	assert.Equal(t, []string{"es", "est", " l", " lo", " low", " n", " ne"}, got)
}

func TestCharactersOfSeveralBytesStayWhole(t *testing.T) {
	text := strings.Repeat("“é” 🎬 日本 ", 50) + "just a few plain words"
	v := BuildVocabulary(slices.Values([]string{text}), 300)
	for _, piece := range v.Pieces() {
		assert.True(t, utf8.ValidString(piece), "%q", piece)
		assert.Greater(t, len(piece), 1)
	}
	assert.Contains(t, v.Pieces(), "🎬")
	tokens, err := v.Encode("🎬 日本")
	require.NoError(t, err)
	assert.LessOrEqual(t, len(tokens), 3)
}

// Worked by hand: a place for a character of four bytes that occurs 5 times saves 15 tokens, " x" and then " xy" save 12 each, and
// a character of two bytes that occurs 9 times as many as its pair with the space, before which it must come.
func TestPlacesGoByTheTokensTheySave(t *testing.T) {
	text := strings.Repeat("🎬 ", 5) + strings.Repeat("é ", 9) + strings.Repeat("xy ", 12)
	got := BuildVocabulary(slices.Values([]string{strings.TrimSpace(text)}), 512).Pieces()
	assert.Equal(t, []string{"🎬", " x", " xy", "é", " é", " 🎬"}, got)
}

// More words than are looked at, all equally frequent: which of them count must not depend on the order of a map.
func TestBuildVocabularyCutsWordsAlphabetically(t *testing.T) {
	words := make([]string, 2*wordsCounted)
	for i := range words {
		words[i] = fmt.Sprintf("w%d", i*i)
	}
	texts := []string{strings.Join(words, " ")}
	assert.Equal(t, BuildVocabulary(slices.Values(texts), 300), BuildVocabulary(slices.Values(texts), 300))
}

func TestBuildVocabularyIsTheSameInAnyOrder(t *testing.T) {
	texts := sampleTexts(400)
	want := BuildVocabulary(slices.Values(texts), 512).Pieces()
	require.NotEmpty(t, want)
	rng := repro.Stream(1, "order")
	for range 5 {
		rng.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		require.Equal(t, want, BuildVocabulary(slices.Values(texts), 512).Pieces())
	}
}

func TestBuildVocabularySizes(t *testing.T) {
	for _, c := range []struct {
		texts []string
		size  int
		want  int
	}{
		{nil, 512, 257},
		{[]string{"", "x", "é"}, 512, 257},
		{[]string{"every word here occurs once"}, 0, 257},
		{sampleTexts(100), 258, 258},
		{sampleTexts(100), 300, 300},
		{[]string{"ha ha ha"}, 512, 259}, // " h" or "ha", then " ha"
	} {
		assert.Equal(t, c.want, BuildVocabulary(slices.Values(c.texts), c.size).Size())
	}
}

// A vocabulary that shortened nothing would leave a model blind beyond a few words.
func TestPiecesShortenTexts(t *testing.T) {
	texts := sampleTexts(400)
	v := BuildVocabulary(slices.Values(texts), 512)
	bytes, tokens := 0, 0
	for _, text := range texts {
		row, err := v.Encode(text)
		require.NoError(t, err)
		require.Equal(t, text, v.Decode(row))
		bytes, tokens = bytes+len(text), tokens+len(row)
	}
	assert.Greater(t, float64(bytes)/float64(tokens), 4.0)
}

// sampleTexts returns n pitches of Script Desk.
func sampleTexts(n int) []string {
	rng := repro.Stream(1, "texts")
	out := make([]string, n)
	for i := range out {
		out[i] = scriptDesk.Vocabulary.Decode(scriptDesk.Write(rng, scriptDesk.Prompt(i%scriptDesk.Prompts)))
	}
	return out
}

func FuzzDecodeOfEncode(f *testing.F) {
	for _, seed := range []string{"", " ", "  ", "a", " a",
		"In the bank, a thief", "🎬\u202bשלום\u202c", "\xff\xfe broken \xe2\x80", "\x00\n\r\n", "<end>",
	} {
		f.Add(seed)
	}
	v := BuildVocabulary(slices.Values(append(sampleTexts(50), "“é” 🎬 é 🎬 “ “")), 400)
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := v.Encode(text)
		require.NoError(t, err)
		require.Equal(t, text, v.Decode(tokens))
	})
}

func FuzzBuildVocabulary(f *testing.F) {
	f.Add("a a a b b \xff \xff é é", 270)
	f.Fuzz(func(t *testing.T, text string, size int) {
		v := BuildVocabulary(slices.Values([]string{text}), size%1000)
		again, err := NewByteVocabulary(v.Pieces())
		require.NoError(t, err)
		tokens, err := again.Encode(text)
		require.NoError(t, err)
		require.Equal(t, text, v.Decode(tokens))
	})
}

// proseTexts returns about n bytes of made-up prose whose words are distributed as words are (Zipf), with 50,000 different ones.
func proseTexts(n int) []string {
	rng := repro.Stream(1, "prose")
	texts, b := []string{}, strings.Builder{}
	for total := 0; total < n; {
		for b.Len() < 1000 {
			rank := int(repro.Exp(rng.Float64() * 10.8))
			fmt.Fprintf(&b, " %s", wordOfRank(rank))
		}
		texts, total = append(texts, b.String()), total+b.Len()
		b.Reset()
	}
	return texts
}

func wordOfRank(rank int) string {
	syllables := []string{"ka", "lo", "min", "tre", "sa", "o", "ber", "ing", "un", "dal"}
	word := ""
	for n := rank; n > 0; n /= len(syllables) {
		word += syllables[n%len(syllables)]
	}
	return word
}

func BenchmarkBuildVocabulary(b *testing.B) {
	texts := proseTexts(8 << 20)
	b.SetBytes(8 << 20)
	for b.Loop() {
		BuildVocabulary(slices.Values(texts), 512)
	}
}

func BenchmarkEncode(b *testing.B) {
	texts := proseTexts(8 << 20)
	v := BuildVocabulary(slices.Values(texts), 512)
	b.SetBytes(8 << 20)
	for b.Loop() {
		for _, text := range texts {
			if _, err := v.Encode(text); err != nil {
				b.Fatal(err)
			}
		}
	}
}
