package mmpo

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"margins/repro"
)

// Sweep is many experiments: a base, settings that take several values each, and seeds at which every combination is run.
type Sweep struct {
	Base  Experiment `json:"base"`
	Axes  []Axis     `json:"axes"`  // the objective, and at most two others
	Seeds int        `json:"seeds"` // Base.Seed and those after it
	// Settings are those of objectives on an axis that do not run at their own defaults. An axis of such a setting itself goes before.
	Settings []Choose `json:"settings"`
	Tuning   *Tuning  `json:"tuning,omitempty"` // where the settings come from, if from a tuning; no part of the link
}

// Axis is a setting that a sweep varies.
type Axis struct {
	Param  string   `json:"param"`  // id in Params
	Values []string `json:"values"` // as links write them, in the order of the figure
}

// Cell is one run of a sweep.
type Cell struct {
	At         []int      `json:"at"` // place of its value on each axis
	Experiment Experiment `json:"experiment"`
	Key        string     `json:"key"` // by which its trial is kept
}

// Limits of a sweep.
const (
	maxAxes  = 2      // beside the objective's
	maxCells = 20_000 // runs: a day's work of 32 cores
)

// DefaultSweep returns the question of the project: how many levels of feedback are enough?
func DefaultSweep() Sweep {
	return Sweep{Base: DefaultComparison().B, Seeds: 5, Axes: []Axis{
		{Param: "levels", Values: []string{"2", "3", "5", "10", "exact"}},
		{Param: "objective", Values: []string{"dpo", "mmpo"}},
	}}
}

// Validate returns an error that says what is wrong with s, and writes the axes' values as links do.
func (s *Sweep) Validate() error {
	if err := s.Base.Validate(); err != nil {
		return err
	}
	others, cells := 0, s.Seeds
	for i := range s.Axes {
		a := &s.Axes[i]
		if err := a.validate(); err != nil {
			return err
		}
		if slices.ContainsFunc(s.Axes[:i], func(b Axis) bool { return b.Param == a.Param }) {
			return fmt.Errorf("a sweep varies %s twice", a.Param)
		}
		if a.Param != objectiveParam {
			others++
		}
		cells *= len(a.Values)
	}
	switch {
	case others > maxAxes:
		return fmt.Errorf("a sweep varies at most two settings beside the objective, not %d", others)
	case s.Seeds < 1 || s.Seeds > maxSeeds:
		return fmt.Errorf("a sweep has between 1 and %d seeds, not %d", maxSeeds, s.Seeds)
	case cells > maxCells:
		return fmt.Errorf("a sweep has at most %d runs, not %d", maxCells, cells)
	}
	for _, c := range s.Settings {
		e := s.Base
		e.Objective = c
		if err := e.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// objectiveParam is the id of the parameter that chooses the objective.
const objectiveParam = "objective"

func (a *Axis) validate() error {
	p, ok := FindParam(a.Param)
	switch {
	case !ok:
		return fmt.Errorf("there is no setting %q to vary", a.Param)
	case a.Param == "seed":
		return errors.New("seeds are not varied: a sweep runs everything at several seeds anyway")
	case len(a.Values) == 0:
		return fmt.Errorf("%s is to be varied, but no values are given", a.Param)
	}
	for i, text := range a.Values {
		_, canonical, note, err := p.check(text)
		switch {
		case err != nil:
			return err
		case note != "":
			return errors.New(note)
		case slices.Contains(a.Values[:i], canonical):
			return fmt.Errorf("%s has the value %s twice", a.Param, canonical)
		}
		a.Values[i] = canonical
	}
	return nil
}

// Cells returns the runs of s, which must be valid: seed by seed, so that results which come in this order show all cells evenly; within
// a seed the last axis varies fastest. Cells whose settings differ only where an objective does not read them have the same key.
func (s *Sweep) Cells() []Cell {
	points := 1
	for _, a := range s.Axes {
		points *= len(a.Values)
	}
	cells := make([]Cell, 0, s.Seeds*points)
	for seed := range s.Seeds {
		for i := range points {
			at := make([]int, len(s.Axes))
			for k, rest := len(at)-1, i; k >= 0; k-- {
				at[k], rest = rest%len(s.Axes[k].Values), rest/len(s.Axes[k].Values)
			}
			e := s.at(at)
			e.Seed = s.Base.Seed + uint64(seed)
			cells = append(cells, Cell{At: at, Experiment: e, Key: e.Key(EngineVersion)})
		}
	}
	return cells
}

// at returns the experiment at a place on the axes, at the base's seed.
func (s *Sweep) at(at []int) Experiment {
	e := s.Base
	for pass := range 2 { // the objective first: the others of its group follow from it
		for k, a := range s.Axes {
			if value := a.Values[at[k]]; (a.Param == objectiveParam) != (pass == 0) {
				continue
			} else if pass == 0 {
				e.Objective = s.settings(value)
			} else {
				mustSet(&e, a.Param, value)
			}
		}
	}
	e.settleStakes() // a world on an axis has its own
	e.normalize()
	return e
}

// settings returns those that an objective runs at.
func (s *Sweep) settings(objective string) Choose {
	for _, c := range append(slices.Clone(s.Settings), s.Base.Objective) {
		if c.ID == objective {
			return c
		}
	}
	o, ok := FindObjective(objective)
	if !ok {
		panic("mmpo: a sweep has the unknown objective " + objective)
	}
	return o.choose()
}

func mustSet(e *Experiment, param, value string) {
	p, ok := FindParam(param)
	if !ok {
		panic("mmpo: there is no parameter " + param)
	}
	if _, err := p.Set(e, value); err != nil {
		panic("mmpo: " + err.Error())
	}
}

// Distinct returns the cells of all different keys, each where it stands first: what there is to compute.
func Distinct(cells []Cell) []Cell {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool {
		defer func() { seen[c.Key] = true }()
		return seen[c.Key]
	})
}

// Shard returns part i of n of cells, 0 <= i < n. Every cell is in exactly one part, and no part has two cells more than another. Parts
// are stretches of the order of cells, so that those of one seed, which share their pairs, mostly stay together.
func Shard(cells []Cell, i, n int) []Cell { return cells[i*len(cells)/n : (i+1)*len(cells)/n] }

// measureVersion changes whenever the same weights are measured differently. EngineVersion speaks of the weights alone.
const measureVersion = "2"

// Key returns the hash by which the trial of e is kept: of every setting that e reads, written out, and of the engine. A setting that is
// added to Params changes all keys; so a trial is never taken for that of an experiment which only looks the same.
func (e Experiment) Key(engine string) string {
	e.normalize()
	o, _ := FindObjective(e.Objective.ID)
	var settings []string
	for i := range Params {
		if p := &Params[i]; !p.isOfObjective() || o.reads(p.ID) {
			settings = append(settings, p.ID+"="+p.Get(&e))
		}
	}
	slices.Sort(settings)
	text := "engine=" + engine + "\nmeasures=" + measureVersion + "\n" + strings.Join(settings, "\n")
	return fmt.Sprintf("%x", repro.Sum256([]byte(text)))
}

// Link returns e as a link's fragment; both sides are alike.
func (e Experiment) Link() string { return Comparison{A: e, B: e}.Link() }

// Keys of a sweep's link beside those of its base and of its objectives ("dpo.beta").
const (
	linkSeeds = "seeds"
	linkVary  = "vary."
)

// Link returns s as a URL fragment without its #: the base's link, the number of seeds, each axis as vary.PARAMETER=VALUE,VALUE and each
// setting of an objective as OBJECTIVE.PARAMETER=VALUE.
func (s *Sweep) Link() string {
	keys := []string{s.Base.Link(), linkSeeds + "=" + strconv.Itoa(s.Seeds)}
	for _, a := range s.Axes {
		keys = append(keys, linkVary+a.Param+"="+strings.Join(a.Values, ","))
	}
	for _, c := range s.Settings {
		o, _ := FindObjective(c.ID)
		e := Experiment{Objective: c}
		for _, setting := range o.Params {
			p, _ := FindParam(setting.Param)
			keys = append(keys, c.ID+"."+p.ID+"="+p.Get(&e))
		}
	}
	return strings.Join(keys, "&")
}

// ParseSweepLink reads what Sweep.Link wrote. A link without axes or seeds has the default sweep's. Notices are as ParseLink's.
func ParseSweepLink(link string) (s Sweep, notices []string, err error) {
	if len(link) > maxLink {
		return s, nil, fmt.Errorf("the link is %d bytes long; a link of Margins has at most %d", len(link), maxLink)
	}
	link = strings.TrimPrefix(link, "#")
	s = DefaultSweep()
	var axes []Axis
	var base []string
	settings, seen := map[string][]string{}, map[string]bool{}
	for key := range strings.SplitSeq(link, "&") {
		text, err := unescape(key)
		if err != nil {
			return Sweep{}, nil, err
		}
		name, value, _ := strings.Cut(text, "=")
		if seen[name] {
			continue // as in every link the first counts
		}
		seen[name] = true
		objective, param, _ := strings.Cut(name, ".")
		_, isObjective := FindObjective(objective)
		switch {
		case name == claimReadout || name == claimRuns: // ReadClaim's
		case name == linkSeeds:
			if s.Seeds, err = strconv.Atoi(value); err != nil {
				return Sweep{}, nil, fmt.Errorf("seeds: %q is not a whole number", value)
			}
		case strings.HasPrefix(name, linkVary):
			axes = append(axes, Axis{Param: param, Values: strings.Split(value, ",")})
		case isObjective && param != "":
			settings[objective] = append(settings[objective], param+"="+value)
		default:
			base = append(base, key)
		}
	}
	if axes != nil {
		s.Axes = axes
	}
	c, notices, err := ParseLink(strings.Join(base, "&"))
	if err != nil {
		return Sweep{}, nil, err
	}
	s.Base = c.B
	a, err := DefaultExperiment(c.A.Objective.ID)
	if explicit := settings[c.A.Objective.ID] != nil; err == nil && !explicit && c.A.Objective.ID != c.B.Objective.ID && c.A.Objective != a.Objective {
		s.Settings = append(s.Settings, c.A.Objective) // a comparison's link sets both objectives
	}
	for _, id := range slices.Sorted(maps.Keys(settings)) {
		o, _ := FindObjective(id)
		choose, notes, err := o.Choose(settings[id])
		if err != nil {
			return Sweep{}, nil, err
		}
		s.Settings, notices = append(s.Settings, choose), append(notices, notes...)
	}
	return s, notices, s.Validate()
}
