package toy

import (
	"math"

	"margins/repro"
	"margins/toy/kernel"
)

// Optimizer is AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101, in PyTorch's form) with clipping by the gradient's norm.
type Optimizer struct {
	OptimizerConfig
	k     *kernel.Kernel
	m, v  *Weights // first and second moments
	steps int
	// beta1**steps and beta2**steps, by repeated multiplication.
	power1, power2 float64
}

// OptimizerConfig are AdamW's constants.
type OptimizerConfig struct {
	Beta1, Beta2, Eps float64
	Decay             float64 // of matrices, scaled by the learning rate alone
	Clip              float64 // largest L2 norm of the gradient
}

// NewOptimizer returns an optimizer that has not stepped yet.
func NewOptimizer(k *kernel.Kernel, model Config, config OptimizerConfig) *Optimizer {
	return &Optimizer{OptimizerConfig: config, k: k, m: NewWeights(k, model), v: NewWeights(k, model), power1: 1, power2: 1}
}

// RestoreOptimizer returns an optimizer that has taken that many steps and has these moments, as State gave them.
func RestoreOptimizer(k *kernel.Kernel, config OptimizerConfig, steps int, m, v *Weights) *Optimizer {
	o := &Optimizer{OptimizerConfig: config, k: k, m: m, v: v, steps: steps, power1: 1, power2: 1}
	for range steps {
		o.power1, o.power2 = o.power1*o.Beta1, o.power2*o.Beta2
	}
	return o
}

// State returns the steps taken and the moments, which the optimizer goes on using.
func (o *Optimizer) State() (steps int, m, v *Weights) { return o.steps, o.m, o.v }

// Step moves w against the gradient g and returns g's L2 norm before clipping. If the norm is not finite it leaves all as it was.
func (o *Optimizer) Step(w, g *Weights, lr float64) (norm float64) {
	norm = math.Sqrt(o.k.SumSquares(g.Data))
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm
	}
	o.steps++
	o.power1, o.power2 = o.power1*o.Beta1, o.power2*o.Beta2
	step := kernel.AdamW{
		LR: lr, Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, Correction1: 1 - o.power1, Correction2: 1 - o.power2,
		Scale: min(1, o.Clip/(norm+1e-6)), // the 1e-6 is torch.nn.utils.clip_grad_norm_'s
	}
	grads, m, v := g.Tensors(), o.m.Tensors(), o.v.Tensors()
	for i, t := range w.Tensors() {
		step.Decay = 0
		if t.Matrix() {
			step.Decay = o.Decay
		}
		o.k.AdamW(t.Data, grads[i].Data, m[i].Data, v[i].Data, step)
	}
	return norm
}

// Cosine returns the learning rate of step i (from 0) of n: a linear rise over the first warmup steps to peak, then half a cosine down
// to a tenth of it at the last step.
func Cosine(peak float64, i, n, warmup int) float64 {
	if i < warmup {
		return peak * float64(i+1) / float64(warmup)
	}
	const floor = 0.1
	t := float64(i-warmup) / float64(max(1, n-1-warmup))
	return peak * (floor + float64((1-floor)*float64(0.5*(1+repro.CosPi(min(1, t))))))
}
