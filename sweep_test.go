package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
	"margins/sweeps"
)

// asProgram, in the environment, makes the test's own binary the program, so that a process can be killed that really is one.
const asProgram = "MARGINS_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process returns one of this program.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), self, args...)
	command.Env = append(os.Environ(), asProgram+"=1")
	return command
}

// quick are flags of runs that take little more than their evaluations.
var quick = []string{"--pairs", "16", "--steps", "2", "--batch", "8", "--vary", "levels=2,3,exact", "--seeds", "2", "--workers", "1"}

func quickSweep(out string, more ...string) []string {
	return append(append([]string{"sweep", "--out", out}, quick...), more...)
}

// lines returns the whole lines of a folder's runs.
func lines(t *testing.T, folder string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, "runs.jsonl"))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	var all []string
	for s := bufio.NewScanner(bytes.NewReader(b[:bytes.LastIndexByte(b, '\n')+1])); s.Scan(); {
		all = append(all, s.Text())
	}
	return all
}

// A process that is killed in the middle loses nothing that was whole, and the next one does the rest: every run once, each with the bits
// that an undisturbed process gives.
func TestKilledSweepGoesOn(t *testing.T) {
	folder := t.TempDir()
	killed := process(t, quickSweep(folder)...)
	require.NoError(t, killed.Start())
	require.Eventually(t, func() bool { return len(lines(t, folder)) >= 2 }, 2*time.Minute, 5*time.Millisecond)

	out, err := process(t, quickSweep(folder)...).CombinedOutput()
	assert.Error(t, err, "two processes in one folder")
	assert.Contains(t, string(out), "is in use: another process is adding runs to it")

	require.NoError(t, killed.Process.Kill())
	assert.Error(t, killed.Wait())
	before := lines(t, folder)
	require.Less(t, len(before), 6, "it was killed in the middle")
	file, err := os.OpenFile(filepath.Join(folder, "runs.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(before[0][:len(before[0])/2]) // as if it had been killed in a line
	require.NoError(t, err)
	require.NoError(t, file.Close())

	out, err = process(t, quickSweep(folder)...).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "runs are there already")
	after := lines(t, folder)
	require.Len(t, after, 6)
	assert.Equal(t, before, after[:len(before)], "what was there stays as it was")
	kept, err := sweeps.Read(folder)
	require.NoError(t, err)
	require.Len(t, kept.Trials, 6, "each once")
	s, err := kept.Sweep()
	require.NoError(t, err)
	first := s.Cells()[0]
	reference, err := encodedReference(first.Experiment)
	require.NoError(t, err)
	alone, err := complete(context.Background(), first.Experiment, reference, nil)
	require.NoError(t, err)
	assert.Equal(t, alone.Fingerprint, kept.Trials[first.Key].Fingerprint)

	out, err = process(t, quickSweep(folder)...).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, after, lines(t, folder), "a third time there is nothing to do")
}

func TestInterruptedSweepSaysHowToGoOn(t *testing.T) {
	folder := t.TempDir()
	sweep := process(t, quickSweep(folder)...)
	var out bytes.Buffer
	sweep.Stderr = &out
	require.NoError(t, sweep.Start())
	require.Eventually(t, func() bool { return len(lines(t, folder)) >= 1 }, 2*time.Minute, 5*time.Millisecond)
	require.NoError(t, sweep.Process.Signal(os.Interrupt))
	assert.Error(t, sweep.Wait())
	assert.Regexp(t, `stopped; [1-5] of 6 runs are kept in .*, and the same command goes on from there`, out.String())
}

func TestShardsMergeAndReport(t *testing.T) {
	root := t.TempDir()
	var parts []string
	for _, shard := range []string{"0/2", "1/2"} {
		parts = append(parts, filepath.Join(root, strings.ReplaceAll(shard, "/", "-")))
		out, err := process(t, quickSweep(parts[len(parts)-1], "--shard", shard)...).CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Len(t, lines(t, parts[len(parts)-1]), 3)
	}
	all := filepath.Join(root, "all")
	out, err := process(t, "merge", parts[0], "--out", all).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "3 of the sweep's runs are missing")
	out, err = process(t, append([]string{"merge", "--out", all}, parts...)...).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "6 runs in "+all)
	out, err = process(t, "report", all, "--samples", "2").CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "Too early to tell: a verdict takes at least 3 seeds")
	for _, name := range []string{"report.md", "figure.svg", "figure-light.png", "figure-dark.png", "frontier.svg"} {
		assert.FileExists(t, filepath.Join(all, name))
	}
	out, err = process(t, "sweep", "--from", all, "--out", all, "--shard", "1/3").CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Len(t, lines(t, all), 6, "all is there")
}

func TestSweepFlags(t *testing.T) {
	parsed := func(change func(*sweepCommand)) (*mmpo.Sweep, error) {
		c := &sweepCommand{settings: withFlags()}
		change(c)
		return c.sweep()
	}
	s, err := parsed(func(*sweepCommand) {})
	require.NoError(t, err)
	want := mmpo.DefaultSweep()
	assert.Equal(t, &want, s)
	s, err = parsed(func(c *sweepCommand) {
		c.Vary, c.Seeds, c.Set = []string{"noise=0,1", "objective=dpo,mmpo,ipo"}, "3", []string{"dpo.beta=0.5"}
		c.Link = "https://example.org/#v=1&beta=0.9&seeds=7&gamma=2"
	})
	require.NoError(t, err)
	assert.Equal(t, 3, s.Seeds, "flags go before the link")
	assert.Equal(t, []mmpo.Choose{{ID: "dpo", Beta: 0.5}}, s.Settings)
	assert.InDelta(t, 2, s.Base.Objective.Gamma, 0)
	_, err = parsed(func(c *sweepCommand) { c.From, c.Seeds = t.TempDir(), "3" })
	assert.ErrorContains(t, err, "--from takes the whole sweep from a folder")

	for text, ok := range map[string]bool{"0/1": true, "7/8": true, "8/8": false, "-1/8": false, "1": false, "a/b": false, "0/0": false} {
		_, _, err := parseShard(text)
		assert.Equal(t, ok, err == nil, text)
	}
}
