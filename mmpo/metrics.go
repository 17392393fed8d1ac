package mmpo

// Metric declares one number that a run reports. Names are TRL's where TRL has the number.
type Metric struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Unit  string `json:"unit,omitempty"`
	Help  string `json:"help"`  // one plain sentence
	Chart string `json:"chart"` // metrics of one chart share its axes; "" is not drawn
	// Split says on what it is measured: "train" (each step's batch), "heldout" (held-out pairs), "samples" (responses to held-out prompts).
	Split string `json:"split"`
	// Baseline is a value to compare with, such as chance; null where there is none.
	Baseline      *float64 `json:"baseline"`
	BaselineTitle string   `json:"baselineTitle,omitempty"`
}

func at(x float64) *float64 { return &x }

// Metrics lists what a run reports, in the order of a row. The mean is over pairs (or samples); rewards are in nats times beta.
var Metrics = []Metric{
	{ID: "loss", Title: "Loss", Unit: "nats", Chart: "loss", Split: "train", Baseline: at(0.6931471805599453), BaselineTitle: "ln 2, no preference", Help: "The objective on the pairs of this step."},
	{ID: "rewards/chosen", Title: "Reward of chosen", Chart: "rewards", Split: "train", Baseline: at(0), BaselineTitle: "reference", Help: "Beta times how much likelier the chosen responses are than under the reference."},
	{ID: "rewards/rejected", Title: "Reward of rejected", Chart: "rewards", Split: "train", Help: "Beta times how much likelier the rejected responses are than under the reference."},
	{ID: "rewards/margins", Title: "Learned margin h", Chart: "margins", Split: "train", Baseline: at(0), BaselineTitle: "reference", Help: "Reward of chosen minus reward of rejected."},
	{ID: "rewards/accuracies", Title: "Accuracy", Chart: "accuracy", Split: "train", Baseline: at(0.5), BaselineTitle: "chance", Help: "Share of untied pairs whose chosen response has the larger reward; equal rewards count half."},
	{ID: "logps/chosen", Title: "Log-prob of chosen", Unit: "nats", Chart: "logps", Split: "train", Help: "Mean log-probability of the chosen responses, summed over their tokens."},
	{ID: "logps/rejected", Title: "Log-prob of rejected", Unit: "nats", Chart: "logps", Split: "train", Help: "Mean log-probability of the rejected responses, summed over their tokens."},
	{ID: "grad_norm", Title: "Gradient norm", Chart: "optimizer", Split: "train", Help: "L2 norm of the gradient before clipping."},
	{ID: "learning_rate", Title: "Learning rate", Chart: "optimizer", Split: "train", Help: "The step size of AdamW at this step."},

	{ID: "eval_loss", Title: "Loss, held out", Unit: "nats", Chart: "loss", Split: "heldout", Help: "The objective on pairs of prompts that are never trained on."},
	{ID: "eval_rewards/chosen", Title: "Reward of chosen, held out", Chart: "rewards", Split: "heldout", Help: "As rewards/chosen, on held-out pairs."},
	{ID: "eval_rewards/rejected", Title: "Reward of rejected, held out", Chart: "rewards", Split: "heldout", Help: "As rewards/rejected, on held-out pairs."},
	{ID: "eval_rewards/margins", Title: "Learned margin h, held out", Chart: "margins", Split: "heldout", Help: "As rewards/margins, on held-out pairs."},
	{ID: "eval_rewards/accuracies", Title: "Accuracy, held out", Chart: "accuracy", Split: "heldout", Help: "As rewards/accuracies, on held-out pairs."},
	{ID: "eval_logps/chosen", Title: "Log-prob of chosen, held out", Unit: "nats", Chart: "logps", Split: "heldout", Help: "As logps/chosen, on held-out pairs."},
	{ID: "eval_logps/rejected", Title: "Log-prob of rejected, held out", Unit: "nats", Chart: "logps", Split: "heldout", Help: "As logps/rejected, on held-out pairs."},

	{ID: "kl", Title: "KL to the reference", Unit: "nats", Chart: "kl", Split: "samples", Baseline: at(0), BaselineTitle: "reference", Help: "How far the policy has moved: the exact divergence of each next token, summed along responses that it wrote."},
	{ID: "true_score", Title: "True score", Unit: "points", Chart: "score", Split: "samples", Help: "Mean true score of responses to held-out prompts."},
	{ID: "valid", Title: "Valid share", Chart: "valid", Split: "samples", Baseline: at(1), BaselineTitle: "all", Help: "Share of those responses that parse."},
}
