package mmpo

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
		Params[i].mustSet(&e, Params[i].Default)
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
	c.A.normalize()
	c.B.normalize()
	d, start := c.defaults(), DefaultComparison()
	keys := []string{"v=" + LinkVersion}
	put := func(key, value string) { keys = append(keys, key+"="+value) }
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
	values, err := splitLink(strings.TrimPrefix(link, "#"))
	if err != nil {
		return c, nil, err
	}
	if v, ok := values["v"]; ok && v != LinkVersion {
		return c, nil, fmt.Errorf("the link has version %q; this page reads version %s", v, LinkVersion)
	}
	for _, key := range []string{"v", claimEngine, claimA, claimB} {
		delete(values, key)
	}
	c = DefaultComparison()
	// Objectives first: the others of their group have defaults that depend on them.
	objective, _ := FindParam("objective")
	if err := c.take(objective, values, &notices); err != nil {
		return Comparison{}, nil, err
	}
	c = c.defaults()
	named := values["stakes"]+values["a.stakes"]+values["b.stakes"] != ""
	for i := range Params {
		if err := c.take(&Params[i], values, &notices); err != nil {
			return Comparison{}, nil, err
		}
	}
	c.settleStakes(named, &notices)
	c.A.normalize()
	c.B.normalize()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		notices = append(notices, fmt.Sprintf("%q is not a setting that this version knows, so it is ignored", key))
	}
	return c, notices, nil
}

// Claim is what a link says that its runs end in, for those who repeat them. A link need not claim anything.
type Claim struct {
	Engine string `json:"engine"` // EngineVersion of who made the link, "" if it claims nothing
	A      string `json:"a"`      // fingerprint of side A
	B      string `json:"b"`
}

// The keys of a claim, which are no settings.
const (
	claimEngine = "engine"
	claimA      = "a.fingerprint"
	claimB      = "b.fingerprint"
)

// Link returns the keys that add the claim to a link.
func (c Claim) Link() string {
	if c.Engine == "" {
		return ""
	}
	return "&" + claimEngine + "=" + c.Engine + "&" + claimA + "=" + c.A + "&" + claimB + "=" + c.B
}

// LinkClaim returns what a link claims; only whole fingerprints count.
func LinkClaim(link string) Claim {
	values, err := splitLink(strings.TrimPrefix(link, "#"))
	if err != nil || len(values[claimA]) != 64 || len(values[claimB]) != 64 {
		return Claim{}
	}
	return Claim{Engine: values[claimEngine], A: values[claimA], B: values[claimB]}
}

// splitLink splits key=value&key=value. Keys and values are plain ASCII, so that Link needs no escapes; those that others put in on the
// way are undone. A key that stands twice counts as it stands first. (Package net/url would add 22 kB to the engine.)
func splitLink(link string) (map[string]string, error) {
	values := map[string]string{}
	for setting := range strings.SplitSeq(link, "&") {
		setting, err := unescape(setting)
		if err != nil {
			return nil, err
		}
		key, value, _ := strings.Cut(setting, "=")
		if _, twice := values[key]; key != "" && !twice {
			values[key] = value
		}
	}
	return values, nil
}

// unescape turns %3A into a colon and so on.
func unescape(s string) (string, error) {
	var b strings.Builder
	for rest := s; ; {
		before, after, found := strings.Cut(rest, "%")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		code, err := strconv.ParseUint(after[:min(2, len(after))], 16, 8)
		if err != nil || len(after) < 2 {
			return "", fmt.Errorf("the link cannot be read: it has %q, which stands for nothing", "%"+after[:min(2, len(after))])
		}
		b.WriteByte(byte(code))
		rest = after[2:]
	}
}

// take sets one parameter from the link's values and removes them.
func (c *Comparison) take(p *Param, values map[string]string, notices *[]string) error {
	for _, side := range []struct {
		prefix string
		of     []*Experiment
	}{{"", []*Experiment{&c.A, &c.B}}, {"a.", []*Experiment{&c.A}}, {"b.", []*Experiment{&c.B}}} {
		text, ok := values[side.prefix+p.ID]
		if !ok {
			continue
		}
		delete(values, side.prefix+p.ID)
		for _, e := range side.of {
			note, err := p.Set(e, text)
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

// normalize sets what is not read to zero, of an objective's parameters, or to its default, so that experiments which run alike are
// equal. A parameter stands after those that its conditions are of.
func (e *Experiment) normalize() {
	o, _ := FindObjective(e.Objective.ID)
	for i := range Params {
		p := &Params[i]
		switch {
		case p.isOfObjective() && !o.reads(p.ID):
			p.clear(e)
		case !p.applies(e):
			p.mustSet(e, p.Default)
		}
	}
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
		if p.isOfObjective() && !o.reads(p.ID) {
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
	if note := e.settleStakes(); note != "" {
		return errors.New(note)
	}
	return nil
}
