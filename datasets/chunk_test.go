package datasets

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChunkKeepsRecords(t *testing.T) {
	for _, records := range [][]Record{{}, ownRecords[:1], ownRecords, {{"", "", "", math.Inf(-1), math.MaxFloat64}}} {
		got, err := DecodeChunk(EncodeChunk(records))
		require.NoError(t, err)
		assert.Equal(t, records, got)
	}
}

// The bytes are worked out by hand from the layout, so that a change of layout without a new version cannot go unseen.
func TestChunkLayout(t *testing.T) {
	chunk := EncodeChunk([]Record{{"p", "cc", "", 1, -2}})
	one, minusTwo := "\x00\x00\x00\x00\x00\x00\xf0\x3f", "\x00\x00\x00\x00\x00\x00\x00\xc0"
	assert.Equal(t, "MRGC\x01\x01"+"\x01p"+"\x02cc"+"\x00"+one+minusTwo, string(chunk[:len(chunk)-4]))
}

func TestAnyChangedByteIsSeen(t *testing.T) {
	chunk := EncodeChunk(ownRecords)
	for i := range chunk {
		chunk[i] ^= 0x10
		_, err := DecodeChunk(chunk)
		assert.Equal(t, "corrupt", ErrorCode(err), "byte %d", i)
		chunk[i] ^= 0x10
		_, err = DecodeChunk(chunk[:i])
		assert.Equal(t, "corrupt", ErrorCode(err), "cut after %d", i)
	}
}

// sealed returns a chunk with that body and a fitting checksum.
func sealed(body string) []byte {
	b := []byte("MRGC\x01" + body)
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func TestChunksThatLie(t *testing.T) {
	tests := []struct {
		name  string
		chunk []byte
		says  string
	}{
		{"huge count", sealed("\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), "announces"},
		{"count that does not end", sealed("\xff\xff"), "fill"},
		{"text past the end", sealed("\x01\xff\x01aaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "fill"},
		{"bytes left", sealed("\x00a"), "fill"},
		{"version", func() []byte { b := EncodeChunk(nil); b[4] = 2; return b }(), "version 2"},
		{"magic", func() []byte { b := EncodeChunk(nil); b[0] = 'X'; return b }(), "begin"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := DecodeChunk(test.chunk)
			require.Equal(t, "corrupt", ErrorCode(err))
			assert.Contains(t, err.Error(), test.says)
		})
	}
}

func TestDataAreInPoints(t *testing.T) {
	records := []Record{{"p", "a", "b", 4, 2}, {"q", "a", "b", 1, 0}}
	data := EncodeData(Scale{Min: 0, Max: 4}, EncodeChunk(records[:1]), EncodeChunk(records[1:]))
	got, err := DecodeData(data)
	require.NoError(t, err)
	assert.Equal(t, []Record{{"p", "a", "b", 10, 5.5}, {"q", "a", "b", 3.25, 1}}, got)

	for i := 5 + 16; i < len(data); i++ { // what comes before is not covered by a checksum: the magic, the version and the scale
		data[i] ^= 0x10
		_, err := DecodeData(data)
		assert.Equal(t, "corrupt", ErrorCode(err), "byte %d", i)
		data[i] ^= 0x10
	}
	_, err = DecodeData(EncodeData(Scale{Min: 1, Max: math.NaN()}))
	assert.Equal(t, "corrupt", ErrorCode(err))
	_, err = DecodeData(nil)
	assert.Equal(t, "corrupt", ErrorCode(err))
}

func FuzzDecodeChunk(f *testing.F) {
	f.Add([]byte("\x00"))
	f.Add(EncodeChunk(ownRecords)[5:])
	f.Fuzz(func(t *testing.T, body []byte) {
		chunk := sealed(string(body)) // else the fuzzer would not get past the checksum
		records, err := DecodeChunk(chunk)
		if err != nil {
			require.Equal(t, "corrupt", ErrorCode(err))
			return
		}
		again, err := DecodeChunk(EncodeChunk(records))
		require.NoError(t, err)
		require.Len(t, again, len(records))
		DecodeData(append([]byte(dataMagic+"\x01"), body...)) // must not panic
	})
}

// Links and splits rely on these values: FNV-1a as its authors publish it.
func TestPromptHash(t *testing.T) {
	assert.Equal(t, uint64(0xcbf29ce484222325), PromptHash(""))
	assert.Equal(t, uint64(0xaf63dc4c8601ec8c), PromptHash("a"))
	assert.Equal(t, uint64(0x85944171f73967e8), PromptHash("foobar"))
	assert.Equal(t, "MRGP\x01\x8c\xec\x01\x86\x4c\xdc\x63\xaf", string(encodePrompts([]uint64{PromptHash("a")})[:13]))
}
