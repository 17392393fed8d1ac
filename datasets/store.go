package datasets

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"time"
)

// Store keeps data sets and blobs on the visitor's device. Use it from one goroutine at a time; other tabs may use the same one.
// Errors are *Error with code "no-dataset", "corrupt", "quota", "store-closed" or "store".
type Store interface {
	// Begin starts a new data set. Nothing of it can be seen before it is committed.
	Begin() (Draft, error)
	// List returns the data sets that are not in the trash, the newest first.
	List() ([]Info, error)
	// Trash returns the data sets that are in the trash, the newest first.
	Trash() ([]Info, error)
	// Info returns a data set's description, also from the trash.
	Info(id string) (Info, error)
	// Records returns at most limit records from offset on, with scores in points.
	Records(id string, offset, limit int) ([]Record, error)
	// Data returns all records of a data set as bytes for DecodeData.
	Data(id string) ([]byte, error)
	// Prompts returns the PromptHash of each record's prompt, in the order of the records: 8 bytes a record, by which they can be split
	// and drawn without being read.
	Prompts(id string) ([]uint64, error)
	// Sample returns the records of those numbers, from 0, in that order, as bytes for DecodeData. It reads only the chunks that they
	// are in, a few at a time. It panics if a number is out of range.
	Sample(id string, numbers []int) ([]byte, error)
	// Delete puts a data set into the trash. It stays there for TrashDays, or until the storage is full.
	Delete(id string) error
	// Restore takes a data set out of the trash.
	Restore(id string) error
	// EmptyTrash deletes what is in the trash for good.
	EmptyTrash() error
	// PutBlob keeps bytes under a key, in place of those that it had.
	PutBlob(key string, blob []byte) error
	// Blob returns the bytes kept under a key, nil if there are none.
	Blob(key string) ([]byte, error)
	// Lasting says whether what is stored outlives the tab.
	Lasting() bool
	// Notice is what a visitor should know about the store, such as why it is not lasting; "" if nothing.
	Notice() string
	// Close gives up the store. The data stay, unless it is not lasting.
	Close() error
}

// Draft is a data set that is being written.
type Draft interface {
	// Append adds records with the scores of the file's own scale.
	Append(records []Record) error
	// Commit makes the data set visible. It sets the info's ID, Records and Added. If the store has the same data set already, that
	// one is returned, out of the trash if it was there, and existing is true; a damaged one is replaced.
	Commit(info Info) (stored Info, existing bool, err error)
	// Discard drops what was appended. After Commit it does nothing.
	Discard() error
}

const (
	// TrashDays is how long a deleted data set can be restored. It is deleted for good when a store is opened after that.
	TrashDays = 30
	// ChunkRecords is how many records a chunk holds, unless their texts are long.
	ChunkRecords = 250

	chunkBytes = 4 << 20 // a chunk ends with the record that reaches this size
	readChunks = 8       // how many chunks are read at a time: with texts of a few kilobytes some megabytes
	draftHours = 1       // a draft that has not grown for so long belonged to a tab that was closed
)

// A shelf is the storage below a store: tables of bytes by key.
type shelf interface {
	// get returns the values of keys, nil where there is none. They are the caller's.
	get(table string, keys ...string) ([][]byte, error)
	// keys returns the keys that begin with prefix, sorted by their bytes.
	keys(table, prefix string) ([]string, error)
	// write makes all changes or, if it returns an error, none. The error is errExists if a key to be added is there.
	write(changes ...change) error
	close() error
}

// A change is one of: put (value under key), add (the same, if the key is new), remove (key), removeAll (keys that begin with key).
type change struct {
	do    action
	table string
	key   string
	value []byte
}

type action int

const (
	put action = iota
	add
	remove
	removeAll
)

// The tables of a shelf.
const (
	setsTable   = "sets"   // by id: a setEntry as JSON
	chunksTable = "chunks" // by body and number: a chunk; by body and "prompts": the index of prompts
	draftsTable = "drafts" // by body: when the draft last grew, milliseconds since 1970 in decimal digits
	blobsTable  = "blobs"  // by the caller's keys
)

var errExists = errors.New("datasets: the key exists")

// setEntry is what the table of sets holds.
type setEntry struct {
	Info   Info   `json:"info"`
	Body   string `json:"body"`   // what its chunks' keys begin with
	Starts []int  `json:"starts"` // the number of each chunk's first record
}

// library is the Store on any shelf.
type library struct {
	shelf   shelf
	lasting bool
	notice  string
	damaged int // entries that List found unreadable
	now     func() time.Time
}

func newLibrary(s shelf, lasting bool, notice string) *library {
	l := &library{shelf: s, lasting: lasting, notice: notice, now: time.Now}
	// If tidying fails, reading may still work, and whatever is wrong shows there.
	_ = l.tidy()
	return l
}

// tidy deletes what has been in the trash for too long, and drafts that nobody will finish.
func (l *library) tidy() error {
	entries, err := l.entries()
	if err != nil {
		return err
	}
	var changes []change
	oldest := l.now().AddDate(0, 0, -TrashDays).UnixMilli()
	for _, e := range entries {
		if e.Info.Trashed != 0 && e.Info.Trashed < oldest {
			changes = append(changes, e.removal()...)
		}
	}
	bodies, err := l.shelf.keys(draftsTable, "")
	if err != nil {
		return err
	}
	times, err := l.shelf.get(draftsTable, bodies...)
	if err != nil {
		return err
	}
	stale := l.now().Add(-draftHours * time.Hour).UnixMilli()
	for i, body := range bodies {
		if grown, err := strconv.ParseInt(string(times[i]), 10, 64); err != nil || grown < stale {
			changes = append(changes, draftRemoval(body)...)
		}
	}
	return l.write(changes...)
}

// removal returns the changes that delete a data set for good.
func (e *setEntry) removal() []change {
	return []change{{do: remove, table: setsTable, key: e.Info.ID}, {do: removeAll, table: chunksTable, key: e.Body}}
}

func draftRemoval(body string) []change {
	return []change{{do: remove, table: draftsTable, key: body}, {do: removeAll, table: chunksTable, key: body}}
}

// write changes the shelf, if there is anything to change.
func (l *library) write(changes ...change) error {
	if len(changes) == 0 {
		return nil
	}
	return l.shelf.write(changes...)
}

// grow is write for changes that need room: if the storage is full and the trash is not empty, it empties the trash and tries again.
func (l *library) grow(changes ...change) error {
	err := l.write(changes...)
	if ErrorCode(err) != "quota" {
		return err
	}
	if trash, listErr := l.Trash(); listErr != nil || len(trash) == 0 {
		return err
	}
	if emptyErr := l.EmptyTrash(); emptyErr != nil {
		return err
	}
	return l.write(changes...)
}

// entries returns all data sets that can be read, the newest first.
func (l *library) entries() ([]setEntry, error) {
	ids, err := l.shelf.keys(setsTable, "")
	if err != nil {
		return nil, err
	}
	values, err := l.shelf.get(setsTable, ids...)
	if err != nil {
		return nil, err
	}
	l.damaged = 0
	entries := make([]setEntry, 0, len(ids))
	for i, value := range values {
		if value == nil {
			continue // another tab has just deleted it
		}
		e, err := parseEntry(ids[i], value)
		if err != nil {
			l.damaged++
			continue
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b setEntry) int { return cmp.Compare(b.Info.Added, a.Info.Added) })
	return entries, nil
}

// parseEntry reads a stored entry and checks what the rest of the store relies on.
func parseEntry(id string, value []byte) (e setEntry, err error) {
	err = json.Unmarshal(value, &e)
	switch {
	case err != nil:
	case e.Info.ID != id || e.Body == "":
		err = errors.New("it is not the entry of its key")
	case !e.Info.Scale.valid():
		err = errors.New("its scale is empty")
	case len(e.Starts) == 0 || e.Starts[0] != 0 || !slices.IsSorted(e.Starts) || e.Starts[len(e.Starts)-1] >= e.Info.Records:
		err = errors.New("its chunks do not fit its records")
	}
	if err != nil {
		return setEntry{}, &Error{"corrupt", "The description of the data set " + id + " is damaged: " + err.Error() + ".", err}
	}
	return e, nil
}

func (l *library) entry(id string) (setEntry, error) {
	values, err := l.shelf.get(setsTable, id)
	if err != nil {
		return setEntry{}, err
	}
	if values[0] == nil {
		message := fmt.Sprintf("No data set %q is stored here. Import its file again.", clip(id))
		return setEntry{}, &Error{Code: "no-dataset", Message: message}
	}
	return parseEntry(id, values[0])
}

// change returns the change that stores the entry.
func (e *setEntry) change(do action) change {
	value, err := json.Marshal(e)
	if err != nil {
		panic("datasets: " + err.Error()) // only a NaN could do that, and valid scales have none
	}
	return change{do: do, table: setsTable, key: e.Info.ID, value: value}
}

func (l *library) infos(trashed bool) ([]Info, error) {
	entries, err := l.entries()
	if err != nil {
		return nil, err
	}
	infos := []Info{} // not nil: a list in JSON
	for _, e := range entries {
		if (e.Info.Trashed != 0) == trashed {
			infos = append(infos, e.Info)
		}
	}
	return infos, nil
}

func (l *library) List() ([]Info, error)  { return l.infos(false) }
func (l *library) Trash() ([]Info, error) { return l.infos(true) }

func (l *library) Info(id string) (Info, error) {
	e, err := l.entry(id)
	return e.Info, err
}

func (l *library) Records(id string, offset, limit int) ([]Record, error) {
	e, err := l.entry(id)
	if err != nil {
		return nil, err
	}
	offset = min(max(offset, 0), e.Info.Records)
	end := offset + min(max(limit, 0), e.Info.Records-offset)
	records := []Record{} // not nil: a list in JSON
	if offset == end {
		return records, nil
	}
	first, last := e.chunkOf(offset), sort.SearchInts(e.Starts, end) // last is the first that starts at or after end
	chunks, err := l.chunks(&e, first, last)
	if err != nil {
		return nil, err
	}
	for i, chunk := range chunks {
		decoded, err := e.decode(first+i, chunk)
		if err != nil {
			return nil, err
		}
		start := e.Starts[first+i]
		decoded = decoded[max(offset-start, 0):min(end-start, len(decoded))]
		records = append(records, inPoints(decoded, e.Info.Scale)...)
	}
	return records, nil
}

func (l *library) Data(id string) ([]byte, error) {
	e, err := l.entry(id)
	if err != nil {
		return nil, err
	}
	chunks, err := l.chunks(&e, 0, len(e.Starts))
	if err != nil {
		return nil, err
	}
	for i, chunk := range chunks {
		if _, err := e.decode(i, chunk); err != nil {
			return nil, err
		}
	}
	return EncodeData(e.Info.Scale, chunks...), nil
}

// chunks returns a data set's chunks first to last-1.
func (l *library) chunks(e *setEntry, first, last int) ([][]byte, error) {
	keys := make([]string, 0, last-first)
	for i := first; i < last; i++ {
		keys = append(keys, chunkKey(e.Body, i))
	}
	return l.shelf.get(chunksTable, keys...)
}

func chunkKey(body string, i int) string { return fmt.Sprintf("%s%06d", body, i) }
func promptsKey(body string) string      { return body + "prompts" }

// decode returns the records of chunk i, and checks that they are as many as the entry says.
func (e *setEntry) decode(i int, chunk []byte) ([]Record, error) {
	end := e.Info.Records
	if i+1 < len(e.Starts) {
		end = e.Starts[i+1]
	}
	records, err := DecodeChunk(chunk)
	if err == nil && len(records) != end-e.Starts[i] {
		err = corrupt("the chunk has %d records instead of %d", len(records), end-e.Starts[i])
	}
	if err != nil {
		return nil, &Error{"corrupt", fmt.Sprintf("Records %d to %d of %s are damaged in this browser's storage (%s). "+
			"Import the file again to repair them.", e.Starts[i]+1, end, e.Info.Name, err.Error()), err}
	}
	return records, nil
}

func (l *library) Delete(id string) error  { return l.mark(id, l.now().UnixMilli()) }
func (l *library) Restore(id string) error { return l.mark(id, 0) }

// mark sets since when a data set is in the trash.
func (l *library) mark(id string, trashed int64) error {
	e, err := l.entry(id)
	if err != nil {
		return err
	}
	e.Info.Trashed = trashed
	return l.write(e.change(put))
}

func (l *library) EmptyTrash() error {
	entries, err := l.entries()
	if err != nil {
		return err
	}
	var changes []change
	for _, e := range entries {
		if e.Info.Trashed != 0 {
			changes = append(changes, e.removal()...)
		}
	}
	return l.write(changes...)
}

func (l *library) PutBlob(key string, blob []byte) error {
	return l.grow(change{do: put, table: blobsTable, key: key, value: blob})
}

func (l *library) Blob(key string) ([]byte, error) {
	values, err := l.shelf.get(blobsTable, key)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

func (l *library) Lasting() bool { return l.lasting }

func (l *library) Notice() string {
	if l.damaged == 0 {
		return l.notice
	}
	return fmt.Sprintf("%d stored data sets are damaged and not listed. Import their files again.", l.damaged)
}

func (l *library) Close() error { return l.shelf.close() }

// check reads all chunks of a data set, a few at a time.
func (l *library) check(e *setEntry) error { return l.each(e, e.numbers(), func(int, []Record) {}) }
