package mmpo

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"margins/datasets"
	"margins/repro"
)

// heldOutShare is one part in how many of an imported data set's prompts is never trained on.
const heldOutShare = 8

// isHeldOut tells on which side of the split a prompt is, from its datasets.PromptHash alone.
func isHeldOut(prompt uint64) bool {
	// FNV's low bits of short texts are uneven; a stream's first draw is not.
	return repro.Stream(prompt, "split").IntN(heldOutShare) == 0
}

// sides divides the numbers of records by their prompts, so that no prompt is on both sides.
func sides(prompts []uint64) (train, heldOut []int) {
	for i, prompt := range prompts {
		if isHeldOut(prompt) {
			heldOut = append(heldOut, i)
		} else {
			train = append(train, i)
		}
	}
	return train, heldOut
}

// Draw returns which records of an imported data set e's pairs are made of: the numbers of those to learn from, drawn by the seed, then of
// those to measure on. Prompts are the datasets.PromptHash of each record's prompt; nothing else of the records decides.
func Draw(e Experiment, prompts []uint64) []int {
	train, heldOut := sides(prompts)
	return append(pick(repro.Stream(e.Seed, "data"), train, e.Pairs), pick(repro.Stream(e.Seed, "heldout"), heldOut, heldOutPairs)...)
}

// pick returns n of the numbers, or all if there are fewer, in a random order.
func pick(rng *rand.Rand, numbers []int, n int) []int {
	picked := make([]int, min(n, len(numbers)))
	for i, at := range rng.Perm(len(numbers))[:len(picked)] {
		picked[i] = numbers[at]
	}
	return picked
}

// Source is an imported data set of which only what is needed is read.
type Source interface {
	// Prompts returns the datasets.PromptHash of each record's prompt.
	Prompts() ([]uint64, error)
	// Sample returns the records of those numbers, from 0, in that order.
	Sample(numbers []int) ([]datasets.Record, error)
}

// Memory is a Source of records that were read already.
type Memory []datasets.Record

// Prompts hashes the records' prompts.
func (m Memory) Prompts() ([]uint64, error) {
	prompts := make([]uint64, len(m))
	for i := range m {
		prompts[i] = datasets.PromptHash(m[i].Prompt)
	}
	return prompts, nil
}

// Sample returns the records themselves.
func (m Memory) Sample(numbers []int) ([]datasets.Record, error) {
	sample := make([]datasets.Record, len(numbers))
	for i, n := range numbers {
		sample[i] = m[n]
	}
	return sample, nil
}

// readRecords is how many records are read at a time where all are needed once: eight chunks of the store's.
const readRecords = 8 * datasets.ChunkRecords

// texts yields all that the records of those numbers say, and reads them in parts. The caller looks at failed when it is through.
func texts(source Source, numbers []int, stop func() bool, failed *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range slices.Chunk(numbers, readRecords) {
			if stop() {
				*failed = ErrCanceled
				return
			}
			records, err := source.Sample(part)
			if err != nil {
				*failed = err
				return
			}
			for _, r := range records {
				if !yield(r.Prompt) || !yield(r.Chosen) || !yield(r.Rejected) {
					return
				}
			}
		}
	}
}

// importedTexts returns what a reference of imported records is fitted to: their words decide the vocabulary, and as many of the training
// records as the steps will read are drawn beforehand. Stop asks whether to stop.
func importedTexts(id string, source Source, stop func() bool) (fitting, *datasets.Vocabulary, error) {
	prompts, err := source.Prompts()
	if err != nil {
		return fitting{}, nil, err
	}
	if len(prompts) == 0 {
		return fitting{}, nil, fmt.Errorf("there are no records of %s to fit a reference to", id)
	}
	train, heldOut := sides(prompts)
	if len(train) == 0 || len(heldOut) == 0 {
		return fitting{}, nil, errors.New("the data set has too few prompts: some are needed to learn from and others to test on")
	}
	vocabulary := datasets.BuildVocabulary(texts(source, train, stop, &err), importTokens)
	if err != nil {
		return fitting{}, nil, err
	}
	var queue []int
	order := deal(repro.Stream(referenceSeed, "order"), &queue, importFitSteps*importFitBatch, 2*len(train))
	learn, err := halves(source, train, order)
	if err != nil {
		return fitting{}, nil, err
	}
	check, err := halves(source, heldOut, indices(min(fitCheckSamples, 2*len(heldOut))))
	if err != nil {
		return fitting{}, nil, err
	}
	encoder := encoder{vocabulary: vocabulary}
	f := fitting{steps: importFitSteps, batch: importFitBatch}
	f.next = func() text {
		next := learn[0]
		learn = learn[1:]
		return encoder.text(next.record, next.rejected)
	}
	for _, c := range check {
		f.check = append(f.check, encoder.text(c.record, c.rejected))
	}
	return f, vocabulary, nil
}

// half is a record and which of its two responses is read.
type half struct {
	record   *datasets.Record
	rejected bool
}

// halves returns the places of order: 2i stands for the chosen response of the i-th number's record, 2i+1 for the rejected one. A record
// is read once, however often it occurs.
func halves(source Source, numbers, order []int) ([]half, error) {
	at, wanted := map[int]int{}, []int(nil)
	for _, o := range order {
		if _, ok := at[o/2]; !ok {
			at[o/2] = len(wanted)
			wanted = append(wanted, numbers[o/2])
		}
	}
	records, err := source.Sample(wanted)
	if err != nil {
		return nil, err
	}
	all := make([]half, len(order))
	for i, o := range order {
		all[i] = half{&records[at[o/2]], o%2 == 1}
	}
	return all, nil
}
