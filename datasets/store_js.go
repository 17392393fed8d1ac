package datasets

import (
	"context"
	"errors"
	"log"
	"slices"
	"strings"
	"syscall/js"
	"time"

	"github.com/hack-pad/go-indexeddb/idb"
)

// openPatience is how long opening may take. It takes longer only if another tab keeps an older version open; IndexedDB would say
// so by an event that the idb package does not pass on.
const openPatience = 5 * time.Second

// migrations brings a database of version i to version i+1. They run within an upgrade, where nothing may be awaited: they create
// and delete tables, and what is in a table is converted when it is read. A released one is never changed.
var migrations = []func(*idb.Database) error{
	createTables(setsTable, chunksTable, draftsTable, blobsTable),
}

func createTables(names ...string) func(*idb.Database) error {
	return func(db *idb.Database) error {
		for _, name := range names {
			if _, err := db.CreateObjectStore(name, idb.ObjectStoreOptions{}); err != nil {
				return err
			}
		}
		return nil
	}
}

// OpenStore opens the browser's store of that name, an IndexedDB database, and asks the browser to keep it. Where that is not
// possible it returns a store in memory whose notice says why. A program opens a store once: each opening keeps some memory.
func OpenStore(name string) Store {
	ctx, cancel := context.WithTimeout(context.Background(), openPatience)
	defer cancel()
	s, err := openShelf(ctx, name, migrations)
	if err != nil {
		return NewMemoryStore(err.Error() + " What you import is gone when this tab is closed.")
	}
	askToPersist()
	return newLibrary(s, true, "")
}

// openShelf opens a database and brings it to the version of the last migration. Its errors are sentences for people.
func openShelf(ctx context.Context, name string, migrations []func(*idb.Database) error) (shelf, error) {
	if !js.Global().Get("indexedDB").Truthy() { // idb would panic
		return nil, &Error{Code: "store", Message: "This browser gives the page no storage (it may be a private window)."}
	}
	var upgradeError error
	upgrade := func(db *idb.Database, from, to uint) error {
		for _, m := range migrations[from:to] {
			upgradeError = errors.Join(upgradeError, m(db))
		}
		return nil // an error would become a panic
	}
	// Not ctx: when that ended, the request would lose its upgrade but not stop, and leave a new version without its tables.
	listening, stop := context.WithCancel(context.Background())
	request, err := idb.Global().Open(listening, name, uint(len(migrations)), upgrade)
	if err != nil {
		stop()
		return nil, openError(err)
	}
	db, err := request.Await(ctx)
	if ctx.Err() != nil { // Await itself returns no error then
		go func() {
			defer stop()
			closeLate(request)
		}()
		return nil, openError(ctx.Err())
	}
	stop()
	if err == nil && upgradeError != nil {
		err = errors.Join(upgradeError, db.Close())
	}
	if err != nil {
		return nil, openError(err)
	}
	return &idbShelf{db: db}, nil
}

// closeLate closes a database that opens after nobody waits for it any more, so that it does not stand in the way of other tabs.
func closeLate(request *idb.OpenDBRequest) {
	if db, err := request.Await(context.Background()); err == nil {
		_ = db.Close() // nobody is left who could be told
	}
}

func openError(err error) error {
	message := "This browser did not open its storage for the page (" + err.Error() + ")."
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		message = "Another tab keeps the storage open in an older version. Close the other tabs of this page and reload."
	case isException(err, "VersionError"):
		message = "The storage is of a newer version of this page. Reload the page."
	}
	return &Error{"store", message, err}
}

// askToPersist asks the browser not to evict the page's storage when the disk is full. Most browsers offer that only to the page
// itself and not to a worker.
func askToPersist() {
	navigator := js.Global().Get("navigator")
	if !navigator.Truthy() {
		return
	}
	storage := navigator.Get("storage")
	if !storage.Truthy() || storage.Get("persist").Type() != js.TypeFunction {
		return
	}
	// Whatever the answer, nothing changes here; Boolean is a function at hand that does nothing.
	storage.Call("persist").Call("catch", js.Global().Get("Boolean"))
}

// idbShelf is a shelf in IndexedDB: an object store a table, keys are strings and values Uint8Arrays. Every method is one
// transaction, whose requests are all made at once and waited for together: waiting for anything else in between would commit it.
type idbShelf struct{ db *idb.Database }

func (s *idbShelf) get(table string, keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	if len(keys) == 0 {
		return values, nil
	}
	requests := make([]*idb.Request, len(keys))
	err := s.transact(idb.TransactionReadOnly, []string{table}, func(stores map[string]*idb.ObjectStore) (err error) {
		for i, key := range keys {
			if requests[i], err = stores[table].Get(js.ValueOf(key)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, request := range requests {
		if values[i], err = bytesOf(request); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// bytesOf returns the bytes that a finished request has found, nil if it has found nothing.
func bytesOf(request *idb.Request) ([]byte, error) {
	value, err := request.Result()
	if err != nil {
		return nil, storeError(err)
	}
	if value.IsUndefined() {
		return nil, nil
	}
	if !value.InstanceOf(js.Global().Get("Uint8Array")) {
		return []byte{}, nil // not ours: the decoder calls it damaged
	}
	b := make([]byte, value.Get("byteLength").Int())
	js.CopyBytesToGo(b, value)
	return b, nil
}

func (s *idbShelf) keys(table, prefix string) ([]string, error) {
	var request *idb.ArrayRequest
	err := s.transact(idb.TransactionReadOnly, []string{table}, func(stores map[string]*idb.ObjectStore) (err error) {
		if prefix == "" {
			request, err = stores[table].GetAllKeys()
			return err
		}
		low, high := prefixBounds(prefix)
		r, err := idb.NewKeyRangeBound(low, high, false, true)
		if err != nil {
			return err
		}
		request, err = stores[table].GetAllKeysRange(r, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	values, err := request.Result()
	if err != nil {
		return nil, storeError(err)
	}
	keys := make([]string, len(values))
	for i, v := range values {
		keys[i] = v.String()
	}
	return keys, nil
}

// prefixBounds returns the least string with that prefix and the least one after all of them. Prefixes are ASCII.
func prefixBounds(prefix string) (low, high js.Value) {
	last := len(prefix) - 1
	return js.ValueOf(prefix), js.ValueOf(prefix[:last] + string(rune(prefix[last]+1)))
}

func (s *idbShelf) write(changes ...change) error {
	var tables []string
	for _, c := range changes {
		if !slices.Contains(tables, c.table) {
			tables = append(tables, c.table)
		}
	}
	return s.transact(idb.TransactionReadWrite, tables, func(stores map[string]*idb.ObjectStore) error {
		for _, c := range changes {
			if err := c.request(stores[c.table]); err != nil {
				return err
			}
		}
		return nil
	})
}

// request asks for the change; whether it succeeds, the transaction tells.
func (c change) request(store *idb.ObjectStore) (err error) {
	switch c.do {
	case put:
		_, err = store.PutKey(js.ValueOf(c.key), uint8Array(c.value))
	case add:
		_, err = store.AddKey(js.ValueOf(c.key), uint8Array(c.value))
	case remove:
		_, err = store.Delete(js.ValueOf(c.key))
	case removeAll:
		low, high := prefixBounds(c.key)
		// JavaScript's delete takes a range as well as a key; idb has no method of its own for that.
		_, err = store.Delete(js.Global().Get("IDBKeyRange").Call("bound", low, high, false, true))
	}
	return err
}

func uint8Array(b []byte) js.Value {
	array := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(array, b)
	return array
}

// transact opens a transaction on tables, lets ask make its requests, and waits until the transaction is complete. If it returns
// an error, the transaction has changed nothing.
func (s *idbShelf) transact(mode idb.TransactionMode, tables []string, ask func(map[string]*idb.ObjectStore) error) error {
	txn, err := s.db.Transaction(mode, tables[0], tables[1:]...)
	if err != nil {
		return storeError(err)
	}
	stores := map[string]*idb.ObjectStore{}
	for _, table := range tables {
		if stores[table], err = txn.ObjectStore(table); err != nil {
			break
		}
	}
	if err == nil {
		err = ask(stores)
	}
	if err != nil {
		if abortErr := txn.Abort(); abortErr != nil {
			log.Print("datasets: ", abortErr)
		}
		return storeError(err)
	}
	return storeError(txn.Await(context.Background()))
}

// storeErrors says what the exceptions of IndexedDB mean to a visitor.
var storeErrors = []struct{ exception, code, message string }{
	{"QuotaExceededError", "quota", "The browser's storage is full. Delete a data set, or free space on the disk, and try again."},
	{"InvalidStateError", "store-closed", "Another tab opened a newer version of this page and took over the storage. Reload this tab."},
	{"NotReadableError", "corrupt", "A record in the browser's storage cannot be read. Import its file again."},
	{"DataError", "corrupt", "A record in the browser's storage cannot be read. Import its file again."},
}

func storeError(err error) error {
	if err == nil || errors.As(err, new(*Error)) {
		return err
	}
	if isException(err, "ConstraintError") {
		return errExists
	}
	for _, e := range storeErrors {
		if isException(err, e.exception) {
			return &Error{e.code, e.message, err}
		}
	}
	return &Error{"store", "The browser's storage failed: " + strings.TrimSuffix(err.Error(), ".") + ".", err}
}

func (s *idbShelf) close() error { return storeError(s.db.Close()) }

// isException says whether err is the DOMException of that name: one that a request ended with or, which idb wraps in another type,
// one that was thrown.
func isException(err error, name string) bool {
	var thrown js.Error
	if errors.As(err, &thrown) && thrown.Value.Type() == js.TypeObject {
		return thrown.Value.Get("name").String() == name
	}
	return errors.Is(err, idb.NewDOMException(name))
}
