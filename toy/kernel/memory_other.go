//go:build !unix && !js

package kernel

import "context"

// withMemory leaves it to wazero to take memory from Go's heap.
func withMemory(ctx context.Context) context.Context { return ctx }
