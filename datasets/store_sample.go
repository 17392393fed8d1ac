package datasets

import (
	"fmt"
	"maps"
	"slices"
	"sort"
)

// each reads the chunks of those numbers, a few at a time, and hands the records of each to do, with the scores of the file's own scale.
func (l *library) each(e *setEntry, numbers []int, do func(chunk int, records []Record)) error {
	for batch := range slices.Chunk(numbers, readChunks) {
		keys := make([]string, len(batch))
		for i, number := range batch {
			keys[i] = chunkKey(e.Body, number)
		}
		chunks, err := l.shelf.get(chunksTable, keys...)
		if err != nil {
			return err
		}
		for i, number := range batch {
			records, err := e.decode(number, chunks[i])
			if err != nil {
				return err
			}
			do(number, records)
		}
	}
	return nil
}

// numbers returns the numbers of all chunks.
func (e *setEntry) numbers() []int {
	all := make([]int, len(e.Starts))
	for i := range all {
		all[i] = i
	}
	return all
}

// chunkOf returns the number of the chunk that a record is in.
func (e *setEntry) chunkOf(record int) int { return sort.SearchInts(e.Starts, record+1) - 1 }

func (l *library) Prompts(id string) ([]uint64, error) {
	e, err := l.entry(id)
	if err != nil {
		return nil, err
	}
	values, err := l.shelf.get(chunksTable, promptsKey(e.Body))
	if err != nil {
		return nil, err
	}
	if hashes, ok := decodePrompts(values[0], e.Info.Records); ok {
		return hashes, nil
	}
	hashes := make([]uint64, 0, e.Info.Records)
	err = l.each(&e, e.numbers(), func(_ int, records []Record) {
		for i := range records {
			hashes = append(hashes, PromptHash(records[i].Prompt))
		}
	})
	if err != nil {
		return nil, err
	}
	// If the index cannot be mended now, it is made anew the next time.
	_ = l.write(change{do: put, table: chunksTable, key: promptsKey(e.Body), value: encodePrompts(hashes)})
	return hashes, nil
}

func (l *library) Sample(id string, numbers []int) ([]byte, error) {
	e, err := l.entry(id)
	if err != nil {
		return nil, err
	}
	wanted := map[int][]int{} // by chunk: places in the sample
	for place, number := range numbers {
		if number < 0 || number >= e.Info.Records {
			panic(fmt.Sprintf("datasets: sample of record %d of %d", number, e.Info.Records))
		}
		chunk := e.chunkOf(number)
		wanted[chunk] = append(wanted[chunk], place)
	}
	sample := make([]Record, len(numbers))
	err = l.each(&e, slices.Sorted(maps.Keys(wanted)), func(chunk int, records []Record) {
		for _, place := range wanted[chunk] {
			sample[place] = records[numbers[place]-e.Starts[chunk]]
		}
	})
	if err != nil {
		return nil, err
	}
	return EncodeData(e.Info.Scale, EncodeChunk(sample)), nil
}
