package toy

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// smallest is a model with as few weights as any whose dimensions are all different.
var smallest = Config{Vocabulary: 3, Context: 2, Width: 8, Layers: 1, Heads: 2}

// seal returns the checkpoint with a checksum that fits what comes before, so that a decoder looks further.
func seal(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(slices.Clip(body), sum[:]...)
}

// unsealed returns a copy of the checkpoint without its checksum.
func unsealed(checkpoint []byte) []byte {
	return slices.Clone(checkpoint[:len(checkpoint)-sha256.Size])
}

func TestCheckpointRoundTrip(t *testing.T) {
	k := newKernel(t)
	for name, metadata := range map[string][]byte{"none": {}, "text": []byte(`{"world":"script"}`), "three bytes": {0, 255, 10}} {
		t.Run(name, func(t *testing.T) {
			w := rough(k, Config{Vocabulary: 13, Context: 7, Width: 24, Layers: 3, Heads: 2}, "checkpoint")
			other := rough(k, w.Config, "another")
			w.Data[0], w.Data[1] = float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32
			b := EncodeCheckpoint(metadata, w, other)
			gotMetadata, sets, err := DecodeCheckpoint(k, b)
			require.NoError(t, err)
			require.Len(t, sets, 2)
			assert.Equal(t, w.Config, sets[0].Config)
			assert.Equal(t, w.Fingerprint(), sets[0].Fingerprint())
			assert.Equal(t, other.Fingerprint(), sets[1].Fingerprint())
			assert.Equal(t, metadata, gotMetadata)
			assert.Equal(t, b, EncodeCheckpoint(gotMetadata, sets...))
			before := slices.Clone(b)
			_ = append(gotMetadata, 1, 2, 3, 4)
			assert.Equal(t, before, b, "growing the metadata does not write into the checkpoint")
		})
	}
}

// The format, written down once more: what is in people's browsers must stay readable.
func TestCheckpointLayout(t *testing.T) {
	w := rough(newKernel(t), smallest, "checkpoint")
	b := EncodeCheckpoint([]byte("abc"), w)
	assert.Equal(t, "MARGINS\n\x01\x00\x00\x00"+
		"\x03\x00\x00\x00\x02\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"+
		"\x01\x00\x00\x00\x03\x00\x00\x00abc", string(b[:43]))
	require.Len(t, b, 43+4*len(w.Data)+32)
	for i, x := range w.Data {
		require.Equal(t, math.Float32bits(x), binary.LittleEndian.Uint32(b[43+4*i:]), "weight %d", i)
	}
	sum := sha256.Sum256(b[:len(b)-32])
	assert.Equal(t, sum[:], b[len(b)-32:])
}

// Every cut, every changed byte and every cut with a checksum that fits is refused.
func TestCheckpointDamage(t *testing.T) {
	k := newKernel(t)
	b := EncodeCheckpoint([]byte("metadata"), rough(k, smallest, "checkpoint"))
	refused := func(b []byte, what string, at int) {
		metadata, sets, err := DecodeCheckpoint(k, b)
		require.Error(t, err, "%s %d", what, at)
		require.Nil(t, sets)
		require.Nil(t, metadata)
	}
	for i := range b {
		refused(b[:i], "cut at", i)
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			damaged := slices.Clone(b)
			damaged[i] ^= flip
			refused(damaged, "flipped", i)
		}
	}
	refused(append(slices.Clone(b), 0), "grown to", len(b)+1)
	for i := range len(b) - sha256.Size {
		refused(seal(b[:i]), "sealed at", i)
	}
}

func TestCheckpointErrors(t *testing.T) {
	k := newKernel(t)
	valid := unsealed(EncodeCheckpoint([]byte("metadata"), rough(k, smallest, "checkpoint")))
	// put returns the checkpoint with another number in field i of the header.
	put := func(i int, x uint32) []byte {
		b := slices.Clone(valid)
		binary.LittleEndian.PutUint32(b[8+4*i:], x)
		return seal(b)
	}
	weight := func(i int, x float32) []byte {
		b := slices.Clone(valid)
		binary.LittleEndian.PutUint32(b[len(b)-4*i:], math.Float32bits(x))
		return seal(b)
	}
	const (
		other    = "this is not a checkpoint of Margins"
		checksum = "the checkpoint is damaged: its checksum does not match"
		length   = "the checkpoint is damaged: its length does not fit its dimensions"
		finite   = "the checkpoint holds weights that are not numbers"
	)
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"nothing", nil, other},
		{"text", []byte("prompt,chosen,rejected,score_chosen,score_rejected\nand some more lines of such a table\n"), other},
		{"magic alone", []byte(checkpointMagic), other},
		{"another magic", seal(append([]byte("margins\n"), valid[8:]...)), other},
		{"an older version", put(0, 0), "the checkpoint has format version 0; this program reads version 1"},
		{"a later version", put(0, 2), "the checkpoint has format version 2; this program reads version 1"},
		{"a later version with another end", append(put(0, 2), 1, 2, 3), "the checkpoint has format version 2; this program reads version 1"},
		{"checksum", append(slices.Clone(valid), make([]byte, sha256.Size)...), checksum},
		{"no vocabulary", put(1, 0), "the checkpoint is damaged: a model's vocabulary is between 1 and 65536, not 0"},
		{"a huge context", put(2, 1<<32-1), "the checkpoint is damaged: a model's context is between 1 and 4096, not 4294967295"},
		{"width", put(3, 6), "the checkpoint is damaged: a width of 6 does not divide into 2 heads of a multiple of four"},
		{"layers", put(4, 65), "the checkpoint is damaged: a model's layers is between 1 and 64, not 65"},
		{"heads", put(5, 0), "the checkpoint is damaged: a model's heads is between 1 and 2048, not 0"},
		{"other vocabulary", put(1, 4), length},
		{"other layers", put(4, 64), length},
		{"no set", put(6, 0), length},
		{"another set", put(6, 2), length},
		{"too many sets", put(6, 1<<31), length},
		{"endless metadata", put(7, 1<<32-1), length},
		{"shorter metadata", put(7, 4), length},
		{"metadata a byte shorter", put(7, 7), length},
		{"metadata a byte longer", put(7, 9), length},
		{"a byte more", seal(append(slices.Clone(valid), 0)), length},
		{"a byte less", seal(valid[:len(valid)-1]), length},
		{"a weight more", seal(append(slices.Clone(valid), 0, 0, 0, 0)), length},
		{"last weight NaN", weight(1, nan), finite},
		{"first weight infinite", weight(smallest.parameters(), float32(math.Inf(-1))), finite},
	} {
		t.Run(c.name, func(t *testing.T) {
			metadata, sets, err := DecodeCheckpoint(k, c.b)
			require.EqualError(t, err, c.want)
			assert.Nil(t, sets)
			assert.Nil(t, metadata)
		})
	}
}

// A short file that claims the largest model, 14 GB of weights, takes no memory for it.
func TestCheckpointThatLies(t *testing.T) {
	k := newKernel(t)
	b := EncodeCheckpoint(nil, NewWeights(k, smallest))
	for i, x := range []uint32{maxVocabulary, maxContext, maxWidth, maxLayers, 1, 1, 1<<32 - 1} {
		binary.LittleEndian.PutUint32(b[12+4*i:], x)
	}
	b = seal(unsealed(b))
	var before, after runtime.MemStats
	mark := k.Mark()
	runtime.ReadMemStats(&before)
	_, _, err := DecodeCheckpoint(k, b)
	runtime.ReadMemStats(&after)
	require.ErrorContains(t, err, "its length does not fit")
	assert.Equal(t, mark, k.Mark())
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "bytes")
}

// FuzzDecodeCheckpoint tries bytes as they are, and with a checksum that fits: the decoder refuses them, or they are what it would encode.
func FuzzDecodeCheckpoint(f *testing.F) {
	k := newKernel(f)
	valid := EncodeCheckpoint([]byte("metadata"), rough(k, smallest, "checkpoint"))
	f.Add([]byte{})
	f.Add(valid)
	f.Add(unsealed(valid))
	f.Add(unsealed(EncodeCheckpoint(nil, NewWeights(k, Config{1, 1, 4, 1, 1}))))
	f.Add(valid[:checkpointHeader])
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, seal(b)} {
			mark := k.Mark()
			metadata, sets, err := DecodeCheckpoint(k, b)
			if err != nil {
				require.Nil(t, sets)
			} else {
				require.Equal(t, b, EncodeCheckpoint(metadata, sets...))
			}
			k.Release(mark)
		}
	})
}
