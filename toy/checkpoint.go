package toy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"margins/repro"
	"margins/toy/kernel"
)

// A checkpoint is, all little-endian: the magic, its version (uint32), the configuration's five dimensions (uint32), how many sets of
// weights there are (uint32: a model alone is one; with its training state, several), the length of the metadata (uint32) and the metadata
// (any bytes; its meaning is the caller's), the sets (float32, in the order of Weights.Tensors), and the SHA-256 of all that comes before.
const (
	checkpointMagic   = "MARGINS\n"
	checkpointVersion = 1
	checkpointFields  = 8 // uint32s of the header
	checkpointHeader  = len(checkpointMagic) + 4*checkpointFields
	maxCheckpointSets = 16
)

// EncodeCheckpoint returns metadata and sets of weights of one size as a checkpoint. Weights with a scalar head are a programmer's error
// and panic: the format has no place for them.
func EncodeCheckpoint(metadata []byte, sets ...*Weights) []byte {
	if sets[0].scalar {
		panic("toy: a checkpoint holds language models only")
	}
	c := sets[0].Config
	b := append(make([]byte, 0, checkpointHeader+len(metadata)+4*len(sets)*len(sets[0].Data)+repro.HashSize), checkpointMagic...)
	for _, x := range [checkpointFields]int{checkpointVersion, c.Vocabulary, c.Context, c.Width, c.Layers, c.Heads, len(sets), len(metadata)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	b = append(b, metadata...)
	for _, w := range sets {
		b = appendFloats(b, w.Data)
	}
	sum := repro.Sum256(b)
	return append(b, sum[:]...)
}

// DecodeCheckpoint reads what EncodeCheckpoint wrote into new weights. Anything else is an error that says what is wrong.
func DecodeCheckpoint(k *kernel.Kernel, b []byte) (metadata []byte, sets []*Weights, err error) {
	config, count, metadata, floats, err := openCheckpoint(b)
	if err != nil {
		return nil, nil, err
	}
	for range count {
		w := NewWeights(k, config)
		readFloats(w.Data, floats)
		if !w.Finite(k) {
			return nil, nil, errors.New("the checkpoint holds weights that are not numbers")
		}
		sets, floats = append(sets, w), floats[4*len(w.Data):]
	}
	return metadata, sets, nil
}

// IsCheckpoint tells whether b begins as a checkpoint does; the rest may still be damaged.
func IsCheckpoint(b []byte) bool { return bytes.HasPrefix(b, []byte(checkpointMagic)) }

// CheckpointMetadata returns a checkpoint's metadata alone. Its errors are DecodeCheckpoint's.
func CheckpointMetadata(b []byte) ([]byte, error) {
	_, _, metadata, _, err := openCheckpoint(b)
	return metadata, err
}

// openCheckpoint checks a checkpoint and takes it apart.
func openCheckpoint(b []byte) (config Config, count int, metadata, floats []byte, err error) {
	refuse := func(format string, args ...any) (Config, int, []byte, []byte, error) {
		return Config{}, 0, nil, nil, fmt.Errorf(format, args...)
	}
	if len(b) < checkpointHeader+repro.HashSize || !IsCheckpoint(b) {
		return refuse("this is not a checkpoint of Margins")
	}
	body, sum := b[:len(b)-repro.HashSize], b[len(b)-repro.HashSize:]
	var header [checkpointFields]int
	for i := range header {
		header[i] = int(binary.LittleEndian.Uint32(body[len(checkpointMagic)+4*i:]))
	}
	if header[0] != checkpointVersion {
		return refuse("the checkpoint has format version %d; this program reads version %d", header[0], checkpointVersion)
	}
	if actual := repro.Sum256(body); !bytes.Equal(actual[:], sum) {
		return refuse("the checkpoint is damaged: its checksum does not match")
	}
	config, count, size := Config{header[1], header[2], header[3], header[4], header[5]}, header[6], header[7]
	if err := config.Validate(); err != nil {
		return refuse("the checkpoint is damaged: %w", err)
	}
	rest := body[checkpointHeader:]
	if count < 1 || count > maxCheckpointSets || size > len(rest) || len(rest)-size != 4*count*config.parameters() {
		return refuse("the checkpoint is damaged: its length does not fit its dimensions")
	}
	return config, count, rest[:size:size], rest[size:], nil
}

// parameters returns how many numbers a model of this size has.
func (c Config) parameters() int {
	w := Weights{Config: c, Layers: make([]LayerWeights, c.Layers)}
	return size(w.layout())
}

// size returns how many numbers the tensors have in all.
func size(tensors []Tensor) (n int) {
	for _, t := range tensors {
		n += t.Rows * t.Cols
	}
	return n
}

func appendFloats(b []byte, x []float32) []byte {
	at := len(b)
	b = slices.Grow(b, 4*len(x))[:at+4*len(x)]
	for i, f := range x {
		binary.LittleEndian.PutUint32(b[at+4*i:], math.Float32bits(f))
	}
	return b
}

func readFloats(dst []float32, b []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
}
