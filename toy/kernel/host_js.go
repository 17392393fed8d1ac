package kernel

import "unsafe"

// address is what the kernel, which works on Go's own memory, needs no translation of. It is a pointer and not a number so that the
// garbage collector sees what a call uses.
type address = unsafe.Pointer

type host struct {
	room []float32 // what scratch hands out
}

// The page (wasm/instantiate.mjs) connects this import to the kernel's export.
//
//go:wasmimport kernel run
func run(op int32, arguments unsafe.Pointer)

func (k *Kernel) open() *arguments { return new(arguments) }

// Close gives up the memory. The Kernel and its slices must not be used afterwards.
func (k *Kernel) Close() { *k = Kernel{} }

// Floats returns n zeros that the kernel can address, 64-byte aligned. The garbage collector frees them.
func (k *Kernel) Floats(n int) []float32 {
	all := make([]float32, n+alignment-1)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(all))) / 4 % alignment
	return all[skip : int(skip)+n : int(skip)+n]
}

// Mark returns the memory in use, for Release. Here it is always 0.
func (k *Kernel) Mark() int { return 0 }

// Release ends the use of all slices handed out since Mark. Here it does nothing: the garbage collector knows.
func (k *Kernel) Release(mark int) {}

// scratch returns at least n floats of any value, for the next call.
func (k *Kernel) scratch(n int) []float32 {
	if len(k.room) < n {
		k.room = k.Floats(n)
	}
	return k.room
}

func at[T float32 | int32](_ *Kernel, slice []T) address { return address(unsafe.SliceData(slice)) }

func (k *Kernel) run(op operation) { run(int32(op), unsafe.Pointer(k.arguments)) }
