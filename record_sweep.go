package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"margins/mmpo"
	"margins/sweeps"
)

// recordSweepCommand runs the default sweep and keeps what the page's lab shows before anyone runs one.
type recordSweepCommand struct {
	Tune   bool   `help:"First find each objective's beta and gamma, as sweep --tune does."`
	Folder string `default:"build/sweep" help:"Where the runs are kept on the way; the same command goes on with what is there."`
	Out    string `default:"site/public/recorded/sweep.json" help:"File to write."`
}

// recordedSweep is the file's content. The page reads it as RecordedSweep.
type recordedSweep struct {
	Engine string               `json:"engine"`
	Date   string               `json:"date"` // of the day it was made, as 2006-01-02
	Link   string               `json:"link"` // with what its runs came to
	Sweep  mmpo.Sweep           `json:"sweep"`
	Judged map[string]judgement `json:"judged"` // by readout
	Trials []mmpo.Trial         `json:"trials"`
	// Ceiling is the best there is in the sweep's world; the page computes it for others.
	Ceiling *mmpo.Frontier `json:"ceiling"`
}

// judgement is what the runs say by one readout.
type judgement struct {
	Summary   *mmpo.Summary  `json:"summary"`
	Verdicts  []mmpo.Verdict `json:"verdicts"`
	Reference *float64       `json:"reference"`
}

// recordedReadouts are those by which the recorded sweep is judged.
var recordedReadouts = []string{"true_score", mmpo.ScoreAtKL, "eval_rewards/accuracies", "true/pearson", "ece", "valid", "kl"}

// Run runs what is missing of the sweep and writes the recording.
func (c *recordSweepCommand) Run(ctx context.Context) error {
	run := sweepCommand{settings: withFlags(), Tune: c.Tune, Shard: "0/1", Out: c.Folder}
	if err := run.Run(ctx); err != nil {
		return err
	}
	folder, err := sweeps.Read(c.Folder)
	if err != nil {
		return err
	}
	s, err := folder.Sweep()
	if err != nil {
		return err
	}
	best, err := survey(ctx, s.Base, mmpo.FrontierSamples)
	if err != nil {
		return err
	}
	recorded := newRecordedSweep(s, folder.Trials, time.Now())
	recorded.Ceiling = best.Frontier
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(recorded); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.Out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(c.Out, b.Bytes(), 0o644)
}

func newRecordedSweep(s *mmpo.Sweep, trials map[string]*mmpo.Trial, day time.Time) *recordedSweep {
	r := &recordedSweep{
		Engine: mmpo.EngineVersion, Date: day.UTC().Format(time.DateOnly), Link: s.Link() + s.Claim(trials, "true_score"), Sweep: *s,
	}
	r.Sweep.Settings = append([]mmpo.Choose{}, s.Settings...) // the page expects no null
	r.Judged = judged(s, trials)
	for _, cell := range mmpo.Distinct(s.Cells()) {
		if t := trials[cell.Key]; t != nil {
			r.Trials = append(r.Trials, shortened(t))
		}
	}
	return r
}

// judged reads the trials by every recorded readout.
func judged(s *mmpo.Sweep, trials map[string]*mmpo.Trial) map[string]judgement {
	all := map[string]judgement{}
	for _, id := range recordedReadouts {
		if readout, ok := mmpo.FindReadout(id); ok {
			summary := mmpo.Summarize(s, trials, readout, 0)
			all[id] = judgement{summary, append([]mmpo.Verdict{}, mmpo.Verdicts(s, summary)...), summary.Reference()}
		}
	}
	return all
}

// recordedSamples is how many responses of each run are recorded.
const recordedSamples = 4

// shortened returns a trial without what the page's figures of a whole sweep do not show, which is most of it.
func shortened(t *mmpo.Trial) mmpo.Trial {
	short := *t
	short.Samples = t.Samples[:min(recordedSamples, len(t.Samples))]
	short.Path = nil
	for _, c := range t.Path {
		few := map[string]float32{}
		for _, id := range []string{"kl", "true_score"} {
			if x, ok := c.Metrics[id]; ok {
				few[id] = x
			}
		}
		short.Path = append(short.Path, mmpo.Checkpoint{Step: c.Step, Metrics: few})
	}
	return short
}
