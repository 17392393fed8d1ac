package mmpo

import (
	"slices"
	"strconv"

	"margins/datasets"
)

// Params declares all that can be set, in the order of the page and of links.
var Params = []Param{
	{ID: "world", Title: "World", Group: "data", Kind: Choice, Default: "script", Options: worldOptions(),
		Help: "Where prompts and responses come from.", field: func(e *Experiment) any { return &e.World }},
	{ID: "stakes", Title: "Stakes", Group: "data", Kind: Choice, Default: "skew", Options: stakeOptions(),
		Toy: true, Help: "What makes a response good, and how much each thing counts.", field: func(e *Experiment) any { return &e.Stakes }},
	{ID: "pairs", Title: "Pairs", Group: "data", Kind: Whole, Min: 8, Max: 4096, Step: 1, Scale: "log", Default: "512",
		Help: "How many graded pairs there are to learn from.", field: func(e *Experiment) any { return &e.Pairs }},
	{ID: "levels", Title: "Feedback", Group: "grader", Kind: Whole, Min: 2, Max: 100, Step: 1, Default: "exact", Options: []Option{
		{ID: "2", Title: "Thumbs", Help: "Two levels: up or down."},
		{ID: "3", Title: "3", Help: "Three levels."},
		{ID: "5", Title: "Stars", Help: "Five levels."},
		{ID: "10", Title: "1-10", Help: "Ten levels.", When: ifGraded},
		{ID: "7", Title: "7", When: ifCompared},
		{ID: "8", Title: "8", Help: "From A>>B to B>>A; none of the eight is a tie.", When: ifCompared},
		{ID: "exact", Title: "Exact", Help: "The score itself, unrounded."},
	}, Help: "How many levels the rater can choose from.", field: func(e *Experiment) any { return &e.Grader.Levels }},
	{ID: "noise", Title: "Rater's noise", Unit: "points", Group: "grader", Kind: Number, Max: 5, Default: "0.3", Toy: true,
		Help: "Standard deviation of the rater's error.", field: func(e *Experiment) any { return &e.Grader.Noise }},
	{ID: "ties", Title: "Ties", Group: "grader", Kind: Choice, Default: "keep", Options: []Option{
		{ID: "keep", Title: "Keep", Help: "Pairs with equal grades are trained on; which counts as chosen is chance."},
		{ID: "drop", Title: "Drop", Help: "Pairs with equal grades are left out."},
		{ID: "coin", Title: "Coin", Help: "A coin says which one is a level better."},
	}, Help: "What happens to pairs with equal grades.", field: func(e *Experiment) any { return &e.Grader.Ties }},

	{ID: "asks", Title: "Asked for", Group: "grader", More: true, Kind: Choice, Default: datasets.AskGrades, Options: []Option{
		{ID: datasets.AskGrades, Title: "Grades"},
		{ID: datasets.AskComparison, Title: "Comparisons", Help: "Which response is better, and by how many levels; an even number has no tie."},
	}, Help: "What raters say: a grade of each response, or how two compare.", field: func(e *Experiment) any { return &e.Grader.Asks }},
	{ID: "rounding", Title: "Rounding", Group: "grader", More: true, When: ifLeveled, Kind: Choice, Default: datasets.RoundNearest, Options: []Option{
		{ID: datasets.RoundNearest, Title: "Nearest"},
		{ID: datasets.RoundRandom, Title: "Random", Help: "Up or down by chance, so that grades are right on average."},
	}, Help: "How an impression becomes a level.", field: func(e *Experiment) any { return &e.Grader.Rounding }},
	{ID: "cuts", Title: "Cuts", Group: "grader", More: true, When: ifCut, Kind: Choice, Default: datasets.CutsEven, Options: []Option{
		{ID: datasets.CutsEven, Title: "Even"},
		{ID: datasets.CutsQuantiles, Title: "Quantiles", Help: "Each level holds as many of the responses."},
	}, Help: "Where one level ends and the next begins.", field: func(e *Experiment) any { return &e.Grader.Cuts }},
	{ID: "cut", Title: "Up from", Unit: "points", Group: "grader", More: true, When: slices.Concat(ifCut, ifThumbs), Kind: Number,
		Min: 1.5, Max: 9.5, Default: "5.5", Help: "The score from which on a thumb is up.", field: func(e *Experiment) any { return &e.Grader.Cut }},
	{ID: "bias", Title: "Leniency", Unit: "points", Group: "grader", More: true, Toy: true, When: ifGraded, Kind: Number, Min: -5, Max: 5, Default: "0",
		Help: "What a rater adds to every score.", field: func(e *Experiment) any { return &e.Grader.Bias }},
	{ID: "low", Title: "Lowest grade", Unit: "points", Group: "grader", More: true, Toy: true, When: ifGraded, Kind: Number, Min: 1, Max: 10, Default: "1",
		Help: "Raters may use a part of the scale only, such as 7 to 9.", field: func(e *Experiment) any { return &e.Grader.Low }},
	{ID: "high", Title: "Highest grade", Unit: "points", Group: "grader", More: true, Toy: true, When: ifGraded, Kind: Number, Min: 1, Max: 10, Default: "10",
		Help: "The other end of the part that is used.", field: func(e *Experiment) any { return &e.Grader.High }},
	{ID: "lazy", Title: "Blind clicks", Group: "grader", More: true, Toy: true, Kind: Number, Max: 1, Default: "0",
		Help: "Share of answers that are given without looking.", field: func(e *Experiment) any { return &e.Grader.Lazy }},
	{ID: "longer", Title: "Likes length", Unit: "per token", Group: "grader", More: true, Toy: true, Kind: Number, Min: -1, Max: 1, Default: "0",
		Help: "Points that a judge gives for each token more than usual.", field: func(e *Experiment) any { return &e.Grader.Longer }},
	{ID: "polish", Title: "Likes polish", Unit: "points", Group: "grader", More: true, Toy: true, Kind: Number, Min: -3, Max: 3, Default: "0",
		Help: "Points that a judge gives for each adornment, beyond what it is worth.", field: func(e *Experiment) any { return &e.Grader.Polish }},
	{ID: "raters", Title: "Raters", Group: "grader", More: true, Toy: true, Kind: Whole, Min: 1, Max: 9, Step: 1, Default: "1",
		Help: "How many judge each pair.", field: func(e *Experiment) any { return &e.Grader.Raters }},
	{ID: "habits", Title: "Habits of", Group: "grader", More: true, Toy: true, When: ifSeveral, Kind: Choice, Default: datasets.HabitsAll, Options: []Option{
		{ID: datasets.HabitsAll, Title: "All"},
		{ID: datasets.HabitsFirst, Title: "One"},
	}, Help: "Who has the leniency, the part of the scale, the blind clicks and the tastes.", field: func(e *Experiment) any { return &e.Grader.Habits }},
	{ID: "combine", Title: "Combined by", Group: "grader", More: true, Toy: true, When: ifSeveral, Kind: Choice, Default: datasets.CombineMean, Options: []Option{
		{ID: datasets.CombineMean, Title: "Mean"},
		{ID: datasets.CombineMajority, Title: "Majority", Help: "The median grade: of thumbs, what most say."},
		{ID: datasets.CombineKeep, Title: "Not at all", Help: "Each rater's answer is a training pair of its own; held-out pairs have the mean."},
	}, Help: "What becomes of several answers.", field: func(e *Experiment) any { return &e.Grader.Combine }},
	{ID: "judge", Title: "AI judge", Unit: "pairs", Group: "grader", More: true, Toy: true, Kind: Whole, Min: 8, Max: 4096, Step: 1, Scale: "log",
		Default: "none", Options: []Option{{ID: "none", Title: "None"}, {ID: "64", Title: "64"}, {ID: "256", Title: "256"}, {ID: "1024", Title: "1024"}},
		Help: "Pairs that a model learned from which then rates in people's place; it errs by what it has not learned.", field: func(e *Experiment) any { return &e.Grader.Judge }},
	{ID: "seconds", Title: "Time an answer", Unit: "s", Group: "grader", More: true, Kind: Number, Min: 0.1, Max: 3600, Default: "usual",
		Options: []Option{{ID: "usual", Title: "Usual"}}, Help: usualSeconds(), field: func(e *Experiment) any { return &e.Grader.Seconds }},

	{ID: "objective", Title: "Objective", Group: "objective", Kind: Choice, Default: "mmpo", Options: objectiveOptions(),
		Help: "The loss that is minimized.", field: func(e *Experiment) any { return &e.Objective.ID }},
	{ID: "beta", Title: "beta", Group: "objective", Kind: Number, Min: 0.01, Max: 10, Scale: "log", Default: "0.4", Live: true,
		Help: "How strongly the policy is held to the reference.", field: func(e *Experiment) any { return &e.Objective.Beta }},
	{ID: "gamma", Title: "gamma", Unit: "per point", Group: "objective", Kind: Number, Min: 0.01, Max: 10, Scale: "log", Default: "0.5", Live: true,
		Help: "Target reward margin for each point of graded margin.", field: func(e *Experiment) any { return &e.Objective.Gamma }},
	{ID: "smoothing", Title: "Label smoothing", Group: "objective", Kind: Number, Max: 0.49, Default: "0.1", Live: true,
		Help: "Share of labels presumed wrong.", field: func(e *Experiment) any { return &e.Objective.Smoothing }},
	{ID: "alpha", Title: "alpha", Group: "objective", Kind: Number, Min: 0.01, Max: 10, Scale: "log", Default: "1", Live: true,
		Help: "Lead that is asked for, for each point of f(m).", field: func(e *Experiment) any { return &e.Objective.Alpha }},
	{ID: "form", Title: "f(m)", Group: "objective", Kind: Choice, Default: formLog, Live: true, Options: []Option{
		{ID: formIdentity, Title: "m", Help: "The lead grows with the graded margin."},
		{ID: formLog, Title: "log m", Help: "The lead grows with the logarithm of the graded margin, and is negative below one point; ties are left out."},
	}, Help: "How the lead that is asked for grows with the graded margin.", field: func(e *Experiment) any { return &e.Objective.Form }},
	{ID: "lead", Title: "Lead", Group: "objective", Kind: Number, Max: 10, Default: "1", Live: true,
		Help: "Reward by which every chosen response should be ahead.", field: func(e *Experiment) any { return &e.Objective.Lead }},
	{ID: "draw", Title: "Chance of a tie", Group: "objective", Kind: Number, Min: 0.01, Max: 0.95, Default: "0.5", Live: true,
		Help: "How often two equally good responses are graded alike.", field: func(e *Experiment) any { return &e.Objective.Draw }},
	{ID: "lr", Title: "Learning rate", Group: "train", Kind: Number, Min: 1e-5, Max: 1, Scale: "log", Default: "0.0005", Live: true,
		Help: "Peak step size; a cosine takes it down to a tenth by the last step.", field: func(e *Experiment) any { return &e.Train.LR }},
	{ID: "steps", Title: "Steps", Group: "train", Kind: Whole, Min: 1, Max: 5000, Step: 1, Scale: "log", Default: "160",
		Help: "How many times the optimizer moves the weights.", field: func(e *Experiment) any { return &e.Train.Steps }},
	{ID: "batch", Title: "Batch", Unit: "pairs", Group: "train", Kind: Whole, Min: 1, Max: 128, Step: 1, Scale: "log", Default: "32",
		Help: "Pairs a step learns from.", field: func(e *Experiment) any { return &e.Train.Batch }},
	{ID: "decay", Title: "Weight decay", Group: "train", Kind: Number, Max: 1, Default: "0.01",
		Help: "Share of each weight matrix that is taken away a step, times the learning rate.", field: func(e *Experiment) any { return &e.Train.Decay }},
	{ID: "clip", Title: "Gradient clip", Group: "train", Kind: Number, Min: 0.01, Max: 100, Scale: "log", Default: "1",
		Help: "A longer gradient is shortened to this L2 norm.", field: func(e *Experiment) any { return &e.Train.Clip }},
	{ID: "evaluate", Title: "Measure every", Unit: "steps", Group: "train", Kind: Whole, Min: 1, Max: 1000, Step: 1, Scale: "log", Default: "10",
		Help: "Steps between measurements on held-out pairs and samples.", field: func(e *Experiment) any { return &e.Train.Evaluate }},
	{ID: "width", Title: "Width", Group: "model", Kind: Whole, Min: 16, Max: 256, Step: 16, Default: "48",
		Help: "Numbers that stand for a token inside the model.", field: func(e *Experiment) any { return &e.Model.Width }},
	{ID: "layers", Title: "Layers", Group: "model", Kind: Whole, Min: 1, Max: 6, Step: 1, Default: "2",
		Help: "Blocks of attention and MLP.", field: func(e *Experiment) any { return &e.Model.Layers }},
	{ID: "heads", Title: "Heads", Group: "model", Kind: Choice, Default: "4", Options: []Option{{ID: "1", Title: "1"}, {ID: "2", Title: "2"}, {ID: "4", Title: "4"}},
		Help: "Attention heads of a layer.", field: func(e *Experiment) any { return &e.Model.Heads }},
	{ID: "seed", Title: "Seed", Group: "train", Kind: Whole, Max: 1 << 53, Step: 1, Default: "1",
		Help: "Decides every random choice; the same seed gives the same run.", field: func(e *Experiment) any { return &e.Seed }},
}

// FindParam returns the parameter of that id.
func FindParam(id string) (*Param, bool) {
	for i := range Params {
		if Params[i].ID == id {
			return &Params[i], true
		}
	}
	return nil, false
}

func worldOptions() (options []Option) {
	for _, w := range datasets.Worlds {
		options = append(options, Option{ID: w.ID, Title: w.Title, Help: w.Help})
	}
	return options
}

// stakeOptions lists every world's stakes once.
func stakeOptions() (options []Option) {
	seen := map[string]bool{}
	for _, w := range datasets.Worlds {
		for _, s := range w.Stakes {
			if !seen[s.ID] {
				options = append(options, Option{ID: s.ID, Title: s.Title, Help: s.Help})
			}
			seen[s.ID] = true
		}
	}
	return options
}

func objectiveOptions() (options []Option) {
	for _, o := range Objectives {
		options = append(options, Option{ID: o.ID, Title: o.Title, Help: o.Help})
	}
	return options
}

// Get returns the parameter's value in e as links write it.
func (p *Param) Get(e *Experiment) string {
	switch f := p.field(e).(type) {
	case *string:
		return *f
	case *uint64:
		return strconv.FormatUint(*f, 10)
	case *float64:
		return p.name(*f)
	case *int:
		return p.name(float64(*f))
	}
	panic("mmpo: parameter " + p.ID + " has a field of an unknown type")
}

// clear gives the parameter its type's zero.
func (p *Param) clear(e *Experiment) {
	switch f := p.field(e).(type) {
	case *string:
		*f = ""
	case *uint64:
		*f = 0
	case *float64:
		*f = 0
	case *int:
		*f = 0
	}
}

// mustSet gives the parameter a value of this package's own tables.
func (p *Param) mustSet(e *Experiment, text string) {
	if _, err := p.Set(e, text); err != nil {
		panic("mmpo: the default of " + err.Error())
	}
}

// Set gives the parameter the value that text stands for. A number out of range is moved to the nearest limit, and note says so.
func (p *Param) Set(e *Experiment, text string) (note string, err error) {
	x, text, note, err := p.check(text)
	if err != nil {
		return "", err
	}
	switch f := p.field(e).(type) {
	case *string:
		*f = text
	case *uint64:
		*f = uint64(x)
	case *float64:
		*f = x
	case *int:
		*f = int(x)
	}
	return note, nil
}
