package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

func TestCasesAreComparisonsOfTheirOwn(t *testing.T) {
	ids, links, anchors := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range resultCases() {
		t.Run(r.id, func(t *testing.T) {
			assert.Regexp(t, `^[a-z-]+$`, r.id)
			assert.False(t, ids[r.id] || links[r.link] || anchors[anchor(r.title)], "it stands twice")
			ids[r.id], links[r.link], anchors[anchor(r.title)] = true, true, true
			sides, err := r.sides(3)
			require.NoError(t, err)
			first, err := r.sides(0)
			require.NoError(t, err)
			for i, e := range sides {
				require.NoError(t, e.Validate())
				assert.Equal(t, first[i].Seed+3, e.Seed)
				assert.Greater(t, e.Train.Evaluate, e.Train.Steps, "measured at the end alone")
				_, shipped := mmpo.FindShipped(e)
				assert.True(t, shipped)
			}
			assert.Equal(t, sides[0].Stakes, sides[1].Stakes, "one ceiling for both")
		})
	}
}

// made returns trials of the case whose true score is that of score, without a run.
func made(t *testing.T, r resultCase, seeds int, score func(side, seed int) float32) map[string]*mmpo.Trial {
	t.Helper()
	trials := map[string]*mmpo.Trial{}
	for i := range seeds {
		sides, err := r.sides(i)
		require.NoError(t, err)
		for side, e := range sides {
			o := mmpo.NewTrial(e)
			o.Path = append(o.Path, mmpo.Checkpoint{Metrics: map[string]float32{"true_score": 3}})
			o.Metrics = map[string]float32{"true_score": score(side, i), "kl": 1}
			diverged := ""
			if side == 0 && i == 1 {
				diverged = "It diverged."
			}
			o.Finish(fmt.Sprintf("%064x", 16*i+side), diverged, 1)
			trials[o.Key] = o
		}
	}
	return trials
}

// half is a frontier that reaches a KL of 2, and scores 6 at a KL of 1.
var half = &mmpo.Frontier{Sampled: true, Reference: mmpo.FrontierPoint{Score: 3}, Points: []mmpo.FrontierPoint{{KL: 1, Score: 6}, {KL: 2, Score: 8}}}

func noFrontier(mmpo.Experiment) (*mmpo.Frontier, error) { return half, nil }

func TestWhatComesOfACase(t *testing.T) {
	r := resultCases()[0]
	trials := made(t, r, 3, func(side, seed int) float32 { return []float32{4, 5}[side] + []float32{-1, 0, 1}[seed]/2 })
	of, ok, err := r.collect(3, trials, noFrontier)
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, 3.0, of.Reference)
	assert.Equal(t, []uint64{1, 2, 3}, of.Seeds)
	require.Len(t, of.Rows, 3, "what no run measured has no row")
	score, regret := of.Rows[0], of.Rows[1]
	assert.Equal(t, "true_score", score.Metric)
	assert.InDelta(t, 4, score.A.Mean, 1e-6)
	assert.InDelta(t, 4.302653*0.5/1.7320508, score.A.Half, 1e-5, "Student's t of two degrees of freedom, sd 1/2, three seeds")
	assert.InDelta(t, 1, score.Difference.Mean, 1e-6)
	assert.InDelta(t, 0, score.Difference.Half, 1e-6, "the seeds' common part is gone")
	assert.Equal(t, 3, score.Difference.Larger)
	assert.InDelta(t, 2, regret.A.Mean, 1e-6, "6 at a KL of 1, less 4")
	assert.InDelta(t, 1, regret.B.Mean, 1e-6)

	_, ok, err = r.collect(4, trials, noFrontier)
	require.NoError(t, err)
	assert.False(t, ok, "a seed is missing")
}

func TestResultsAsMarkdown(t *testing.T) {
	r := resultCases()[0]
	of, _, err := r.collect(2, made(t, r, 2, func(side, seed int) float32 { return float32(4+side) + float32(seed) }), noFrontier)
	require.NoError(t, err)
	all := results{Engine: "9", Date: "2026-01-02", Cases: []resultOf{of}, Missing: []string{"other"}}
	page := string(all.markdown())
	for _, want := range []string{
		"on 2026-01-02 with engine 9",
		"| [Script Desk](#script-desk) | DPO, MMPO | 4.50 ± 6.35 | 5.50 ± 6.35 | 1.00 ± 0.00 | 2 of 2 |",
		"Not run yet: other.",
		"## Script Desk",
		"`v=1&seed=1`, seeds 1 to 2. The reference scores 3.00.",
		"| Regret | 1.50 ± 6.35 | 0.50 ± 6.35 | -1.00 ± 0.00 | 0 of 2 |",
		"| 2 | `000000000000` (diverged) | `000000000000` |",
	} {
		assert.Contains(t, page, want)
	}
	assert.NotContains(t, page, "Valid", "nothing was measured of it")
}

func TestRunsThatAreKeptAreNotRunAgain(t *testing.T) {
	r := resultCases()[0]
	trials := made(t, r, 2, func(int, int) float32 { return 5 })
	c := resultsCommand{Seeds: 2, Runs: filepath.Join(t.TempDir(), "runs.jsonl"), Only: []string{r.id}}
	var lines strings.Builder
	for _, o := range trials {
		lines.Write(o.Encode())
	}
	lines.WriteString(`{"key": "cut sho`)
	require.NoError(t, os.WriteFile(c.Runs, []byte(lines.String()), 0o644))
	kept, err := c.read()
	require.NoError(t, err)
	assert.Equal(t, trials, kept, "the broken line is left out")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.NoError(t, c.run(ctx, []resultCase{r}, kept), "there is nothing to run")
	c.Seeds = 3
	assert.ErrorIs(t, c.run(ctx, []resultCase{r}, kept), context.Canceled, "a seed is missing")

	c.Runs = filepath.Join(t.TempDir(), "none.jsonl")
	kept, err = c.read()
	require.NoError(t, err)
	assert.Empty(t, kept)
}

func TestResultsRefuse(t *testing.T) {
	for _, c := range []struct {
		command resultsCommand
		want    string
	}{
		{resultsCommand{Seeds: 1}, "--seeds is at least 2, since one has no interval, not 1"},
		{resultsCommand{Seeds: 8, Only: []string{"nonsense"}}, `--only: there is no case "nonsense"`},
	} {
		assert.EqualError(t, c.command.Run(context.Background()), c.want)
	}
}
