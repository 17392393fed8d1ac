package bench

import (
	"encoding/binary"
	"math"
	"strings"

	"margins/toy"
	"margins/toy/kernel"
)

// Manifest is what a program must know of a size besides Data's bytes.
type Manifest struct {
	Name       string `json:"name"`
	toy.Config        // vocabulary, context, width, layers, heads
	Pairs      int    `json:"pairs"`
	Prompt     int    `json:"prompt"` // tokens

	Beta      float64           `json:"beta"`
	Rate      float64           `json:"rate"`
	Optimizer manifestOptimizer `json:"optimizer"`
	Tensors   []manifestEntry   `json:"tensors"`

	Tokens int   `json:"tokens"` // a step reads
	Work   Count `json:"work"`   // on full sequences
	Packed Count `json:"packed"` // with prompts computed once and without padding
}

type manifestOptimizer struct {
	Beta1 float64 `json:"beta1"`
	Beta2 float64 `json:"beta2"`
	Eps   float64 `json:"eps"`
	Decay float64 `json:"decay"`
	Clip  float64 `json:"clip"`
}

type manifestEntry struct {
	Name   string `json:"name"`
	Rows   int    `json:"rows"`
	Cols   int    `json:"cols"`
	Matrix bool   `json:"matrix"` // AdamW decays it
}

// Manifest describes s.
func (s Size) Manifest() Manifest {
	k := kernel.New()
	defer k.Close()
	data := s.Data()
	m := Manifest{
		Name: s.Name, Config: s.Config, Pairs: s.Pairs, Prompt: s.Prompt,
		Beta: beta, Rate: rate, Optimizer: manifestOptimizer(adamW), Tokens: s.Tokens(),
		Work: NewTask(k, s, data, false).Count(), Packed: NewTask(k, s, data, true).Count(),
	}
	for _, t := range toy.NewWeights(k, s.Config).Tensors() {
		m.Tensors = append(m.Tensors, manifestEntry{t.Name, t.Rows, t.Cols, t.Matrix()})
	}
	return m
}

// generator yields integers below 2**16: the linear congruential one of toy/testdata/oracle.py.
type generator uint32

func (g *generator) next() int {
	*g = 1664525**g + 1013904223
	return int(*g >> 16)
}

// draw returns a number of [-scale/2, scale/2).
func (g *generator) draw(scale float64) float32 {
	return float32(scale * (float64(g.next())/65536 - 0.5))
}

// Data returns the bytes from which every program starts, all little-endian:
//
//	float32 weights, tensor after tensor as the manifest lists them
//	int32   tokens [2 pairs, context+1]: the sequences of chosen responses, then those of rejected ones; a pair's share their prompt
//	int32   lengths [2 pairs]: tokens of each response; what follows it in its sequence is padding
//	float32 reference [2 pairs]: made-up log-probabilities of the reference, in nats, so that the first loss depends on the policy's
func (s Size) Data() []byte {
	k := kernel.New()
	defer k.Close()
	g := generator(s.seed)
	var b []byte
	for _, t := range toy.NewWeights(k, s.Config).Tensors() {
		center, scale := spread(t)
		for range t.Data {
			b = appendFloat(b, center+g.draw(scale))
		}
	}
	for _, token := range s.tokens(&g) {
		b = binary.LittleEndian.AppendUint32(b, uint32(token))
	}
	lengths := make([]int, 2*s.Pairs)
	for i := range lengths {
		lengths[i] = s.Lengths[0] + g.next()%(s.Lengths[1]-s.Lengths[0]+1)
		b = binary.LittleEndian.AppendUint32(b, uint32(lengths[i]))
	}
	for _, n := range lengths {
		b = appendFloat(b, float32(-4.5*float64(n)))
	}
	return b
}

// spread returns the mean of a tensor's numbers and the width of their range. No tensor is left at zero, so that none can be left out. The
// matrices' range is that of PyTorch's Linear.
func spread(t toy.Tensor) (center float32, scale float64) {
	switch {
	case strings.HasSuffix(t.Name, "gain"):
		return 1, 0.5
	case !t.Matrix():
		return 0, 0.5
	case t.Name == "wte" || t.Name == "wpe":
		return 0, 2
	}
	return 0, 2 / math.Sqrt(float64(t.Rows))
}

// tokens draws the sequences of all responses, the chosen ones first.
func (s Size) tokens(g *generator) []int {
	all := make([]int, 2*s.Pairs*(s.Context+1))
	for i := range all {
		at, row := i%(s.Context+1), i/(s.Context+1)
		if row >= s.Pairs && at < s.Prompt {
			all[i] = all[i-s.Pairs*(s.Context+1)]
		} else {
			all[i] = g.next() % s.Vocabulary
		}
	}
	return all
}

func appendFloat(b []byte, x float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
}
