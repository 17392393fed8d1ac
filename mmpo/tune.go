package mmpo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Tuning says how the objectives of a sweep came by their settings: each was run at as many of them, on seeds that the sweep itself does
// not use, and took the best. So that what is compared is not whose defaults were chosen better.
type Tuning struct {
	Readout    string  `json:"readout"` // id of what was to be as high as possible, at the end of a run
	First      uint64  `json:"first"`   // seed; those after it follow
	Seeds      int     `json:"seeds"`   // runs at each of the settings
	Objectives []Tuned `json:"objectives"`
}

// Tuned is one objective's part of a tuning.
type Tuned struct {
	Tried  []Tried `json:"tried"`
	Chosen int     `json:"chosen"` // place in Tried
}

// Tried is what an objective came to at some settings.
type Tried struct {
	Objective Choose   `json:"objective"`
	Mean      Estimate `json:"mean"`   // of the readout over the runs that have it
	Failed    int      `json:"failed"` // runs that diverged, or have no number
}

// TuningSeed is the first of the seeds that settings are tuned on, and TuningSeeds their usual number.
const (
	TuningSeed  = 1001
	TuningSeeds = 3
)

// tunedFactors are what an objective's own settings are multiplied by, those of beta and gamma. Each objective has five tries: one with
// beta alone has a finer row of it, one with both a cross, since its optimum depends on gamma / beta.
var (
	betaFactors  = [][2]float64{{1, 1}, {0.5, 1}, {0.7, 1}, {1.4, 1}, {2, 1}}
	crossFactors = [][2]float64{{1, 1}, {0.5, 1}, {2, 1}, {1, 0.5}, {1, 2}}
)

// TuningReadout returns the id of what settings are tuned by: the true score, where it is known.
func (s *Sweep) TuningReadout() string {
	if strings.HasPrefix(s.Base.World, "data:") {
		return "eval_rewards/accuracies"
	}
	return "true_score"
}

// TuningCells returns the runs that tune the settings of the sweep's objectives, everything else being as in its base. The error says why
// there are none.
func (s *Sweep) TuningCells(seeds int) ([]Cell, error) {
	if last := s.Base.Seed + uint64(s.Seeds) - 1; s.Base.Seed < TuningSeed+uint64(seeds) && last >= TuningSeed {
		return nil, fmt.Errorf("the sweep's seeds, %d to %d, hold some of those that settings are tuned on, from %d on", s.Base.Seed, last, TuningSeed)
	}
	var cells []Cell
	for i, objective := range s.objectives() {
		for k, c := range s.tries(objective) {
			e := s.Base
			e.Objective = c
			for seed := range seeds {
				e.Seed = TuningSeed + uint64(seed)
				cells = append(cells, Cell{At: []int{i, k}, Experiment: e, Key: e.Key(EngineVersion)})
			}
		}
	}
	return cells, nil
}

// objectives returns the ids of the sweep's objectives.
func (s *Sweep) objectives() []string {
	for _, a := range s.Axes {
		if a.Param == objectiveParam {
			return a.Values
		}
	}
	return []string{s.Base.Objective.ID}
}

// tries returns the settings that an objective is tried at, its present ones first. What an axis varies is not tuned.
func (s *Sweep) tries(objective string) []Choose {
	start := s.settings(objective)
	o, _ := FindObjective(objective)
	tuned := func(param string) bool {
		return o.reads(param) && !slices.ContainsFunc(s.Axes, func(a Axis) bool { return a.Param == param })
	}
	factors := betaFactors
	if tuned("gamma") {
		factors = crossFactors
	}
	var tries []Choose
	for _, f := range factors {
		e := Experiment{Objective: start}
		if tuned("beta") {
			scale(&e, "beta", start.Beta*f[0])
		}
		if tuned("gamma") {
			scale(&e, "gamma", start.Gamma*f[1])
		}
		if !slices.Contains(tries, e.Objective) {
			tries = append(tries, e.Objective)
		}
	}
	return tries
}

// scale sets a parameter to x in three digits, within its limits.
func scale(e *Experiment, param string, x float64) {
	mustSet(e, param, strconv.FormatFloat(x, 'g', 3, 64))
}

// Tuned returns s with the best settings for each of its objectives, as the trials of its TuningCells, by key, have them, and with the
// tuning written down. Settings at which any run failed are not taken. The error names an objective that fails everywhere.
func (s *Sweep) Tuned(seeds int, trials map[string]*Trial) (Sweep, error) {
	cells, err := s.TuningCells(seeds)
	if err != nil {
		return Sweep{}, err
	}
	out := *s
	out.Settings = nil
	out.Tuning = &Tuning{Readout: s.TuningReadout(), First: TuningSeed, Seeds: seeds}
	for i, objective := range s.objectives() {
		t := Tuned{Chosen: -1}
		for k, c := range s.tries(objective) {
			t.Tried = append(t.Tried, try(c, out.Tuning.Readout, trials, cells, []int{i, k}))
			if now := t.Tried[k]; now.Failed == 0 && (t.Chosen < 0 || now.Mean.Mean > t.Tried[t.Chosen].Mean.Mean) {
				t.Chosen = k
			}
		}
		if t.Chosen < 0 {
			return Sweep{}, fmt.Errorf("%s cannot be tuned: at each of the settings that were tried a run diverged or is missing", objective)
		}
		out.Tuning.Objectives = append(out.Tuning.Objectives, t)
		out.Settings = append(out.Settings, t.Tried[t.Chosen].Objective)
	}
	return out, nil
}

// try gathers the runs at one place of the tuning's cells.
func try(c Choose, readout string, trials map[string]*Trial, cells []Cell, at []int) Tried {
	t := Tried{Objective: c}
	var values []float64
	for _, cell := range cells {
		if !slices.Equal(cell.At, at) {
			continue
		}
		trial := trials[cell.Key]
		if trial == nil || trial.Diverged != "" || trial.At(readout) != trial.At(readout) { // NaN
			t.Failed++
			continue
		}
		values = append(values, trial.At(readout))
	}
	t.Mean = NewEstimate(values)
	return t
}

// String says of each objective what it was given and what was tried.
func (t *Tuning) String() string {
	var lines []string
	for _, o := range t.Objectives {
		chosen := o.Tried[o.Chosen].Objective
		objective, _ := FindObjective(chosen.ID)
		var tried []string
		for _, x := range o.Tried {
			tried = append(tried, fmt.Sprintf("%s: %.2f", x.Objective.settings(), x.Mean.Mean))
		}
		lines = append(lines, fmt.Sprintf("%s runs at %s, the best of %d settings by %s on seeds %d to %d (%d runs; %s).", objective.Title,
			chosen.settings(), len(o.Tried), t.Readout, t.First, t.First+uint64(t.Seeds)-1, len(o.Tried)*t.Seeds, strings.Join(tried, "; ")))
	}
	return strings.Join(lines, "\n")
}

// settings writes the parameters that the objective reads: "beta 0.4, gamma 0.5".
func (c Choose) settings() string {
	o, _ := FindObjective(c.ID)
	e := Experiment{Objective: c}
	var parts []string
	for _, s := range o.Params {
		p, _ := FindParam(s.Param)
		parts = append(parts, p.ID+" "+p.Get(&e))
	}
	return strings.Join(parts, ", ")
}
