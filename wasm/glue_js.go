package main

import (
	"encoding/json"
	"errors"
	"io"
	"runtime/debug"
	"syscall/js"
	"time"
	"unsafe"

	"margins/datasets"
)

// garbagePercent is how much of what is in use may be garbage before it is collected. Go's own 100 lets a run that holds 25 MB take 55. A
// collection is cheap here: nearly all memory is floats, which are not searched for pointers.
const garbagePercent = 30

// storeName is the IndexedDB database of every page that this origin serves.
const storeName = "margins"

// serve connects a session to worker.mjs: margins.handle takes requests, margins.tick takes a run's steps. It never returns.
func serve() {
	debug.SetGCPercent(garbagePercent)
	queue := make(chan func(), 1024)
	page := &workerPage{margins: js.Global().Get("margins")}
	session := NewSession(page)
	page.margins.Set("handle", js.FuncOf(func(_ js.Value, args []js.Value) any {
		var r Request
		if err := json.Unmarshal([]byte(args[0].String()), &r); err != nil {
			queue <- func() { session.fail(r.ID, failure("bad-request", "The request cannot be read: %s.", err)) }
			return nil
		}
		if r.Type == Stop {
			session.Stop()
			return nil
		}
		attachments := args[1]
		queue <- func() { session.Handle(r, read(attachments)) }
		return nil
	}))
	page.margins.Set("tick", js.FuncOf(func(js.Value, []js.Value) any {
		return session.Tick().Seconds() * 1000
	}))
	page.margins.Call("ready")
	for work := range queue {
		work()
	}
}

// read takes the binary parts out of a request.
func read(attachments js.Value) (a Attachments) {
	if !attachments.Truthy() {
		return a
	}
	a.Reference, a.Data = goBytes(attachments.Get("reference")), goBytes(attachments.Get("data"))
	a.Checkpoint, a.Weights = goBytes(attachments.Get("checkpoint")), goBytes(attachments.Get("weights"))
	if file := attachments.Get("file"); file.Truthy() {
		a.File = &blobReader{blob: file, size: int64(file.Get("size").Float())}
	}
	return a
}

// goBytes copies a Uint8Array; anything else is no bytes.
func goBytes(v js.Value) []byte {
	if !v.Truthy() || !v.InstanceOf(js.Global().Get("Uint8Array")) {
		return nil
	}
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

// workerPage is the page as a worker sees it.
type workerPage struct{ margins js.Value }

func (p *workerPage) Post(message any, attachments map[string][]byte) {
	b, err := json.Marshal(message)
	if err != nil {
		panic("wasm: " + err.Error()) // no message holds what JSON lacks: runs that diverge report no such numbers in messages
	}
	parts := js.Global().Get("Object").New()
	for name, data := range attachments {
		array := js.Global().Get("Uint8Array").New(len(data))
		js.CopyBytesToJS(array, data)
		parts.Set(name, array)
	}
	p.margins.Call("post", string(b), parts)
}

// emit hands n floats in Go's memory to worker.mjs, which copies them before it returns.
//
//go:wasmimport page emit
func emit(data unsafe.Pointer, n, tag, id int32)

func (p *workerPage) Floats(tag, id int, data []float32) {
	emit(unsafe.Pointer(unsafe.SliceData(data)), int32(len(data)), int32(tag), int32(id))
}

func (p *workerPage) Wake() { p.margins.Call("wake") }

// Breathe sleeps, since that alone lets the worker's events in.
func (p *workerPage) Breathe() { time.Sleep(time.Millisecond) }

func (p *workerPage) OpenStore() datasets.Store { return datasets.OpenStore(storeName) }

// blobReader reads a Blob in slices, so that a large file is never in memory as a whole.
type blobReader struct {
	blob   js.Value
	offset int64
	size   int64
	buffer []byte
}

// blobSlice is how much of a file is read at a time, in bytes.
const blobSlice = 1 << 20

func (b *blobReader) Read(p []byte) (int, error) {
	if len(b.buffer) == 0 {
		if b.offset >= b.size {
			return 0, io.EOF
		}
		end := min(b.size, b.offset+blobSlice)
		buffer, err := await(b.blob.Call("slice", b.offset, end).Call("arrayBuffer"))
		if err != nil {
			return 0, err
		}
		b.buffer, b.offset = goBytes(js.Global().Get("Uint8Array").New(buffer)), end
	}
	n := copy(p, b.buffer)
	b.buffer = b.buffer[n:]
	return n, nil
}

// await waits for a promise. It must not be called from a callback of JavaScript's, which would wait for itself.
func await(promise js.Value) (js.Value, error) {
	type settled struct {
		value js.Value
		err   error
	}
	done := make(chan settled, 1)
	resolve := js.FuncOf(func(_ js.Value, args []js.Value) any { done <- settled{value: args[0]}; return nil })
	reject := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- settled{err: errors.New(args[0].Call("toString").String())}
		return nil
	})
	defer resolve.Release()
	defer reject.Release()
	promise.Call("then", resolve, reject)
	s := <-done
	return s.value, s.err
}
