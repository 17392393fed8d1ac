package datasets

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// What BuildVocabulary looks at. The limits bound its time; a small vocabulary's pieces are decided by frequent words anyway.
const (
	longestWord  = 32     // bytes; longer runs, such as those of scripts without spaces, count as several words
	wordsCounted = 20_000 // the most frequent of them
)

// BuildVocabulary returns a vocabulary of bytes and of the pieces that shorten texts most, size tokens in all; fewer if the texts
// have no more pieces that occur twice, and never fewer than the bytes and the end token.
//
// Pieces grow by byte-pair encoding (Sennrich et al. 2016): the pair of neighboring pieces that occurs most often within words
// becomes a piece, again and again, so that frequent words end as one token with the space before them and rare ones as a few. It
// begins with characters, and a character of several bytes takes a place of its own when that saves more tokens than the next pair
// does; so no piece holds half a character. Equal gains go by the alphabet. The same texts give the same vocabulary in any order.
func BuildVocabulary(texts iter.Seq[string], size int) *Vocabulary {
	t := newBytePairs(countWords(texts))
	pieces := []string{}
	for 1+256+len(pieces) < size {
		piece, ok := t.grow()
		if !ok {
			break
		}
		if len(piece) > 1 && !slices.Contains(pieces, piece) {
			pieces = append(pieces, piece)
		}
	}
	v, err := NewByteVocabulary(pieces)
	if err != nil {
		panic(err) // pieces are distinct, valid and longer than a byte by construction
	}
	return v
}

// wordCount is a word with the space before it, and how often it occurs.
type wordCount struct {
	word  string
	count int
}

// countWords returns the most frequent words of the texts, ordered by frequency and then by the alphabet.
func countWords(texts iter.Seq[string]) []wordCount {
	counts := map[string]int{}
	for text := range texts {
		for word := range splitWords(" " + text) {
			n, known := counts[word]
			if !known {
				word = strings.Clone(word) // else a word would hold on to its whole text
			}
			counts[word] = n + 1
		}
	}
	words := make([]wordCount, 0, len(counts))
	for word, count := range counts {
		words = append(words, wordCount{word, count})
	}
	slices.SortFunc(words, func(a, b wordCount) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.word, b.word))
	})
	return words[:min(len(words), wordsCounted)]
}

// splitWords cuts a text into words: a run of letters and digits with the space before it, or a run of one other character. Words
// that are not UTF-8 are left out.
func splitWords(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := text; rest != ""; {
			n := wordLength(rest)
			if word := rest[:n]; utf8.ValidString(word) && !yield(word) {
				return
			}
			rest = rest[n:]
		}
	}
}

// wordLength returns the bytes of the word that a text, which is not empty, begins with.
func wordLength(text string) int {
	n := 0
	if text[0] == ' ' && len(text) > 1 && inWord(text[1]) {
		n = 1
	}
	for run := text[n]; n < len(text) && n < longestWord; {
		if !(text[n] == run || inWord(run) && inWord(text[n])) {
			break
		}
		_, size := utf8.DecodeRuneInString(text[n:])
		n += size
	}
	return n
}

// inWord reports whether a byte belongs to words; so do all beyond ASCII.
func inWord(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b >= utf8.RuneSelf
}

// bytePairs is what byte-pair encoding works on: words as lists of symbols, and how often symbols stand beside each other.
type bytePairs struct {
	symbols []string // by symbol
	index   map[string]int32
	words   []symbolWord
	pairs   map[neighbors]int
	runes   []wordCount // characters of several bytes with the tokens that a place for them saves, the best last
}

type symbolWord struct {
	symbols []int32
	count   int
}

type neighbors struct{ left, right int32 }

func newBytePairs(words []wordCount) *bytePairs {
	t := &bytePairs{index: map[string]int32{}, pairs: map[neighbors]int{}}
	saved := map[string]int{}
	for _, w := range words {
		word := symbolWord{count: w.count}
		for _, r := range w.word {
			character := string(r)
			word.symbols = append(word.symbols, t.symbol(character))
			if bytes := len(character); bytes > 1 {
				saved[character] += w.count * (bytes - 1)
			}
		}
		t.words = append(t.words, word)
		t.countPairs(word, 1)
	}
	for character, gain := range saved {
		t.runes = append(t.runes, wordCount{character, gain})
	}
	slices.SortFunc(t.runes, func(a, b wordCount) int {
		return cmp.Or(cmp.Compare(a.count, b.count), strings.Compare(b.word, a.word))
	})
	return t
}

// symbol returns the symbol of a character or piece, a new one if need be.
func (t *bytePairs) symbol(text string) int32 {
	s, known := t.index[text]
	if !known {
		s = int32(len(t.symbols))
		t.index[text] = s
		t.symbols = append(t.symbols, text)
	}
	return s
}

// countPairs adds the pairs of a word, times its count and sign.
func (t *bytePairs) countPairs(w symbolWord, sign int) {
	for i := 1; i < len(w.symbols); i++ {
		p := neighbors{w.symbols[i-1], w.symbols[i]}
		if t.pairs[p] += sign * w.count; t.pairs[p] == 0 {
			delete(t.pairs, p)
		}
	}
}

// grow makes the piece that saves most tokens and returns it; ok is false if none would save two. A character of several bytes saves
// at least one token each time it occurs, so it always has its place before a pair that it is part of.
func (t *bytePairs) grow() (piece string, ok bool) {
	best, gain := t.bestPair()
	if n := len(t.runes); n > 0 && t.runes[n-1].count >= max(gain, 2) {
		piece, t.runes = t.runes[n-1].word, t.runes[:n-1]
		return piece, true
	}
	if gain < 2 {
		return "", false
	}
	return t.merge(best), true
}

// bestPair returns the most frequent pair and its count; of equal ones the first by the alphabet, joined and then
// by its left part. That order is total, so the map's own does not matter.
func (t *bytePairs) bestPair() (best neighbors, gain int) {
	for p, count := range t.pairs {
		if count > gain || count == gain && t.before(p, best) {
			best, gain = p, count
		}
	}
	return best, gain
}

func (t *bytePairs) before(a, b neighbors) bool {
	return cmp.Or(
		strings.Compare(t.symbols[a.left]+t.symbols[a.right], t.symbols[b.left]+t.symbols[b.right]),
		strings.Compare(t.symbols[a.left], t.symbols[b.left]),
	) < 0
}

// merge joins the pair into one symbol in all words and returns its text.
func (t *bytePairs) merge(p neighbors) string {
	piece := t.symbols[p.left] + t.symbols[p.right]
	joined := t.symbol(piece)
	for i := range t.words {
		w := &t.words[i]
		if !w.has(p) {
			continue
		}
		t.countPairs(*w, -1)
		w.join(p, joined)
		t.countPairs(*w, 1)
	}
	return piece
}

func (w *symbolWord) has(p neighbors) bool {
	for i := 1; i < len(w.symbols); i++ {
		if w.symbols[i-1] == p.left && w.symbols[i] == p.right {
			return true
		}
	}
	return false
}

// join replaces the pair by the joined symbol, from left to right.
func (w *symbolWord) join(p neighbors, joined int32) {
	out := w.symbols[:0]
	for i := 0; i < len(w.symbols); i++ {
		if i+1 < len(w.symbols) && w.symbols[i] == p.left && w.symbols[i+1] == p.right {
			out = append(out, joined)
			i++
		} else {
			out = append(out, w.symbols[i])
		}
	}
	w.symbols = out
}
