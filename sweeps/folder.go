// Package sweeps keeps the runs of sweeps in folders, joins folders that several machines filled, and reports what they say: natively,
// on one machine or on many.
package sweeps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"margins/mmpo"
)

// A folder holds the sweep, the runs that ended, a line of JSON each, and a file that is locked by whoever adds runs.
const (
	sweepFile = "sweep.json"
	runsFile  = "runs.jsonl"
	lockFile  = "lock"
)

// Folder is where a sweep's runs are kept. A run is in it whole or not at all: its line is written in one piece and has reached the disk
// when Add returns; what an end of the machine may leave of a line is cut off when the folder is opened again.
type Folder struct {
	Path   string
	Trials map[string]*mmpo.Trial // by key
	runs   *os.File
	lock   *os.File
}

// Open opens a folder to add runs, and makes it if there is none. While it is open no other process can open it; where one has, the error
// says so. It is an error, too, if the folder holds runs of another engine, or a line that is no run.
func Open(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	f := &Folder{Path: path, lock: lock}
	if err := lockWhole(lock); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s is in use: another process is adding runs to it (%w)", path, err)
	}
	if err := f.open(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *Folder) open() (err error) {
	name := filepath.Join(f.Path, runsFile)
	if f.runs, err = os.OpenFile(name, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644); err != nil {
		return err
	}
	whole, err := f.read()
	if err != nil {
		return err
	}
	return f.runs.Truncate(whole)
}

// Read reads a folder that others may be adding runs to.
func Read(path string) (*Folder, error) {
	f := &Folder{Path: path}
	_, err := f.read()
	return f, err
}

// read fills in Trials, and returns the length of the whole lines.
func (f *Folder) read() (whole int64, err error) {
	name := filepath.Join(f.Path, runsFile)
	b, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	f.Trials = map[string]*mmpo.Trial{}
	for number := 1; ; number++ {
		line, rest, ended := bytes.Cut(b, []byte{'\n'})
		if !ended {
			return whole, nil // nothing, or what is left of a line that was being written
		}
		t, err := mmpo.DecodeTrial(line)
		if err == nil {
			err = f.take(t)
		}
		if err != nil {
			return 0, fmt.Errorf("%s, line %d: %w. Without the line its run would be made again", name, number, err)
		}
		b, whole = rest, whole+int64(len(line))+1
	}
}

// take puts a run among Trials, if it is of this engine and no other than one that is there.
func (f *Folder) take(t *mmpo.Trial) error {
	if t.Engine != mmpo.EngineVersion {
		return fmt.Errorf("it is a run of engine %s, and this is engine %s: the two do not mix, since the same experiment gives other weights",
			t.Engine, mmpo.EngineVersion)
	}
	if have, twice := f.Trials[t.Key]; twice && !have.Same(t) {
		return &Conflict{Link: t.Link, Fingerprints: [2]string{have.Fingerprint, t.Fingerprint}}
	}
	f.Trials[t.Key] = t
	return nil
}

// Conflict is an error: two runs of one experiment that differ. One of the machines, or of the programs, does not compute as the other.
type Conflict struct {
	Link         string
	Fingerprints [2]string
}

// Error names the experiment and both fingerprints.
func (c *Conflict) Error() string {
	return fmt.Sprintf("two runs of the same experiment differ, with the fingerprints %.12s and %.12s: %s", c.Fingerprints[0], c.Fingerprints[1], c.Link)
}

// Add keeps a run. When it returns nil the run is on the disk; one that is kept already is not written twice.
func (f *Folder) Add(t *mmpo.Trial) error {
	_, have := f.Trials[t.Key]
	if err := f.take(t); err != nil || have {
		return err
	}
	if _, err := f.runs.Write(t.Encode()); err != nil {
		return err
	}
	return f.runs.Sync()
}

// Close ends the use of the folder.
func (f *Folder) Close() error {
	var errs []error
	for _, file := range []*os.File{f.runs, f.lock} { // closing the lock unlocks it
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(errs...)
}

// kept is the content of a folder's sweep.json.
type kept struct {
	Engine string     `json:"engine"`
	Link   string     `json:"link"`
	Sweep  mmpo.Sweep `json:"sweep"`
}

// SetSweep writes down which sweep the folder is of. It may be another than before: runs that both have are kept.
func (f *Folder) SetSweep(s *mmpo.Sweep) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(kept{Engine: mmpo.EngineVersion, Link: s.Link(), Sweep: *s}); err != nil {
		return err
	}
	return replace(filepath.Join(f.Path, sweepFile), b.Bytes())
}

// replace writes a file such that it is there as it was or as it shall be, whatever happens in between.
func replace(name string, b []byte) error {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails once it is renamed
	_, err = file.Write(b)
	if err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

// Sweep returns the sweep that the folder is of.
func (f *Folder) Sweep() (*mmpo.Sweep, error) {
	name := filepath.Join(f.Path, sweepFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no sweep yet: it has no %s", f.Path, sweepFile)
	}
	if err != nil {
		return nil, err
	}
	var k kept
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", name, err)
	}
	if k.Engine != mmpo.EngineVersion {
		return nil, fmt.Errorf("%s is of engine %s, and this is engine %s", name, k.Engine, mmpo.EngineVersion)
	}
	if err := k.Sweep.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &k.Sweep, nil
}

// Missing returns the cells, each key once, of which the folder has no run.
func (f *Folder) Missing(cells []mmpo.Cell) []mmpo.Cell {
	var missing []mmpo.Cell
	for _, c := range mmpo.Distinct(cells) {
		if f.Trials[c.Key] == nil {
			missing = append(missing, c)
		}
	}
	return missing
}
