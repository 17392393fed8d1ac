//go:build !js

package kernel

import (
	"context"
	_ "embed"
	"fmt"
	"sync"
	"unsafe"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

//go:embed kernel.wasm
var kernelWasm []byte

// limit is the memory of one Kernel. It is only address space until it is written, so it can be generous.
const limit = 1 << 30

const pageSize = 64 << 10 // of WebAssembly

// cache makes the second Kernel of a process nearly free: its code is compiled once.
var cache = sync.OnceValue(wazero.NewCompilationCache)

// address is an offset in the kernel's memory; 0, where nothing is ever handed out, stands for nil.
type address = uint64

type host struct {
	runtime wazero.Runtime
	call    api.Function
	stack   [2]uint64
	memory  []byte
	top     int // what lies below is handed out,
	used    int // what lies above has never been, and so is zero
}

func (k *Kernel) open() *arguments {
	ctx := withMemory(context.Background())
	config := wazero.NewRuntimeConfig().WithCompilationCache(cache())
	k.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	env, err := k.runtime.InstantiateWithConfig(ctx, memoryModule(limit/pageSize), wazero.NewModuleConfig().WithName("env"))
	if err != nil {
		panic(fmt.Sprintf("kernel: memory: %v", err))
	}
	// The memory begins at its final size, so the bytes that wazero shows us here are never moved.
	k.memory, _ = env.Memory().Read(0, limit)
	module, err := k.runtime.InstantiateWithConfig(ctx, kernelWasm, wazero.NewModuleConfig().WithName("kernel"))
	if err != nil {
		panic(fmt.Sprintf("kernel: %v", err))
	}
	k.call = module.ExportedFunction("run")
	k.top = 4 * alignment
	k.used = k.top
	block := k.Floats(int(unsafe.Sizeof(arguments{})+3) / 4)
	k.stack[1] = at(k, block)
	return (*arguments)(unsafe.Pointer(unsafe.SliceData(block)))
}

// memoryModule returns a WebAssembly module that does nothing but export a memory of that many pages, named as kernel.wasm imports it.
func memoryModule(pages uint32) []byte {
	size := leb128(pages)
	memory := append(append([]byte{1, 1}, size...), size...) // one memory, with a maximum: minimum, maximum
	module := []byte("\x00asm\x01\x00\x00\x00")
	module = append(append(module, 5, byte(len(memory))), memory...)
	return append(module, "\x07\x0a\x01\x06memory\x02\x00"...)
}

// leb128 encodes n as WebAssembly does: seven bits a byte, least significant first.
func leb128(n uint32) []byte {
	var code []byte
	for ; n >= 0x80; n >>= 7 {
		code = append(code, byte(n)|0x80)
	}
	return append(code, byte(n))
}

// Close gives up the memory. The Kernel and its slices must not be used afterwards: natively their memory is gone.
func (k *Kernel) Close() {
	if k.runtime != nil {
		k.runtime.Close(context.Background()) // its error is that of modules that exit with a code; ours do not
	}
	*k = Kernel{}
}

// Floats returns n zeros that the kernel can address, 64-byte aligned, until Release or Close. It panics if the memory is used up.
func (k *Kernel) Floats(n int) []float32 {
	const align = 4 * alignment
	start, size := k.top, (4*n+align-1)&^(align-1)
	if n < 0 || size > len(k.memory)-start {
		panic(fmt.Sprintf("kernel: out of memory: %d floats beyond %d of %d bytes", n, start, len(k.memory)))
	}
	k.top += size
	if start < k.used {
		clear(k.memory[start:min(k.top, k.used)])
	}
	k.used = max(k.used, k.top)
	return k.floats(start, n)
}

func (k *Kernel) floats(start, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(&k.memory[start])), n)
}

// Mark returns the memory in use, in bytes, for Release.
func (k *Kernel) Mark() int { return k.top }

// Release ends the use of all slices handed out since Mark returned mark; their memory will be handed out again.
func (k *Kernel) Release(mark int) { k.top = mark }

// scratch returns n floats of any value, for the next call: the memory that Floats would hand out next.
func (k *Kernel) scratch(n int) []float32 {
	if 4*n > len(k.memory)-k.top {
		panic(fmt.Sprintf("kernel: out of memory: %d floats of scratch beyond %d of %d bytes", n, k.top, len(k.memory)))
	}
	k.used = max(k.used, k.top+4*n)
	return k.floats(k.top, n)
}

// at translates a slice's address. A slice that is not in the kernel's memory is a mistake that would otherwise read or write
// something else.
func at[T float32 | int32](k *Kernel, slice []T) address {
	if len(slice) == 0 {
		return 0
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(slice))) - uintptr(unsafe.Pointer(unsafe.SliceData(k.memory)))
	if start >= uintptr(len(k.memory)) || 4*uintptr(len(slice)) > uintptr(len(k.memory))-start {
		panic("kernel: a slice is not from this Kernel's Floats or Ints")
	}
	return address(start)
}

func (k *Kernel) run(op operation) {
	k.stack[0] = uint64(op)
	arguments := k.stack[1]
	if err := k.call.CallWithStack(context.Background(), k.stack[:]); err != nil {
		panic(fmt.Sprintf("kernel: operation %d: %v", op, err))
	}
	k.stack[1] = arguments
}
