package toy

import (
	_ "embed"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/toy/kernel"
)

// oracleTolerance bounds the deviation from PyTorch in float64: of numbers relative to the number, of tensors relative to the tensor's
// largest absolute value. PyTorch's own float32 reaches 5e-6 ("float32" in testdata/oracle.json).
const oracleTolerance = 1e-5

//go:embed testdata/oracle.json
var oracleText []byte // embedded, because a test in a browser has no files

// oracle is testdata/oracle.json; testdata/oracle.py, which wrote it, explains its fields.
type oracle struct {
	Generator []uint32
	KL        struct {
		Rows, Vocabulary int
		Scale            float64
		Seeds            [2]uint32
		Values           []float64
	}
	Models []oracleModel
}

type oracleModel struct {
	Name string
	Config
	Seed  uint32
	Scale float64
	Pairs []struct {
		Prompt, Chosen, Rejected []int32
		Reference                [2]float64
	}
	Logps []struct{ Chosen, Rejected []float64 }
	Sums  [][2]float64
	DPO   struct {
		Beta, Loss, Norm float64
		Gradients        map[string]oracleTensor
	}
	AdamW struct {
		LR, Beta1, Beta2, Eps, Decay, Clip float64
		Losses, Norms                      []float64
		Weights                            map[string]oracleTensor
	}
	LM struct {
		Sequences [][]int32
		Loss      float64
		Gradients map[string]oracleTensor
	}
}

// oracleTensor is what is stored of a tensor: all of it, or what shows that it is the same.
type oracleTensor struct {
	Norm, Check float64
	Every       int
	Slice       []float64
	whole       bool
}

func (o *oracleTensor) UnmarshalJSON(b []byte) error {
	if b[0] == '[' {
		o.Every, o.whole = 1, true
		return json.Unmarshal(b, &o.Slice)
	}
	type plain oracleTensor
	return json.Unmarshal(b, (*plain)(o))
}

// compare asserts that got is the stored tensor.
func (o oracleTensor) compare(t *testing.T, name string, got []float32) {
	t.Helper()
	norm, check, largest := 0.0, 0.0, 0.0
	for i, x := range got {
		norm += float64(x) * float64(x)
		check += float64(x) * float64(i%7-3)
		largest = max(largest, math.Abs(float64(x)))
	}
	if !o.whole {
		assert.InDelta(t, o.Norm, math.Sqrt(norm), oracleTolerance*o.Norm, "norm of %s", name)
		assert.InDelta(t, o.Check, check, oracleTolerance*3*o.Norm*math.Sqrt(float64(len(got))), "check of %s", name)
	}
	require.Len(t, o.Slice, (len(got)+o.Every-1)/o.Every, name)
	for i, want := range o.Slice {
		assert.InDelta(t, want, got[i*o.Every], oracleTolerance*largest, "%s[%d]", name, i*o.Every)
	}
}

// integers is the generator of oracle.py.
func integers(state uint32) func() uint32 {
	return func() uint32 {
		state = 1664525*state + 1013904223
		return state >> 16
	}
}

// drawn fills dst with oracle.py's draw, plus add.
func drawn(dst []float32, next func() uint32, scale, add float64) {
	for i := range dst {
		dst[i] = float32(scale*(float64(next())/65536-0.5) + add)
	}
}

// weights returns the model's initial weights.
func (m *oracleModel) weights(k *kernel.Kernel) *Weights { return m.fill(NewWeights(k, m.Config)) }

// fill sets w to the model's generated weights.
func (m *oracleModel) fill(w *Weights) *Weights {
	next := integers(m.Seed)
	for _, t := range w.Tensors() {
		add := 0.0
		if strings.HasSuffix(t.Name, "gain") {
			add = 1
		}
		drawn(t.Data, next, m.Scale, add)
	}
	return w
}

func readOracle(t *testing.T) (o oracle) {
	require.NoError(t, json.Unmarshal(oracleText, &o))
	return o
}

func TestOracleGenerator(t *testing.T) {
	o := readOracle(t)
	require.NotEmpty(t, o.Generator)
	next := integers(1)
	for _, want := range o.Generator {
		require.Equal(t, want, next())
	}
}

func TestOracleKL(t *testing.T) {
	o, k := readOracle(t).KL, newKernel(t)
	p, q, kl := k.Floats(o.Rows*o.Vocabulary), k.Floats(o.Rows*o.Vocabulary), k.Floats(o.Rows)
	drawn(p, integers(o.Seeds[0]), o.Scale, 0)
	drawn(q, integers(o.Seeds[1]), o.Scale, 0)
	k.KL(kl, p, q, o.Rows, o.Vocabulary)
	require.Len(t, o.Values, o.Rows)
	for i, want := range o.Values {
		assert.InEpsilon(t, want, kl[i], oracleTolerance, "row %d", i)
	}
}

// oracleRun is a model at its initial weights, with its pairs packed.
type oracleRun struct {
	*oracleModel
	k     *kernel.Kernel
	w, g  *Weights
	pass  *Pass
	batch *Batch
}

func (m *oracleModel) run(t *testing.T) *oracleRun {
	const rows = 200
	k := newKernel(t)
	r := &oracleRun{
		oracleModel: m, k: k, w: m.weights(k), g: NewWeights(k, m.Config), pass: NewPass(k, m.Config, rows), batch: NewBatch(k, rows),
	}
	for _, p := range m.Pairs {
		require.True(t, r.batch.Add(p.Prompt, p.Chosen, p.Rejected))
	}
	return r
}

// dpo sets g to the gradient of the mean DPO loss over the pairs and returns the loss.
func (r *oracleRun) dpo() (loss float64) {
	sums, slopes := make([]float64, r.batch.Responses), make([]float64, r.batch.Responses)
	r.batch.Sum(sums, r.pass.Forward(r.w, r.batch))
	pairs, beta := float64(len(r.Pairs)), r.DPO.Beta
	for i, p := range r.Pairs {
		h := beta * ((sums[2*i] - p.Reference[0]) - (sums[2*i+1] - p.Reference[1]))
		loss += math.Log1p(math.Exp(-h)) / pairs
		slopes[2*i] = -beta / (1 + math.Exp(h)) / pairs
		slopes[2*i+1] = -slopes[2*i]
	}
	dlogps := make([]float32, len(r.batch.Targets))
	for i, target := range r.batch.Targets {
		dlogps[i] = float32(slopes[target.Response])
	}
	clear(r.g.Data)
	r.pass.Backward(r.w, r.g, r.batch, dlogps)
	return loss
}

// compareTensors asserts that w holds the stored tensors, all of them.
func compareTensors(t *testing.T, want map[string]oracleTensor, w *Weights) {
	t.Helper()
	require.Len(t, want, len(w.Tensors()))
	for _, tensor := range w.Tensors() {
		require.Contains(t, want, tensor.Name)
		want[tensor.Name].compare(t, tensor.Name, tensor.Data)
	}
}

func TestOracleModels(t *testing.T) {
	models := readOracle(t).Models
	require.Len(t, models, 2)
	for i := range models {
		m := &models[i]
		t.Run(m.Name+"/logps", m.testLogps)
		t.Run(m.Name+"/dpo", m.testDPO)
		t.Run(m.Name+"/adamw", m.testAdamW)
		t.Run(m.Name+"/lm", m.testLM)
	}
}

func (m *oracleModel) testLogps(t *testing.T) {
	r := m.run(t)
	var want []float64
	for _, p := range m.Logps {
		want = append(append(want, p.Chosen...), p.Rejected...)
	}
	got := r.pass.Forward(r.w, r.batch)
	require.Len(t, got, len(want))
	for i, logp := range got {
		assert.InEpsilon(t, want[i], logp, oracleTolerance, "target %d", i)
	}
	sums := make([]float64, r.batch.Responses)
	r.batch.Sum(sums, got)
	for i, pair := range m.Sums {
		assert.InEpsilonSlice(t, pair[:], sums[2*i:2*i+2], oracleTolerance, "pair %d", i)
	}
}

func (m *oracleModel) testDPO(t *testing.T) {
	r := m.run(t)
	assert.InEpsilon(t, m.DPO.Loss, r.dpo(), oracleTolerance)
	assert.InEpsilon(t, m.DPO.Norm, math.Sqrt(r.k.SumSquares(r.g.Data)), oracleTolerance)
	compareTensors(t, m.DPO.Gradients, r.g)
}

func (m *oracleModel) testAdamW(t *testing.T) {
	r, a := m.run(t), m.AdamW
	optimizer := NewOptimizer(r.k, m.Config, OptimizerConfig{Beta1: a.Beta1, Beta2: a.Beta2, Eps: a.Eps, Decay: a.Decay, Clip: a.Clip})
	require.Len(t, a.Losses, 10)
	for i := range a.Losses {
		assert.InEpsilon(t, a.Losses[i], r.dpo(), oracleTolerance, "step %d", i)
		assert.InEpsilon(t, a.Norms[i], optimizer.Step(r.w, r.g, a.LR), oracleTolerance, "step %d", i)
	}
	for _, tensor := range r.w.Tensors() {
		if strings.HasSuffix(tensor.Name, "qkv.bias") {
			clear(tensor.Data[m.Width : 2*m.Width]) // the keys' bias, as oracle.py explains
		}
	}
	compareTensors(t, a.Weights, r.w)
}

func (m *oracleModel) testLM(t *testing.T) {
	r := m.run(t)
	r.batch.Reset()
	for _, s := range m.LM.Sequences {
		require.True(t, r.batch.Add(s[:1], s[1:]))
	}
	loss, dlogps := 0.0, make([]float32, len(r.batch.Targets))
	for i, logp := range r.pass.Forward(r.w, r.batch) {
		loss -= float64(logp) / float64(len(dlogps))
		dlogps[i] = -1 / float32(len(dlogps))
	}
	r.pass.Backward(r.w, r.g, r.batch, dlogps)
	assert.InEpsilon(t, m.LM.Loss, loss, oracleTolerance)
	compareTensors(t, m.LM.Gradients, r.g)
}
