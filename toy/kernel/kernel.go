// Package kernel runs the transformer's heavy loops as WebAssembly SIMD: C sources in c/, built by build.sh into the
// committed kernel.wasm. In a browser or Node the kernel works on Go's own memory (host_js.go); elsewhere the same bytes run in
// wazero, on a memory that both sides see (host_native.go). Results are the same bits in every host: standard SIMD only, every sum in
// a fixed order, and exp and log of our own.
//
// Slices must come from Floats and Ints of the Kernel that is called. Matrices are row-major. A slice that an operation writes must
// not overlap another argument unless the operation says so. A backward operation overwrites the gradients of activations and adds
// to those of parameters; LayerNormBackward, GatherBackward and MatMulBackwardInputAdd add to both, because their results join others.
// Lengths that do not fit the dimensions panic with "kernel: ...", as does an index out of range; NaN and infinities pass through.
package kernel

import (
	"fmt"
	"math"
	"unsafe"
)

// Kernel is one instance of the kernel and the memory it works on. It is not safe for concurrent use; separate Kernels are independent.
type Kernel struct {
	host
	arguments *arguments
}

// arguments is what one call hands over; c/run.c has its twin. An address takes eight bytes in both hosts.
type arguments struct {
	address [8]address
	size    [4]int32
	number  [10]float32
	result  float64
}

// operation selects what run does. The order is that of c/run.c; a test compares the two.
type operation int32

const (
	opMatMul operation = iota
	opMatMulAdd
	opMatMulGELU
	opMatMulBackwardInput
	opMatMulBackwardInputAdd
	opMatMulBackwardWeight
	opLayerNorm
	opLayerNormBackward
	opAttention
	opAttentionBackward
	opAttendCached
	opEmbed
	opEmbedBackward
	opGather
	opGatherBackward
	opSoftmax
	opCrossEntropyBackward
	opKL
	opSumSquares
	opAdamW
)

// New returns a Kernel with no memory in use. Natively it reserves 1 GiB of address space (not of memory) and panics if it cannot.
func New() *Kernel {
	k := &Kernel{}
	k.arguments = k.open()
	return k
}

// alignment, in floats, is a cache line: more than the 16 bytes of a vector, so that no vector straddles two lines.
const alignment = 16

// Ints returns n zeros that the kernel can address, 64-byte aligned.
func (k *Kernel) Ints(n int) []int32 {
	floats := k.Floats(n)
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(floats))), n)
}

// check panics unless slice name of an operation has the length that its dimensions ask for.
func check(operation, name string, length, want int) {
	if length != want {
		panic(fmt.Sprintf("kernel: %s: %s has %d elements, want %d", operation, name, length, want))
	}
}

// checkDims panics if a dimension is negative or too large for the kernel's 32-bit arithmetic.
func checkDims(operation string, dims ...int) {
	for _, dim := range dims {
		if dim < 0 || dim > math.MaxInt32/4 {
			panic(fmt.Sprintf("kernel: %s: dimension %d", operation, dim))
		}
	}
}

// checkIndices panics unless every index is below limit.
func checkIndices(operation, name string, indices []int32, limit int) {
	for i, index := range indices {
		if index < 0 || int(index) >= limit {
			panic(fmt.Sprintf("kernel: %s: %s[%d] is %d, outside 0..%d", operation, name, i, index, limit-1))
		}
	}
}
