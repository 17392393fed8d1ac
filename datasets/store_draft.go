package datasets

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	"margins/repro"
)

// draft is the Draft on any shelf. Its chunks are on the shelf from the start, under a body that no entry names yet.
type draft struct {
	library *library
	body    string
	pending []Record
	size    int // bytes of pending
	count   int // of all records
	starts  []int
	prompts []uint64 // PromptHash of every record
	hash    *repro.Hash
	scratch []byte
	done    bool
}

func (l *library) Begin() (Draft, error) {
	// Seeded by the system at every start, so that two tabs do not meet; nothing depends on the name but where the draft lies.
	return &draft{library: l, body: fmt.Sprintf("%016x/", rand.Uint64()), hash: repro.NewHash()}, nil
}

func (d *draft) Append(records []Record) error {
	for i := range records {
		r := &records[i]
		d.scratch = appendRecord(d.scratch[:0], r)
		d.hash.Write(d.scratch)
		d.size += len(d.scratch)
		d.pending = append(d.pending, *r)
		d.prompts = append(d.prompts, PromptHash(r.Prompt))
		d.count++
		if len(d.pending) < ChunkRecords && d.size < chunkBytes {
			continue
		}
		if err := d.flush(); err != nil {
			return err
		}
	}
	return nil
}

// flush puts the pending records on the shelf as the next chunk.
func (d *draft) flush() error {
	now := strconv.FormatInt(d.library.now().UnixMilli(), 10)
	err := d.library.grow(
		change{do: put, table: draftsTable, key: d.body, value: []byte(now)},
		change{do: put, table: chunksTable, key: chunkKey(d.body, len(d.starts)), value: EncodeChunk(d.pending)},
	)
	if err != nil {
		return err
	}
	d.starts = append(d.starts, d.count-len(d.pending))
	d.pending, d.size = d.pending[:0], 0
	return nil
}

func (d *draft) Commit(info Info) (Info, bool, error) {
	if d.done || d.count == 0 || !info.Scale.valid() {
		panic("datasets: commit of a draft that is done, empty or without a scale")
	}
	if len(d.pending) > 0 {
		if err := d.flush(); err != nil {
			return Info{}, false, err
		}
	}
	if err := d.complete(); err != nil {
		return Info{}, false, err
	}
	d.hash.Write(appendFloats(nil, info.Scale.Min, info.Scale.Max))
	digest := d.hash.Sum()
	info.ID = "data:" + hex.EncodeToString(digest[:8])
	info.Records, info.Added, info.Trashed = d.count, d.library.now().UnixMilli(), 0

	e := setEntry{Info: info, Body: d.body, Starts: d.starts}
	err := d.library.grow(e.change(add), d.index(), change{do: remove, table: draftsTable, key: d.body})
	if errors.Is(err, errExists) {
		return d.takeExisting(e)
	}
	if err != nil {
		return Info{}, false, err
	}
	d.done = true
	return info, false, nil
}

// index returns the change that stores the index of prompts.
func (d *draft) index() change {
	return change{do: put, table: chunksTable, key: promptsKey(d.body), value: encodePrompts(d.prompts)}
}

// complete checks that all chunks are there. They are not if this tab slept for so long that another one took the draft for abandoned.
func (d *draft) complete() error {
	keys, err := d.library.shelf.keys(chunksTable, d.body)
	if err == nil && len(keys) != len(d.starts) {
		err = &Error{Code: "store", Message: "The import was interrupted for too long. Import the file again."}
	}
	return err
}

// takeExisting drops the draft in favor of the same data set that is there or, if that one is damaged, puts the draft in its place.
func (d *draft) takeExisting(e setEntry) (Info, bool, error) {
	old, err := d.library.entry(e.Info.ID)
	if err == nil {
		err = d.library.check(&old)
	}
	switch ErrorCode(err) {
	case "corrupt":
		return e.Info, false, d.replace(old, e)
	case "":
		if err := d.library.Restore(e.Info.ID); err != nil {
			return Info{}, false, err
		}
		old.Info.Trashed = 0
		return old.Info, true, d.Discard()
	}
	return Info{}, false, err
}

// replace stores the draft's entry in place of a damaged one. If the old entry could not be read, its chunks stay behind.
func (d *draft) replace(old, e setEntry) error {
	changes := []change{e.change(put), d.index(), {do: remove, table: draftsTable, key: d.body}}
	if old.Body != "" {
		changes = append(changes, change{do: removeAll, table: chunksTable, key: old.Body})
	}
	if err := d.library.write(changes...); err != nil {
		return err
	}
	d.done = true
	return nil
}

func (d *draft) Discard() error {
	if d.done {
		return nil
	}
	d.done = true
	return d.library.write(draftRemoval(d.body)...)
}
