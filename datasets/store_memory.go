package datasets

import (
	"slices"
	"strings"
)

// NewMemoryStore returns a store that lives as long as the program: for tests, for programs without a browser, and for browsers that
// give no storage. The notice is what Notice returns.
func NewMemoryStore(notice string) Store { return newLibrary(memoryShelf{}, false, notice) }

// memoryShelf keeps the values by table and key.
type memoryShelf map[[2]string][]byte

func (m memoryShelf) get(table string, keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if value, ok := m[[2]string{table, key}]; ok {
			values[i] = append([]byte{}, value...)
		}
	}
	return values, nil
}

func (m memoryShelf) keys(table, prefix string) ([]string, error) {
	var keys []string
	for at := range m {
		if at[0] == table && strings.HasPrefix(at[1], prefix) {
			keys = append(keys, at[1])
		}
	}
	slices.Sort(keys)
	return keys, nil
}

func (m memoryShelf) write(changes ...change) error {
	for _, c := range changes { // all are checked before the first is made
		if _, there := m[[2]string{c.table, c.key}]; c.do == add && there {
			return errExists
		}
	}
	for _, c := range changes {
		switch c.do {
		case put, add:
			m[[2]string{c.table, c.key}] = append([]byte{}, c.value...)
		case remove:
			delete(m, [2]string{c.table, c.key})
		case removeAll:
			keys, _ := m.keys(c.table, c.key)
			for _, key := range keys {
				delete(m, [2]string{c.table, key})
			}
		}
	}
	return nil
}

func (m memoryShelf) close() error { return nil }
