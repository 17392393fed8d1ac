//go:build !js

package toy

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"margins/repro"
)

// svdDeviation bounds what two methods in float64 differ by, relative to the largest value: a thousand times the unit roundoff.
const svdDeviation = 1e-12

// matrices are what decompositions are compared on; entry (i, j) of a matrix is at(i, j).
func matrices() map[string]*mat.Dense {
	build := func(rows, cols int, at func(i, j int) float64) *mat.Dense {
		m := mat.NewDense(rows, cols, nil)
		m.Apply(func(i, j int, _ float64) float64 { return at(i, j) }, m)
		return m
	}
	rng := repro.Stream(1, "matrix")
	normal := func(int, int) float64 { return repro.Normal(rng) }
	return map[string]*mat.Dense{
		"tall":         build(68, 48, normal),
		"wide":         build(5, 12, normal),
		"one column":   build(7, 1, normal),
		"one row":      build(1, 4, normal),
		"zero":         build(4, 3, func(int, int) float64 { return 0 }),
		"rank one":     build(9, 6, func(i, j int) float64 { return float64((i + 1) * (j - 2)) }),
		"equal values": build(6, 6, func(i, j int) float64 { return map[bool]float64{true: 2}[i == j] }),
		"far apart":    build(20, 8, func(i, j int) float64 { return repro.Normal(rng) * math.Pow(10, -float64(j)) }),
	}
}

func columnsOf(m *mat.Dense) [][]float64 {
	_, cols := m.Dims()
	columns := make([][]float64, cols)
	for j := range columns {
		columns[j] = mat.Col(nil, j, m)
	}
	return columns
}

func TestDecompositionIsGonums(t *testing.T) {
	for name, m := range matrices() {
		t.Run(name, func(t *testing.T) {
			rows, cols := m.Dims()
			var theirs mat.SVD
			require.True(t, theirs.Factorize(m, mat.SVDThin))
			want := theirs.Values(nil)
			s := decompose(columnsOf(m))
			require.Len(t, s.values, cols)
			bound := svdDeviation * max(want[0], 1e-300)
			for i, got := range s.values {
				if i < len(want) {
					assert.InDelta(t, want[i], got, bound, "value %d", i)
				} else {
					assert.InDelta(t, 0, got, bound, "value %d", i)
				}
			}
			var v mat.Dense
			theirs.VTo(&v)
			for i := range min(rows, cols) {
				gap := math.Inf(1)
				for j := range want {
					if j != i {
						gap = min(gap, math.Abs(want[i]-want[j]))
					}
				}
				if gap < 1e-3*want[0] {
					continue // vectors of nearly equal values are not unique
				}
				their := mat.Col(nil, i, &v)
				if largest(their) < 0 {
					negate(their)
				}
				assert.InDeltaSlice(t, their, s.right[i], svdDeviation*want[0]/gap+1e-12, "vector %d", i)
			}
		})
	}
}

// The parts give the matrix again, and the vectors are orthonormal, whatever the matrix.
func TestDecompositionIsOne(t *testing.T) {
	for name, m := range matrices() {
		t.Run(name, func(t *testing.T) {
			rows, cols := m.Dims()
			s := decompose(columnsOf(m))
			largestEntry := mat.Max(m) + math.Abs(mat.Min(m)) + 1e-300
			for i := range rows {
				for j := range cols {
					sum := 0.0
					for k := range s.values {
						sum += s.scaled[k][i] * s.right[k][j]
					}
					assert.InDelta(t, m.At(i, j), sum, 1e-12*largestEntry)
				}
			}
			for p := range cols {
				assert.GreaterOrEqual(t, largest(s.right[p]), 0.0)
				for q := range cols {
					want := map[bool]float64{true: 1}[p == q]
					assert.InDelta(t, want, product(s.right[p], s.right[q]), 1e-12)
				}
			}
		})
	}
}
