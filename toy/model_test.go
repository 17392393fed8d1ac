package toy

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/repro"
	"margins/toy/kernel"
)

// Sizes of the tests. No two dimensions are equal, so that a mixed-up pair shows; long has more keys than a block of the attention
// kernel has rows, and a head's width and a vocabulary that are not multiples of its tiles.
var (
	tiny = Config{Vocabulary: 11, Context: 10, Width: 8, Layers: 3, Heads: 2}
	long = Config{Vocabulary: 23, Context: 40, Width: 36, Layers: 2, Heads: 3}
)

func newKernel(t testing.TB) *kernel.Kernel {
	k := kernel.New()
	t.Cleanup(k.Close)
	return k
}

// rough returns weights as no initializer leaves them: gains, biases, attention and distributions all far from uniform.
func rough(k *kernel.Kernel, config Config, name string) *Weights {
	w, rng := NewWeights(k, config), repro.Stream(1, name)
	for _, t := range w.Tensors() {
		center := 0.0
		if strings.HasSuffix(t.Name, "gain") {
			center = 1
		}
		for i := range t.Data {
			t.Data[i] = float32(center + float64(0.3*repro.Normal(rng)))
		}
	}
	return w
}

// randomTokens returns n tokens of the vocabulary.
func randomTokens(config Config, name string, n int) []int32 {
	rng, tokens := repro.Stream(2, name), make([]int32, n)
	for i := range tokens {
		tokens[i] = rng.Int32N(int32(config.Vocabulary))
	}
	return tokens
}

// group is a prompt with its responses.
type group struct {
	prompt    []int32
	responses [][]int32
}

// randomGroup returns a prompt of that length and responses of those.
func randomGroup(config Config, name string, prompt int, responses ...int) group {
	g := group{prompt: randomTokens(config, name+" prompt", prompt)}
	for i, n := range responses {
		g.responses = append(g.responses, randomTokens(config, name+string(rune('a'+i)), n))
	}
	return g
}

// pack returns the groups as one batch.
func pack(t testing.TB, k *kernel.Kernel, groups ...group) *Batch {
	rows := 0
	for _, g := range groups {
		rows += PackedRows(g.prompt, g.responses...)
	}
	b := NewBatch(k, rows)
	for _, g := range groups {
		require.True(t, b.Add(g.prompt, g.responses...))
	}
	require.Len(t, b.Tokens, rows)
	return b
}

// split returns the numbers of a batch's targets by response.
func split(b *Batch, targets []float32) [][]float32 {
	byResponse := make([][]float32, b.Responses)
	for i, t := range b.Targets {
		byResponse[t.Response] = append(byResponse[t.Response], targets[i])
	}
	return byResponse
}

// logps returns the log-probability of every token of every response.
func logps(t testing.TB, k *kernel.Kernel, w *Weights, groups ...group) [][]float32 {
	b := pack(t, k, groups...)
	return split(b, NewPass(k, w.Config, len(b.Tokens)).Forward(w, b))
}

// copyOf returns a copy, in the kernel's memory.
func copyOf(k *kernel.Kernel, w *Weights) *Weights {
	c := NewWeights(k, w.Config)
	copy(c.Data, w.Data)
	return c
}

func TestConfigValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		want   string
	}{
		{"tiny", tiny, ""},
		{"smallest", Config{1, 1, 4, 1, 1}, ""},
		{"largest", Config{maxVocabulary, maxContext, maxWidth, maxLayers, 1}, ""},
		{"no vocabulary", Config{0, 1, 4, 1, 1}, "a model's vocabulary is between 1 and 65536, not 0"},
		{"vocabulary too large", Config{65537, 1, 4, 1, 1}, "a model's vocabulary is between 1 and 65536, not 65537"},
		{"negative context", Config{1, -1, 4, 1, 1}, "a model's context is between 1 and 4096, not -1"},
		{"context too large", Config{1, 4097, 4, 1, 1}, "a model's context is between 1 and 4096, not 4097"},
		{"no width", Config{1, 1, 0, 1, 1}, "a model's width is between 1 and 2048, not 0"},
		{"width too large", Config{1, 1, 2052, 1, 1}, "a model's width is between 1 and 2048, not 2052"},
		{"no layers", Config{1, 1, 4, 0, 1}, "a model's layers is between 1 and 64, not 0"},
		{"too many layers", Config{1, 1, 4, 65, 1}, "a model's layers is between 1 and 64, not 65"},
		{"no heads", Config{1, 1, 4, 1, 0}, "a model's heads is between 1 and 2048, not 0"},
		{"heads that do not divide", Config{1, 1, 20, 1, 3}, "a width of 20 does not divide into 3 heads of a multiple of four"},
		{"heads of six", Config{1, 1, 12, 1, 2}, "a width of 12 does not divide into 2 heads of a multiple of four"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "" {
				require.NoError(t, c.config.Validate())
				return
			}
			require.EqualError(t, c.config.Validate(), c.want)
			assert.PanicsWithValue(t, "toy: "+c.want, func() { NewWeights(newKernel(t), c.config) })
		})
	}
}

// The tensors are views that tile Data in their order, each once.
func TestTensorsTileData(t *testing.T) {
	w := NewWeights(newKernel(t), tiny)
	at, names := 0, map[string]bool{}
	for _, tensor := range w.Tensors() {
		require.Len(t, tensor.Data, tensor.Rows*tensor.Cols, tensor.Name)
		require.Same(t, &w.Data[at], &tensor.Data[0], tensor.Name)
		require.Equal(t, len(tensor.Data), cap(tensor.Data), "%s could grow into the next", tensor.Name)
		require.False(t, names[tensor.Name], tensor.Name)
		at, names[tensor.Name] = at+len(tensor.Data), true
	}
	assert.Len(t, w.Data, at)
	assert.Same(t, &w.WTE[0], &w.Data[0])
	assert.Same(t, &w.Head[len(w.Head)-1], &w.Data[at-1])
	assert.Same(t, &w.Layers[2].Gain1[0], &w.Tensors()[2+2*12].Data[0])
}

// Every tensor has the moments of its initialization: embeddings a standard deviation of 1, projections one of 1 / sqrt(3 inputs), gains 1,
// biases 0.
func TestInit(t *testing.T) {
	w := NewWeights(newKernel(t), Config{Vocabulary: 64, Context: 64, Width: 64, Layers: 2, Heads: 4})
	w.Init(repro.Stream(1, "init"))
	for _, tensor := range w.Tensors() {
		mean, sd := moments(tensor.Data)
		switch {
		case strings.HasSuffix(tensor.Name, "gain"):
			assert.Equal(t, [2]float64{1, 0}, [2]float64{mean, sd}, tensor.Name)
		case strings.HasSuffix(tensor.Name, "bias"):
			assert.Equal(t, [2]float64{0, 0}, [2]float64{mean, sd}, tensor.Name)
		default:
			want := 1 / math.Sqrt(3*64)
			switch {
			case tensor.Name == "wte" || tensor.Name == "wpe":
				want = 1
			case strings.HasSuffix(tensor.Name, "mlp.down.weight"):
				want /= 2 // four times the inputs
			}
			n := math.Sqrt(float64(len(tensor.Data)))
			assert.InDelta(t, 0, mean, 5*want/n, "mean of %s, within five standard errors", tensor.Name)
			assert.InDelta(t, want, sd, 5*want/n/math.Sqrt2, "standard deviation of %s, within five standard errors", tensor.Name)
		}
	}
}

func moments(x []float32) (mean, sd float64) {
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	for _, v := range x {
		sd += (float64(v) - mean) * (float64(v) - mean) / float64(len(x))
	}
	return mean, math.Sqrt(sd)
}

func TestInitRepeats(t *testing.T) {
	k := newKernel(t)
	fingerprint := func(seed uint64) string {
		w := NewWeights(k, tiny)
		w.Init(repro.Stream(seed, "init"))
		return w.Fingerprint()
	}
	assert.Equal(t, fingerprint(1), fingerprint(1))
	assert.NotEqual(t, fingerprint(1), fingerprint(2))
}

// A change of any weight, be it of its last bit or of the sign of zero, changes the fingerprint.
func TestFingerprint(t *testing.T) {
	w := rough(newKernel(t), Config{3, 2, 4, 1, 1}, "fingerprint")
	seen := map[string]bool{w.Fingerprint(): true}
	require.Len(t, w.Fingerprint(), 64)
	for i, before := range w.Data {
		w.Data[i] = math.Float32frombits(math.Float32bits(before) ^ 1)
		require.False(t, seen[w.Fingerprint()], "weight %d", i)
		seen[w.Fingerprint()] = true
		w.Data[i] = before
	}
	require.True(t, seen[w.Fingerprint()])
	w.Data[0] = 0
	zero := w.Fingerprint()
	w.Data[0] = float32(math.Copysign(0, -1))
	assert.NotEqual(t, zero, w.Fingerprint())
}

func TestFinite(t *testing.T) {
	k := newKernel(t)
	w := rough(k, tiny, "finite")
	assert.True(t, w.Finite(k))
	w.Data[5] = math.MaxFloat32
	assert.True(t, w.Finite(k), "the sum of squares is taken in float64")
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, i := range []int{0, len(w.Data) / 2, len(w.Data) - 1} {
			bad := copyOf(k, w)
			bad.Data[i] = float32(x)
			assert.False(t, bad.Finite(k), "%v at %d", x, i)
		}
	}
}
