package mmpo

import "margins/datasets"

// EngineVersion changes whenever the same experiment no longer gives the same weights. Results and fitted references are kept under it.
const EngineVersion = "1"

// Experiment is everything that determines a run: the same experiment gives the same weights, bit for bit.
type Experiment struct {
	World     string          `json:"world"` // a toy world's id, or "data:" and the hash of an imported data set
	Stakes    string          `json:"stakes"`
	Pairs     int             `json:"pairs"`
	Grader    datasets.Grader `json:"grader"`
	Objective Choose          `json:"objective"`
	Model     Model           `json:"model"`
	Train     Train           `json:"train"`
	Seed      uint64          `json:"seed"`
}

// Choose names an objective and sets its parameters; an objective ignores those that it does not have.
type Choose struct {
	ID        string  `json:"id"`
	Beta      float64 `json:"beta"`      // strength of the pull to the reference: h = beta (rho_w - rho_l)
	Gamma     float64 `json:"gamma"`     // target reward margin per point of graded margin
	Smoothing float64 `json:"smoothing"` // share of labels presumed wrong
	Alpha     float64 `json:"alpha"`     // lead that is asked for, in reward per point of f(m)
	Form      string  `json:"form"`      // f of that lead: "identity" or "log"
	Lead      float64 `json:"lead"`      // lead that is asked for of every pair, in reward
	Draw      float64 `json:"draw"`      // chance that two equally good responses tie
}

// Model is the transformer's size.
type Model struct {
	Width  int `json:"width"`
	Layers int `json:"layers"`
	Heads  int `json:"heads"`
}

// Train says how the objective is minimized.
type Train struct {
	Steps int     `json:"steps"`
	Batch int     `json:"batch"` // pairs a step
	LR    float64 `json:"lr"`    // peak learning rate; a cosine takes it to a tenth
	Decay float64 `json:"decay"` // decoupled weight decay of the matrices, scaled by the learning rate
	Clip  float64 `json:"clip"`  // largest L2 norm of the gradient
	// Evaluate is how many steps lie between measurements on held-out pairs and samples. It changes no weight.
	Evaluate int `json:"evaluate"`
}

// Comparison is two experiments that start from the same weights, pairs, batches and sampling seeds as far as their settings agree.
type Comparison struct {
	A Experiment `json:"a"`
	B Experiment `json:"b"`
}
