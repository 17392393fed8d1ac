package bench

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/toy/kernel"
)

// tolerance is that of results.mjs.
const tolerance = 4e-6

// expected returns the first losses of a size as PyTorch computes them in float64.
func expected(t *testing.T, s Size) []float64 {
	t.Helper()
	b, err := os.ReadFile("expected.json")
	require.NoError(t, err)
	losses := map[string][]float64{}
	require.NoError(t, json.Unmarshal(b, &losses))
	require.NotEmpty(t, losses[s.Name])
	return losses[s.Name]
}

func TestTaskHasTheLossesOfPyTorch(t *testing.T) {
	for _, s := range Sizes[:2] { // the others take too long for a test; make bench checks all
		for name, packed := range map[string]bool{"full": false, "packed": true} {
			t.Run(s.Name+"/"+name, func(t *testing.T) {
				k := kernel.New()
				t.Cleanup(k.Close)
				task := NewTask(k, s, s.Data(), packed)
				for i, want := range expected(t, s) {
					assert.InDelta(t, want, task.Step(), tolerance, "step %d", i)
				}
			})
		}
	}
}

func TestCount(t *testing.T) {
	k := kernel.New()
	t.Cleanup(k.Close)
	s, ok := FindSize("S")
	require.True(t, ok)
	full := NewTask(k, s, s.Data(), false).Count()
	assert.Equal(t, 64*32, full.Rows)
	// 64 sequences of 32 rows, 17 of which predict; a row attends to itself and those before it
	const square = 64 * 64
	assert.Equal(t, 6.0*(12*2*square*64*32+64*128*64*17)+12*64*2*64*(32*33/2), full.FLOP)
	assert.Equal(t, 6.0*((12+2)*square*64*32+(10*square+64*128)*64*17), full.Gemm, "the last block is computed where it predicts")

	packed := NewTask(k, s, s.Data(), true).Count()
	assert.Equal(t, 32*(16+2*16), packed.Rows, "the prompt once")
	assert.Equal(t, 6.0*(12*2*square*32*48+64*128*32*(1+2*16))+12*64*2*32*(16*17/2+2*(16*16+16*17/2)), packed.FLOP,
		"responses attend to the prompt too")
	assert.Equal(t, 6.0*((12+2)*square*32*48+(10*square+64*128)*32*(1+2*16)), packed.Gemm)
}

func TestSamples(t *testing.T) {
	k := kernel.New()
	t.Cleanup(k.Close)
	tokens, kl := NewSamples(k, Sizes[0]).Write()
	assert.Equal(t, SampleResponses*SampleLength, tokens)
	assert.Greater(t, kl, 1.0, "two random models are far apart")
}
