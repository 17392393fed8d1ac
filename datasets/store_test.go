package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// conformance is what every Store does. open opens the same storage each time it is called, as a reload or another tab would.
var conformance = []struct {
	name string
	test func(t *testing.T, open func() *library)
}{
	{"what is imported is there after a reload", testReload},
	{"records are read across chunks", testRecords},
	{"records are drawn without reading all", testSample},
	{"an index of prompts that is missing or damaged is made anew", testPromptsMended},
	{"long texts make short chunks", testLongTexts},
	{"the same data set is stored once", testSameTwice},
	{"an import that fails leaves nothing", testFailedImport},
	{"deleted data sets can be restored", testTrash},
	{"trash is emptied after a month", testOldTrash},
	{"a damaged chunk", testDamagedChunk},
	{"a damaged entry", testDamagedEntry},
	{"abandoned drafts are cleared", testAbandonedDraft},
	{"two tabs", testTwoTabs},
	{"blobs", testBlobs},
	{"unknown data set", testUnknown},
	{"changes are made together", testTogether},
}

func TestMemoryStore(t *testing.T) {
	for _, c := range conformance {
		t.Run(c.name, func(t *testing.T) {
			shelf := memoryShelf{}
			c.test(t, func() *library { return newLibrary(shelf, false, "") })
		})
	}
	s := NewMemoryStore("why")
	assert.False(t, s.Lasting())
	assert.Equal(t, "why", s.Notice())
	assert.NoError(t, s.Close())
}

// numbered returns a file of n comparisons whose texts and scores tell them apart, and what it holds in points.
func numbered(n int) (File, []Record) {
	var b strings.Builder
	records := make([]Record, n)
	for i := range records {
		r := Record{fmt.Sprintf("prompt %d", i/2), fmt.Sprintf("good %d", i), fmt.Sprintf("bad %d", i), float64(3 + i%8), float64(1 + i%3)}
		fmt.Fprintf(&b, `{"prompt":%q,"chosen":%q,"rejected":%q,"score_chosen":%g,"score_rejected":%g}`+"\n",
			r.Prompt, r.Chosen, r.Rejected, r.ScoreChosen, r.ScoreRejected)
		records[i] = r
	}
	return fileOf("numbered.jsonl", []byte(b.String())), records
}

func fileOf(name string, content []byte) File {
	return File{name, int64(len(content)), bytes.NewReader(content)}
}

// store imports n numbered comparisons.
func store(t *testing.T, l *library, n int) (Info, []Record) {
	t.Helper()
	file, records := numbered(n)
	info, report, err := ImportTo(l, file, noProgress)
	require.NoError(t, err)
	require.False(t, report.Existing)
	return info, records
}

// contents returns the number of keys in each table, less the indexes of prompts, of which every data set must have one.
func contents(t *testing.T, l *library) map[string]int {
	t.Helper()
	counts, indexes := map[string]int{}, 0
	for _, table := range []string{setsTable, chunksTable, draftsTable, blobsTable} {
		keys, err := l.shelf.keys(table, "")
		require.NoError(t, err)
		for _, key := range keys {
			if strings.HasSuffix(key, promptsKey("")) {
				indexes++
			} else {
				counts[table]++
			}
		}
	}
	require.Equal(t, counts[setsTable], indexes)
	return counts
}

func list1(t *testing.T, l *library) []Info {
	t.Helper()
	infos, err := l.List()
	require.NoError(t, err)
	return infos
}

func testReload(t *testing.T, open func() *library) {
	l := open()
	assert.Equal(t, []Info{}, list1(t, l))
	before := time.Now().UnixMilli()
	info, records := store(t, l, 600)
	assert.Regexp(t, "^data:[0-9a-f]{16}$", info.ID)
	assert.GreaterOrEqual(t, info.Added, before)
	assert.Equal(t, Info{ID: info.ID, Name: "numbered.jsonl", Format: "margins", Records: 600, Prompts: 300, Ties: 25,
		Scale: Scale{1, 10, ScaleGuessed}, Added: info.Added}, info)
	assert.Equal(t, map[string]int{setsTable: 1, chunksTable: 3}, contents(t, l))
	require.NoError(t, l.Close())

	l = open()
	assert.Equal(t, []Info{info}, list1(t, l))
	assert.Equal(t, "", l.Notice())
	got, err := l.Info(info.ID)
	require.NoError(t, err)
	assert.Equal(t, info, got)
	data, err := l.Data(info.ID)
	require.NoError(t, err)
	decoded, err := DecodeData(data)
	require.NoError(t, err)
	assert.Equal(t, records, decoded)
}

func testRecords(t *testing.T, open func() *library) {
	l := open()
	info, records := store(t, l, 600)
	for _, r := range [][2]int{
		{0, 1}, {0, 600}, {0, 250}, {249, 2}, {250, 250}, {250, 251}, {499, 102}, {599, 1}, {590, 100}, {600, 5}, {700, 5}, {-3, 2}, {3, -1},
	} {
		got, err := l.Records(info.ID, r[0], r[1])
		require.NoError(t, err)
		from := min(max(r[0], 0), 600)
		want := records[from : from+min(max(r[1], 0), 600-from)]
		assert.Equal(t, want, got, "%v", r)
	}
}

// counting is a shelf that counts the values it has read.
type counting struct {
	shelf
	read, most int // values in all, and in one reading
}

func (c *counting) get(table string, keys ...string) ([][]byte, error) {
	c.read, c.most = c.read+len(keys), max(c.most, len(keys))
	return c.shelf.get(table, keys...)
}

func testSample(t *testing.T, open func() *library) {
	l := open()
	info, records := store(t, l, 6000)
	shelf := &counting{shelf: l.shelf}
	l.shelf = shelf
	prompts, err := l.Prompts(info.ID)
	require.NoError(t, err)
	require.Len(t, prompts, 6000)
	for i, r := range records {
		require.Equal(t, PromptHash(r.Prompt), prompts[i])
	}
	assert.Equal(t, 2, shelf.read, "the entry and the index")

	for _, numbers := range [][]int{{}, {5999}, {0}, {249, 250}, {5000, 3, 5000, 4}, {17, 16, 2001, 15}} {
		shelf.read = 0
		data, err := l.Sample(info.ID, numbers)
		require.NoError(t, err)
		got, err := DecodeData(data)
		require.NoError(t, err)
		require.Len(t, got, len(numbers))
		chunks := map[int]bool{}
		for i, number := range numbers {
			assert.Equal(t, records[number], got[i])
			chunks[number/ChunkRecords] = true
		}
		assert.Equal(t, 1+len(chunks), shelf.read, "the entry and the chunks of %v", numbers)
	}
	all := make([]int, 6000)
	for i := range all {
		all[i] = 5999 - i
	}
	data, err := l.Sample(info.ID, all)
	require.NoError(t, err)
	got, err := DecodeData(data)
	require.NoError(t, err)
	slices.Reverse(got)
	assert.Equal(t, records, got)
	assert.Equal(t, readChunks, shelf.most, "never more in memory")

	assert.Panics(t, func() { _, _ = l.Sample(info.ID, []int{6000}) })
	assert.Panics(t, func() { _, _ = l.Sample(info.ID, []int{-1}) })
	_, err = l.Sample("x", nil)
	assert.Equal(t, "no-dataset", ErrorCode(err))
	_, err = l.Prompts("x")
	assert.Equal(t, "no-dataset", ErrorCode(err))
}

func testPromptsMended(t *testing.T, open func() *library) {
	l := open()
	info, _ := store(t, l, 600)
	want, err := l.Prompts(info.ID)
	require.NoError(t, err)
	e, err := l.entry(info.ID)
	require.NoError(t, err)
	key := promptsKey(e.Body)
	values, err := l.shelf.get(chunksTable, key)
	require.NoError(t, err)
	turned := bytes.Clone(values[0])
	turned[20] ^= 1
	for _, damage := range [][]byte{nil, {}, []byte("garbage"), turned, encodePrompts(want[:599])} {
		change := change{do: put, table: chunksTable, key: key, value: damage}
		if damage == nil {
			change.do = remove
		}
		require.NoError(t, l.shelf.write(change))
		got, err := l.Prompts(info.ID)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		mended, err := l.shelf.get(chunksTable, key)
		require.NoError(t, err)
		assert.Equal(t, values, mended)
	}
	require.NoError(t, l.shelf.write(
		change{do: remove, table: chunksTable, key: key},
		change{do: remove, table: chunksTable, key: chunkKey(e.Body, 1)},
	))
	_, err = l.Prompts(info.ID)
	assert.Equal(t, "corrupt", ErrorCode(err))
}

func testLongTexts(t *testing.T, open func() *library) {
	l := open()
	d, err := l.Begin()
	require.NoError(t, err)
	var records []Record
	for i := range 6 {
		records = append(records, Record{fmt.Sprint(i), strings.Repeat("x", chunkBytes/2), "y", 5, 1})
	}
	require.NoError(t, d.Append(records))
	info, _, err := d.Commit(Info{Name: "long", Scale: Scale{Min: 1, Max: 5}})
	require.NoError(t, err)
	assert.Equal(t, map[string]int{setsTable: 1, chunksTable: 3}, contents(t, l))
	got, err := l.Records(info.ID, 3, 2)
	require.NoError(t, err)
	assert.Equal(t, "3", got[0].Prompt)
	assert.Equal(t, "4", got[1].Prompt)
	assert.Equal(t, 10.0, got[0].ScoreChosen)
}

func testSameTwice(t *testing.T, open func() *library) {
	l := open()
	first, report, err := ImportTo(l, fileOf("first.csv", fixture(t, "own.csv")), noProgress)
	require.NoError(t, err)
	assert.False(t, report.Existing)
	again, report, err := ImportTo(l, fileOf("second.jsonl.gz", fixture(t, "own.jsonl.gz")), noProgress)
	require.NoError(t, err)
	assert.True(t, report.Existing)
	assert.Equal(t, first, again, "whatever the container and the name")
	assert.Equal(t, "data:9eee42bb6ea5d270", first.ID, "the same on every machine, because links name it")

	require.NoError(t, l.Delete(first.ID))
	again, report, err = ImportTo(l, fileOf("third.json", fixture(t, "own.json")), noProgress)
	require.NoError(t, err)
	assert.True(t, report.Existing)
	assert.Equal(t, first, again)
	assert.Equal(t, []Info{first}, list1(t, l), "out of the trash")
	assert.Equal(t, map[string]int{setsTable: 1, chunksTable: 1}, contents(t, l))

	scaled := bytes.ReplaceAll(fixture(t, "own.jsonl"), []byte("}"), []byte(`, "scale_min": 0, "scale_max": 10}`))
	other, report, err := ImportTo(l, fileOf("other.jsonl", scaled), noProgress)
	require.NoError(t, err)
	assert.False(t, report.Existing)
	assert.NotEqual(t, first.ID, other.ID, "on another scale the grades mean something else")
}

func testFailedImport(t *testing.T, open func() *library) {
	l := open()
	kept, records := store(t, l, 300)
	before := contents(t, l)
	stop := errors.New("stop")
	many, _ := numbered(900)
	content := make([]byte, many.Size)
	_, err := many.Reader.Read(content)
	require.NoError(t, err)
	packed := compress(t, content)
	tests := []struct {
		name     string
		file     File
		progress func(int64, int) error
		fails    func(error) bool
	}{
		{"truncated", fileOf("x.gz", packed[:len(packed)-9]), noProgress, func(err error) bool { return ErrorCode(err) == "truncated" }},
		{"canceled", fileOf("x.gz", packed), func(_ int64, rows int) error {
			if rows < 750 {
				return nil
			}
			assert.Equal(t, before[chunksTable]+3, contents(t, l)[chunksTable], "chunks are written as the file is read")
			assert.Len(t, list1(t, l), 1, "and are not seen")
			return stop
		}, func(err error) bool { return errors.Is(err, stop) }},
		{"too large", File{"x", MaxFileBytes + 1, nil}, noProgress, func(err error) bool { return ErrorCode(err) == "too-large" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := ImportTo(l, test.file, test.progress)
			assert.True(t, test.fails(err), err)
			assert.Equal(t, before, contents(t, l))
			got, err := l.Records(kept.ID, 0, 300)
			require.NoError(t, err)
			assert.Equal(t, records, got)
		})
	}
}

func testTrash(t *testing.T, open func() *library) {
	l := open()
	clock := time.Now()
	l.now = func() time.Time { clock = clock.Add(time.Second); return clock }
	a, _ := store(t, l, 10)
	b, records := store(t, l, 260)
	assert.Equal(t, []Info{b, a}, list1(t, l), "the newest first")
	require.NoError(t, l.Delete(b.ID))
	assert.Equal(t, []Info{a}, list1(t, l))

	l = open()
	trash, err := l.Trash()
	require.NoError(t, err)
	require.Len(t, trash, 1)
	assert.Equal(t, b.ID, trash[0].ID)
	assert.NotZero(t, trash[0].Trashed)
	require.NoError(t, l.Restore(b.ID))
	assert.Equal(t, []Info{b, a}, list1(t, l))
	got, err := l.Records(b.ID, 0, 260)
	require.NoError(t, err)
	assert.Equal(t, records, got)

	require.NoError(t, l.Delete(a.ID))
	require.NoError(t, l.EmptyTrash())
	require.NoError(t, l.EmptyTrash(), "also when it is empty")
	assert.Equal(t, map[string]int{setsTable: 1, chunksTable: 2}, contents(t, l))
	assert.Equal(t, "no-dataset", ErrorCode(l.Restore(a.ID)))
}

func testOldTrash(t *testing.T, open func() *library) {
	l := open()
	info, _ := store(t, l, 10)
	fresh, _ := store(t, l, 20)
	l.now = func() time.Time { return time.Now().AddDate(0, 0, -TrashDays-1) }
	require.NoError(t, l.Delete(info.ID))
	l.now = func() time.Time { return time.Now().AddDate(0, 0, -TrashDays+1) }
	require.NoError(t, l.Delete(fresh.ID))
	l = open()
	assert.Equal(t, map[string]int{setsTable: 1, chunksTable: 1}, contents(t, l))
	require.NoError(t, l.Restore(fresh.ID))
}

func testDamagedChunk(t *testing.T, open func() *library) {
	l := open()
	info, records := store(t, l, 600)
	keys, err := l.shelf.keys(chunksTable, "")
	require.NoError(t, err)
	for _, damage := range [][]byte{[]byte("garbage"), EncodeChunk(records[:3]), nil} { // the last: it is gone
		change := change{do: put, table: chunksTable, key: keys[1], value: damage}
		if damage == nil {
			change.do = remove
		}
		require.NoError(t, l.shelf.write(change))
		_, err = l.Records(info.ID, 249, 5)
		require.Equal(t, "corrupt", ErrorCode(err))
		assert.Contains(t, err.Error(), "Records 251 to 500 of numbered.jsonl are damaged")
		_, err = l.Data(info.ID)
		assert.Equal(t, "corrupt", ErrorCode(err))
		got, err := l.Records(info.ID, 500, 100)
		require.NoError(t, err, "the rest can be read")
		assert.Equal(t, records[500:], got)
	}
	require.NoError(t, l.Delete(info.ID), "deleting first is no hindrance")
	repaired, _ := store(t, l, 600)
	assert.Equal(t, info.ID, repaired.ID)
	got, err := l.Records(info.ID, 0, 600)
	require.NoError(t, err)
	assert.Equal(t, records, got)
	assert.Equal(t, map[string]int{setsTable: 1, chunksTable: 3}, contents(t, l), "nothing of the damaged one is left")
}

func testDamagedEntry(t *testing.T, open func() *library) {
	l := open()
	good, _ := store(t, l, 10)
	bad, records := store(t, l, 20)
	values, err := l.shelf.get(setsTable, bad.ID)
	require.NoError(t, err)
	for _, damage := range []string{
		"", "{", "null",
		strings.Replace(string(values[0]), bad.ID, good.ID, 1),
		strings.Replace(string(values[0]), `"max":10`, `"max":1`, 1),
		strings.Replace(string(values[0]), `"starts":[0]`, `"starts":[0,30]`, 1),
	} {
		require.NotEqual(t, string(values[0]), damage)
		require.NoError(t, l.shelf.write(change{do: put, table: setsTable, key: bad.ID, value: []byte(damage)}))
		l = open()
		assert.Equal(t, []Info{good}, list1(t, l), "%q", damage)
		assert.Contains(t, l.Notice(), "1 stored data sets are damaged")
		_, err = l.Info(bad.ID)
		assert.Equal(t, "corrupt", ErrorCode(err))
	}
	store(t, l, 20)
	got, err := l.Records(bad.ID, 0, 20)
	require.NoError(t, err)
	assert.Equal(t, records, got)
	assert.Len(t, list1(t, l), 2)
	assert.Equal(t, "", l.Notice())
}

func testAbandonedDraft(t *testing.T, open func() *library) {
	l := open()
	_, records := numbered(300)
	long := time.Now().Add(-draftHours*time.Hour - time.Minute)
	l.now = func() time.Time { return long }
	slept, err := l.Begin()
	require.NoError(t, err)
	require.NoError(t, slept.Append(records))
	l.now = time.Now
	active, err := l.Begin()
	require.NoError(t, err)
	require.NoError(t, active.Append(records))

	other := open()
	assert.Equal(t, map[string]int{draftsTable: 1, chunksTable: 1}, contents(t, other), "the one that is still growing")
	_, _, err = active.Commit(Info{Scale: Scale{Min: 1, Max: 10}})
	require.NoError(t, err)
	_, _, err = slept.Commit(Info{Scale: Scale{Min: 1, Max: 10}})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "interrupted")
	require.NoError(t, slept.Discard())
	assert.Equal(t, map[string]int{setsTable: 1, chunksTable: 2}, contents(t, l))
	_, err = l.Data(list1(t, l)[0].ID)
	assert.NoError(t, err)
}

func testTwoTabs(t *testing.T, open func() *library) {
	a, b := open(), open()
	one, _ := store(t, a, 10)
	two, _ := store(t, b, 20)
	assert.ElementsMatch(t, []Info{one, two}, list1(t, a))
	assert.ElementsMatch(t, []Info{one, two}, list1(t, b))

	_, records := numbered(300)
	first, err := a.Begin()
	require.NoError(t, err)
	second, err := b.Begin()
	require.NoError(t, err)
	require.NoError(t, first.Append(records))
	require.NoError(t, second.Append(records))
	stored, existing, err := first.Commit(Info{Name: "first", Scale: Scale{Min: 1, Max: 10}})
	require.NoError(t, err)
	assert.False(t, existing)
	found, existing, err := second.Commit(Info{Name: "second", Scale: Scale{Min: 1, Max: 10}})
	require.NoError(t, err)
	assert.True(t, existing)
	assert.Equal(t, stored, found)
	assert.Equal(t, map[string]int{setsTable: 3, chunksTable: 4}, contents(t, a))
	require.NoError(t, second.Discard(), "does nothing after Commit")
	assert.Equal(t, map[string]int{setsTable: 3, chunksTable: 4}, contents(t, a))
}

func testBlobs(t *testing.T, open func() *library) {
	l := open()
	got, err := l.Blob("reference:a")
	require.NoError(t, err)
	assert.Nil(t, got)
	for _, blob := range [][]byte{{1, 2, 3}, {}, bytes.Repeat([]byte{0, 255}, 1<<20)} {
		require.NoError(t, l.PutBlob("reference:a", blob))
		got, err = open().Blob("reference:a")
		require.NoError(t, err)
		assert.True(t, bytes.Equal(blob, got) && got != nil)
	}
	got[0] = 9
	again, err := l.Blob("reference:a")
	require.NoError(t, err)
	assert.Equal(t, byte(0), again[0], "what is returned is the caller's")
}

func testUnknown(t *testing.T, open func() *library) {
	l := open()
	_, err := l.Records("data:0123456789abcdef", 0, 1)
	assert.Equal(t, "no-dataset", ErrorCode(err))
	assert.Equal(t, `No data set "data:0123456789abcdef" is stored here. Import its file again.`, err.Error())
	_, err = l.Data("x")
	assert.Equal(t, "no-dataset", ErrorCode(err))
	_, err = l.Info("")
	assert.Equal(t, "no-dataset", ErrorCode(err))
	assert.Equal(t, "no-dataset", ErrorCode(l.Delete("x")))
}

func testTogether(t *testing.T, open func() *library) {
	s := open().shelf
	require.NoError(t, s.write(
		change{add, blobsTable, "k/1", []byte("1")},
		change{put, blobsTable, "k/2", []byte("2")},
		change{put, blobsTable, "k0", nil},
	))
	err := s.write(
		change{put, blobsTable, "k/3", []byte("3")},
		change{add, blobsTable, "k/1", []byte("x")},
		change{remove, blobsTable, "k/2", nil},
	)
	require.ErrorIs(t, err, errExists)
	keys, err := s.keys(blobsTable, "")
	require.NoError(t, err)
	assert.Equal(t, []string{"k/1", "k/2", "k0"}, keys)
	require.NoError(t, s.write(change{removeAll, blobsTable, "k/", nil}))
	keys, err = s.keys(blobsTable, "k")
	require.NoError(t, err)
	assert.Equal(t, []string{"k0"}, keys)
	values, err := s.get(blobsTable, "k/1", "k0")
	require.NoError(t, err)
	assert.Equal(t, [][]byte{nil, {}}, values)
}

// smallShelf is a memoryShelf that holds so many bytes.
type smallShelf struct {
	memoryShelf
	room int
}

func (s smallShelf) write(changes ...change) error {
	size := 0
	for _, value := range s.memoryShelf {
		size += len(value)
	}
	for _, c := range changes {
		size += len(c.value)
	}
	for _, c := range changes {
		if (c.do == put || c.do == add) && size > s.room {
			return &Error{Code: "quota", Message: "full"}
		}
	}
	return s.memoryShelf.write(changes...)
}

func TestFullStorage(t *testing.T) {
	l := newLibrary(smallShelf{memoryShelf{}, 40_000}, true, "")
	info, _ := store(t, l, 500)
	file, _ := numbered(600)
	_, _, err := ImportTo(l, file, noProgress)
	require.Equal(t, "quota", ErrorCode(err))
	assert.Equal(t, []Info{info}, list1(t, l), "what was there stays")
	assert.Equal(t, map[string]int{setsTable: 1, chunksTable: 2}, contents(t, l), "nothing of the other is left")

	require.NoError(t, l.Delete(info.ID))
	store(t, l, 600)
	assert.Equal(t, "no-dataset", ErrorCode(l.Restore(info.ID)), "the trash made room")
	assert.Equal(t, "quota", ErrorCode(l.PutBlob("big", make([]byte, 50_000))))
}
