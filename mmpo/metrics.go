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
// Correlations and calibration are of the held-out pairs, chosen first. Those with what is true need a world or raters that are known.
var Metrics = []Metric{
	{ID: "loss", Title: "Loss", Unit: "nats", Chart: "loss", Split: "train", Baseline: at(0.6931471805599453), BaselineTitle: "ln 2, no preference", Help: "The objective on the pairs of this step."},
	{ID: "rewards/chosen", Title: "Reward of chosen", Chart: "rewards", Split: "train", Baseline: at(0), BaselineTitle: "reference", Help: "Beta times how much likelier the chosen responses are than under the reference."},
	{ID: "rewards/rejected", Title: "Reward of rejected", Chart: "rewards", Split: "train", Help: "Beta times how much likelier the rejected responses are than under the reference."},
	{ID: "rewards/margins", Title: "Learned margin h", Chart: "margins", Split: "train", Baseline: at(0), BaselineTitle: "reference", Help: "Reward of chosen minus reward of rejected."},
	{ID: "rewards/accuracies", Title: "Accuracy", Chart: "accuracy", Split: "train", Baseline: at(0.5), BaselineTitle: "chance", Help: "Share of untied pairs whose chosen response has the larger reward; equal rewards count half."},
	{ID: "logps/chosen", Title: "Log-prob of chosen", Unit: "nats", Chart: "logps", Split: "train", Help: "Mean log-probability of the chosen responses, summed over their tokens."},
	{ID: "logps/rejected", Title: "Log-prob of rejected", Unit: "nats", Chart: "logps", Split: "train", Help: "Mean log-probability of the rejected responses, summed over their tokens."},
	{ID: "grad_norm", Title: "Gradient norm", Chart: "optimizer", Split: "train", Help: "L2 norm of the gradient before clipping."},
	{ID: "clipped", Title: "Clipped steps", Chart: "clipped", Split: "train", Help: "Share of the steps so far whose gradient was clipped."},
	{ID: "learning_rate", Title: "Learning rate", Chart: "optimizer", Split: "train", Help: "The step size of AdamW at this step."},

	{ID: "eval_loss", Title: "Loss, held out", Unit: "nats", Chart: "loss", Split: "heldout", Help: "The objective on pairs of prompts that are never trained on."},
	{ID: "eval_rewards/chosen", Title: "Reward of chosen, held out", Chart: "rewards", Split: "heldout", Help: "As rewards/chosen, on held-out pairs."},
	{ID: "eval_rewards/rejected", Title: "Reward of rejected, held out", Chart: "rewards", Split: "heldout", Help: "As rewards/rejected, on held-out pairs."},
	{ID: "eval_rewards/margins", Title: "Learned margin h, held out", Chart: "margins", Split: "heldout", Help: "As rewards/margins, on held-out pairs."},
	{ID: "eval_rewards/accuracies", Title: "Accuracy, held out", Chart: "accuracy", Split: "heldout", Help: "As rewards/accuracies, on held-out pairs."},
	{ID: "eval_logps/chosen", Title: "Log-prob of chosen, held out", Unit: "nats", Chart: "logps", Split: "heldout", Help: "As logps/chosen, on held-out pairs."},
	{ID: "eval_logps/rejected", Title: "Log-prob of rejected, held out", Unit: "nats", Chart: "logps", Split: "heldout", Help: "As logps/rejected, on held-out pairs."},
	{ID: "target/pearson", Title: "h and m, Pearson", Chart: "", Split: "heldout", Help: "Correlation of h with the graded margin m."},
	{ID: "target/spearman", Title: "h and m, Spearman", Chart: "", Split: "heldout", Help: "As target/pearson, of ranks."},
	{ID: "target/kendall", Title: "h and m, Kendall", Chart: "", Split: "heldout", Help: "As target/pearson, tau-b."},
	{ID: "true/pearson", Title: "h and truth, Pearson", Chart: "correlation", Split: "heldout", Baseline: at(0), BaselineTitle: "none", Help: "Correlation of h with the difference of true scores."},
	{ID: "true/spearman", Title: "h and truth, Spearman", Chart: "", Split: "heldout", Help: "As true/pearson, of ranks."},
	{ID: "true/kendall", Title: "h and truth, Kendall", Chart: "", Split: "heldout", Help: "As true/pearson, tau-b."},
	{ID: "ece", Title: "ECE", Chart: "ece", Split: "heldout", Baseline: at(0), BaselineTitle: "calibrated", Help: "How far sigma(h) is from the chance that the rater prefers the chosen response, by confidence, in ten bins."},
	{ID: "brier", Title: "Brier", Chart: "", Split: "heldout", Help: "Mean squared distance of sigma(h) from that chance."},
	{ID: "nll", Title: "NLL", Unit: "nats", Chart: "", Split: "heldout", Help: "Cross-entropy of sigma(h) and that chance."},
	{ID: "outcome/ece", Title: "ECE, outcomes", Chart: "", Split: "heldout", Help: "As ece, against which response was preferred."},
	{ID: "outcome/brier", Title: "Brier, outcomes", Chart: "", Split: "heldout", Help: "As brier, likewise."},
	{ID: "outcome/nll", Title: "NLL, outcomes", Unit: "nats", Chart: "", Split: "heldout", Help: "As nll, likewise."},

	{ID: "kl", Title: "KL to the reference", Unit: "nats", Chart: "kl", Split: "samples", Baseline: at(0), BaselineTitle: "reference", Help: "How far the policy has moved: the exact divergence of each next token, summed along responses that it wrote."},
	{ID: "true_score", Title: "True score", Unit: "points", Chart: "score", Split: "samples", Help: "Mean true score of responses to held-out prompts."},
	{ID: "true_score/se", Title: "Standard error", Unit: "points", Chart: "", Split: "samples", Help: "Of the true score, over responses."},
	{ID: "win_rate", Title: "Win rate", Chart: "win", Split: "samples", Baseline: at(0.5), BaselineTitle: "reference", Help: "How often a response scores above the reference's with the same random numbers; ties count half."},
	{ID: "valid", Title: "Valid share", Chart: "valid", Split: "samples", Baseline: at(1), BaselineTitle: "all", Help: "Share of those responses that parse."},
	{ID: "key", Title: "Key share", Chart: "", Split: "samples", Help: "Share of those responses that have what the world is watched for: a granted wish, or an explosion where audiences are divided."},
	{ID: "entropy", Title: "Entropy", Unit: "nats", Chart: "entropy", Split: "samples", Help: "Minus the mean log-probability of those responses: how many ways of writing are left."},
	{ID: "distinct", Title: "Distinct share", Chart: "distinct", Split: "samples", Help: "Share of those responses that differ from all others before."},
}
