package toy

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"margins/toy/kernel"
)

// A checkpoint is, all little-endian: the magic, its version (uint32), the configuration's five dimensions (uint32), the length of the
// metadata (uint32) and the metadata (any bytes; its meaning is the caller's), the weights (float32, in the order of Weights.Tensors),
// and the SHA-256 of all that comes before.
const (
	checkpointMagic   = "MARGINS\n"
	checkpointVersion = 1
	checkpointHeader  = len(checkpointMagic) + 4*7
)

// EncodeCheckpoint returns w and metadata as a checkpoint.
func EncodeCheckpoint(w *Weights, metadata []byte) []byte {
	b := append(make([]byte, 0, checkpointHeader+len(metadata)+4*len(w.Data)+sha256.Size), checkpointMagic...)
	c := w.Config
	for _, x := range []int{checkpointVersion, c.Vocabulary, c.Context, c.Width, c.Layers, c.Heads, len(metadata)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	b = appendFloats(append(b, metadata...), w.Data)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// DecodeCheckpoint reads what EncodeCheckpoint wrote into new weights. Anything else is an error that says what is wrong.
func DecodeCheckpoint(k *kernel.Kernel, b []byte) (w *Weights, metadata []byte, err error) {
	if len(b) < checkpointHeader+sha256.Size || !bytes.HasPrefix(b, []byte(checkpointMagic)) {
		return nil, nil, errors.New("this is not a checkpoint of Margins")
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	var header [7]int
	for i := range header {
		header[i] = int(binary.LittleEndian.Uint32(body[len(checkpointMagic)+4*i:]))
	}
	if header[0] != checkpointVersion {
		return nil, nil, fmt.Errorf("the checkpoint has format version %d; this program reads version %d", header[0], checkpointVersion)
	}
	if actual := sha256.Sum256(body); !bytes.Equal(actual[:], sum) {
		return nil, nil, errors.New("the checkpoint is damaged: its checksum does not match")
	}
	config := Config{header[1], header[2], header[3], header[4], header[5]}
	if err := config.Validate(); err != nil {
		return nil, nil, fmt.Errorf("the checkpoint is damaged: %w", err)
	}
	rest := body[checkpointHeader:]
	if header[6] > len(rest) || config.parameters() != (len(rest)-header[6])/4 || (len(rest)-header[6])%4 != 0 {
		return nil, nil, errors.New("the checkpoint is damaged: its length does not fit its dimensions")
	}
	w = NewWeights(k, config)
	readFloats(w.Data, rest[header[6]:])
	if !w.Finite(k) {
		return nil, nil, errors.New("the checkpoint holds weights that are not numbers")
	}
	return w, rest[:header[6]:header[6]], nil
}

// parameters returns how many numbers a model of this size has.
func (c Config) parameters() (n int) {
	w := Weights{Config: c, Layers: make([]LayerWeights, c.Layers)}
	for _, t := range w.layout() {
		n += t.Rows * t.Cols
	}
	return n
}

func appendFloats(b []byte, x []float32) []byte {
	for _, f := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

func readFloats(dst []float32, b []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
}
