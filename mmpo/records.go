package mmpo

import (
	"math"

	"margins/datasets"
)

// split divides records by their prompts, so that no prompt is on both sides. Which side depends on the prompt's text alone.
func split(records []datasets.Record) (train, heldOut []datasets.Record) {
	for _, r := range records {
		if isHeldOut(datasets.PromptHash(r.Prompt)) {
			heldOut = append(heldOut, r)
		} else {
			train = append(train, r)
		}
	}
	return train, heldOut
}

// encoder turns imported texts into tokens that fit the context: of a prompt it keeps the end, of a response the beginning.
type encoder struct {
	vocabulary *datasets.Vocabulary
	cut        int // texts that were longer than their room
}

// prompt returns the tokens of a prompt and the end token as a separator, at most importPrompt in all.
func (e *encoder) prompt(s string) []int32 {
	tokens := e.encode(s)
	if n := len(tokens) - (importPrompt - 1); n > 0 {
		tokens = tokens[n:]
		e.cut++
	}
	return append(tokens, e.vocabulary.End())
}

// response returns the tokens of a response and the end token, or as many of its first tokens as there is room for.
func (e *encoder) response(s string) []int32 {
	tokens := e.encode(s)
	if len(tokens) >= importContext-importPrompt {
		e.cut++
		return tokens[:importContext-importPrompt]
	}
	return append(tokens, e.vocabulary.End())
}

// encode returns the tokens of text. Only what can be kept is read: a piece has at least a byte.
func (e *encoder) encode(s string) []int32 {
	tokens, err := e.vocabulary.Encode(s)
	if err != nil {
		panic("mmpo: " + err.Error()) // a vocabulary of bytes encodes every text
	}
	return tokens
}

func (e *encoder) text(r *datasets.Record, rejected bool) text {
	if rejected {
		return text{e.prompt(r.Prompt), e.response(r.Rejected)}
	}
	return text{e.prompt(r.Prompt), e.response(r.Chosen)}
}

// question returns a record as raters see it, whose scores are the grades that it has already; the true scores are unknown.
func (e *encoder) question(r datasets.Record) datasets.Question {
	see := func(text string, score float64) datasets.Response {
		return datasets.Response{Tokens: e.response(text), Score: score, True: math.NaN()}
	}
	return datasets.Question{Prompt: e.prompt(r.Prompt), First: see(r.Chosen, r.ScoreChosen), Second: see(r.Rejected, r.ScoreRejected)}
}
