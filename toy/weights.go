package toy

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"strconv"

	"margins/repro"
	"margins/toy/kernel"
)

// Weights holds one number for every parameter of a model: the parameters themselves, their gradients, or a moment of AdamW. All
// share one allocation, Data; the named fields are views into it.
type Weights struct {
	Config Config
	Data   []float32

	WTE, WPE             []float32 // token [V,C] and position [T,C] embeddings
	Layers               []LayerWeights
	FinalGain, FinalBias []float32 // [C]
	Head                 []float32 // [C,V]; nil if the head is scalar
	Score, ScoreBias     []float32 // [C] and [1], a scalar head; nil for a language model

	scalar  bool
	tensors []Tensor
}

// LayerWeights are the views of one block.
type LayerWeights struct {
	Gain1, Bias1   []float32 // [C], before attention
	QKV, QKVBias   []float32 // [C,3C], [3C]: queries, keys, values
	Out, OutBias   []float32 // [C,C], [C]
	Gain2, Bias2   []float32 // [C], before the MLP
	Up, UpBias     []float32 // [C,4C], [4C]
	Down, DownBias []float32 // [4C,C], [C]
}

// The products of a block.

func (l *LayerWeights) qkv() kernel.Linear {
	return kernel.NewLinear(l.QKV, l.QKVBias, len(l.Gain1), 3*len(l.Gain1))
}
func (l *LayerWeights) queries() kernel.Linear { return l.qkv().Columns(0, len(l.Gain1)) }
func (l *LayerWeights) keysValues() kernel.Linear {
	return l.qkv().Columns(len(l.Gain1), 3*len(l.Gain1))
}
func (l *LayerWeights) out() kernel.Linear {
	return kernel.NewLinear(l.Out, l.OutBias, len(l.Gain1), len(l.Gain1))
}
func (l *LayerWeights) up() kernel.Linear {
	return kernel.NewLinear(l.Up, l.UpBias, len(l.Gain1), 4*len(l.Gain1))
}
func (l *LayerWeights) down() kernel.Linear {
	return kernel.NewLinear(l.Down, l.DownBias, 4*len(l.Gain1), len(l.Gain1))
}

// head is the product that gives logits.
func (w *Weights) head() kernel.Linear {
	return kernel.NewLinear(w.Head, nil, w.Config.Width, w.Config.Vocabulary)
}

// Tensor is one named part of a Weights.
type Tensor struct {
	Name       string
	Rows, Cols int       // a vector has one row
	Data       []float32 // view of Rows*Cols numbers

	view *[]float32
	init initializer
}

// Matrix tells whether t is a matrix. AdamW decays matrices (embeddings among them) and leaves vectors alone.
func (t Tensor) Matrix() bool { return t.init == embedding || t.init == projection }

type initializer int

const (
	zeros initializer = iota
	ones
	embedding  // Normal(0, 1)
	projection // Normal with the variance 1 / (3 rows)
)

// Tensors lists the parts of w in the order in which Data holds them. The caller must not change the list.
func (w *Weights) Tensors() []Tensor { return w.tensors }

// layout lists the parts of w, their Data yet to be set. It is the only such list: allocation, initialization, decay, checkpoints and
// tests go by it.
func (w *Weights) layout() []Tensor {
	c := w.Config
	list := []Tensor{
		{Name: "wte", Rows: c.Vocabulary, Cols: c.Width, view: &w.WTE, init: embedding},
		{Name: "wpe", Rows: c.Context, Cols: c.Width, view: &w.WPE, init: embedding},
	}
	for i := range w.Layers {
		l, name := &w.Layers[i], layerName(i)
		list = append(list,
			Tensor{Name: name + "ln1.gain", Rows: 1, Cols: c.Width, view: &l.Gain1, init: ones},
			Tensor{Name: name + "ln1.bias", Rows: 1, Cols: c.Width, view: &l.Bias1},
			Tensor{Name: name + "attn.qkv.weight", Rows: c.Width, Cols: 3 * c.Width, view: &l.QKV, init: projection},
			Tensor{Name: name + "attn.qkv.bias", Rows: 1, Cols: 3 * c.Width, view: &l.QKVBias},
			Tensor{Name: name + "attn.out.weight", Rows: c.Width, Cols: c.Width, view: &l.Out, init: projection},
			Tensor{Name: name + "attn.out.bias", Rows: 1, Cols: c.Width, view: &l.OutBias},
			Tensor{Name: name + "ln2.gain", Rows: 1, Cols: c.Width, view: &l.Gain2, init: ones},
			Tensor{Name: name + "ln2.bias", Rows: 1, Cols: c.Width, view: &l.Bias2},
			Tensor{Name: name + "mlp.up.weight", Rows: c.Width, Cols: 4 * c.Width, view: &l.Up, init: projection},
			Tensor{Name: name + "mlp.up.bias", Rows: 1, Cols: 4 * c.Width, view: &l.UpBias},
			Tensor{Name: name + "mlp.down.weight", Rows: 4 * c.Width, Cols: c.Width, view: &l.Down, init: projection},
			Tensor{Name: name + "mlp.down.bias", Rows: 1, Cols: c.Width, view: &l.DownBias},
		)
	}
	list = append(list,
		Tensor{Name: "lnf.gain", Rows: 1, Cols: c.Width, view: &w.FinalGain, init: ones},
		Tensor{Name: "lnf.bias", Rows: 1, Cols: c.Width, view: &w.FinalBias},
	)
	if w.scalar {
		return append(list, w.scalarHead()...)
	}
	return append(list, Tensor{Name: "head.weight", Rows: c.Width, Cols: c.Vocabulary, view: &w.Head, init: projection})
}

func layerName(i int) string { return "layers." + strconv.Itoa(i) + "." }

// NewWeights returns zeroed weights in memory that k can work on. It panics if config is not valid.
func NewWeights(k *kernel.Kernel, config Config) *Weights {
	return allocate(k, &Weights{Config: config})
}

// allocate gives w, of which only the configuration and the kind of head are set, its memory.
func allocate(k *kernel.Kernel, w *Weights) *Weights {
	if err := w.Config.Validate(); err != nil {
		panic("toy: " + err.Error())
	}
	w.Layers = make([]LayerWeights, w.Config.Layers)
	w.tensors = w.layout()
	w.Data = k.Floats(size(w.tensors))
	at := 0
	for i := range w.tensors {
		t := &w.tensors[i]
		end := at + t.Rows*t.Cols
		t.Data, at = w.Data[at:end:end], end
		*t.view = t.Data
	}
	return w
}

// Init sets the weights of a new model, drawing from rng. The variances are those of PyTorch's Embedding and Linear. GPT-2's smaller
// ones fit a language as well, but a preference step of the same length then moves the policy further from the reference for less.
func (w *Weights) Init(rng *rand.Rand) {
	for _, t := range w.Tensors() {
		for i := range t.Data {
			switch t.init {
			case ones:
				t.Data[i] = 1
			case embedding:
				t.Data[i] = float32(repro.Normal(rng))
			case projection:
				t.Data[i] = float32(repro.Normal(rng) / math.Sqrt(float64(3*t.Rows)))
			}
		}
	}
}

// Fingerprint returns the SHA-256 of the weights as little-endian float32, in hexadecimal. Equal fingerprints are equal models.
func (w *Weights) Fingerprint() string {
	sum := repro.Sum256(appendFloats(nil, w.Data))
	return hex.EncodeToString(sum[:])
}

// Finite tells whether every weight is a number.
func (w *Weights) Finite(k *kernel.Kernel) bool {
	s := k.SumSquares(w.Data)
	return !math.IsNaN(s) && !math.IsInf(s, 0)
}
