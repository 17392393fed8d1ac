package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"margins/mmpo"
)

// objectivesCommand lists what can be trained.
type objectivesCommand struct {
	JSON bool `name:"json" help:"Print the whole table as JSON, with formulas and sources."`
}

// Run prints one line for each objective.
func (c *objectivesCommand) Run() error {
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(mmpo.Objectives)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "id\treads\tparameters\twhat it does")
	for _, o := range mmpo.Objectives {
		var params []string
		for _, s := range o.Params {
			params = append(params, s.Param+"="+s.Default)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", o.ID, told(&o), strings.Join(params, " "), o.Help)
	}
	return table.Flush()
}

// told names what an objective is told of a pair's grades.
func told(o *mmpo.Objective) string {
	switch {
	case o.Graded:
		return "margin"
	case o.Tied:
		return "winner or tie"
	}
	return "winner"
}

// evalObjectiveCommand computes an objective's losses for numbers of one's own.
type evalObjectiveCommand struct {
	ID  string   `arg:"" help:"The objective's id, as \"objectives\" lists them."`
	Set []string `aliases:"param" help:"A parameter of the objective: beta=0.1." placeholder:"KEY=VALUE"`
}

// Help is shown by --help, after the flags' own.
func (c *evalObjectiveCommand) Help() string {
	return `Each line of the standard input is a JSON object of one pair: policy_chosen, policy_rejected, reference_chosen and reference_rejected
are log-probabilities in nats, summed over tokens; len_chosen and len_rejected count tokens; margin, or score_chosen and score_rejected,
are in points. Fields that the objective does not read may be missing. All lines are one batch: what KTO compares with, its z, is estimated
from them, unless a line gives it as kl. A line of the output has the loss and its partial derivatives by policy_chosen and policy_rejected.`
}

// pairLine is one line of the input. A field that is missing is nil.
type pairLine struct {
	PolicyChosen      *float64 `json:"policy_chosen"`
	PolicyRejected    *float64 `json:"policy_rejected"`
	ReferenceChosen   *float64 `json:"reference_chosen"`
	ReferenceRejected *float64 `json:"reference_rejected"`
	LenChosen         *int     `json:"len_chosen"`
	LenRejected       *int     `json:"len_rejected"`
	Margin            *float64 `json:"margin"`
	ScoreChosen       *float64 `json:"score_chosen"`
	ScoreRejected     *float64 `json:"score_rejected"`
	KL                *float64 `json:"kl"`
}

// lossLine is one line of the output.
type lossLine struct {
	Loss      float64  `json:"loss"`
	DChosen   float64  `json:"d_chosen"`
	DRejected float64  `json:"d_rejected"`
	KL        *float64 `json:"kl,omitempty"` // z, where the objective reads it
}

// Run reads all pairs, then writes a line for each.
func (c *evalObjectiveCommand) Run() error {
	return c.evaluate(os.Stdin, os.Stdout, os.Stderr)
}

func (c *evalObjectiveCommand) evaluate(in io.Reader, out, notices io.Writer) error {
	o, ok := mmpo.FindObjective(c.ID)
	if !ok {
		return fmt.Errorf("there is no objective %q; \"margins objectives\" lists them", c.ID)
	}
	choose, notes, err := o.Choose(c.Set)
	if err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintln(notices, n)
	}
	batch, err := readPairs(in, o)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	for _, n := range batch {
		var line lossLine
		line.Loss, line.DChosen, line.DRejected = o.Loss(choose, n)
		if o.ReadsBatch() {
			line.KL = &n.KL
		}
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// readPairs reads the numbers that the objective needs, a pair a line; empty lines are skipped. The error names the line.
func readPairs(in io.Reader, o *mmpo.Objective) ([]mmpo.Numbers, error) {
	var batch []mmpo.Numbers
	var given []bool // whether the line gave its KL
	lines := bufio.NewScanner(in)
	number := 1
	for ; lines.Scan(); number++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		var line pairLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		n, err := line.numbers(o)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		batch, given = append(batch, n), append(given, line.KL != nil)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number, err)
	}
	kl := mmpo.BatchKL(batch)
	for i := range batch {
		if !given[i] {
			batch[i].KL = kl
		}
	}
	return batch, nil
}

// numbers returns what the line says, or an error that names what the objective needs and does not find.
func (l *pairLine) numbers(o *mmpo.Objective) (n mmpo.Numbers, err error) {
	margin, marginErr := l.margin()
	if o.Graded || o.Tied {
		err = marginErr
	}
	n.Margin = margin
	number := func(name string, from *float64, to *float64, needed bool) {
		switch {
		case from != nil:
			*to = *from
		case needed && err == nil:
			err = fmt.Errorf("%s is missing", name)
		}
	}
	length := func(name string, from *int, to *int) {
		switch {
		case from != nil && *from > 0:
			*to = *from
		case o.Reward == mmpo.PerToken && err == nil:
			err = fmt.Errorf("%s is missing, or less than 1", name)
		}
	}
	number("policy_chosen", l.PolicyChosen, &n.PolicyChosen, true)
	number("policy_rejected", l.PolicyRejected, &n.PolicyRejected, true)
	number("reference_chosen", l.ReferenceChosen, &n.ReferenceChosen, o.Reward == mmpo.LogRatio)
	number("reference_rejected", l.ReferenceRejected, &n.ReferenceRejected, o.Reward == mmpo.LogRatio)
	number("kl", l.KL, &n.KL, false)
	length("len_chosen", l.LenChosen, &n.LenChosen)
	length("len_rejected", l.LenRejected, &n.LenRejected)
	return n, err
}

// margin returns the graded margin, in points.
func (l *pairLine) margin() (m float64, err error) {
	switch {
	case l.Margin != nil:
		m = *l.Margin
	case l.ScoreChosen != nil && l.ScoreRejected != nil:
		m = *l.ScoreChosen - *l.ScoreRejected
	default:
		return 0, errors.New("margin is missing, and so is one of score_chosen and score_rejected")
	}
	if m < 0 {
		return 0, fmt.Errorf("the margin is %g: the chosen response is the one with the higher grade", m)
	}
	return m, nil
}
