package mmpo

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"margins/repro"
	"margins/toy"
	"margins/toy/kernel"
)

// The best reachable frontier. Of all policies at the same divergence from the reference, the one with the best mean true score is
//
//	pi*(y|x) = pi_ref(y|x) exp(s(x,y)/lambda) / Z(x),    Z(x) = sum_y pi_ref(y|x) exp(s(x,y)/lambda)
//
// (Rafailov et al. 2023, arXiv 2305.18290, equation 4, with the true score for the reward), at one lambda for all prompts, since scores
// and divergences are compared by their means over prompts. Of a prompt it has
//
//	score = E*[s],    KL(pi* || pi_ref) = E*[s]/lambda - log Z.
//
// Where all responses y are listed with their chances, both are exact. Where there are n samples of the reference, each stands for a
// chance of 1/n, and both are self-normalized importance estimates (Owen 2013, Monte Carlo theory, methods and examples, section 9.2):
// w_i = exp(s_i/lambda) / sum_j exp(s_j/lambda). Their effective sample size is 1 / sum_i w_i^2 (section 9.3). Where it is small the best
// few samples stand in for better responses that were not drawn, and the estimate falls short of the truth. So it stops at leastESS.

// Outcome is a response that the reference may give to a prompt.
type Outcome struct {
	Chance float64   // under the reference; those of a prompt add up to 1
	Score  float64   // true score, points
	Parts  []float64 // what each attribute adds to it, points, in the order of the world's attributes; nil for nothing
}

// Frontier is the best mean true score that any policy can have at a given KL to the reference.
type Frontier struct {
	Reference FrontierPoint   `json:"reference"` // at a KL of 0; its lambda, which is infinite, is written as 0
	Points    []FrontierPoint `json:"points"`    // by ascending KL
	Sampled   bool            `json:"sampled"`   // whether it is estimated from samples, not exact
	Prompts   int             `json:"prompts"`
	Responses int             `json:"responses"` // a prompt, at the most
	Stopped   string          `json:"stopped"`   // why no point has a larger KL, a sentence
}

// FrontierPoint is what the best policy reaches at one lambda. All are means over prompts.
type FrontierPoint struct {
	Lambda float64   `json:"lambda"` // points a nat
	KL     float64   `json:"kl"`     // nats a response
	Score  float64   `json:"score"`  // true score, points
	Parts  []float64 `json:"parts"`  // of the score, in the order of the world's attributes
	ESS    float64   `json:"ess"`    // effective sample size of a prompt; 0 where nothing was sampled
}

// The lambdas of a frontier go from where the policy hardly moves to where the best response is all but certain, four a halving.
const (
	largestLambda  = 8.0 // points a nat
	lambdasHalving = 4
	lambdaHalvings = 8

	leastESS = 10 // samples a prompt
)

// NewFrontier returns the frontier of the outcomes of each prompt. If they are sampled it stops where too few of them carry it.
func NewFrontier(prompts [][]Outcome, sampled bool) *Frontier {
	f := &Frontier{Sampled: sampled, Prompts: len(prompts), Points: []FrontierPoint{}}
	for _, outcomes := range prompts {
		f.Responses = max(f.Responses, len(outcomes))
	}
	f.Reference = f.at(prompts, math.Inf(1))
	f.Reference.Lambda = 0
	for i := range lambdasHalving*lambdaHalvings + 1 {
		p := f.at(prompts, largestLambda*repro.Exp(-math.Ln2*float64(i)/lambdasHalving))
		if sampled && p.ESS < leastESS {
			f.Stopped = fmt.Sprintf("From a KL of %.2f on, fewer than %d of a prompt's %d samples would carry the estimate.", p.KL, leastESS, f.Responses)
			return f
		}
		f.Points = append(f.Points, p)
	}
	f.Stopped = "There the best response is all but certain."
	return f
}

// at returns what the best policy reaches at lambda.
func (f *Frontier) at(prompts [][]Outcome, lambda float64) FrontierPoint {
	mean := FrontierPoint{Lambda: lambda, Parts: []float64{}}
	var weights []float64
	for _, outcomes := range prompts {
		weights = weights[:0]
		best := math.Inf(-1)
		for _, o := range outcomes {
			best = max(best, o.Score)
		}
		z, score, squares := 0.0, 0.0, 0.0 // of exp((s-best)/lambda), which does not overflow
		for _, o := range outcomes {
			w := o.Chance * repro.Exp((o.Score-best)/lambda)
			weights = append(weights, w)
			z, score, squares = z+w, score+float64(w*o.Score), squares+float64(w*w)
		}
		score /= z
		mean.Score += score
		mean.KL += (score-best)/lambda - repro.Log(z)
		if f.Sampled {
			mean.ESS += float64(z*z) / squares
		}
		for i, o := range outcomes {
			for j, points := range o.Parts {
				if j == len(mean.Parts) {
					mean.Parts = append(mean.Parts, 0)
				}
				mean.Parts[j] += float64(weights[i] / z * points)
			}
		}
	}
	n := float64(len(prompts))
	mean.Score, mean.KL, mean.ESS = mean.Score/n, max(0, mean.KL/n), mean.ESS/n // rounding can leave a KL of 0 just below it
	for j := range mean.Parts {
		mean.Parts[j] /= n
	}
	return mean
}

// Reach returns the largest KL, in nats, at which the frontier has a point; 0 where it has none but the reference.
func (f *Frontier) Reach() float64 {
	if len(f.Points) == 0 {
		return 0
	}
	return f.Points[len(f.Points)-1].KL
}

// Ceiling returns the best mean true score, in points, at a KL in nats. Between points it is on the chord, which is a little low, since the
// frontier is concave. Where the frontier does not reach it is NaN; an exact one's score does not rise beyond its last point.
func (f *Frontier) Ceiling(kl float64) float64 {
	before := f.Reference
	for _, p := range f.Points {
		if kl <= p.KL {
			if !(kl >= before.KL) {
				return math.NaN()
			}
			share := 0.0
			if p.KL > before.KL {
				share = (kl - before.KL) / (p.KL - before.KL)
			}
			return before.Score + float64(share*(p.Score-before.Score))
		}
		before = p
	}
	if !f.Sampled && kl > before.KL {
		return before.Score
	}
	return math.NaN()
}

// Regret returns by how many points a policy of that KL and mean true score falls short of the best one of the same KL; NaN where the
// frontier does not reach. Both are estimates: a good policy's regret can come out a little below 0.
func (f *Frontier) Regret(kl, score float64) float64 { return f.Ceiling(kl) - score }

// FrontierSamples is how many responses a prompt has in a frontier that is estimated beside a page: about 16,000 in all, which the
// reference writes in a few seconds, in as many pieces as one likes.
const FrontierSamples = 256

// Survey estimates the frontier of a toy world's held-out prompts from what the reference writes to them.
type Survey struct {
	lab       *Lab
	seed      uint64
	prompts   [][]int32
	each      int       // responses a prompt
	responses [][]int32 // so far; response i is to prompt i % len(prompts)
}

// NewSurvey returns a survey of that many responses a prompt of e's world. Response i depends on the seed, i and the reference alone. Of an
// imported data set nobody knows the true score, which is an error.
func (l *Lab) NewSurvey(e Experiment, seed uint64, each int) (*Survey, error) {
	if err := l.Reference.fits(e); err != nil {
		return nil, err
	}
	world := l.Reference.World
	if world == nil {
		return nil, errors.New("the best reachable score is known of toy worlds alone: nobody knows the true scores of imported texts")
	}
	s := &Survey{lab: l, seed: seed, each: max(1, each)}
	for i := world.Prompts - world.HeldOut; i < world.Prompts; i++ {
		s.prompts = append(s.prompts, world.Prompt(i))
	}
	return s, nil
}

// Write lets the reference write the next n responses and returns which share of all there is then, 1 when the survey is done.
func (s *Survey) Write(n int) (done float64) {
	from, all := len(s.responses), s.each*len(s.prompts)
	asked := make([][]int32, min(n, all-from))
	for i := range asked {
		asked[i] = s.prompts[(from+i)%len(s.prompts)]
	}
	reference := s.lab.Reference
	for _, r := range s.lab.sampler.Sample(reference.Weights, nil, asked, reference.Vocabulary.End(), 1, func(i int) *rand.Rand {
		return repro.Stream(s.seed, "frontier/"+strconv.Itoa(from+i))
	}) {
		s.responses = append(s.responses, r.Tokens)
	}
	return float64(len(s.responses)) / float64(all)
}

// Frontier returns the frontier under the given stakes, from what has been written; at least a response to each prompt must be.
func (s *Survey) Frontier(stakes string) *Frontier {
	each := len(s.responses) / len(s.prompts)
	outcomes := make([][]Outcome, len(s.prompts))
	for i, response := range s.responses[:each*len(s.prompts)] {
		at := i % len(s.prompts)
		outcomes[at] = append(outcomes[at], s.lab.outcome(stakes, s.prompts[at], response, 1/float64(each)))
	}
	return NewFrontier(outcomes, true)
}

// outcome judges a response of that chance.
func (l *Lab) outcome(stakes string, prompt, response []int32, chance float64) Outcome {
	world := l.Reference.World
	j := world.Judge(stakes, prompt, response)
	o := Outcome{Chance: chance, Score: j.Score, Parts: make([]float64, len(world.Attributes))}
	at := 0 // parts are in the order of the attributes
	for _, p := range j.Parts {
		for world.Attributes[at].ID != p.ID {
			at++
		}
		o.Parts[at] = p.Points
	}
	return o
}

// ExactFrontier returns the frontier of the given prompts where all that parses can be listed: list returns every valid response to a
// prompt, each once. What the reference writes otherwise scores the least, so its chance is all that needs to be known of it.
func (l *Lab) ExactFrontier(stakes string, prompts [][]int32, list func(prompt []int32) [][]int32) *Frontier {
	outcomes := make([][]Outcome, len(prompts))
	reference := newScorer(l.k, l.Reference.Weights)
	for i, prompt := range prompts {
		responses, rest := list(prompt), 1.0
		for j, logp := range reference.logps(prompt, responses) {
			chance := repro.Exp(logp)
			rest -= chance
			outcomes[i] = append(outcomes[i], l.outcome(stakes, prompt, responses[j], chance))
		}
		outcomes[i] = append(outcomes[i], l.outcome(stakes, prompt, nil, max(0, rest)))
	}
	return NewFrontier(outcomes, false)
}

// scorer computes log-probabilities.
type scorer struct {
	w     *toy.Weights
	pass  *toy.Pass
	batch *toy.Batch
	sums  []float64
}

func newScorer(k *kernel.Kernel, w *toy.Weights) *scorer {
	return &scorer{w: w, pass: toy.NewPass(k, w.Config, passRows), batch: toy.NewBatch(k, passRows), sums: make([]float64, passRows)}
}

// logps returns the log-probabilities of responses to a prompt, in nats, each summed over its tokens.
func (s *scorer) logps(prompt []int32, responses [][]int32) []float64 {
	all := make([]float64, 0, len(responses))
	flush := func() {
		s.batch.Sum(s.sums, s.pass.Forward(s.w, s.batch))
		all = append(all, s.sums[:s.batch.Responses]...)
	}
	s.batch.Reset()
	for _, r := range responses {
		if !s.batch.Add(prompt, r) {
			flush()
			s.batch.Reset()
			s.batch.Add(prompt, r)
		}
	}
	flush()
	return all
}
