package toy

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"margins/toy/kernel"
)

// A safetensors file (Hugging Face's format for weights) is the length of its header as a little-endian uint64, the header, and the
// tensors' numbers. The header is a JSON object, padded with spaces so that the numbers begin at a multiple of eight bytes: under a
// tensor's name its dtype, its shape, and where its numbers begin and end, counted from the end of the header; under "__metadata__"
// texts by name. Numbers are little-endian and row-major; tensors follow each other without a gap.
const (
	safetensorsPrefix   = 8     // bytes of the header's length
	safetensorsAlign    = 8     // bytes
	safetensorsDType    = "F32" // the only one that a model of this package has
	safetensorsMetadata = "__metadata__"
	maxSafetensorsJSON  = 1 << 20 // bytes; the header of the largest model takes a tenth of it
)

// The metadata that EncodeSafetensors writes and DecodeSafetensors reads.
const (
	metaConfig      = "config"      // the Config as JSON
	metaFingerprint = "fingerprint" // Weights.Fingerprint
)

// safetensor is a header's entry of one tensor.
type safetensor struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets []int  `json:"data_offsets"` // begin and end, bytes
}

// shape returns t's dimensions: a vector has one.
func (t Tensor) shape() []int {
	if t.Matrix() {
		return []int{t.Rows, t.Cols}
	}
	return []int{t.Cols}
}

// EncodeSafetensors returns w as a safetensors file. Beside metadata, which may be nil, the file says w's configuration ("config", as
// JSON) and its fingerprint ("fingerprint"). Weights with a scalar head are a programmer's error and panic, as in a checkpoint.
func EncodeSafetensors(metadata map[string]string, w *Weights) []byte {
	if w.scalar {
		panic("toy: a safetensors file holds language models only")
	}
	config, err := json.Marshal(w.Config)
	if err != nil {
		panic("toy: " + err.Error()) // whole numbers always marshal
	}
	texts := map[string]string{}
	maps.Copy(texts, metadata)
	texts[metaConfig], texts[metaFingerprint] = string(config), w.Fingerprint()
	entries, at := map[string]any{safetensorsMetadata: texts}, 0
	for _, t := range w.Tensors() {
		end := at + 4*len(t.Data)
		entries[t.Name], at = safetensor{safetensorsDType, t.shape(), []int{at, end}}, end
	}
	header, err := json.Marshal(entries)
	if err != nil {
		panic("toy: " + err.Error()) // texts and whole numbers always marshal
	}
	header = append(header, bytes.Repeat([]byte(" "), (safetensorsAlign-len(header)%safetensorsAlign)%safetensorsAlign)...)
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, safetensorsPrefix+len(header)+at), uint64(len(header)))
	return appendFloats(append(b, header...), w.Data)
}

// DecodeSafetensors reads a safetensors file with the weights of a model of this package, as EncodeSafetensors writes them, into new
// weights, and returns them with all of its metadata. The tensors may lie in any order. Anything else, such as another model's file, is
// an error that says what is wrong.
func DecodeSafetensors(k *kernel.Kernel, b []byte) (metadata map[string]string, w *Weights, err error) {
	header, data, err := splitSafetensors(b)
	if err != nil {
		return nil, nil, err
	}
	metadata, entries, err := readSafetensorsHeader(header)
	if err != nil {
		return nil, nil, err
	}
	config, err := metadataConfig(metadata)
	if err != nil {
		return nil, nil, err
	}
	if err := config.checkSafetensors(entries, len(data)); err != nil {
		return nil, nil, err
	}
	w = NewWeights(k, config)
	for _, t := range w.Tensors() {
		readFloats(t.Data, data[entries[t.Name].Offsets[0]:])
	}
	if !w.Finite(k) {
		return nil, nil, errors.New("the safetensors file holds weights that are not numbers")
	}
	if claimed, ok := metadata[metaFingerprint]; ok && claimed != w.Fingerprint() {
		return nil, nil, errors.New("the safetensors file is damaged: its weights do not have the fingerprint that it says")
	}
	return metadata, w, nil
}

// splitSafetensors returns the file's header and its tensors' numbers.
func splitSafetensors(b []byte) (header, data []byte, err error) {
	if len(b) < safetensorsPrefix {
		return nil, nil, fmt.Errorf("this is not a safetensors file: it has %d bytes, fewer than the %d of its header's length",
			len(b), safetensorsPrefix)
	}
	size, rest := binary.LittleEndian.Uint64(b), b[safetensorsPrefix:]
	switch {
	case size > maxSafetensorsJSON:
		return nil, nil, fmt.Errorf("this is not a safetensors file with weights of Margins: its header would have %d bytes, more than %d",
			size, maxSafetensorsJSON)
	case size > uint64(len(rest)):
		return nil, nil, fmt.Errorf("the safetensors file is cut off: its header has %d bytes, and %d are there", size, len(rest))
	}
	return rest[:size], rest[size:], nil
}

// readSafetensorsHeader returns the header's texts and tensors.
func readSafetensorsHeader(header []byte) (metadata map[string]string, entries map[string]safetensor, err error) {
	if !bytes.HasPrefix(header, []byte("{")) || !json.Valid(header) {
		return nil, nil, errors.New("this is not a safetensors file: its header is not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(header))
	_, _ = d.Token() // the brace: of valid JSON every token can be read
	entries = map[string]safetensor{}
	for d.More() {
		token, _ := d.Token()
		name, entry := token.(string), safetensor{}
		if _, twice := entries[name]; twice || name == safetensorsMetadata && metadata != nil {
			return nil, nil, fmt.Errorf("the safetensors file's header has %q twice", name)
		}
		if name == safetensorsMetadata {
			if d.Decode(&metadata) != nil || metadata == nil {
				return nil, nil, fmt.Errorf("the safetensors file's %s does not hold texts by name", safetensorsMetadata)
			}
			continue
		}
		if d.Decode(&entry) != nil || len(entry.Offsets) != 2 {
			return nil, nil, fmt.Errorf("the safetensors file's header does not say the dtype, the shape and the place of %q", name)
		}
		entries[name] = entry
	}
	return metadata, entries, nil
}

// metadataConfig returns the configuration that a file's metadata says.
func metadataConfig(metadata map[string]string) (c Config, err error) {
	text, ok := metadata[metaConfig]
	if !ok {
		return c, errors.New("the safetensors file does not say the model's configuration, so it is not one of Margins")
	}
	if json.Unmarshal([]byte(text), &c) != nil {
		return c, errors.New("the safetensors file's configuration cannot be read")
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("the safetensors file's configuration is not possible: %w", err)
	}
	return c, nil
}

// checkSafetensors returns an error unless entries are the tensors of a model of this size, and fill that many bytes of data.
func (c Config) checkSafetensors(entries map[string]safetensor, size int) error {
	model := Weights{Config: c, Layers: make([]LayerWeights, c.Layers)}
	rest := maps.Clone(entries)
	for _, t := range model.layout() {
		e, ok := entries[t.Name]
		delete(rest, t.Name)
		switch {
		case !ok:
			return fmt.Errorf("the safetensors file has no tensor %q", t.Name)
		case e.DType != safetensorsDType:
			return fmt.Errorf("the safetensors file's tensor %q is of dtype %q, not %s", t.Name, e.DType, safetensorsDType)
		case !slices.Equal(e.Shape, t.shape()):
			return fmt.Errorf("the safetensors file's tensor %q has the shape %v; its configuration asks for %v", t.Name, e.Shape, t.shape())
		case !e.holds(4*t.Rows*t.Cols, size):
			return fmt.Errorf("the safetensors file's tensor %q takes %d bytes and cannot lie from %d to %d of %d", t.Name, 4*t.Rows*t.Cols,
				e.Offsets[0], e.Offsets[1], size)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		return fmt.Errorf("the safetensors file has a tensor %q, which its configuration does not", name)
	}
	return checkOffsets(entries, size)
}

// holds tells whether a tensor lies within size bytes of data and takes n of them.
func (e safetensor) holds(n, size int) bool {
	begin, end := e.Offsets[0], e.Offsets[1]
	return 0 <= begin && begin <= end && end <= size && end-begin == n
}

// checkOffsets returns an error unless each tensor begins where another ends, the first at 0, and the last ends with the data.
func checkOffsets(entries map[string]safetensor, size int) error {
	names := slices.SortedFunc(maps.Keys(entries), func(a, b string) int { return cmp.Compare(entries[a].Offsets[0], entries[b].Offsets[0]) })
	end := 0
	for _, name := range names {
		switch begin := entries[name].Offsets[0]; {
		case begin < end:
			return fmt.Errorf("the safetensors file's tensor %q begins at byte %d, within another that ends at %d", name, begin, end)
		case begin > end:
			return fmt.Errorf("the safetensors file's tensor %q begins at byte %d, after a gap from %d on", name, begin, end)
		}
		end = entries[name].Offsets[1]
	}
	if end != size {
		return fmt.Errorf("the safetensors file's tensors end at byte %d of %d", end, size)
	}
	return nil
}
