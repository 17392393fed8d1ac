package datasets

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Vocabulary maps texts to tokens and back. Each token stands for a piece of text, spaces included: a text is its pieces one after
// another, and Encode takes the longest piece that fits at every point. A piece that begins a word begins with the space before it, so
// that a word is the same token at the start of a text as elsewhere; Encode puts that space before a text and Decode takes it off.
//
// Token 0 ends a text and stands for no text itself. Where prompts vary in length, it also serves as the separator between prompt
// and response: one token for "here a text ends" is enough.
type Vocabulary struct {
	pieces []string // by token; the end token's is empty
	given  int      // the first token that a caller chose: what comes before is the same in every vocabulary of its kind
	trie   []node   // the pieces by their bytes; trie[0] is the root
}

// node is a point in the trie, reached by the bytes that lead to it.
type node struct {
	next  [256]int32 // by byte; 0, the root, stands for none, since nothing leads back to it
	token int32      // whose piece ends here; 0, the end token, stands for none, since it has no piece
}

const endToken int32 = 0

// NewVocabulary returns the end token followed by one token for each piece. Texts that are not made of these pieces have no encoding.
// An empty piece, one that is not UTF-8 or one given twice is an error.
func NewVocabulary(pieces []string) (*Vocabulary, error) {
	return newVocabulary(nil, pieces)
}

// NewByteVocabulary returns the end token, one token for each of the 256 bytes and one for each piece, so that every text has an
// encoding. A piece that is empty, not UTF-8, given twice or a single ASCII character, which is a byte already, is an error.
func NewByteVocabulary(pieces []string) (*Vocabulary, error) {
	return newVocabulary(everyByte(), pieces)
}

// everyByte returns the 256 strings of one byte; the upper half are no UTF-8.
func everyByte() []string {
	pieces := make([]string, 256)
	for b := range pieces {
		pieces[b] = string([]byte{byte(b)})
	}
	return pieces
}

func newVocabulary(base, pieces []string) (*Vocabulary, error) {
	v := &Vocabulary{pieces: append([]string{""}, base...), given: 1 + len(base), trie: make([]node, 1)}
	for i, piece := range v.pieces[1:] {
		v.insert(piece, int32(1+i))
	}
	for _, piece := range pieces {
		switch {
		case piece == "":
			return nil, errors.New("datasets: a vocabulary's piece is empty")
		case !utf8.ValidString(piece):
			return nil, fmt.Errorf("datasets: the vocabulary's piece %q is not UTF-8", piece)
		case !v.insert(piece, int32(len(v.pieces))):
			return nil, fmt.Errorf("datasets: the vocabulary has the piece %q twice", piece)
		}
		v.pieces = append(v.pieces, piece)
	}
	return v, nil
}

// insert adds a piece to the trie, unless it is there already.
func (v *Vocabulary) insert(piece string, token int32) bool {
	at := int32(0)
	for i := range len(piece) {
		next := v.trie[at].next[piece[i]]
		if next == 0 {
			next = int32(len(v.trie))
			v.trie[at].next[piece[i]] = next
			v.trie = append(v.trie, node{})
		}
		at = next
	}
	if v.trie[at].token != 0 {
		return false
	}
	v.trie[at].token = token
	return true
}

// Size returns the number of tokens, the end token included.
func (v *Vocabulary) Size() int { return len(v.pieces) }

// End returns the token that ends a text.
func (v *Vocabulary) End() int32 { return endToken }

// Pieces returns the pieces that this vocabulary was made of. NewVocabulary or NewByteVocabulary, whichever made it, makes the same
// tokens of them again. They are UTF-8, and nobody may write to them.
func (v *Vocabulary) Pieces() []string { return v.pieces[v.given:] }

// Encode returns the tokens of text without an end token. A text of which some part has no token is an error that quotes this part;
// there is none in a vocabulary of bytes. It takes time proportional to the text for pieces of a given length.
func (v *Vocabulary) Encode(text string) ([]int32, error) {
	if text == "" {
		return nil, nil
	}
	text = " " + text
	tokens := make([]int32, 0, len(text)/2)
	for rest := text; rest != ""; {
		token, n := v.longest(rest)
		if n == 0 {
			return nil, fmt.Errorf("datasets: the vocabulary has no token for %q", excerpt(rest))
		}
		tokens, rest = append(tokens, token), rest[n:]
	}
	return tokens, nil
}

// longest returns the longest piece that text begins with, and its length in bytes, which is 0 if there is none.
func (v *Vocabulary) longest(text string) (token int32, n int) {
	at := int32(0)
	for i := range len(text) {
		at = v.trie[at].next[text[i]]
		if at == 0 {
			break
		}
		if t := v.trie[at].token; t != 0 {
			token, n = t, i+1
		}
	}
	return token, n
}

// excerpt returns the beginning of a text for a message.
func excerpt(text string) string {
	const most = 40
	for i := range text {
		if i >= most {
			return text[:i] + "…"
		}
	}
	return text
}

// Decode returns the text of tokens. End tokens add nothing to it; for a vocabulary of bytes, Decode of Encode is the same bytes.
func (v *Vocabulary) Decode(tokens []int32) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(v.pieces[t])
	}
	return strings.TrimPrefix(b.String(), " ")
}

// Token returns a token's piece for inspection, spaces included: valid UTF-8, where the end token is <end> and a byte that is no
// printable ASCII character is its number in hexadecimal, such as <0A>.
func (v *Vocabulary) Token(i int32) string {
	piece := v.pieces[i]
	switch {
	case i == endToken:
		return "<end>"
	case len(piece) == 1 && (piece[0] < ' ' || piece[0] > '~'):
		hex := strings.ToUpper(strconv.FormatUint(uint64(piece[0]), 16))
		return "<" + strings.Repeat("0", 2-len(hex)) + hex + ">"
	}
	return piece
}
