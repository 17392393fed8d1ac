package toy

import (
	_ "embed"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
	"margins/toy/kernel"
)

// roughScorer returns a scorer whose weights are all far from what Init leaves.
func roughScorer(k *kernel.Kernel, config Config, name string) *Weights {
	w := NewScorer(k, config)
	w.CopyTrunk(rough(k, config, name))
	rng := repro.Stream(1, name+" head")
	for i := range w.Score {
		w.Score[i] = float32(repro.Normal(rng))
	}
	w.ScoreBias[0] = 0.5
	return w
}

// packRead returns the groups as one batch to be scored.
func packRead(t testing.TB, k *kernel.Kernel, groups ...group) *Batch {
	b := NewBatch(k, 400)
	for _, g := range groups {
		require.True(t, b.AddRead(g.prompt, g.responses...))
	}
	return b
}

// readableGroups returns prompts with responses that fit the context with their last token.
func readableGroups(config Config) []group {
	return []group{
		randomGroup(config, "first", 3, 5, 1, 4), randomGroup(config, "second", 1, 1),
		randomGroup(config, "third", 3, config.Context-3, config.Context-4, 2), randomGroup(config, "fifth", config.Context/2, config.Context/2, 2),
	}
}

func scores(t testing.TB, k *kernel.Kernel, w *Weights, groups ...group) []float64 {
	b := packRead(t, k, groups...)
	return NewPass(k, w.Config, len(b.Tokens)).Scores(w, b)
}

// The layout of two groups, worked out by hand: the last token of each response has a row, and only those rows are read.
func TestAddReadLayout(t *testing.T) {
	b := NewBatch(newKernel(t), 10)
	require.True(t, b.AddRead([]int32{10, 11, 12}, []int32{20, 21, 22}, []int32{30}))
	require.True(t, b.AddRead([]int32{40}, []int32{50, 51}))
	assert.Equal(t, []int32{10, 11, 12, 20, 21, 22, 30, 40, 50, 51}, b.Tokens)
	assert.Equal(t, []int32{0, 1, 2, 3, 4, 5, 3, 0, 1, 2}, b.Positions)
	assert.Equal(t, []int32{
		0, 3, 0, 0, 0, 0, 3, 3, 0, 3, 0, 3, 6, 1, 0, 3, 0, 6,
		7, 1, 0, 0, 0, 7, 8, 2, 7, 1, 0, 8,
	}, b.Segments)
	assert.Equal(t, []int32{
		0, 3, 0, 0, 3, 0, 3, 3, 0, 3, 2, 0, 6, 1, 0, 3, 0, 1, // nothing is asked of a prompt, and the last row of a response
		7, 1, 0, 0, 1, 2, 8, 2, 7, 1, 1, 2,
	}, b.asking(nil))
	assert.Equal(t, []int32{5, 6, 9}, b.Rows)
	assert.Empty(t, b.Targets)
	assert.Equal(t, 3, b.Responses)

	before := *b
	assert.False(t, b.AddRead([]int32{1}, []int32{2}), "12 rows into 10")
	assert.Equal(t, before, *b, "as it was")
	assert.PanicsWithValue(t, "toy: a prompt has no token", func() { b.AddRead(nil, []int32{1}) })
	assert.PanicsWithValue(t, "toy: a response has no token", func() { b.AddRead([]int32{1}, nil) })
}

// A score is of its prompt and response alone, to the last bit: batch-mates do not matter.
func TestScoresAreOfOneResponse(t *testing.T) {
	for name, config := range map[string]Config{"tiny": tiny, "long": long} {
		t.Run(name, func(t *testing.T) {
			k := newKernel(t)
			w, groups := roughScorer(k, config, "score"), readableGroups(config)
			together := scores(t, k, w, groups...)
			var single []float64
			for _, g := range alone(groups) {
				single = append(single, scores(t, k, w, g)...)
			}
			assert.Equal(t, single, together)
			assert.NotEqual(t, together[0], together[1])
		})
	}
}

func TestScorerBeginsAtZero(t *testing.T) {
	k := newKernel(t)
	model, w := rough(k, tiny, "reference"), NewScorer(k, tiny)
	w.CopyTrunk(model)
	for _, s := range scores(t, k, w, readableGroups(tiny)...) {
		assert.Zero(t, s)
	}
	assert.Equal(t, model.FinalBias, w.FinalBias)
	assert.Len(t, w.Data, len(model.Data)-len(model.Head)+tiny.Width+1)
	assert.Nil(t, w.Head)
	assert.PanicsWithValue(t, "toy: the models are not of one size", func() { w.CopyTrunk(rough(k, long, "reference")) })
	assert.PanicsWithValue(t, "toy: a checkpoint holds language models only", func() { EncodeCheckpoint(nil, w) })
}

// ScoresBackward is the derivative of a weighted sum of scores, tensor by tensor, along random directions.
func TestScoresGradientIsTheDerivative(t *testing.T) {
	k := newKernel(t)
	w, g, b := roughScorer(k, tiny, "gradient"), NewScorer(k, tiny), packRead(t, k, readableGroups(tiny)...)
	p, rng, dscores := NewPass(k, tiny, len(b.Tokens)), repro.Stream(4, "scores"), make([]float64, b.Responses)
	for i := range dscores {
		dscores[i] = repro.Normal(rng)
	}
	loss := func() (sum float64) {
		for i, s := range p.Scores(w, b) {
			sum += dscores[i] * s
		}
		return sum
	}
	loss()
	p.ScoresBackward(w, g, b, dscores)
	for i, tensor := range w.Tensors() {
		t.Run(tensor.Name, func(t *testing.T) {
			gradient := g.Tensors()[i].Data
			norm := math.Sqrt(k.SumSquares(gradient))
			require.NotZero(t, norm)
			for range 10 {
				slope, difference := along(tensor.Data, gradient, direction(rng, len(gradient)), loss)
				assert.InDelta(t, slope, difference, differenceTolerance*norm)
			}
		})
	}
}

//go:embed testdata/score.json
var scoreOracleText []byte

// scoreOracle is an entry of testdata/score.json; testdata/score.py, which wrote it, explains its fields.
type scoreOracle struct {
	Scores [][2]float64
	Losses []struct {
		Target     string
		Loss, Norm float64
		Gradients  map[string]oracleTensor
	}
}

func TestOracleScores(t *testing.T) {
	var entries []scoreOracle
	require.NoError(t, json.Unmarshal(scoreOracleText, &entries))
	models := readOracle(t).Models
	require.Len(t, entries, len(models))
	for i, want := range entries {
		m := &models[i]
		t.Run(m.Name, func(t *testing.T) {
			k := newKernel(t)
			w := m.fill(NewScorer(k, m.Config))
			b := NewBatch(k, 200)
			for _, p := range m.Pairs {
				require.True(t, b.AddRead(p.Prompt, p.Chosen, p.Rejected))
			}
			pass := NewPass(k, m.Config, 200)
			require.Len(t, want.Losses, 2)
			for _, l := range want.Losses {
				got, g := pass.Scores(w, b), NewScorer(k, m.Config)
				for i, pair := range want.Scores {
					assert.InDeltaSlice(t, pair[:], got[2*i:2*i+2], oracleTolerance, "pair %d", i)
				}
				loss, dscores := 0.0, make([]float64, len(got))
				n := float64(len(m.Pairs))
				for i := range m.Pairs {
					p, h := 1.0, got[2*i]-got[2*i+1]
					if l.Target == "half" && i > 0 {
						p = 0.5
					}
					loss += (p*math.Log1p(math.Exp(-h)) + (1-p)*math.Log1p(math.Exp(h))) / n
					dscores[2*i] = (1/(1+math.Exp(-h)) - p) / n
					dscores[2*i+1] = -dscores[2*i]
				}
				pass.ScoresBackward(w, g, b, dscores)
				assert.InEpsilon(t, l.Loss, loss, oracleTolerance, l.Target)
				assert.InEpsilon(t, l.Norm, math.Sqrt(k.SumSquares(g.Data)), oracleTolerance, l.Target)
				// The bias takes no part in a difference: its gradient is 0, and rounding's in PyTorch.
				assert.InDelta(t, 0, g.ScoreBias[0], oracleTolerance)
				delete(l.Gradients, "score.bias")
				for _, tensor := range g.Tensors() {
					if tensor.Name != "score.bias" {
						require.Contains(t, l.Gradients, tensor.Name)
						l.Gradients[tensor.Name].compare(t, tensor.Name, tensor.Data)
					}
				}
			}
		})
	}
}
