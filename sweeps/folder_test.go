package sweeps

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/mmpo"
)

// sweep reads a sweep's link, which must be without fault.
func sweep(t *testing.T, link string) *mmpo.Sweep {
	t.Helper()
	s, notices, err := mmpo.ParseSweepLink(link)
	require.NoError(t, err)
	require.Empty(t, notices)
	return &s
}

// trial returns a made-up run of a cell, whose true score and fingerprint follow from what it is.
func trial(c mmpo.Cell) *mmpo.Trial {
	t := mmpo.NewTrial(c.Experiment)
	score := float32(5 + float64(c.At[0]) + 0.01*float64(c.Experiment.Seed*c.Experiment.Seed%7))
	t.Metrics = map[string]float32{"true_score": score, "kl": 2}
	t.Path = []mmpo.Checkpoint{{Step: 0, Metrics: map[string]float32{"true_score": 3, "kl": 0}}, {Step: 160, Metrics: t.Metrics}}
	t.Finish(c.Key, "", 1)
	return t
}

// filled returns the path of a folder with runs of cells.
func filled(t *testing.T, s *mmpo.Sweep, cells []mmpo.Cell) string {
	t.Helper()
	path := t.TempDir()
	f, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, f.SetSweep(s))
	for _, c := range cells {
		require.NoError(t, f.Add(trial(c)))
	}
	require.NoError(t, f.Close())
	return path
}

const line1 = "vary.levels=2,5,exact&vary.objective=dpo,mmpo&seeds=3"

func TestFolderKeepsRuns(t *testing.T) {
	s := sweep(t, line1)
	cells := s.Cells()
	path := filled(t, s, cells[:4])
	f, err := Open(path)
	require.NoError(t, err)
	assert.Len(t, f.Trials, 4)
	assert.Equal(t, trial(cells[2]), f.Trials[cells[2].Key])
	assert.Equal(t, cells[4:], f.Missing(cells))
	require.NoError(t, f.Add(trial(cells[0])), "a run that is there already")
	again, err := f.Sweep()
	require.NoError(t, err)
	assert.Equal(t, s, again)
	other := trial(cells[1])
	other.Fingerprint = strings.Repeat("0", 64)
	var conflict *Conflict
	require.ErrorAs(t, f.Add(other), &conflict)
	assert.Equal(t, other.Link, conflict.Link)
	require.NoError(t, f.Close())
	b, err := os.ReadFile(filepath.Join(path, runsFile))
	require.NoError(t, err)
	assert.Equal(t, 4, strings.Count(string(b), "\n"), "is not written twice")
}

func TestTornLineIsDiscarded(t *testing.T) {
	s := sweep(t, line1)
	cells := s.Cells()
	path := filled(t, s, cells[:3])
	name := filepath.Join(path, runsFile)
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	last := strings.LastIndexByte(strings.TrimSuffix(string(b), "\n"), '\n') + 1
	for cut := last + 1; cut < len(b); cut += 97 {
		require.NoError(t, os.WriteFile(name, b[:cut], 0o644))
		read, err := Read(path)
		require.NoError(t, err)
		require.Len(t, read.Trials, 2)
		f, err := Open(path)
		require.NoError(t, err)
		require.Len(t, f.Trials, 2)
		require.NoError(t, f.Add(trial(cells[2])), "and the run is made again")
		require.NoError(t, f.Close())
		now, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, string(b), string(now))
	}
}

func TestDamagedFolders(t *testing.T) {
	s := sweep(t, line1)
	cells := s.Cells()
	for name, c := range map[string]struct{ file, from, to, message string }{
		"a damaged line":    {runsFile, `{"key":"` + cells[1].Key, `{"key":"00` + cells[1].Key[2:], "runs.jsonl, line 2: its key is not that of its experiment"},
		"no JSON":           {runsFile, `{"key":"` + cells[0].Key, `("key":"`, "runs.jsonl, line 1: it is not a run of a sweep"},
		"another engine":    {sweepFile, `"engine": "` + mmpo.EngineVersion, `"engine": "0`, "is of engine 0, and this is engine " + mmpo.EngineVersion},
		"a damaged sweep":   {sweepFile, `{`, `[`, "sweep.json is damaged"},
		"an unknown option": {sweepFile, `"dpo"`, `"ppo"`, `sweep.json: objective: there is no "ppo"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t, s, cells[:2])
			file := filepath.Join(path, c.file)
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Contains(t, string(b), c.from)
			require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(b), c.from, c.to, 1)), 0o644))
			f, err := Open(path)
			if err == nil {
				_, err = f.Sweep()
				f.Close()
			}
			assert.ErrorContains(t, err, c.message)
		})
	}
	_, err := (&Folder{Path: t.TempDir()}).Sweep()
	assert.ErrorContains(t, err, "holds no sweep yet")
}

// of returns a run as engine would have made it.
func of(engine string, c mmpo.Cell) *mmpo.Trial {
	t := trial(c)
	t.Engine, t.Key = engine, c.Experiment.Key(engine)
	return t
}

func TestEnginesDoNotMix(t *testing.T) {
	s := sweep(t, line1)
	cells := s.Cells()
	path := filled(t, s, cells[:1])
	file, err := os.OpenFile(filepath.Join(path, runsFile), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.Write(of("0", cells[1]).Encode())
	require.NoError(t, err)
	require.NoError(t, file.Close())
	_, err = Open(path)
	assert.ErrorContains(t, err, "line 2: it is a run of engine 0, and this is engine "+mmpo.EngineVersion+": the two do not mix")
	_, err = Merge(t.TempDir(), []string{path})
	assert.ErrorContains(t, err, "the two do not mix")
}

func TestFolderIsOpenedOnce(t *testing.T) {
	path := t.TempDir()
	f, err := Open(path)
	require.NoError(t, err)
	_, err = Open(path)
	assert.ErrorContains(t, err, "is in use: another process is adding runs to it")
	_, err = Read(path)
	assert.NoError(t, err, "reading disturbs nobody")
	require.NoError(t, f.Close())
	f, err = Open(path)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func TestMerge(t *testing.T) {
	s := sweep(t, line1)
	cells := s.Cells()
	var parts []string
	for i := range 4 {
		parts = append(parts, filled(t, s, mmpo.Shard(cells, i, 4)))
	}
	out := filepath.Join(t.TempDir(), "all")
	merged, err := Merge(out, parts)
	require.NoError(t, err)
	assert.Equal(t, len(cells), merged.Runs)
	assert.Empty(t, merged.Missing)
	whole, err := os.ReadFile(filepath.Join(filled(t, s, cells), runsFile))
	require.NoError(t, err)
	joined, err := os.ReadFile(filepath.Join(out, runsFile))
	require.NoError(t, err)
	assert.Equal(t, string(whole), string(joined), "the same file as of one machine, in the same order")

	merged, err = Merge(out, parts[:1])
	require.NoError(t, err)
	assert.Equal(t, len(cells), merged.Runs, "again, nothing doubles")
	merged, err = Merge(t.TempDir(), []string{parts[0], parts[3]})
	require.NoError(t, err)
	assert.Equal(t, append(mmpo.Shard(cells, 1, 4), mmpo.Shard(cells, 2, 4)...), merged.Missing)
}

func TestMergeRefuses(t *testing.T) {
	s := sweep(t, line1)
	cells := s.Cells()
	first := filled(t, s, cells[:2])
	second := filled(t, s, cells[2:3])
	f, err := Open(second)
	require.NoError(t, err)
	other := trial(cells[1])
	other.Fingerprint = strings.Repeat("0", 64)
	require.NoError(t, f.Add(other))
	require.NoError(t, f.Close())
	out := t.TempDir()
	_, err = Merge(out, []string{first, second})
	assert.ErrorContains(t, err, "two runs of the same experiment differ, with the fingerprints "+cells[1].Key[:12]+" and 000000000000: "+other.Link)
	assert.NoFileExists(t, filepath.Join(out, runsFile), "nothing is written")
	_, err = Merge(out, []string{first, filled(t, sweep(t, "vary.levels=2&seeds=3"), nil)})
	assert.ErrorContains(t, err, "are of different sweeps")
	_, err = Merge(out, []string{first, t.TempDir()})
	assert.Error(t, err)
}
