// Package repro holds what makes a run repeatable bit for bit on any machine: random streams that are derived by name from
// one seed, and transcendental functions built from additions, multiplications and divisions alone.
//
// The functions of package math will not do where a result decides a weight or a choice: several of them are assembly on
// some architectures and Go elsewhere, and the two disagree in the last bit. Every product that is added to something here
// is converted explicitly, which forbids the compiler to fuse the two operations (Go specification, "Floating-point operators").
package repro

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// Stream returns the generator that seed and name determine. Streams of different names are independent, so that drawing more
// from one (say, a longer evaluation) leaves the others as they were.
func Stream(seed uint64, name string) *rand.Rand { return rand.New(Source(seed, name)) }

// Source returns what Stream draws from, for those who store its position: MarshalBinary gives it, UnmarshalBinary goes back to it.
func Source(seed uint64, name string) *rand.PCG {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails, by hash.Hash's contract
	return rand.NewPCG(seed, h.Sum64())
}

// Normal returns a standard normal deviate by Marsaglia's polar method. It keeps only the first deviate of each pair, so that a
// stream's position is the whole of its state.
func Normal(rng *rand.Rand) float64 {
	for {
		u, v := float64(2*rng.Float64())-1, float64(2*rng.Float64())-1
		s := float64(u*u) + float64(v*v)
		if s > 0 && s < 1 {
			return u * math.Sqrt(-2*Log(s)/s) // Sqrt is correctly rounded everywhere
		}
	}
}

// ln2Hi and ln2Lo add up to ln 2; ln2Hi has trailing zeros, so that k*ln2Hi is exact for every exponent k (FreeBSD msun's e_exp.c
// uses the same split).
const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// Exp returns e**x to within 2 units in the last place: x = k ln 2 + r, |r| <= ln 2 / 2, and the Taylor series of e**r to the
// 13th power, whose remainder is below 2**-57 there.
func Exp(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case x > 709.782712893384:
		return math.Inf(1)
	case x < -745.1332191019412:
		return 0
	}
	k := math.Floor(float64(x*(1/math.Ln2)) + 0.5)
	r := (x - float64(k*ln2Hi)) - float64(k*ln2Lo)
	sum := 1.0
	for n := 13; n >= 1; n-- {
		sum = 1 + float64(sum*r)/float64(n)
	}
	return math.Ldexp(sum, int(k))
}

// Log returns the natural logarithm of x to within 2 units in the last place: x = 2**k f, sqrt(1/2) <= f < sqrt 2, and
// log f = 2 atanh(s) with s = (f-1)/(f+1), |s| < 0.172, by its series to s**21.
func Log(x float64) float64 {
	switch {
	case math.IsNaN(x) || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	f, k := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f, k = 2*f, k-1
	}
	s := (f - 1) / (f + 1)
	s2 := float64(s * s)
	sum := 0.0
	for n := 21; n >= 3; n -= 2 {
		sum = float64(s2 * (sum + 1/float64(n)))
	}
	log1 := 2*s + float64(2*s*sum)
	return float64(float64(k)*ln2Hi) + (log1 + float64(float64(k)*ln2Lo))
}

// Log1p returns log(1 + x) without losing the digits of a small x (the correction is W. Kahan's, as told in Goldberg 1991, theorem 4).
func Log1p(x float64) float64 {
	u := 1 + x
	switch {
	case u == 1:
		return x
	case math.IsInf(u, 1):
		return u
	}
	return float64(Log(u)*x) / (u - 1)
}

// Sigmoid returns 1 / (1 + e**-x); it neither overflows nor loses digits for large |x|.
func Sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + Exp(-x))
	}
	e := Exp(x)
	return e / (1 + e)
}

// LogSigmoid returns log(1 / (1 + e**-x)) = -softplus(-x), finite for every finite x.
func LogSigmoid(x float64) float64 {
	if x >= 0 {
		return -Log1p(Exp(-x))
	}
	return x - Log1p(Exp(x))
}

// CosPi returns cos(pi t) for t in [0, 1] to within 1e-15, by the Taylor series to x**20 of an argument folded into [0, pi/2].
func CosPi(t float64) float64 {
	if t > 0.5 {
		return -CosPi(1 - t)
	}
	x := math.Pi * t
	x2 := float64(x * x)
	sum := 1.0
	for n := 20; n >= 2; n -= 2 {
		sum = 1 - float64(sum*x2)/float64(n*(n-1))
	}
	return sum
}

// Atan returns the arc tangent of x in radians, to within 1e-15 of its value: three times atan x = 2 atan(x / (1 + sqrt(1 + x**2))), which
// leaves at most pi/16, and the series to the 21st power.
func Atan(x float64) float64 {
	switch {
	case x < 0:
		return -Atan(-x)
	case x > 1: // and so no square overflows
		return math.Pi/2 - Atan(1/x)
	}
	for range 3 {
		x /= 1 + math.Sqrt(1+float64(x*x))
	}
	x2 := float64(x * x)
	sum := 0.0
	for n := 21; n >= 1; n -= 2 {
		sum = 1/float64(n) - float64(sum*x2)
	}
	return float64(8 * float64(x*sum))
}
