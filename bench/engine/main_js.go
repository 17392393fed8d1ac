// Command engine is our engine as `make bench` measures it in a browser and in Node. It adds open, step and samples to globalThis.bench.
package main

import (
	"syscall/js"

	"margins/bench"
	"margins/toy/kernel"
)

func main() {
	global := js.Global().Get("bench")
	k := kernel.New()
	var task *bench.Task
	var samples *bench.Samples
	for name, call := range map[string]func(args []js.Value) any{
		// open(size, data, packed) prepares a task.
		"open": func(args []js.Value) any {
			data := make([]byte, args[1].Length())
			js.CopyBytesToGo(data, args[1])
			task = bench.NewTask(k, find(args[0]), data, args[2].Bool())
			return nil
		},
		// step() takes one step of it and returns the loss before.
		"step": func([]js.Value) any { return task.Step() },
		// samples(size) writes responses and returns their mean divergence.
		"samples": func(args []js.Value) any {
			if samples == nil {
				samples = bench.NewSamples(k, find(args[0]))
			}
			_, kl := samples.Write()
			return kl
		},
	} {
		global.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return call(args) }))
	}
	global.Call("ready")
	select {}
}

func find(name js.Value) bench.Size {
	s, ok := bench.FindSize(name.String())
	if !ok {
		panic("bench: there is no size " + name.String())
	}
	return s
}
