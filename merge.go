package main

import (
	"fmt"
	"os"

	"margins/sweeps"
)

// mergeCommand joins the folders of a sweep's parts.
type mergeCommand struct {
	Folders []string `arg:"" help:"Folders that parts of one sweep were kept in."`
	Out     string   `required:"" placeholder:"FOLDER" help:"Folder for all runs."`
}

// Run joins them, and lists what is missing.
func (c *mergeCommand) Run() error {
	merged, err := sweeps.Merge(c.Out, c.Folders)
	if err != nil {
		return err
	}
	fmt.Printf("%d runs in %s\n%s\n", merged.Runs, c.Out, merged.Sweep.Link())
	for _, cell := range merged.Missing {
		fmt.Fprintf(os.Stderr, "missing: %s\n", cell.Experiment.Link())
	}
	if n := len(merged.Missing); n > 0 {
		fmt.Fprintf(os.Stderr, "%d of the sweep's runs are missing: margins sweep --from %s --out %s makes them\n", n, c.Out, c.Out)
	}
	return nil
}
