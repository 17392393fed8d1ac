package toy

import (
	"cmp"
	"math"
	"slices"
)

// Jacobi's rotations end when no two columns have a cosine above svdTolerance, a few units in the last place; each sweep over all pairs
// squares it in the end, so that more than svdSweeps are never needed.
const (
	svdTolerance = 1e-14
	svdSweeps    = 60
)

// svd is the singular value decomposition A = U S VT of a matrix [rows, cols], its values in descending order.
type svd struct {
	values []float64   // [cols]
	scaled [][]float64 // one a value, [rows]: the left vector times the value, which is A times the right vector
	right  [][]float64 // one a value, [cols]
}

// decompose returns the decomposition of the matrix with these columns, which it overwrites. It rotates pairs of columns until all are
// orthogonal to each other (Hestenes 1958, the one-sided Jacobi method), which finds small values as exactly as large ones. Of each right
// vector the component with the largest absolute value is positive, the first one if there are several, so that nearby matrices have
// nearby vectors.
func decompose(columns [][]float64) svd {
	n := len(columns)
	right := make([][]float64, n)
	for i := range right {
		right[i] = make([]float64, n)
		right[i][i] = 1
	}
	for sweep, moved := 0, true; moved && sweep < svdSweeps; sweep++ {
		moved = false
		for p := range n {
			for q := p + 1; q < n; q++ {
				if cosine, sine, ok := rotation(columns[p], columns[q]); ok {
					rotate(columns[p], columns[q], cosine, sine)
					rotate(right[p], right[q], cosine, sine)
					moved = true
				}
			}
		}
	}
	s := svd{values: make([]float64, n), scaled: columns, right: right}
	return s.ordered()
}

// rotation returns the rotation that makes x and y orthogonal to each other, the smaller of the two possible ones; ok is false if they are.
func rotation(x, y []float64) (cosine, sine float64, ok bool) {
	xx, yy, xy := product(x, x), product(y, y), product(x, y)
	if math.Abs(xy) <= svdTolerance*math.Sqrt(xx)*math.Sqrt(yy) {
		return 1, 0, false
	}
	zeta := (yy - xx) / (2 * xy)
	tangent := math.Copysign(1, zeta) / (math.Abs(zeta) + math.Sqrt(1+float64(zeta*zeta)))
	cosine = 1 / math.Sqrt(1+float64(tangent*tangent))
	return cosine, float64(cosine * tangent), true
}

func rotate(x, y []float64, cosine, sine float64) {
	for i, a := range x {
		b := y[i]
		x[i], y[i] = float64(cosine*a)-float64(sine*b), float64(sine*a)+float64(cosine*b)
	}
}

func product(x, y []float64) (sum float64) {
	for i, a := range x {
		sum += float64(a * y[i])
	}
	return sum
}

// ordered returns s with its values computed and in order, and with the signs that decompose promises.
func (s svd) ordered() svd {
	order := make([]int, len(s.scaled))
	for i := range order {
		order[i], s.values[i] = i, math.Sqrt(product(s.scaled[i], s.scaled[i]))
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(s.values[j], s.values[i]) })
	var sorted svd
	for _, i := range order {
		if largest(s.right[i]) < 0 {
			negate(s.right[i])
			negate(s.scaled[i])
		}
		sorted.values, sorted.scaled = append(sorted.values, s.values[i]), append(sorted.scaled, s.scaled[i])
		sorted.right = append(sorted.right, s.right[i])
	}
	return sorted
}

// largest returns the component of the largest absolute value.
func largest(x []float64) (most float64) {
	for _, a := range x {
		if math.Abs(a) > math.Abs(most) {
			most = a
		}
	}
	return most
}

func negate(x []float64) {
	for i := range x {
		x[i] = -x[i]
	}
}

// Projection is a cloud of points seen along its principal axes.
type Projection struct {
	Points [][]float64 // one a row of the matrix, its coordinates along the axes
	Shares []float64   // the share of the points' variance along each axis; 0 if they do not vary at all
}

// Project returns the rows of x [rows, cols], less their mean, along the axes in which they vary most (Pearson 1901). There are dims axes,
// or cols if that is less. Signs are chosen so that a picture does not flip while x changes a little.
func Project(x []float32, rows, cols, dims int) Projection {
	columns := make([][]float64, cols)
	for j := range columns {
		columns[j] = make([]float64, rows)
		mean := 0.0
		for i := range rows {
			columns[j][i] = float64(x[i*cols+j])
			mean += columns[j][i] / float64(rows)
		}
		for i := range rows {
			columns[j][i] -= mean
		}
	}
	s := decompose(columns)
	total := product(s.values, s.values)
	p := Projection{Points: make([][]float64, rows)}
	for axis := range min(dims, cols) {
		share := 0.0
		if total > 0 {
			share = float64(s.values[axis]*s.values[axis]) / total
		}
		p.Shares = append(p.Shares, share)
		for i := range p.Points {
			p.Points[i] = append(p.Points[i], s.scaled[axis][i])
		}
	}
	return p
}
