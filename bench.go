package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"margins/bench"
	"margins/toy/kernel"
)

// benchCommand measures a training step natively.
type benchCommand struct {
	Size    string  `default:"T" enum:"T,S,M,L" help:"Which model and batch: T is the page's default, S, M and L are larger."`
	Packed  bool    `help:"Compute the prompts once and no padding, as runs do; otherwise full sequences, as other libraries do."`
	Seconds float64 `default:"2" help:"For how long to measure."`
	Drive   bool    `help:"Read numbers of steps, one a line, and print their losses and seconds as lines of JSON."`
	Write   string  `placeholder:"FOLDER" help:"Write the data and the manifests of all sizes there, and measure nothing."`
}

// Run measures, or writes the data that others are measured on.
func (c *benchCommand) Run(ctx context.Context) error {
	if c.Write != "" {
		return writeBenchData(c.Write)
	}
	size, _ := bench.FindSize(c.Size) // kong has checked it
	k := kernel.New()
	defer k.Close()
	task := bench.NewTask(k, size, size.Data(), c.Packed)
	if c.Drive {
		return drive(task)
	}
	const warm = 3
	for range warm {
		task.Step()
	}
	steps, start := 0, time.Now()
	for ctx.Err() == nil && (steps < 3 || time.Since(start).Seconds() < c.Seconds) {
		task.Step()
		steps++
	}
	step := time.Since(start).Seconds() / float64(steps)
	fmt.Printf("%s natively: %.2f ms a step, %.0f tokens/s, %.2f GFLOP/s (%d steps of %d pairs)\n",
		size.Name, 1e3*step, float64(size.Tokens())/step, task.Count().FLOP/step/1e9, steps, size.Pairs)
	return ctx.Err()
}

// taken is drive's answer.
type taken struct {
	Losses  []float64 `json:"losses"`
	Seconds float64   `json:"seconds"`
}

// drive takes as many steps as each line of standard input says.
func drive(task *bench.Task) error {
	lines, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		start, answer := time.Now(), taken{}
		for range n {
			answer.Losses = append(answer.Losses, task.Step())
		}
		answer.Seconds = time.Since(start).Seconds()
		if err := out.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func writeBenchData(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, s := range bench.Sizes {
		manifest, err := json.MarshalIndent(s.Manifest(), "", "  ")
		if err != nil {
			return err
		}
		for name, b := range map[string][]byte{s.Name + ".json": append(manifest, '\n'), s.Name + ".bin": s.Data()} {
			if err := os.WriteFile(filepath.Join(folder, name), b, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
