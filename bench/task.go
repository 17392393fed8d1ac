package bench

import (
	"encoding/binary"
	"math"

	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

// Task is the training of one size on its data.
type Task struct {
	size      Size
	policy    *toy.Weights
	grads     *toy.Weights
	optimizer *toy.Optimizer
	pass      *toy.Pass
	batch     *toy.Batch

	lengths   []int     // by response, chosen and rejected of a pair side by side, as are the next three
	reference []float64 // log-probabilities, nats
	sums      []float64
	partials  []float64 // of the loss by the responses' log-probabilities
	counts    []bool    // by target: whether it is part of its response or padding
	dlogps    []float32
}

// NewTask reads data that s.Data returned. Packed computes a pair's prompt once and leaves out the padding; otherwise every sequence is
// computed by itself and in full, as by the programs of other libraries.
func NewTask(k *kernel.Kernel, s Size, data []byte, packed bool) *Task {
	r, rows := reader(data), s.Tokens()
	t := &Task{
		size: s, policy: toy.NewWeights(k, s.Config), grads: toy.NewWeights(k, s.Config), optimizer: toy.NewOptimizer(k, s.Config, adamW),
		pass: toy.NewPass(k, s.Config, rows), batch: toy.NewBatch(k, rows),
		lengths: make([]int, 2*s.Pairs), reference: make([]float64, 2*s.Pairs), sums: make([]float64, 2*s.Pairs),
		partials: make([]float64, 2*s.Pairs),
	}
	for i := range t.policy.Data {
		t.policy.Data[i] = math.Float32frombits(r.next())
	}
	sequences := make([][]int32, 2*s.Pairs)
	for i := range sequences {
		for range s.Context + 1 {
			sequences[s.place(i)] = append(sequences[s.place(i)], int32(r.next()))
		}
	}
	for i := range sequences {
		t.lengths[s.place(i)] = int(r.next())
	}
	for i := range sequences {
		t.reference[s.place(i)] = float64(math.Float32frombits(r.next()))
	}
	t.pack(sequences, packed)
	return t
}

// place returns where response i of the data stands here.
func (s Size) place(i int) int { return 2*(i%s.Pairs) + i/s.Pairs }

// reader takes 32-bit words from the front of bytes.
type reader []byte

func (r *reader) next() uint32 {
	word := binary.LittleEndian.Uint32(*r)
	*r = (*r)[4:]
	return word
}

// pack fills the batch.
func (t *Task) pack(sequences [][]int32, packed bool) {
	for i := 0; i < len(sequences); i += 2 {
		prompt, chosen, rejected := sequences[i][:t.size.Prompt], sequences[i][t.size.Prompt:], sequences[i+1][t.size.Prompt:]
		if packed {
			t.batch.Add(prompt, chosen[:t.lengths[i]], rejected[:t.lengths[i+1]])
		} else {
			t.batch.Add(prompt, chosen)
			t.batch.Add(prompt, rejected)
		}
	}
	if t.batch.Responses != len(sequences) {
		panic("bench: the batch has no room for all responses")
	}
	t.counts, t.dlogps = make([]bool, len(t.batch.Targets)), make([]float32, len(t.batch.Targets))
	left := append([]int(nil), t.lengths...)
	for i, target := range t.batch.Targets {
		t.counts[i] = left[target.Response] > 0
		left[target.Response]--
	}
}

// Step takes one optimizer step and returns the loss before it: the mean over pairs of -log sigmoid(h),
// h = beta ((chosen - its reference) - (rejected - its reference)), in nats (Rafailov et al. 2023, arXiv 2305.18290, equation 7).
func (t *Task) Step() (loss float64) {
	logps := t.pass.Forward(t.policy, t.batch)
	clear(t.sums)
	for i, target := range t.batch.Targets {
		if t.counts[i] {
			t.sums[target.Response] += float64(logps[i])
		}
	}
	pairs := float64(t.size.Pairs)
	for i := 0; i < len(t.sums); i += 2 {
		h := beta * ((t.sums[i] - t.reference[i]) - (t.sums[i+1] - t.reference[i+1]))
		loss -= repro.LogSigmoid(h) / pairs
		t.partials[i] = -beta * repro.Sigmoid(-h) / pairs
		t.partials[i+1] = -t.partials[i]
	}
	for i, target := range t.batch.Targets {
		if t.counts[i] {
			t.dlogps[i] = float32(t.partials[target.Response])
		}
	}
	clear(t.grads.Data)
	t.pass.Backward(t.policy, t.grads, t.batch, t.dlogps)
	t.optimizer.Step(t.policy, t.grads, rate)
	return loss
}

// Count is the arithmetic of a step, a multiplication and an addition being two operations (FLOP). Normalizations, exponentials and
// the optimizer are left out: they are a few per cent.
type Count struct {
	Rows int     `json:"rows"` // tokens computed
	Gemm float64 `json:"gemm"` // FLOP of the products with weights that our engine computes
	FLOP float64 `json:"flop"` // of a step whose blocks compute all rows: those products and attention's
}

// Count returns the arithmetic of a step. Each product is computed three times: forward, and for the gradients of both factors. A block
// has 12 width**2 weights, of which our last one uses the 2 width**2 of keys and values at all rows, the others at those that predict;
// a query costs attention 12 width operations for each key that it may see.
func (t *Task) Count() Count {
	s, attended := t.size, 0
	for rest := t.batch.Segments; len(rest) > 0; rest = rest[kernel.SegmentFields:] {
		length, prefix := int(rest[1]), int(rest[3])
		attended += length*prefix + length*(length+1)/2
	}
	rows, predicting, square := len(t.batch.Tokens), len(t.batch.Rows), s.Width*s.Width
	head := s.Width * s.Vocabulary * predicting
	return Count{
		Rows: rows,
		Gemm: 6 * float64((12*s.Layers-10)*square*rows+10*square*predicting+head),
		FLOP: 6*float64(12*s.Layers*square*rows+head) + 12*float64(s.Width*s.Layers*attended),
	}
}
