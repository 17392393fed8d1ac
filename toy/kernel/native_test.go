//go:build !js

package kernel

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

func TestForeignSlicesPanic(t *testing.T) {
	const message = "kernel: a slice is not from this Kernel's Floats or Ints"
	k, other := open(t), open(t)
	x := k.Floats(4)
	for _, foreign := range [][]float32{make([]float32, 4), other.Floats(4)} {
		assert.PanicsWithValue(t, message, func() { k.SumSquares(foreign) })
		assert.PanicsWithValue(t, message, func() { k.Gather(foreign, x, k.Ints(1), 4) })
	}
	assert.PanicsWithValue(t, message, func() { k.Gather(x, x, []int32{0}, 4) })
}

func TestMemoryEnds(t *testing.T) {
	k := open(t)
	mark := k.Mark()
	k.Floats(limit/4 - 1<<20)
	assert.Panics(t, func() { k.scratch(1 << 21) })
	want := fmt.Sprintf("kernel: out of memory: 2097152 floats beyond %d of 1073741824 bytes", k.Mark())
	assert.PanicsWithValue(t, want, func() { k.Floats(1 << 21) })
	assert.Panics(t, func() { k.Floats(-1) })
	k.Release(mark)
	k.Floats(1 << 21)
}

func TestReleasedScratchIsCleared(t *testing.T) {
	k := open(t)
	x, y := k.Floats(64*64), k.Floats(64*64)
	for i := range x {
		x[i] = 1
	}
	k.MatMul(y, x, NewLinear(x, nil, 64, 64), 64) // packs ones where the next slice will be
	for _, v := range k.Floats(64 * 64) {
		require.Zero(t, v)
	}
}

func TestKernelsRunConcurrently(t *testing.T) {
	var group sync.WaitGroup
	var all [4][][]float32
	for i := range all {
		k := open(t)
		group.Go(func() {
			run, results := everything(k)
			run()
			all[i] = results
		})
	}
	group.Wait()
	for _, results := range all {
		for i := range results {
			requireSameBits(t, all[0][i], results[i], "result")
		}
	}
}

func TestCloseTwice(t *testing.T) {
	k := New()
	k.Close()
	k.Close()
}

// sections of a WebAssembly module by id (https://webassembly.github.io/spec/core/binary/modules.html).
func sections(t *testing.T, module []byte) map[byte][]byte {
	found := map[byte][]byte{}
	for rest := module[8:]; len(rest) > 0; {
		size, n := binary.Uvarint(rest[1:])
		require.Positive(t, n)
		found[rest[0]] = rest[1+n:][:size]
		rest = rest[1+n+int(size):]
	}
	return found
}

const (
	sectionGlobal = 6
	sectionStart  = 8
	sectionData   = 11
)

// TestKernelOwnsNoMemory: data, or a stack, would lie somewhere in Go's heap.
func TestKernelOwnsNoMemory(t *testing.T) {
	found := sections(t, kernelWasm)
	assert.NotContains(t, found, byte(sectionData))
	assert.NotContains(t, found, byte(sectionStart))

	// The linker declares a stack pointer in any case. Without it the module is valid only if no instruction uses it.
	global := found[sectionGlobal]
	require.NotEmpty(t, global)
	section := append(append([]byte{sectionGlobal}, leb128(uint32(len(global)))...), global...)
	require.Equal(t, 1, bytes.Count(kernelWasm, section))
	ctx := context.Background()
	runtime := wazero.NewRuntime(ctx)
	defer runtime.Close(ctx)
	module, err := runtime.CompileModule(ctx, bytes.Replace(kernelWasm, section, nil, 1))
	require.NoError(t, err, "the kernel uses the shadow stack")

	require.Len(t, module.ExportedFunctions(), 1)
	require.Contains(t, module.ExportedFunctions(), "run")
	require.Empty(t, module.ImportedFunctions())
	memories := module.ImportedMemories()
	require.Len(t, memories, 1)
	from, name, _ := memories[0].Import()
	assert.Equal(t, "env.memory", from+"."+name)
}

// TestRebuildGivesTheSameBytes keeps the committed kernel.wasm and its sources together.
func TestRebuildGivesTheSameBytes(t *testing.T) {
	for _, tool := range []string{"clang-19", "wasm-ld-19"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT CHECKED: %s is missing, so nobody knows whether kernel.wasm is what its sources say", tool)
		}
	}
	out := filepath.Join(t.TempDir(), "kernel.wasm")
	report, err := exec.Command("./build.sh", out).CombinedOutput()
	require.NoError(t, err, "%s", report)
	built, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(built, kernelWasm), "kernel.wasm is not what its sources give: run ./build.sh")
}

// TestOperationsAreNumberedAlike compares the list of operations in kernel.go with that in run.c: op_matmul_backward_input is
// opMatMulBackwardInput.
func TestOperationsAreNumberedAlike(t *testing.T) {
	read := func(file, begin, end, pattern string) []string {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		_, list, found := strings.Cut(string(source), begin)
		require.True(t, found)
		list, _, _ = strings.Cut(list, end)
		var names []string
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(list, -1) {
			names = append(names, strings.ToLower(strings.ReplaceAll(match[1], "_", "")))
		}
		return names
	}
	inGo := read("kernel.go", "const (\n", ")", `\top(\w+)`)
	require.Len(t, inGo, int(opAdamW)+1)
	assert.Equal(t, inGo, read("c/run.c", "enum operation {", "}", `op_(\w+)`))
}

// TestScratchSuffices: what an operation writes beyond the scratch that it asked for would natively be free memory, but in a
// browser Go's heap.
func TestScratchSuffices(t *testing.T) {
	k := open(t)
	untouched := bytes.Repeat([]byte{0xa5}, 2<<20)
	try := func(what string, call func()) {
		t.Helper()
		copy(k.memory[k.top:], untouched)
		k.used = k.top
		call()
		behind := k.top + len(untouched)
		require.Greater(t, k.used, k.top, what)
		require.Less(t, k.used, behind, what)
		require.True(t, bytes.Equal(k.memory[k.used:behind], untouched[:behind-k.used]), what)
	}
	mark := k.Mark()
	sizes := [][3]int{{1, 1, 1}, {3, 5, 9}, {7, 13, 6}, {300, 130, 530}, {20, 512, 3}, {261, 256, 512}, {530, 300, 7}, {4, 119, 517}}
	for _, s := range sizes {
		n, in, out := s[0], s[1], s[2]
		x, y, beside, l := k.Floats(n*in), k.Floats(n*out), k.Floats(n*out), NewLinear(k.Floats(in*out), k.Floats(out), in, out)
		try(fmt.Sprint("MatMul ", s), func() { k.MatMul(y, x, l, n) })
		try(fmt.Sprint("MatMulAdd ", s), func() { k.MatMulAdd(y, x, l, beside, n) })
		try(fmt.Sprint("MatMulGELU ", s), func() { k.MatMulGELU(y, beside, x, l, n) })
		try(fmt.Sprint("MatMulBackwardInput ", s), func() { k.MatMulBackwardInput(x, y, l, nil, n) })
		try(fmt.Sprint("MatMulBackwardInputAdd ", s), func() { k.MatMulBackwardInputAdd(x, y, l, n) })
		try(fmt.Sprint("MatMulBackwardWeight ", s), func() { k.MatMulBackwardWeight(l, x, y, n) })
		k.Release(mark)
	}
	for _, layout := range layouts {
		for _, h := range heads {
			if layout.segments == nil {
				continue
			}
			f, n, c := newField(t, k, 0), layout.n, h.c
			segments := everyRow(f, layout.segments...)
			q, kv, y, dq, dkv := k.Floats(n*c), k.Floats(2*n*c), k.Floats(n*c), k.Floats(n*c), k.Floats(2*n*c)
			probs := k.Floats(AttentionProbs(segments, h.heads))
			try("Attention "+layout.name, func() { k.Attention(y, probs, q, kv, segments, h.heads, c) })
			try("AttentionBackward "+layout.name, func() { k.AttentionBackward(dq, dkv, y, probs, q, kv, segments, h.heads, c) })
			k.Release(mark)
		}
	}
	for context := 1; context < 10; context++ {
		y, qkv, cache, positions := k.Floats(8), k.Floats(24), k.Floats(2*context*8), k.Ints(1)
		positions[0] = int32(context - 1)
		try("AttendCached", func() { k.AttendCached(y, qkv, cache, positions, 1, context, 2, 8) })
		k.Release(mark)
	}
}
