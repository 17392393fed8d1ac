package toy

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestProjection(t *testing.T) {
	// Points on the line (1, 1, 1) + t (3, 0, -4)/5, t in -10, 0, 10, and half a unit to either side of its middle along (0, 1, 0).
	x := []float32{-5, 1, 9, 7, 1, -7, 1, 1, 1, 1, 1.5, 1, 1, 0.5, 1}
	p := Project(x, 5, 3, 2)
	want := [][]float64{{10, 0}, {-10, 0}, {0, 0}, {0, 0.5}, {0, -0.5}} // of (3, 0, -4) the last is the largest, so it counts as positive
	for i, point := range p.Points {
		assert.InDeltaSlice(t, want[i], point, 1e-6, "point %d", i)
	}
	assert.InDeltaSlice(t, []float64{200 / 200.5, 0.5 / 200.5}, p.Shares, 1e-6)
}

func TestProjectionOfLittle(t *testing.T) {
	p := Project([]float32{3, 3}, 2, 1, 3)
	assert.Equal(t, Projection{Points: [][]float64{{0}, {0}}, Shares: []float64{0}}, p, "equal points do not vary")
	p = Project([]float32{1, 2, 3}, 1, 3, 2)
	assert.Equal(t, [][]float64{{0, 0}}, p.Points, "one point is its own mean")
}

// A picture does not flip when the weights move a little.
func TestProjectionStays(t *testing.T) {
	k := newKernel(t)
	w := rough(k, Config{Vocabulary: 20, Context: 4, Width: 8, Layers: 1, Heads: 2}, "projection")
	before := Project(w.WTE, 20, 8, 3)
	for i := range w.WTE {
		w.WTE[i] += 1e-3 * float32(i%5-2)
	}
	after := Project(w.WTE, 20, 8, 3)
	for i := range before.Points {
		assert.InDeltaSlice(t, before.Points[i], after.Points[i], 0.05)
	}
}
