package main

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

// longTraining is how long TestLongTrainingDoesNotGrow trains: MARGINS_MINUTES, or a few seconds where that is not set, as in CI.
func longTraining(t *testing.T) time.Duration {
	minutes := os.Getenv("MARGINS_MINUTES")
	if minutes == "" {
		t.Log("SHORTENED to 4 seconds; MARGINS_MINUTES=30 trains for half an hour")
		return 4 * time.Second
	}
	n, err := strconv.ParseFloat(minutes, 64)
	require.NoError(t, err)
	return time.Duration(n * float64(time.Minute))
}

// A tab that trains all afternoon takes no more memory than at its start: neither Go's heap nor what the kernel works on. (How much
// WebAssembly memory that takes, and that runs which follow each other share it, is measured in a browser: site/e2e/memory.test.mjs.)
func TestLongTrainingDoesNotGrow(t *testing.T) {
	s, page := newSession()
	e := short(t, func(e *mmpo.Experiment) { e.Train.Steps, e.Train.LR = 5000, 1e-5 })
	s.Handle(Request{ID: 1, Type: Open, Experiment: e}, Attachments{Reference: shippedReference(t)})
	s.Handle(Request{ID: 2, Type: Play}, Attachments{})
	steps := 0
	train := func(n int) {
		for range n {
			if s.Tick() < 0 { // the end: again from the start
				s.Handle(Request{ID: 3, Type: Seek, To: 0}, Attachments{})
				s.Handle(Request{ID: 4, Type: Play}, Attachments{})
			}
			steps++
		}
		s.Handle(Request{ID: 5, Type: Inspect}, Attachments{})
		page.all = nil // a page keeps no more than its charts
	}
	const warm = 12 * 10 // steps, until as many are stored as ever are
	train(warm)
	first, kernels := heap(), s.kernel.Mark()
	for began, limit := time.Now(), longTraining(t); time.Since(began) < limit || steps < 2*warm; {
		train(warm)
	}
	last := heap()
	t.Logf("%d steps: Go's heap from %.1f to %.1f MB", steps, mb(first), mb(last))
	assert.Less(t, last, first+first/5, "bytes after %d steps", steps)
	assert.Equal(t, kernels, s.kernel.Mark(), "the kernel's memory")
}

func mb(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// heap returns how many bytes are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one freed of finalizers and pools
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
