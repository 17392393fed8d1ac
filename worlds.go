package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"margins/datasets"
	"margins/mmpo"
	"margins/repro"
)

// worldsCommand lists the toy worlds.
type worldsCommand struct {
	JSON bool   `name:"json" help:"Print the list as JSON."`
	Seed uint64 `default:"1" help:"Decides which examples are shown."`
}

// worldView is a world as the command shows it.
type worldView struct {
	ID         string               `json:"id"`
	Title      string               `json:"title"`
	Help       string               `json:"help"`
	About      string               `json:"about"`
	Point      string               `json:"point"` // what the comparison of the link shows
	Link       string               `json:"link"`
	Prompts    int                  `json:"prompts"`
	HeldOut    int                  `json:"heldOut"` // of those prompts
	Vocabulary int                  `json:"vocabulary"`
	Context    int                  `json:"context"` // tokens
	Stakes     []stakeView          `json:"stakes"`
	Attributes []datasets.Attribute `json:"attributes"`
	Examples   []exampleView        `json:"examples"`
}

// stakeView is a datasets.Stake.
type stakeView struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Help  string `json:"help"`
}

// exampleView is a response of the writers, judged under the world's first stakes.
type exampleView struct {
	Prompt   string          `json:"prompt"`
	Response string          `json:"response"`
	Score    float64         `json:"score"`
	Parts    []datasets.Part `json:"parts"`
}

// shownExamples is how many examples of a world are shown.
const shownExamples = 3

// Run prints each world with examples of what its writers write.
func (c *worldsCommand) Run() error {
	var views []worldView
	for _, w := range datasets.Worlds {
		views = append(views, newWorldView(w, c.Seed))
	}
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(views)
	}
	for i, v := range views {
		if i > 0 {
			fmt.Println()
		}
		v.print(os.Stdout)
	}
	return nil
}

func newWorldView(w *datasets.World, seed uint64) worldView {
	start, _ := mmpo.FindWorldDefault(w.ID)
	v := worldView{
		ID: w.ID, Title: w.Title, Help: w.Help, About: w.About, Point: start.Point, Link: start.Link,
		Prompts: w.Prompts, HeldOut: w.HeldOut, Vocabulary: w.Vocabulary.Size(), Context: w.Context, Attributes: w.Attributes,
	}
	for _, s := range w.Stakes {
		v.Stakes = append(v.Stakes, stakeView(s))
	}
	rng := repro.Stream(seed, "examples")
	for range shownExamples {
		prompt := w.Prompt(rng.IntN(w.Prompts))
		response := w.Write(rng, prompt)
		j := w.Judge(w.Stakes[0].ID, prompt, response)
		v.Examples = append(v.Examples, exampleView{w.Vocabulary.Decode(prompt), w.Vocabulary.Decode(response), j.Score, j.Parts})
	}
	return v
}

// print writes the world for people.
func (v *worldView) print(out io.Writer) {
	fmt.Fprintf(out, "%s (%s)\n  %s\n  %s\n", v.Title, v.ID, v.Help, v.About)
	fmt.Fprintf(out, "  %d prompts, %d of them held out; %d tokens, at most %d of them to a prompt and a response\n",
		v.Prompts, v.HeldOut, v.Vocabulary, v.Context)
	fmt.Fprintf(out, "  Default: %s\n    %s\n  Stakes:\n", v.Point, v.Link)
	for _, s := range v.Stakes {
		fmt.Fprintf(out, "    %s: %s. %s\n", s.ID, s.Title, s.Help)
	}
	var titles []string
	for _, a := range v.Attributes {
		titles = append(titles, strings.ToLower(a.Title)+" ("+a.ID+")")
	}
	fmt.Fprintf(out, "  Score: %s\n  What the writers write, under the stakes %q:\n", strings.Join(titles, ", "), v.Stakes[0].ID)
	for _, e := range v.Examples {
		fmt.Fprintf(out, "    %s\n      %s\n      %.2f = %.0f", e.Prompt, e.Response, e.Score, datasets.ScaleMin)
		for _, p := range e.Parts {
			fmt.Fprintf(out, " + %.2f %s", p.Points, p.ID)
		}
		fmt.Fprintln(out)
	}
}
