package mmpo

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// LinkVersion is the version of links that this package writes; it reads this one and none later.
const LinkVersion = "1"

// maxLink bounds the length of a link that is read, in bytes: the longest one with every parameter set is a tenth of it.
const maxLink = 8192

// DefaultExperiment returns the experiment that every parameter's default describes, with the objective's own settings.
func DefaultExperiment(objective string) (Experiment, error) {
	o, ok := FindObjective(objective)
	if !ok {
		return Experiment{}, fmt.Errorf("objective: there is no %q", objective)
	}
	var e Experiment
	for i := range Params {
		if _, err := Params[i].Set(&e, Params[i].Default); err != nil {
			panic("mmpo: the default of " + err.Error())
		}
	}
	e.Objective = o.choose()
	return e, nil
}

// DefaultComparison returns what the page begins with: DPO beside MMPO, alike in all else.
func DefaultComparison() Comparison {
	a, errA := DefaultExperiment("dpo")
	b, errB := DefaultExperiment("mmpo")
	if errA != nil || errB != nil {
		panic("mmpo: an objective of the default comparison is missing")
	}
	return Comparison{A: a, B: b}
}

// defaults returns the comparison that c's objectives alone determine.
func (c Comparison) defaults() Comparison {
	a, errA := DefaultExperiment(c.A.Objective.ID)
	b, errB := DefaultExperiment(c.B.Objective.ID)
	if errA != nil || errB != nil {
		panic("mmpo: a comparison has an unknown objective")
	}
	return Comparison{A: a, B: b}
}

// Link returns c as a URL fragment without its #. It names the version, the seed, and each parameter that differs from its default: by
// its id where both sides agree, by "a." or "b." and its id where they do not.
func (c Comparison) Link() string {
	d, start := c.defaults(), DefaultComparison()
	keys := []string{"v=" + LinkVersion}
	put := func(key, value string) { keys = append(keys, key+"="+url.QueryEscape(value)) }
	for i := range Params {
		p := &Params[i]
		a, b := p.Get(&c.A), p.Get(&c.B)
		defaultA, defaultB := p.Get(&d.A), p.Get(&d.B)
		if p.ID == "objective" {
			defaultA, defaultB = start.A.Objective.ID, start.B.Objective.ID
		}
		switch {
		case p.ID == "seed" && a == b:
			put(p.ID, a)
		case a == defaultA && b == defaultB:
		case a == b:
			put(p.ID, a)
		default:
			if a != defaultA {
				put("a."+p.ID, a)
			}
			if b != defaultB {
				put("b."+p.ID, b)
			}
		}
	}
	return strings.Join(keys, "&")
}

// ParseLink reads what Link wrote, with or without a leading #. Notices say what was ignored (an unknown key) or moved to a limit; a
// value that stands for nothing is an error that names it. An empty link is the default comparison.
func ParseLink(link string) (c Comparison, notices []string, err error) {
	if len(link) > maxLink {
		return c, nil, fmt.Errorf("the link is %d bytes long; a link of Margins has at most %d", len(link), maxLink)
	}
	values, err := url.ParseQuery(strings.TrimPrefix(link, "#"))
	if err != nil {
		return c, nil, fmt.Errorf("the link cannot be read: %w", err)
	}
	if v, ok := values["v"]; ok && v[0] != LinkVersion {
		return c, nil, fmt.Errorf("the link has version %q; this page reads version %s", v[0], LinkVersion)
	}
	delete(values, "v")
	c = DefaultComparison()
	// Objectives first: the others of their group have defaults that depend on them.
	objective, _ := FindParam("objective")
	if err := c.take(objective, values, &notices); err != nil {
		return Comparison{}, nil, err
	}
	c = c.defaults()
	for i := range Params {
		if err := c.take(&Params[i], values, &notices); err != nil {
			return Comparison{}, nil, err
		}
	}
	c.A.normalize()
	c.B.normalize()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		notices = append(notices, fmt.Sprintf("%q is not a setting that this version knows, so it is ignored", key))
	}
	return c, notices, nil
}

// take sets one parameter from the link's values and removes them.
func (c *Comparison) take(p *Param, values url.Values, notices *[]string) error {
	for _, side := range []struct {
		prefix string
		of     []*Experiment
	}{{"", []*Experiment{&c.A, &c.B}}, {"a.", []*Experiment{&c.A}}, {"b.", []*Experiment{&c.B}}} {
		texts, ok := values[side.prefix+p.ID]
		if !ok {
			continue
		}
		delete(values, side.prefix+p.ID)
		for _, e := range side.of {
			note, err := p.Set(e, texts[0])
			if err != nil {
				return err
			}
			if note != "" && !slices.Contains(*notices, note) {
				*notices = append(*notices, note)
			}
		}
	}
	return nil
}

// normalize sets the objective's parameters that it does not read to zero, so that experiments which run alike are equal.
func (e *Experiment) normalize() {
	o, _ := FindObjective(e.Objective.ID)
	read := Choose{ID: e.Objective.ID}
	for _, s := range o.Params {
		*read.setting(s.Param) = *e.Objective.setting(s.Param)
	}
	e.Objective = read
}

// Validate returns an error that says which setting of e is out of its limits. What comes from links and flags is within them; what
// comes as a message or a record may not be.
func (e *Experiment) Validate() error {
	o, ok := FindObjective(e.Objective.ID)
	if !ok {
		return fmt.Errorf("objective: there is no %q", e.Objective.ID)
	}
	for i := range Params {
		p := &Params[i]
		if p.Group == "objective" && p.ID != "objective" && !o.reads(p.ID) {
			continue
		}
		note, err := p.Set(e, p.Get(e))
		if err != nil {
			return err
		}
		if note != "" {
			return errors.New(note)
		}
	}
	return nil
}

// reads tells whether the objective has the parameter.
func (o *Objective) reads(param string) bool {
	return slices.ContainsFunc(o.Params, func(s Setting) bool { return s.Param == param })
}
