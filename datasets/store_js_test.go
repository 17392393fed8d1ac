package datasets

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/hack-pad/go-indexeddb/idb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// opened are the stores of a test, closed at its end so that their database can be deleted.
func opener(t *testing.T) func() *library {
	name := "test " + t.Name()
	var opened []Store
	t.Cleanup(func() {
		for _, s := range opened {
			assert.NoError(t, s.Close())
		}
		request, err := idb.Global().DeleteDatabase(name)
		require.NoError(t, err)
		assert.NoError(t, request.Await(context.Background()))
	})
	return func() *library {
		s := OpenStore(name)
		require.True(t, s.Lasting(), s.Notice())
		opened = append(opened, s)
		return s.(*library)
	}
}

func TestIndexedDBStore(t *testing.T) {
	for _, c := range conformance {
		t.Run(c.name, func(t *testing.T) { c.test(t, opener(t)) })
	}
}

func TestForeignValue(t *testing.T) {
	l := opener(t)()
	s := l.shelf.(*idbShelf)
	require.NoError(t, s.transact(idb.TransactionReadWrite, []string{setsTable}, func(stores map[string]*idb.ObjectStore) error {
		_, err := stores[setsTable].PutKey(js.ValueOf("data:0"), js.ValueOf("text"))
		return err
	}))
	assert.Empty(t, list1(t, l))
	assert.Contains(t, l.Notice(), "damaged")
}

func TestFailedRequestsAbort(t *testing.T) {
	s := opener(t)().shelf.(*idbShelf)
	err := s.transact(idb.TransactionReadWrite, []string{blobsTable}, func(stores map[string]*idb.ObjectStore) error {
		if _, err := stores[blobsTable].PutKey(js.ValueOf("k"), js.ValueOf(1)); err != nil {
			return err
		}
		_, err := stores[blobsTable].PutKey(js.Null(), js.ValueOf(1)) // null is no key
		return err
	})
	require.Error(t, err)
	keys, err := s.keys(blobsTable, "")
	require.NoError(t, err)
	assert.Empty(t, keys)
}

func TestWithoutIndexedDB(t *testing.T) {
	object, global := js.Global().Get("Object"), js.Global()
	before := object.Call("getOwnPropertyDescriptor", global, "indexedDB")
	object.Call("defineProperty", global, "indexedDB", map[string]any{"value": js.Undefined(), "configurable": true})
	s := OpenStore("test without")
	if before.IsUndefined() {
		js.Global().Delete("indexedDB")
	} else {
		object.Call("defineProperty", global, "indexedDB", before)
	}
	require.True(t, js.Global().Get("indexedDB").Truthy(), "it is back")

	assert.False(t, s.Lasting())
	assert.Equal(t, "This browser gives the page no storage (it may be a private window). "+
		"What you import is gone when this tab is closed.", s.Notice())
	info, _ := store(t, s.(*library), 10)
	assert.Equal(t, []Info{info}, list1(t, s.(*library)))
}

// later is migrations and one more.
func later() []func(*idb.Database) error {
	return append(slices.Clone(migrations), createTables("more"))
}

func TestNewerVersionInAnotherTab(t *testing.T) {
	open := opener(t)
	l := open()
	info, records := store(t, l, 300)

	newer, err := openShelf(context.Background(), "test "+t.Name(), later())
	require.NoError(t, err)
	defer newer.close()
	got, err := newLibrary(newer, true, "").Records(info.ID, 0, 300)
	require.NoError(t, err)
	assert.Equal(t, records, got, "nothing is lost")
	require.NoError(t, newer.write(change{put, "more", "k", nil}))

	_, err = l.List()
	assert.Equal(t, "store-closed", ErrorCode(err))

	old := OpenStore("test " + t.Name())
	assert.False(t, old.Lasting())
	assert.Contains(t, old.Notice(), "The storage is of a newer version of this page. Reload the page.")
}

func TestBlockedByAnotherTab(t *testing.T) {
	open := opener(t)
	info, _ := store(t, open(), 10)
	stubborn := js.Global().Get("indexedDB").Call("open", "test "+t.Name()) // a connection that does not heed versionchange
	require.Eventually(t, func() bool { return stubborn.Get("readyState").String() == "done" }, 5*time.Second, 5*time.Millisecond)

	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err := openShelf(ctx, "test "+t.Name(), later())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, "Another tab keeps the storage open in an older version. Close the other tabs of this page and reload.", err.Error())

	stubborn.Get("result").Call("close")
	newer, err := openShelf(context.Background(), "test "+t.Name(), later())
	require.NoError(t, err)
	defer newer.close()
	require.NoError(t, newer.write(change{put, "more", "k", nil}), "the upgrade that was given up has made its table")
	got, err := newLibrary(newer, true, "").Info(info.ID)
	require.NoError(t, err)
	assert.Equal(t, info, got)
}

func TestFailedMigration(t *testing.T) {
	open := opener(t)
	store(t, open(), 10)
	twice := append(slices.Clone(migrations), createTables(setsTable))
	_, err := openShelf(context.Background(), "test "+t.Name(), twice)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "did not open its storage")
}

func TestStoreErrors(t *testing.T) {
	for _, e := range storeErrors {
		err := storeError(idb.NewDOMException(e.exception))
		assert.Equal(t, e.code, ErrorCode(err))
		assert.Equal(t, e.message, err.Error())
	}
	assert.Equal(t, "store", ErrorCode(storeError(idb.NewDOMException("UnknownError"))))
	assert.NoError(t, storeError(nil))
}

// BenchmarkImportTo imports 10,000 comparisons of about 1 kB.
func BenchmarkImportTo(b *testing.B) {
	var content bytes.Buffer
	text := strings.Repeat("words of a response ", 15)
	for i := range 10_000 {
		fmt.Fprintf(&content, `{"prompt":"%d %s","chosen":"good %s","rejected":"bad %s","score_chosen":%d,"score_rejected":2}`+"\n",
			i, text, text, text, 3+i%7)
	}
	b.SetBytes(int64(content.Len()))
	n := 0
	for b.Loop() {
		n++
		s := OpenStore(fmt.Sprint("benchmark ", n))
		_, _, err := ImportTo(s, fileOf("file", content.Bytes()), noProgress)
		require.NoError(b, err)
		require.NoError(b, s.Close())
		_, err = idb.Global().DeleteDatabase(fmt.Sprint("benchmark ", n))
		require.NoError(b, err)
	}
}
