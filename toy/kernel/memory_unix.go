//go:build unix

package kernel

import (
	"context"
	"fmt"
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// withMemory makes wazero take memory from the system and not from Go's heap: a gibibyte that is mostly untouched would put off the
// garbage collector by as much, and be cleared, so touched, when the heap uses it again.
func withMemory(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, most uint64) experimental.LinearMemory {
		bytes, err := syscall.Mmap(-1, 0, int(most), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			panic(fmt.Sprintf("kernel: out of memory: %d bytes of address space: %v", most, err))
		}
		return mapping(bytes)
	}))
}

// mapping is memory mapped at its full size, so that it never moves.
type mapping []byte

// Reallocate returns the first size bytes.
func (m mapping) Reallocate(size uint64) []byte { return m[:size] }

// Free unmaps the memory. An error would mean that it was not mapped.
func (m mapping) Free() {
	if err := syscall.Munmap(m); err != nil {
		panic(fmt.Sprintf("kernel: %v", err))
	}
}
