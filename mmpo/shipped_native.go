//go:build !js

package mmpo

import (
	"embed"
	"fmt"

	"margins/toy/kernel"
)

// The page fetches these files by itself, so that the engine need not carry them.
//
//go:embed references
var shippedFiles embed.FS

// LoadShipped returns the shipped reference of e's world and model size, checked by its fingerprint. There need not be one.
func LoadShipped(k *kernel.Kernel, e Experiment) (*Reference, error) {
	s, ok := FindShipped(e)
	if !ok {
		return nil, fmt.Errorf("no reference of %s with width %d, %d layers and %d heads is shipped", e.World, e.Model.Width, e.Model.Layers, e.Model.Heads)
	}
	b, err := shippedFiles.ReadFile("references/" + s.File)
	if err != nil {
		return nil, err
	}
	r, err := DecodeReference(k, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.File, err)
	}
	if f := r.Weights.Fingerprint(); f != s.Fingerprint {
		return nil, fmt.Errorf("%s has the fingerprint %s, not %s", s.File, f, s.Fingerprint)
	}
	return r, nil
}
