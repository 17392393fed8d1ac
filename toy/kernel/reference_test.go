package kernel

import "math"

// The same algebra as the kernel's in plain float64 loops, written for reading. TestReferenceGradients proves the backward halves.

func refMatMul(x, w, bias []float64, n, in, out int) []float64 {
	y := make([]float64, n*out)
	for r := range n {
		for j := range out {
			if bias != nil {
				y[r*out+j] = bias[j]
			}
			for i := range in {
				y[r*out+j] += x[r*in+i] * w[i*out+j]
			}
		}
	}
	return y
}

func refMatMulBackward(dy, x, w []float64, n, in, out int) (dx, dw, dbias []float64) {
	dx, dw, dbias = make([]float64, n*in), make([]float64, in*out), make([]float64, out)
	for r := range n {
		for j := range out {
			d := dy[r*out+j]
			dbias[j] += d
			for i := range in {
				dx[r*in+i] += d * w[i*out+j]
				dw[i*out+j] += d * x[r*in+i]
			}
		}
	}
	return dx, dw, dbias
}

func refLayerNorm(x, gain, bias []float64, n, c int) (y, mean, rstd []float64) {
	y, mean, rstd = make([]float64, n*c), make([]float64, n), make([]float64, n)
	for r := range n {
		row := x[r*c : (r+1)*c]
		for _, v := range row {
			mean[r] += v / float64(c)
		}
		variance := 0.0
		for _, v := range row {
			variance += (v - mean[r]) * (v - mean[r]) / float64(c)
		}
		rstd[r] = 1 / math.Sqrt(variance+1e-5)
		for i, v := range row {
			y[r*c+i] = (v-mean[r])*rstd[r]*gain[i] + bias[i]
		}
	}
	return y, mean, rstd
}

func refLayerNormBackward(dy, x, mean, rstd, gain []float64, n, c int) (dx, dgain, dbias []float64) {
	dx, dgain, dbias = make([]float64, n*c), make([]float64, c), make([]float64, c)
	for r := range n {
		z := func(i int) float64 { return (x[r*c+i] - mean[r]) * rstd[r] }
		var avg, avgZ float64
		for i := range c {
			d := dy[r*c+i]
			dgain[i] += d * z(i)
			dbias[i] += d
			avg += d * gain[i] / float64(c)
			avgZ += d * gain[i] * z(i) / float64(c)
		}
		for i := range c {
			dx[r*c+i] = rstd[r] * (dy[r*c+i]*gain[i] - avg - z(i)*avgZ)
		}
	}
	return dx, dgain, dbias
}

func refGELU(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
	}
	return y
}

func refGELUBackward(dy, x []float64) []float64 {
	dx := make([]float64, len(x))
	for i, v := range x {
		th := math.Tanh(math.Sqrt(2/math.Pi) * (v + 0.044715*v*v*v))
		slope := math.Sqrt(2/math.Pi) * (1 + 3*0.044715*v*v)
		dx[i] = dy[i] * (0.5*(1+th) + 0.5*v*(1-th*th)*slope)
	}
	return dx
}

// keysOf lists the rows that query i of a segment attends to.
func keysOf(segment []int32, i int) []int {
	var rows []int
	for j := range int(segment[3]) {
		rows = append(rows, int(segment[2])+j)
	}
	for j := range i + 1 {
		rows = append(rows, int(segment[0])+j)
	}
	return rows
}

// eachQuery calls visit for every segment, head and query, in the order in which probs holds them.
func eachQuery(segments []int32, heads, c int, visit func(query, head int, keys []int, probs int)) {
	for s := range len(segments) / SegmentFields {
		segment := segments[s*SegmentFields:]
		for h := range heads {
			for i := range queries(segment) {
				visit(int(segment[5])+i, h*c/heads, keysOf(segment, int(segment[4])+i), attentionRow(segments, heads, s, h, i))
			}
		}
	}
}

func refAttention(q, kv []float64, segments []int32, heads, c int) (y, probs []float64) {
	y, probs = make([]float64, len(q)), make([]float64, AttentionProbs(segments, heads))
	size := c / heads
	eachQuery(segments, heads, c, func(query, head int, keys []int, at int) {
		total := 0.0
		for j, key := range keys {
			score := 0.0
			for i := range size {
				score += q[query*c+head+i] * kv[key*2*c+head+i]
			}
			probs[at+j] = math.Exp(score / math.Sqrt(float64(size)))
			total += probs[at+j]
		}
		for j, key := range keys {
			probs[at+j] /= total
			for i := range size {
				y[query*c+head+i] += probs[at+j] * kv[key*2*c+c+head+i]
			}
		}
	})
	return y, probs
}

func refAttentionBackward(dy, probs, q, kv []float64, segments []int32, heads, c int) (dq, dkv []float64) {
	dq, dkv = make([]float64, len(q)), make([]float64, len(kv))
	size := c / heads
	eachQuery(segments, heads, c, func(query, head int, keys []int, at int) {
		dp, sum := make([]float64, len(keys)), 0.0
		for j, key := range keys {
			for i := range size {
				dp[j] += dy[query*c+head+i] * kv[key*2*c+c+head+i]
				dkv[key*2*c+c+head+i] += probs[at+j] * dy[query*c+head+i]
			}
			sum += probs[at+j] * dp[j]
		}
		for j, key := range keys {
			ds := probs[at+j] * (dp[j] - sum) / math.Sqrt(float64(size))
			for i := range size {
				dq[query*c+head+i] += ds * kv[key*2*c+head+i]
				dkv[key*2*c+head+i] += ds * q[query*c+head+i]
			}
		}
	})
	return dq, dkv
}

func refSoftmax(logits []float64, n, v int, scale float64) (probs, lse []float64) {
	probs, lse = make([]float64, n*v), make([]float64, n)
	for r := range n {
		most := math.Inf(-1)
		for _, x := range logits[r*v : (r+1)*v] {
			most = max(most, scale*x)
		}
		total := 0.0
		for _, x := range logits[r*v : (r+1)*v] {
			total += math.Exp(scale*x - most)
		}
		lse[r] = most + math.Log(total)
		for i, x := range logits[r*v : (r+1)*v] {
			probs[r*v+i] = math.Exp(scale*x-most) / total
		}
	}
	return probs, lse
}

func refKL(p, q []float64, n, v int) []float64 {
	kl := make([]float64, n)
	probsP, lseP := refSoftmax(p, n, v, 1)
	_, lseQ := refSoftmax(q, n, v, 1)
	for i := range n * v {
		kl[i/v] += probsP[i] * (p[i] - lseP[i/v] - q[i] + lseQ[i/v])
	}
	return kl
}

func refAdamW(w, g, m, v []float64, s AdamW) {
	for i := range w {
		grad := s.Scale * g[i]
		w[i] -= s.LR * s.Decay * w[i]
		m[i] = s.Beta1*m[i] + (1-s.Beta1)*grad
		v[i] = s.Beta2*v[i] + (1-s.Beta2)*grad*grad
		w[i] -= s.LR * (m[i] / s.Correction1) / (math.Sqrt(v[i]/s.Correction2) + s.Eps)
	}
}

// attentionRow returns where in probs the probabilities of one query of one head begin. There are as many as there are keys,
// prefixLength + length of the segment, those of later keys being 0.
func attentionRow(segments []int32, heads, segment, head, query int) int {
	before, at := segments[:segment*SegmentFields], segments[segment*SegmentFields:]
	return AttentionProbs(before, heads) + (head*queries(at)+query)*probsStride(at)
}
