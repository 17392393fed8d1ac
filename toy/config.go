// Package toy is a small decoder-only transformer: model, AdamW, sampler, checkpoints. It knows nothing of preferences.
//
// Pre-LN GPT (Radford et al. 2019) with learned positions, GELU by its tanh approximation, biases, and an untied head. Every heavy loop
// is in package kernel, so a model computes the same bits in a browser, in Node and natively.
//
// Letters in shapes: N packed rows, C width, T context, V vocabulary, H rows whose next token is predicted. All arrays are row-major
// float32. Gradients of weights are added to, so that the caller zeroes them; gradients of activations are overwritten.
package toy

import "fmt"

// Config is a model's size.
type Config struct {
	Vocabulary int `json:"vocabulary"` // V
	Context    int `json:"context"`    // T, most tokens of a sequence
	Width      int `json:"width"`      // C
	Layers     int `json:"layers"`
	Heads      int `json:"heads"`
}

// Largest dimensions that a checkpoint may declare, so that a corrupt header cannot ask for all of the memory.
const (
	maxVocabulary = 1 << 16
	maxContext    = 1 << 12
	maxWidth      = 1 << 11
	maxLayers     = 1 << 6
)

// Validate returns an error that says which dimension is impossible.
func (c Config) Validate() error {
	for _, d := range []struct {
		name       string
		value, max int
	}{{"vocabulary", c.Vocabulary, maxVocabulary}, {"context", c.Context, maxContext}, {"width", c.Width, maxWidth},
		{"layers", c.Layers, maxLayers}, {"heads", c.Heads, maxWidth}} {
		if d.value < 1 || d.value > d.max {
			return fmt.Errorf("a model's %s is between 1 and %d, not %d", d.name, d.max, d.value)
		}
	}
	if c.Width%(4*c.Heads) != 0 {
		return fmt.Errorf("a width of %d does not divide into %d heads of a multiple of four", c.Width, c.Heads)
	}
	return nil
}
