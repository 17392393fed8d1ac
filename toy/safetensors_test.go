package toy

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSafetensorsRoundTrip(t *testing.T) {
	k := newKernel(t)
	w := rough(k, Config{Vocabulary: 13, Context: 7, Width: 24, Layers: 3, Heads: 2}, "safetensors")
	w.Data[0], w.Data[1] = float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32
	given := map[string]string{"step": "12", "note": "<\"\u00e9\n>"}
	b := EncodeSafetensors(given, w)
	metadata, again, err := DecodeSafetensors(k, b)
	require.NoError(t, err)
	assert.Equal(t, w.Config, again.Config)
	assert.Equal(t, w.Fingerprint(), again.Fingerprint())
	assert.Equal(t, w.Fingerprint(), metadata["fingerprint"])
	assert.Equal(t, "<\"\u00e9\n>", metadata["note"])
	assert.Len(t, given, 2, "the caller's texts are left alone")
	assert.Equal(t, b, EncodeSafetensors(metadata, again), "what was read is written alike")
}

// The format, written down once more by hand, for the tensors at both ends.
func TestSafetensorsLayout(t *testing.T) {
	w := rough(newKernel(t), smallest, "safetensors")
	b := EncodeSafetensors(nil, w)
	size := binary.LittleEndian.Uint64(b)
	assert.Zero(t, (8+size)%8, "the numbers are aligned")
	header := string(b[8 : 8+size])
	config := `{\"vocabulary\":3,\"context\":2,\"width\":8,\"layers\":1,\"heads\":2}`
	assert.True(t, strings.HasPrefix(header, `{"__metadata__":{"config":"`+config+`","fingerprint":"`+w.Fingerprint()+`"},`), header)
	assert.Contains(t, header, `"wte":{"dtype":"F32","shape":[3,8],"data_offsets":[0,96]}`)
	assert.Contains(t, header, `"wpe":{"dtype":"F32","shape":[2,8],"data_offsets":[96,160]}`)
	assert.Contains(t, header, `"layers.0.ln1.gain":{"dtype":"F32","shape":[8],"data_offsets":[160,192]}`)
	end := 4 * len(w.Data)
	var entries map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(header), &entries))
	assert.JSONEq(t, string(must(json.Marshal(map[string]any{"dtype": "F32", "shape": []int{8, 3}, "data_offsets": []int{end - 96, end}}))),
		string(entries["head.weight"]))
	require.Len(t, b, 8+int(size)+end)
	for i, x := range w.Data {
		require.Equal(t, math.Float32bits(x), binary.LittleEndian.Uint32(b[8+int(size)+4*i:]), "weight %d", i)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// readInPython reads a file by the format's description alone, and prints each tensor's name, shape and sum.
const readInPython = `
import json, struct, sys
b = open(sys.argv[1], 'rb').read()
n, = struct.unpack('<Q', b[:8])
header = json.loads(b[8:8 + n])
json.loads(header.pop('__metadata__')['config'])
for name, t in sorted(header.items()):
    begin, end = t['data_offsets']
    x = struct.unpack('<%df' % ((end - begin) // 4), b[8 + n + begin:8 + n + end])
    print(name, t['dtype'], t['shape'], repr(sum(x)))
`

func TestSafetensorsInPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("THE FILE IS NOT READ IN ANOTHER LANGUAGE: there is no python3 here")
	}
	w := rough(newKernel(t), smallest, "safetensors")
	file := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, os.WriteFile(file, EncodeSafetensors(nil, w), 0o644))
	out, err := exec.Command(python, "-c", readInPython, file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, lines, len(w.Tensors()))
	for _, tensor := range w.Tensors() {
		sum := 0.0
		for _, x := range tensor.Data {
			sum += float64(x)
		}
		shape := strings.ReplaceAll(string(must(json.Marshal(tensor.shape()))), ",", ", ")
		i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, tensor.Name+" F32 "+shape+" ") })
		require.GreaterOrEqual(t, i, 0, tensor.Name)
		var got float64
		require.NoError(t, json.Unmarshal([]byte(lines[i][strings.LastIndex(lines[i], " ")+1:]), &got))
		assert.Equal(t, sum, got, tensor.Name)
	}
}

// safetensorsFile is a file taken apart, for tests to change.
type safetensorsFile struct {
	entries map[string]any
	data    []byte
}

func openSafetensors(t testing.TB, b []byte) safetensorsFile {
	header, data, err := splitSafetensors(b)
	require.NoError(t, err)
	entries := map[string]any{}
	require.NoError(t, json.Unmarshal(header, &entries))
	return safetensorsFile{entries, data}
}

// bytes puts the file together again.
func (f safetensorsFile) bytes() []byte {
	return withHeader(string(must(json.Marshal(f.entries))), f.data)
}

func withHeader(header string, data []byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

// change returns b with a field of an entry changed.
func (f safetensorsFile) change(name, field string, value any) safetensorsFile {
	entry := maps.Clone(f.entries[name].(map[string]any))
	entry[field] = value
	f.entries = maps.Clone(f.entries)
	f.entries[name] = entry
	return f
}

func (f safetensorsFile) without(name string) safetensorsFile {
	f.entries = maps.Clone(f.entries)
	delete(f.entries, name)
	return f
}

func TestSafetensorsErrors(t *testing.T) {
	k := newKernel(t)
	w := rough(k, smallest, "safetensors")
	valid := EncodeSafetensors(nil, w)
	file := openSafetensors(t, valid)
	require.Equal(t, w.Fingerprint(), fingerprintOf(t, file.bytes()), "what the tests change can be read as it is")
	size := len(file.data)
	header := func(text string) []byte { return withHeader(text, file.data) }
	weight := func(x float32) []byte {
		f := file
		f.data = slices.Clone(f.data)
		binary.LittleEndian.PutUint32(f.data, math.Float32bits(x))
		return f.bytes()
	}
	config := func(text string) []byte { return file.change("__metadata__", "config", text).bytes() }
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"nothing", nil, "this is not a safetensors file: it has 0 bytes, fewer than the 8 of its header's length"},
		{"text", []byte("prompt,chosen,rejected\n"),
			"this is not a safetensors file with weights of Margins: its header would have 7146214734951314032 bytes, more than 1048576"},
		{"an absurd header", binary.LittleEndian.AppendUint64(nil, math.MaxUint64),
			"this is not a safetensors file with weights of Margins: its header would have 18446744073709551615 bytes, more than 1048576"},
		{"cut in the header", valid[:100], "the safetensors file is cut off: its header has 1456 bytes, and 92 are there"},
		{"not JSON", header("{wte}"), "this is not a safetensors file: its header is not a JSON object"},
		{"a list", header("[]"), "this is not a safetensors file: its header is not a JSON object"},
		{"space before the object", header(" {}"), "this is not a safetensors file: its header is not a JSON object"},
		{"no metadata", file.without("__metadata__").bytes(),
			"the safetensors file does not say the model's configuration, so it is not one of Margins"},
		{"metadata of numbers", header(`{"__metadata__":{"config":1}}`), "the safetensors file's __metadata__ does not hold texts by name"},
		{"no metadata but null", header(`{"__metadata__":null}`), "the safetensors file's __metadata__ does not hold texts by name"},
		{"metadata twice", header(`{"__metadata__":{},"__metadata__":{}}`), `the safetensors file's header has "__metadata__" twice`},
		{"a tensor twice", header(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`),
			`the safetensors file's header has "x" twice`},
		{"a tensor that is a number", header(`{"x":1}`), `the safetensors file's header does not say the dtype, the shape and the place of "x"`},
		{"a shape of fractions", file.change("wte", "shape", []float64{3, 8.5}).bytes(),
			`the safetensors file's header does not say the dtype, the shape and the place of "wte"`},
		{"one offset", file.change("wte", "data_offsets", []int{0}).bytes(),
			`the safetensors file's header does not say the dtype, the shape and the place of "wte"`},
		{"three offsets", file.change("wte", "data_offsets", []int{0, 96, 96}).bytes(),
			`the safetensors file's header does not say the dtype, the shape and the place of "wte"`},
		{"configuration of words", config("small"), "the safetensors file's configuration cannot be read"},
		{"a huge model", config(`{"vocabulary":99999999,"context":2,"width":8,"layers":1,"heads":2}`),
			"the safetensors file's configuration is not possible: a model's vocabulary is between 1 and 65536, not 99999999"},
		{"the largest model", config(`{"vocabulary":65536,"context":4096,"width":2048,"layers":64,"heads":2}`),
			`the safetensors file's tensor "wte" has the shape [3 8]; its configuration asks for [65536 2048]`},
		{"a tensor is missing", file.without("lnf.bias").bytes(), `the safetensors file has no tensor "lnf.bias"`},
		{"a tensor too many", file.change("wte", "dtype", "F32").with("extra", 0, 4).bytes(),
			`the safetensors file has a tensor "extra", which its configuration does not`},
		{"half precision", file.change("wte", "dtype", "F16").bytes(), `the safetensors file's tensor "wte" is of dtype "F16", not F32`},
		{"a transposed tensor", file.change("wte", "shape", []int{8, 3}).bytes(),
			`the safetensors file's tensor "wte" has the shape [8 3]; its configuration asks for [3 8]`},
		{"a vector as a matrix", file.change("lnf.gain", "shape", []int{1, 8}).bytes(),
			`the safetensors file's tensor "lnf.gain" has the shape [1 8]; its configuration asks for [8]`},
		{"a negative offset", file.change("wte", "data_offsets", []int{-96, 0}).bytes(),
			`the safetensors file's tensor "wte" takes 96 bytes and cannot lie from -96 to 0 of 3808`},
		{"offsets backwards", file.change("wte", "data_offsets", []int{96, 0}).bytes(),
			`the safetensors file's tensor "wte" takes 96 bytes and cannot lie from 96 to 0 of 3808`},
		{"offsets that overflow", file.change("wte", "data_offsets", []int{math.MaxInt - 95, math.MinInt}).bytes(),
			`the safetensors file's tensor "wte" takes 96 bytes and cannot lie from 9223372036854775712 to -9223372036854775808 of 3808`},
		{"too few bytes", file.change("wte", "data_offsets", []int{0, 92}).bytes(),
			`the safetensors file's tensor "wte" takes 96 bytes and cannot lie from 0 to 92 of 3808`},
		{"beyond the end", file.change("head.weight", "data_offsets", []int{size, size + 96}).bytes(),
			`the safetensors file's tensor "head.weight" takes 96 bytes and cannot lie from 3808 to 3904 of 3808`},
		{"overlapping", file.change("wpe", "data_offsets", []int{92, 156}).bytes(),
			`the safetensors file's tensor "wpe" begins at byte 92, within another that ends at 96`},
		{"a gap", file.moved(4).bytes(), `the safetensors file's tensor "wte" begins at byte 4, after a gap from 0 on`},
		{"cut in the numbers", valid[:len(valid)-1],
			`the safetensors file's tensor "head.weight" takes 96 bytes and cannot lie from 3712 to 3808 of 3807`},
		{"a byte more", append(slices.Clone(valid), 0), "the safetensors file's tensors end at byte 3808 of 3809"},
		{"NaN", weight(float32(math.NaN())), "the safetensors file holds weights that are not numbers"},
		{"another weight", weight(5), "the safetensors file is damaged: its weights do not have the fingerprint that it says"},
	} {
		t.Run(c.name, func(t *testing.T) {
			metadata, w, err := DecodeSafetensors(k, c.b)
			require.EqualError(t, err, c.want)
			assert.Nil(t, w)
			assert.Nil(t, metadata)
		})
	}
}

// with adds a tensor of one dimension.
func (f safetensorsFile) with(name string, begin, end int) safetensorsFile {
	f.entries = maps.Clone(f.entries)
	f.entries[name] = safetensor{"F32", []int{(end - begin) / 4}, []int{begin, end}}
	return f
}

// moved puts that many bytes before all tensors.
func (f safetensorsFile) moved(by int) safetensorsFile {
	f.data = append(make([]byte, by), f.data...)
	for name, e := range f.entries {
		if name != "__metadata__" {
			offsets := e.(map[string]any)["data_offsets"].([]any)
			f = f.change(name, "data_offsets", []int{int(offsets[0].(float64)) + by, int(offsets[1].(float64)) + by})
		}
	}
	return f
}

func fingerprintOf(t *testing.T, b []byte) string {
	t.Helper()
	_, w, err := DecodeSafetensors(newKernel(t), b)
	require.NoError(t, err)
	return w.Fingerprint()
}

// Other programs write tensors in other orders, and texts of their own.
func TestSafetensorsOfOthers(t *testing.T) {
	w := rough(newKernel(t), smallest, "safetensors")
	f := openSafetensors(t, EncodeSafetensors(nil, w))
	// The first tensor goes to the end.
	first := 4 * len(w.WTE)
	f.data = append(slices.Clone(f.data[first:]), f.data[:first]...)
	size := len(f.data)
	for _, tensor := range w.Tensors() {
		offsets := f.entries[tensor.Name].(map[string]any)["data_offsets"].([]any)
		begin := (int(offsets[0].(float64)) - first + size) % size
		f = f.change(tensor.Name, "data_offsets", []int{begin, begin + 4*len(tensor.Data)})
	}
	f = f.change("__metadata__", "format", "pt")
	assert.Equal(t, w.Fingerprint(), fingerprintOf(t, f.bytes()))
}

// A short file that claims the largest model takes no memory for it.
func TestSafetensorsThatLie(t *testing.T) {
	k := newKernel(t)
	f := openSafetensors(t, EncodeSafetensors(nil, NewWeights(k, smallest)))
	f = f.change("__metadata__", "config", `{"vocabulary":65536,"context":4096,"width":2048,"layers":64,"heads":1}`)
	f = f.change("wte", "shape", []int{65536, 2048}).change("wte", "data_offsets", []int{0, 4 * 65536 * 2048})
	b := f.bytes()
	var before, after runtime.MemStats
	mark := k.Mark()
	runtime.ReadMemStats(&before)
	_, _, err := DecodeSafetensors(k, b)
	runtime.ReadMemStats(&after)
	require.ErrorContains(t, err, "cannot lie from 0 to 536870912 of 3808")
	assert.Equal(t, mark, k.Mark())
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "bytes")
}

// FuzzDecodeSafetensors tries files as they are, and headers before the numbers of a valid file: the decoder refuses them, or they hold
// the weights that it returns.
func FuzzDecodeSafetensors(f *testing.F) {
	k := newKernel(f)
	valid := EncodeSafetensors(map[string]string{"step": "1"}, rough(k, smallest, "safetensors"))
	header, data, err := splitSafetensors(valid)
	require.NoError(f, err)
	f.Add([]byte{})
	f.Add(valid)
	f.Add(valid[:100])
	f.Add(header)
	f.Add([]byte(`{"__metadata__":{"config":"{}"},"wte":{"dtype":"F32","shape":[3,8],"data_offsets":[0,96]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, withHeader(string(b), data)} {
			mark := k.Mark()
			metadata, w, err := DecodeSafetensors(k, b)
			if err != nil {
				require.Nil(t, w)
				require.NotEmpty(t, err.Error())
			} else {
				_, again, err := DecodeSafetensors(k, EncodeSafetensors(metadata, w))
				require.NoError(t, err)
				require.Equal(t, w.Fingerprint(), again.Fingerprint())
				require.Equal(t, 4*len(w.Data), len(data))
			}
			k.Release(mark)
		}
	})
}
