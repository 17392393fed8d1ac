package toy

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/trace.json
var traceText []byte // testdata/trace.py, which wrote it, explains its fields

func TestOracleTrace(t *testing.T) {
	var want []struct {
		LogProbs oracleTensor
		Maps     []oracleTensor
	}
	require.NoError(t, json.Unmarshal(traceText, &want))
	for i, m := range readOracle(t).Models {
		t.Run(m.Name, func(t *testing.T) {
			k := newKernel(t)
			pair := m.Pairs[0]
			trace := NewTrace(k, m.weights(k), slices.Concat(pair.Prompt, pair.Chosen))
			want[i].LogProbs.compare(t, "log-probabilities", trace.LogProbs)
			require.Len(t, trace.Maps, len(want[i].Maps))
			for layer, attention := range trace.Maps {
				want[i].Maps[layer].compare(t, fmt.Sprintf("map of layer %d", layer), attention)
			}
		})
	}
}

// What is looked at is what is trained: the trace has the pass's log-probabilities, but for the order of summation.
func TestTraceAgreesWithThePass(t *testing.T) {
	k := newKernel(t)
	for name, config := range map[string]Config{"tiny": tiny, "long": long} {
		t.Run(name, func(t *testing.T) {
			w := rough(k, config, "model")
			for _, g := range alone(someGroups(config)) {
				response := g.responses[0]
				tokens := slices.Concat(g.prompt, response)
				trace := NewTrace(k, w, tokens[:len(tokens)-1])
				for i, want := range logps(t, k, w, g)[0] {
					row := trace.LogProbs[(len(g.prompt)-1+i)*config.Vocabulary:]
					assert.InEpsilon(t, want, row[response[i]], orderTolerance)
				}
			}
		})
	}
}

func TestTraceGivesItsMemoryBack(t *testing.T) {
	k := newKernel(t)
	w := rough(k, tiny, "model")
	mark := k.Mark()
	trace := NewTrace(k, w, randomTokens(tiny, "tokens", tiny.Context))
	assert.Equal(t, mark, k.Mark())
	assert.Equal(t, tiny.Context, trace.Tokens)
	assert.Len(t, trace.Maps, tiny.Layers)
	for _, attention := range trace.Maps {
		require.Len(t, attention, tiny.Heads*tiny.Context*tiny.Context)
		for row := range slices.Chunk(attention, tiny.Context) {
			sum := 0.0
			for _, p := range row {
				sum += float64(p)
			}
			assert.InDelta(t, 1, sum, 1e-6)
		}
	}
	assert.Panics(t, func() { NewTrace(k, w, nil) })
	assert.Panics(t, func() { NewTrace(k, w, make([]int32, tiny.Context+1)) })
}
