// Command margins is the native side of Margins, a playground for learning from graded preferences that runs in a browser tab.
// Without arguments it serves the playground; its other commands run the same engine without a browser.
package main

import (
	"context"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/alecthomas/kong"
)

const about = `Margins is a playground in a browser tab: a small transformer learns from graded preference pairs with MMPO, DPO and their
relatives, side by side. Without a command this program serves it on http://localhost:8080 (-addr HOST:PORT or the environment's PORT choose
another place); the other commands run the same engine without a browser.`

// program lists the commands. Each is a type with a Run method, in a file of its own.
type program struct {
	Serve         serveCommand         `cmd:"" default:"withargs" help:"Serve the playground. This is what happens without a command."`
	Train         trainCommand         `cmd:"" help:"Run one side of a comparison, keep its checkpoint and its curves, and print what it came to."`
	Eval          evalCommand          `cmd:"" help:"Measure the policy of a checkpoint, of a safetensors file or of a link, and show what it writes."`
	Compare       compareCommand       `cmd:"" help:"Run both sides of a comparison at several seeds and print means, intervals and the paired difference."`
	Replay        replayCommand        `cmd:"" help:"Run a link's experiments and print fingerprints and final metrics as JSON."`
	Results       resultsCommand       `cmd:"" help:"Run what is claimed of this project, at eight seeds, and write RESULTS.md."`
	Frontier      frontierCommand      `cmd:"" help:"Estimate the best true score that any policy can reach at each KL to the reference."`
	Reward        rewardCommand        `cmd:"" help:"Train reward models and read them, and the policies, as judges of held-out pairs."`
	Sweep         sweepCommand         `cmd:"" help:"Run an experiment at several values of one or two settings and several seeds, on all cores."`
	Merge         mergeCommand         `cmd:"" help:"Join the folders of a sweep that several machines shared."`
	Report        reportCommand        `cmd:"" help:"Write a sweep's figure, table and verdicts."`
	Objectives    objectivesCommand    `cmd:"" help:"List the objectives that can be trained, with their parameters."`
	EvalObjective evalObjectiveCommand `cmd:"" help:"Compute losses and partial derivatives of pairs given as JSON, a line each."`
	Worlds        worldsCommand        `cmd:"" help:"List the toy worlds with their grammar, stakes and score, and examples of what their writers write."`
	References    referencesCommand    `cmd:"" help:"Fit the references that come with the program, all or those of the worlds that are named."`
	Record        recordCommand        `cmd:"" help:"Run the default comparison and keep what the page shows before its engine is there."`
	RecordSweep   recordSweepCommand   `cmd:"" help:"Run the default sweep and keep what the page's lab shows before anyone runs one."`
	Import        importCommand        `cmd:"" help:"Read a file of graded pairs and print what was found in it."`
	Export        exportCommand        `cmd:"" help:"Write a file's pairs as graded pairs, or for TRL's trainers."`
	SaveWeights   saveWeightsCommand   `cmd:"" help:"Run one side of a link and write its policy's weights as a safetensors file."`
	Bench         benchCommand         `cmd:"" help:"Measure a training step on this machine, natively. make bench measures it beside other libraries."`
}

// newProgram returns the commands with their flags, and what reads them.
func newProgram() (*program, *kong.Kong) {
	commands := &program{
		Train:    trainCommand{settings: withFlags()},
		Compare:  compareCommand{settings: withFlags()},
		Frontier: frontierCommand{settings: withFlags()},
		Reward:   rewardCommand{settings: withFlags()},
		Sweep:    sweepCommand{settings: withFlags()},
	}
	return commands, kong.Must(commands, kong.Name("margins"), kong.Description(about))
}

func main() {
	_, parser := newProgram()
	command, err := parser.Parse(longFlags(os.Args[1:]))
	parser.FatalIfErrorf(err)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	command.BindTo(ctx, (*context.Context)(nil))
	parser.FatalIfErrorf(command.Run())
}

// goFlag is a flag as Go's own tools write it, with one dash.
var goFlag = regexp.MustCompile(`^-[a-z][a-z-]+(=|$)`)

// longFlags lets every flag be written with one dash too, -addr for --addr, as people who use Go expect. The only flag of one letter is -h.
func longFlags(args []string) []string {
	long := make([]string, len(args))
	for i, arg := range args {
		if goFlag.MatchString(arg) {
			arg = "-" + arg
		}
		long[i] = arg
	}
	return long
}
